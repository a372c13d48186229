"""Figures of a run: the panels that were asked for, with what they say."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from otgan.gan.plot import (
    compared_curves,
    critic_level_sets,
    distance_curves,
    loss_curves,
    progress_curves,
    samples_over_training,
)
from otgan.gan.records import Record
from tests.overlaps import overlapping_texts

RNG = np.random.default_rng(0)


def snapshot(d=2):
    real, generated = RNG.normal(size=(5, d)), RNG.normal(size=(5, d))
    grid = {"grid_x": np.arange(3.0), "grid_y": np.arange(2.0), "critic": RNG.normal(size=(2, 3))}
    return {"real": real, "generated": generated, **grid}


def test_a_panel_for_each_snapshot():
    snapshots = [(i, snapshot()) for i in range(5)]
    for draw in (samples_over_training, critic_level_sets):
        axes = [axis for axis in draw(snapshots).axes if axis.get_label() != "<colorbar>"]
        assert [axis.get_title("left").partition(",")[0] for axis in axes] == [
            f"step {i}" for i in range(5)
        ]


def test_points_are_drawn_where_they_are():
    arrays = snapshot(3)
    (axis,) = samples_over_training([(0, arrays)], columns=1).axes
    real, generated = (np.asarray(drawn.get_offsets()) for drawn in axis.collections)
    assert_array_equal(real, arrays["real"][:, :2])
    assert_array_equal(generated, arrays["generated"][:, :2])


def test_on_the_line_samples_are_histograms():
    (axis,) = samples_over_training([(0, snapshot(1))], columns=1).axes
    assert not axis.collections and len(axis.patches) == 80


def test_all_panels_have_the_same_levels_around_their_means():
    heights = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    arrays = [{**snapshot(), "critic": factor * heights + 7} for factor in (1, 2, 0.1)]
    first, second, third, bar = critic_level_sets(list(enumerate(arrays))).axes
    drawn: list[Any] = [axis.collections[0] for axis in (first, second, third)]
    levels = [contours.levels for contours in drawn]
    assert_array_equal(levels[0], levels[1])
    assert_array_equal(levels[0], levels[2])
    assert levels[0][0] <= -5 and levels[0][-1] >= 5  # none is cut off
    step = levels[0][1] - levels[0][0]
    assert np.isclose(step, 0.4) and f"a line every {step:.2g}" in bar.get_ylabel()


@pytest.mark.parametrize("d", [1, 2, 3])
def test_coordinates_have_names_and_the_legend_lies_on_no_panel(d):
    snapshots = [(i, snapshot(d)) for i in range(4)]
    names = ["price in $", "x_1", "z"][:d]
    figure = samples_over_training(snapshots, names=names)
    labels = [axis.get_xlabel() for axis in figure.axes]
    assert labels == ["", *[names[0]] * 3]
    assert figure.axes[0].get_ylabel() == (names[1] if d > 1 else "points")
    assert overlapping_texts(figure) == []
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert all(not box.overlaps(axis.get_window_extent()) for axis in figure.axes)
    without = samples_over_training(snapshots).axes[3]
    assert without.get_xlabel() == ("first coordinate" if d > 1 else "point")


def test_a_constant_critic_can_be_drawn():
    flat = {**snapshot(), "critic": np.ones((2, 3))}
    axis, _ = critic_level_sets([(7, flat)], columns=1).axes
    assert axis.get_title("left") == "step 7, range 0.00"


def drawn_in(axis):
    """The curves of a panel by their labels, without lines that have none."""
    curves = {line.get_label(): np.asarray(line.get_ydata()) for line in axis.lines}
    return {label: curve for label, curve in curves.items() if not label.startswith("_")}


def test_curves_are_those_of_the_records(trained):
    records = trained("lp").records
    (axis,) = progress_curves(records).axes
    drawn = drawn_in(axis)
    assert_array_equal(drawn["exact W1"], [record.exact_w1 for record in records])
    assert_array_equal(drawn["critic's estimate"], [record.critic_estimate for record in records])
    assert_array_equal(drawn["certified lower bound"], [record.w1_lower for record in records])
    assert all(len(line) == len(records) for line in drawn.values()) and len(drawn) == 5


MEASURED = [
    Record(
        step,
        0.1,
        critic_loss=-1.0 / step,
        generator_loss=2.0 / step,
        critic_estimate=3.0 / step,
        exact_w1=1.0 + step,
        floor=1.0,
        debiased_w1=float(step),
        debiased_w1_se=0.5,
        patch_w1=0.2,
        patch_floor=0.1,
        patch_debiased_w1=0.1,
        patch_debiased_w1_se=0.1,
        frechet=4.0 * step,
        frechet_floor=2.0,
    )
    for step in (1, 2, 3)
]


def test_each_space_that_was_measured_has_a_panel_with_its_floor():
    points, patches, frechet = distance_curves(MEASURED).axes
    titles = [axis.get_title("left") for axis in (points, patches, frechet)]
    assert titles == ["W1 of points", "W1 of patches", "squared Fréchet distance"]
    assert_array_equal(drawn_in(points)["exact W1"], [2, 3, 4])
    assert_array_equal(drawn_in(points)["floor: real against real"], [1, 1, 1])
    assert_array_equal(drawn_in(points)["debiased W1, ± 2 standard errors"], [1, 2, 3])
    edges = np.asarray(points.collections[0].get_paths()[0].vertices)[:, 1]
    assert (edges.min(), edges.max()) == (0.0, 4.0)
    assert_array_equal(frechet.lines[0].get_ydata(), [4, 8, 12])


def test_an_estimate_of_another_divergence_is_drawn_with_the_losses():
    assert len(loss_curves(MEASURED).axes) == 2
    *_, estimate = loss_curves(MEASURED, is_w1=False).axes
    assert_array_equal(estimate.lines[0].get_ydata(), [3, 1.5, 1])
    (axis,) = progress_curves(MEASURED, is_w1=False).axes
    assert drawn_in(axis).keys() == {"exact W1", "floor: real against real"}  # and no bounds


def test_runs_are_compared_in_every_space_that_one_of_them_measured():
    only_points = [Record(step, 0.1, debiased_w1=9.0) for step in (1, 2)]
    points, patches, _ = compared_curves({"a": MEASURED, "b": only_points}).axes
    assert_array_equal(drawn_in(points)["a"], [1, 2, 3])
    assert_array_equal(drawn_in(points)["b"], [9, 9])
    assert np.isnan(drawn_in(patches)["b"]).all()
