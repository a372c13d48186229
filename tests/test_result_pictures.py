"""What `plot` draws of every result, on which axes, and what it refuses."""

import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import coo_array

import otgan
from otgan.errors import InvalidInputError, UnexpectedKeywordError
from otgan.plot import BLUE, GREEN, INK, VIOLET
from otgan.results import Result
from tests.overlaps import overlapping_texts
from tests.test_imports import run
from tests.test_results import EVERY_RESULT, points

mpl.use("Agg")

STREET = coo_array(([1.0, 2.0], ([0, 1], [1, 2])), shape=(3, 3))
PAGE = (Path(__file__).parents[1] / "docs" / "pictures.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _no_figures_left():
    yield
    pyplot.close("all")


def panels_of(drawn):
    return list(drawn.flat) if isinstance(drawn, np.ndarray) else [drawn]


@pytest.mark.parametrize("make", EVERY_RESULT)
def test_every_result_is_drawn_on_a_figure_of_pyplot(make):
    result = make(*points())
    before = dict(mpl.rcParams)
    axes = panels_of(result.plot())
    figure = axes[0].figure
    assert pyplot.get_fignums() == [1] and pyplot.figure(1) is figure
    assert len(axes) == 1 or result.figure
    assert all(isinstance(axis, Axes) for axis in axes)
    assert dict(mpl.rcParams) == before
    assert overlapping_texts(figure) == []
    for axis in axes:
        if axis.axison and axis.get_label() != "<colorbar>":
            assert axis.get_title("left") and axis.get_xlabel()


@pytest.mark.parametrize("make", EVERY_RESULT)
def test_results_of_one_panel_are_drawn_on_given_axes_and_others_say_so(make):
    result = make(*points())
    figure, axes = pyplot.subplots(1, 2)
    if result.figure:
        with pytest.raises(InvalidInputError, match=r"ax must be left out, .*several panels"):
            result.plot(axes[0])
        return
    assert result.plot(axes[1]) is axes[1] and result.plot(ax=axes[1]) is axes[1]
    assert pyplot.get_fignums() == [figure.number]
    assert axes[1].has_data() and not axes[0].has_data()


def test_what_is_no_axes_or_no_option_is_refused():
    interval = otgan.wasserstein_interval(*points())
    with pytest.raises(InvalidInputError, match=r"ax must be Axes of matplotlib, got str; to fix"):
        interval.plot("here")
    with pytest.raises(UnexpectedKeywordError, match="has no option 'colour'"):
        interval.plot(colour="red")
    with pytest.raises(UnexpectedKeywordError, match="did you mean 'names'"):
        otgan.compare(*points(), seconds=1e-9).plot(name=("u", "v"))
    assert pyplot.get_fignums() == []


def test_without_matplotlib_the_extra_is_named():
    code = """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name == "matplotlib" else find(name, *rest)
import otgan
r = otgan.emd([0.0], [3.0])
print(len(r._repr_html_()) > 100)
try:
    r.plot()
except otgan.MissingExtraError as error:
    print('"otgan[plot]"' in str(error))
"""
    assert run(code) == ["True", "True"]


def results_of(package):
    found: set[Any] = {Result}
    while more := {sub for one in found for sub in one.__subclasses__()} - found:
        found |= more
    return [one for one in found - {Result} if one.__module__.startswith(package)]


@pytest.mark.torch
def test_the_page_names_every_result_and_what_it_draws():
    import otgan.lessons.kantorovich_rubinstein.numbers
    import otgan.lessons.piles_of_dirt.numbers

    for name in dir(otgan):
        getattr(otgan, name)
    rows = re.findall(r"(?m)^\| `(\w+)` \| `?(the number with its bracket|[\w.]+)", PAGE)
    shown = {one.__name__: one.figure or one.panel for one in results_of("otgan.")}
    otherwise = "the number with its bracket"
    assert dict(rows) == {name: where or otherwise for name, where in shown.items()}


# ---------------------------------------------------------------- what is drawn


def test_a_plan_is_a_matrix_of_its_masses():
    x, y = points()
    r = otgan.emd(x, y)
    axis = r.plot()
    (image,) = axis.images
    assert_allclose(np.ma.filled(image.get_array(), 0.0), r.plan.toarray())
    assert axis.get_title("left") == f"W1 in [{r.distance_lower:.6g}, {r.distance_upper:.6g}]"


def test_a_large_plan_is_drawn_by_groups_that_keep_its_mass():
    x = np.sort(np.random.default_rng(0).normal(size=1050))
    r = otgan.emd(x, x[:930] + 1)
    axis = r.plot()
    masses = np.ma.filled(axis.images[0].get_array(), 0.0)
    assert masses.shape == (96, 93)
    assert_allclose(masses.sum(), 1.0)
    assert_allclose(masses[3], r.plan.toarray()[33:44].sum(axis=0).reshape(93, 10).sum(axis=1))
    assert "11 rows × 10 columns" in axis.figure.axes[1].get_ylabel()


def test_between_points_the_arcs_of_the_plan_are_drawn():
    x, y = points()
    r = otgan.emd(x, y)
    axis = r.plot(x=x, y=y)
    of_x, of_y, arcs = axis.collections
    assert_array_equal(of_x.get_offsets(), x)
    assert_array_equal(of_y.get_offsets(), y)
    plan = r.plan.tocoo()
    ends = np.stack([x[plan.row], y[plan.col]], axis=1)
    assert_array_equal(np.array(arcs.get_segments()), ends)
    low, high = axis.get_ylim()
    assert low <= min(x[:, 1].min(), y[:, 1].min()) and high >= max(x[:, 1].max(), y[:, 1].max())


def test_on_the_line_mass_moves_from_above_to_below():
    r = otgan.emd([0.0, 1.0], [2.0, 3.0])
    segments = np.array(r.plot(x=[0.0, 1.0], y=[2.0, 3.0]).collections[2].get_segments())
    assert_array_equal(segments, [[[0, 1], [2, 0]], [[1, 1], [3, 0]]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": [0.0, 1.0]}, "x and y must be given together"),
        ({"x": [0.0], "y": [1.0]}, "must hold the points of the plan, 2 and 2, got 1 and 1"),
        ({"x": np.zeros((2, 3)), "y": np.zeros((2, 3))}, "one or two coordinates .* got 3 and 3"),
        ({"x": [0.0, np.nan], "y": [1.0, 2.0]}, "to fix it"),
    ],
)
def test_points_that_do_not_fit_a_plan_are_refused(options, message):
    with pytest.raises(InvalidInputError, match=message):
        otgan.emd([0.0, 1.0], [2.0, 3.0]).plot(**options)


def test_a_flow_is_a_matrix_over_nodes():
    r = otgan.emd_graph(STREET + STREET.T, [0.5, 0.5, 0], [0, 0.5, 0.5])
    masses = np.ma.filled(r.plot().images[0].get_array(), 0.0)
    assert_array_equal(masses, [[0, 0.5, 0], [0, 0, 0.5], [0, 0, 0]])


def dots_of(axis):
    """The numbers that are drawn as dots, from above, with their colors."""
    dots = [line for line in axis.lines if line.get_marker() == "o"]
    dots.sort(key=lambda line: -line.get_ydata()[0])
    return [(line.get_xdata()[0], line.get_color()) for line in dots]


def lines_of(axis):
    lines = [line for line in axis.lines if line.get_marker() == "|"]
    lines.sort(key=lambda line: -line.get_ydata()[0])
    return [tuple(line.get_xdata()) for line in lines]


def test_an_interval_is_drawn_above_its_estimates():
    interval = otgan.wasserstein_interval(*points())
    axis = interval.plot()
    assert dots_of(axis) == [
        (value, BLUE) for value in (interval.center, interval.lower_estimate, interval.plug_in)
    ]
    drawn = lines_of(axis)
    assert drawn[0] == (interval.low, interval.high)
    assert_allclose(np.subtract(drawn[1], interval.lower_estimate)[1], 1.959964 * interval.lower_se)


def test_a_held_out_bracket_is_drawn_with_both_estimates():
    bracket = otgan.held_out_bracket(*points())
    assert [value for value, _ in dots_of(bracket.plot())] == [
        bracket.midpoint,
        bracket.lower_estimate,
        bracket.upper_estimate,
    ]


def test_an_estimate_is_drawn_with_its_interval_and_infinite_ones_are_written():
    estimate = otgan.Estimate(0.5, 0.1, (0.3, 0.7), "knn", 100, 80)
    axis = estimate.plot()
    assert dots_of(axis) == [(0.5, BLUE)] and lines_of(axis) == [(0.3, 0.7)]
    axis = otgan.Estimate(np.inf, np.nan, (0.0, np.inf), "knn", 100, 80).plot()
    assert dots_of(axis) == lines_of(axis) == []
    assert axis.texts[0].get_text() == "inf"


def test_a_test_is_its_null_distribution_and_the_statistic():
    test = otgan.two_sample_test(*points())
    axis = test.plot()
    assert sum(bar.get_height() for bar in axis.patches) == len(test.null_distribution)
    assert axis.lines[0].get_xdata()[0] == test.statistic
    assert f"p = {test.pvalue:.3g}" in axis.get_title("left")


def test_scores_are_drawn_by_name():
    x, y = points()
    scores = otgan.prdc(x, y)
    axis = scores.plot()
    names = [label.get_text() for label in axis.get_yticklabels()]
    assert {name: getattr(scores, name) for name in names} == dict(
        zip(names, (value for value, _ in dots_of(axis)), strict=True)
    )
    found = otgan.memorization_test(x, y, y)
    drawn = [value for value, _ in dots_of(found.plot())]
    assert drawn == [found.near_fraction, found.held_out_near_fraction]


@pytest.mark.torch
def test_a_neural_estimate_is_drawn_between_its_bounds_with_its_training():
    x, y = points()
    options = otgan.FitOptions(batch_size=16, rng=0)
    estimate = otgan.estimate_w1(x, y, "orthogonal", options=options, steps=40)
    left, right = estimate.plot()
    names = [label.get_text() for label in left.get_yticklabels()]
    shown = dict(zip(names, dots_of(left), strict=True))
    assert shown["estimate, 95 %"] == (estimate.value, VIOLET)
    assert shown["at most (95 %)"] == (estimate.population_high, INK)
    assert shown["two samples: proved\nby the critic"] == (estimate.sample_lower, GREEN)
    curves = {line.get_label(): line for line in right.lines}
    held_out = curves["held-out points"].get_ydata()
    assert_array_equal(held_out, [record.held_out_gap for record in estimate.history])
    assert overlapping_texts(left.figure) == []


@pytest.mark.torch
def test_a_run_is_drawn_with_its_distances(trained_toy):
    axes = trained_toy.plot()
    exact = [record.exact_w1 for record in trained_toy.records]
    assert_array_equal(axes[0].lines[0].get_ydata(), exact)
    space = trained_toy.evaluation.spaces["points"]
    axis = trained_toy.evaluation.plot()
    assert [value for value, _ in dots_of(axis)] == [space.w1, space.floor, space.debiased]
    assert dots_of(axis)[2][1] == INK
    drawn = dots_of(trained_toy.evaluation.test.plot())
    assert [value for value, _ in drawn] == [
        one.z for one in trained_toy.evaluation.test.statistics
    ]


@pytest.fixture(scope="module")
def trained_toy():
    config = otgan.GANConfig(
        steps=4, n_critic=1, width=8, monitor_every=2, monitor_points=64, evaluation_points=50
    )
    return otgan.train_gan("ring8", config)
