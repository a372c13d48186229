"""Figures of a run: the panels that were asked for, with what they say."""

import numpy as np
from numpy.testing import assert_array_equal

from otgan.gan.plot import critic_level_sets, progress_curves, samples_over_training

RNG = np.random.default_rng(0)


def snapshot(d=2):
    real, generated = RNG.normal(size=(5, d)), RNG.normal(size=(5, d))
    grid = {"grid_x": np.arange(3.0), "grid_y": np.arange(2.0), "critic": RNG.normal(size=(2, 3))}
    return {"real": real, "generated": generated, **grid}


def test_a_panel_for_each_snapshot():
    snapshots = [(i, snapshot()) for i in range(5)]
    for draw in (samples_over_training, critic_level_sets):
        axes = draw(snapshots).axes
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


def test_a_constant_critic_can_be_drawn():
    flat = {**snapshot(), "critic": np.ones((2, 3))}
    (axis,) = critic_level_sets([(7, flat)], columns=1).axes
    assert axis.get_title("left") == "step 7, range 0.00"


def test_curves_are_those_of_the_records(trained):
    records = trained("lp").records
    (axis,) = progress_curves(records).axes
    drawn = {line.get_label(): np.asarray(line.get_ydata()) for line in axis.lines}
    assert_array_equal(drawn["exact W1"], [record.exact_w1 for record in records])
    assert_array_equal(drawn["critic's estimate"], [record.critic_estimate for record in records])
    assert_array_equal(drawn["certified lower bound"], [record.w1_lower for record in records])
    assert all(len(line) == len(records) for line in drawn.values()) and len(drawn) == 5
