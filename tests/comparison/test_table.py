"""Two samples compared in every way that fits: what is shown, left out, and said."""

import json
import math
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.cli.main import main
from otgan.comparison.quantities import QUANTITIES, Samples
from otgan.comparison.result import Comparison
from otgan.comparison.row import WIDTH
from otgan.comparison.table import compare
from otgan.errors import InvalidInputError
from otgan.measures import DiscreteMeasure
from tests.cases import torch

ALL = ("w1", "w2", "sliced", "energy", "mmd", "sinkhorn", "frechet", "kl_xy", "kl_yx", "js", "test")
DIVERGENCES = {"kl_xy", "kl_yx", "js"}


def gaussians(n, m, d, shift=1.0, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    y[:, 0] += shift
    return x, y


def equal_points(n, d, *, seconds):
    measure = DiscreteMeasure.uniform(np.zeros((n, d)))
    return Samples(measure, measure, 0.95, 0, "raise", seconds)


@pytest.fixture(scope="module")
def plane() -> Comparison:
    return compare(*gaussians(300, 200, 2))


def test_everything_fits_two_clouds_in_the_plane(plane):
    assert plane.keys() == ALL == tuple(quantity.key for quantity in QUANTITIES)
    assert tuple(plane) == plane.keys() and len(plane) == len(ALL) and "kl" not in plane
    assert plane.left_out == {} and plane.notes == ()
    assert (plane.n, plane.m, plane.d) == (300, 200, 2)
    assert plane["w1"].value == plane.transport.distance
    assert_allclose(plane.transport.plan.sum(), 1.0, rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"rng": 3, "confidence_level": 0.8, "ties": "drop"}])
def test_every_row_is_what_its_call_gives_alone(plane, options):
    x, y = plane.x, np.vstack([plane.y, plane.y[:1]] if options else [plane.y])
    for row in compare(x, y, **options).rows:
        alone = called(row.call, x, y)
        value = alone.pvalue if row.key == "test" else float(alone)
        assert_allclose(row.value, value, rtol=1e-12, err_msg=row.call)
        if row.key == "w1":
            interval = called(row.interval_call, x, y)
            assert row.interval == (interval.low, interval.high)
            continue
        assert row.interval_call is None
        if isinstance(alone, otgan.Estimate):
            assert row.interval == alone.interval
            assert set(alone.warnings) <= set(row.warnings)
        else:
            assert row.interval is None and row.key in ("w2", "test")


def called(call, x, y):
    return eval(f"otgan.{call}", {"otgan": otgan, "x": x, "y": y})


def test_intervals_hold_what_is_known_of_two_gaussians(plane):
    # Equal covariances, means one apart: closed forms of the distributions.
    truths = {"w1": 1.0, "sliced": 2 / math.pi, "frechet": 1.0, "kl_xy": 0.5, "kl_yx": 0.5}
    truths["js"] = 0.11142148
    for key, truth in truths.items():
        low, high = plane[key].interval
        assert low < truth < high, key
    assert plane["test"].value == 0.001
    assert "differ" in plane.verdict


def test_units_tell_distances_from_nats_and_follow_the_data(plane):
    units = {key: plane[key].unit for key in ALL}
    assert {key for key in ALL if units[key] == "nats"} == DIVERGENCES
    assert {key for key in ALL if units[key] == "none"} == {"mmd", "test"}
    scaled = compare(8 * plane.x, 8 * plane.y)
    for key in ALL:
        factor = 8 if units[key] == "data" else 1
        assert_allclose(scaled[key].value, factor * plane[key].value, rtol=1e-5, err_msg=key)


def test_the_report_is_narrow_and_says_everything(plane):
    text = plane.report()
    assert max(map(len, text.splitlines())) <= WIDTH
    flat = " ".join(text.split())
    for row in plane.rows:
        assert row.name in text and row.call in text and f"{row.value:.4g}" in text
        assert row.sensitive_to in flat and row.insensitive_to in flat
        if row.interval is not None:
            assert "[{:.4g}, {:.4g}]".format(*row.interval) in text
    assert "Left out" not in text
    assert repr(plane).startswith("Comparison(w1=") and "\n" not in repr(plane)


def test_numbers_survive_json(plane):
    numbers = json.loads(json.dumps(plane.to_dict(), allow_nan=False))
    assert numbers == plane.to_dict()
    rows = {row["key"]: row for row in numbers["rows"]}
    assert tuple(rows) == ALL
    assert rows["w1"]["value"] == plane["w1"].value
    assert tuple(rows["w1"]["interval"]) == plane["w1"].interval
    assert rows["w2"]["interval"] is None
    assert all(row["seconds"] >= 0 for row in rows.values())


def test_seeds_repeat_and_generators_are_sources(plane):
    x, y = plane.x, plane.y
    values = {row.key: row.value for row in plane.rows}
    assert {row.key: row.value for row in compare(x, y, rng=0).rows} == values
    other = compare(x, y, rng=1)
    assert other["sliced"].value != values["sliced"] and other["w1"].value == values["w1"]
    drawn = [compare(x, y, rng=np.random.default_rng(5))["sliced"].value for _ in range(2)]
    assert drawn[0] == drawn[1]


# ---------------------------------------------------------------- what fits


def test_on_the_line_w1_is_by_quantiles_and_needs_no_slices():
    x, y = gaussians(400, 300, 1)
    c = compare(x[:, 0], y[:, 0])
    assert c.keys() == tuple(key for key in ALL if key != "sliced")
    assert c.left_out == {"sliced": "on the line it is W1 itself"}
    for key, p in (("w1", 1), ("w2", 2)):
        assert_allclose(c[key].value, otgan.wasserstein_1d(x[:, 0], y[:, 0], p=p), rtol=1e-12)
        assert c[key].method == "line"
    assert c["w1"].interval is not None and c.transport is not None
    assert c["w1"].interval[0] < 1 < c["w1"].interval[1]
    assert c.transport.distance == c["w1"].value
    assert "on the line" in c.report()


def test_ten_dimensions_and_equal_distributions():
    c = compare(*gaussians(250, 350, 10, shift=0.0))
    assert c.keys() == ALL
    assert c["w1"].value > 1.5  # far above the truth, 0, and the interval knows it
    assert c["w1"].interval is not None and c["w1"].interval[0] == 0
    assert c["test"].value > 0.05 and "no proof" in c.verdict
    for key in ("sliced", "energy", "mmd", "sinkhorn"):
        assert any("equal distributions" in sentence for sentence in c[key].warnings), key
    text = c.report()
    assert max(map(len, text.splitlines())) <= WIDTH
    assert (
        " ".join(text.split()).count("tests whether the distributions differ at all") == 1
    )  # said once
    assert re.search(r"energy distance.*\] !", text)


def test_counts_are_counted():
    rng = np.random.default_rng(0)
    x, y = rng.poisson(2, 600), rng.poisson(3, 500)
    x, y = np.minimum(x, 6), np.minimum(y, 6)  # so that every value occurs in both
    c = compare(x, y)
    for key, ends in (("kl_xy", (x, y)), ("kl_yx", (y, x))):
        assert c[key].method == "counts, less bias"
        assert c[key].value == otgan.kl_from_samples(*ends, method="discrete").value
        assert c[key].call.endswith(', ties="discrete", rng=0)')
    assert c["js"].value == otgan.js_from_samples(x, y, method="discrete").value
    assert len(c.notes) == 1 and "only 7 values" in c.notes[0]
    assert "only 7 values" in c.report()


def test_a_value_that_y_never_shows_leaves_kl_out_in_one_direction():
    c = compare(np.arange(100) % 4, np.arange(90) % 3)
    assert "must occur in y for a finite KL" in c.left_out["kl_xy"]
    assert {"kl_yx", "js"} <= set(c.keys())


def test_some_equal_points_are_neither_densities_nor_counts():
    x, y = gaussians(200, 200, 1)
    x, y = x.round(2), y.round(2)
    c = compare(x, y)
    assert c.left_out.keys() == {"sliced"} | DIVERGENCES
    assert 'ties="jitter"' in c.left_out["js"] and "points repeat another" in c.left_out["js"]
    with pytest.raises(KeyError, match=r"js was left out: .* points repeat"):
        c["js"]
    jittered = compare(x, y, ties="jitter")
    assert set(jittered.keys()) >= DIVERGENCES
    assert jittered["js"].method == "neighbors"
    assert jittered["js"].call == 'js_from_samples(x, y, ties="jitter", rng=0)'
    assert jittered["js"].value == otgan.js_from_samples(x, y, ties="jitter").value
    assert (
        compare(x, y, ties="raise")
        .left_out["js"]
        .startswith("x and y must be samples of distributions")
    )


@pytest.mark.parametrize("second", ["constant", "copy"])
def test_clouds_in_one_line_of_the_plane_are_compared_there(second):
    x, y = gaussians(300, 300, 2)
    x[:, 1], y[:, 1] = (7.0, 7.0) if second == "constant" else (x[:, 0], y[:, 0])
    c, line = compare(x, y), compare(x[:, 0], y[:, 0])
    for key in DIVERGENCES:
        assert_allclose(c[key].value, line[key].value, rtol=1e-9, err_msg=key)


def test_kl_from_a_line_to_the_plane_around_it_is_infinite_and_warned_of():
    x, y = gaussians(300, 300, 2)
    x[:, 1] = 7.0
    assert any("log m" in sentence for sentence in compare(x, y)["kl_xy"].warnings)


def test_js_at_its_ceiling_says_so():
    x, y = gaussians(300, 300, 2, shift=50.0)
    c = compare(x, y)
    assert_allclose(c["js"].value, math.log(2), rtol=1e-9)
    assert any("maximum log 2" in sentence for sentence in c["js"].warnings)
    assert any("log m" in sentence for sentence in c["kl_xy"].warnings)  # KL is 1250
    text = " ".join(c.report().split())
    assert "more than log m" in text and "maximum log 2" in text


@pytest.mark.parametrize(
    ("n", "m", "left", "interval"),
    [
        (1, 1, set(ALL) - {"w1", "w2", "test"}, False),
        (4, 1, set(ALL) - {"w1", "w2", "test"}, False),
        (2, 5, {"frechet"} | DIVERGENCES, False),
        (12, 9, DIVERGENCES, False),
        (12, 15, DIVERGENCES, True),
        (16, 40, set(), True),
    ],
)
def test_tiny_samples_leave_out_what_they_cannot_say(n, m, left, interval):
    c = compare(*gaussians(n, m, 2))
    assert c.left_out.keys() == left
    assert all("to fix it, give more points" in reason for reason in c.left_out.values())
    assert (c["w1"].interval is not None) == interval
    assert any("at least 10 points" in s for s in c["w1"].warnings) != interval
    assert any("rough" in note for note in c.notes)


def test_points_that_all_coincide():
    c = compare(np.ones((20, 2)), np.ones((30, 2)))
    assert c["w1"].value == c["w2"].value == c["energy"].value == c["frechet"].value == 0
    assert c["test"].value == 1
    assert c["js"].value == 0 and c["js"].method == "counts, less bias"
    assert "50 points take only 1 value:" in c.notes[0]
    assert c.left_out.keys() == {"mmd", "sinkhorn"}
    json.dumps(c.to_dict(), allow_nan=False)
    assert max(map(len, c.report().splitlines())) <= WIDTH


def test_what_costs_too_much_is_left_out_and_says_what_to_call():
    x, y = gaussians(300, 200, 2)
    c = compare(x, y, seconds=0.02)
    assert c.left_out.keys() == {"sinkhorn"}  # expected: 0.025 s, the test 0.0175 s
    assert "more than seconds=0.02" in c.left_out["sinkhorn"]
    assert "random part of the points" in c.left_out["sinkhorn"]
    c = compare(x, y, seconds=0.012)
    assert "test" in c.left_out and 'statistic="sliced"' in c.left_out["test"]
    assert "not tested" in c.verdict
    assert c["w1"].interval is None and "no interval for the distributions" in c["w1"].warnings[0]
    c = compare(x, y, seconds=1e-9)
    assert c.rows == () and c.transport is None and c.left_out.keys() == set(ALL)
    assert c.report().count("rtol=0.01") == 2
    json.dumps(c.to_dict())


def test_a_hundred_thousand_points_take_seconds():
    big = equal_points(50_000, 1, seconds=10.0)
    cheap = {q.key for q in QUANTITIES if q.expected_seconds(big) <= 10.0}
    assert cheap == set(ALL) - {"mmd", "sinkhorn"}
    thousand = equal_points(1000, 2, seconds=10.0)
    assert sum(q.expected_seconds(thousand) for q in QUANTITIES) < 3.0


@pytest.mark.parametrize(("d", "statistic"), [(1, "wasserstein"), (3, "sliced")])
def test_a_cheaper_statistic_where_energy_takes_too_long(d, statistic):
    x, y = gaussians(2000, 2000, d)
    c = compare(x, y, seconds=0.9)  # expected: energy 1.1 s
    assert c["test"].call == f'two_sample_test(x, y, statistic="{statistic}", rng=0)'
    assert c["test"].method == f"{statistic}, 999 permutations"
    assert c["test"].value == 0.001 == called(c["test"].call, x, y).pvalue
    assert "differ" in c.verdict


def test_energy_is_tested_only_where_its_distances_fit_into_memory():
    big = equal_points(15_000, 2, seconds=1e9)
    assert 'statistic="sliced"' in QUANTITIES[-1].call(big)


def test_nothing_needs_pot(monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "ot" else find(n))
    assert compare(*gaussians(40, 30, 2)).keys() == ALL


def test_ctrl_c_is_no_reason_to_leave_something_out(monkeypatch):
    def interrupted(*_, **__):
        raise otgan.InterruptedFit("interrupted", None)

    monkeypatch.setattr("otgan.comparison.quantities.two_sample_test", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compare(*gaussians(40, 30, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": [[np.nan, 0.0]]}, "x must be finite"),
        ({"x": np.zeros((3, 5))}, "same number of columns, got 5 and 2"),
        ({"x": []}, "at least one point"),
        ({"x": np.full((3, 2), -1e200)}, r"coordinates of at most 1e\+75, got 1e\+200"),
        ({"x": np.zeros((3, 2)), "y": np.full((3, 2), 1e-200)}, "at least 1e-75, got 1e-200"),
        ({"confidence_level": 95}, "confidence_level must be a number between 0 and 1"),
        ({"ties": "jiter"}, "did you mean 'jitter'"),
        ({"seconds": 0}, "seconds must be a positive number, got 0"),
        ({"seconds": math.nan}, "seconds must be a positive number, got nan"),
        ({"rng": "seed"}, "rng must be"),
        ({"rng": -1}, "rng must be"),
    ],
)
def test_bad_input_is_refused(options, message):
    x, y = gaussians(20, 20, 2)
    with pytest.raises(InvalidInputError, match=message):
        compare(**({"x": x, "y": y} | options))


@pytest.mark.parametrize("scale", [1e-73, 1e73])
def test_all_fits_up_to_the_edge_of_the_range(scale, plane):
    edge = compare(scale * plane.x, scale * plane.y)
    assert edge.keys() == ALL
    assert_allclose(edge["w1"].value, scale * plane["w1"].value, rtol=1e-9)


def test_progress_names_every_quantity_before_it_is_computed():
    steps = []
    compare(*gaussians(20, 20, 2), progress=lambda *step: steps.append(step))
    total = len(ALL)
    expected = [(done, total, quantity.name) for done, quantity in enumerate(QUANTITIES)]
    assert steps == [*expected, (total, total, "compare")]


def test_an_unknown_key_gets_the_nearest(plane):
    assert "w1" in plane and "w3" not in plane
    with pytest.raises(KeyError, match="did you mean 'sinkhorn'"):
        plane["sinkhron"]


# ---------------------------------------------------------------- the command


@pytest.fixture
def files(tmp_path: Path, plane: Comparison) -> tuple[str, str]:
    np.savetxt(tmp_path / "a.csv", plane.x, delimiter=",", fmt="%.17g")
    np.save(tmp_path / "b.npy", plane.y)
    return str(tmp_path / "a.csv"), str(tmp_path / "b.npy")


def without_times(text):
    return re.sub(r" +\d+\.\d\d  ", " ", text)


def test_the_command_prints_the_report_and_draws(files, plane, tmp_path, capsys):
    picture = tmp_path / "pictures" / "compare.png"
    assert main(["compare", *files, "--plot", str(picture)]) == 0
    text = capsys.readouterr().out
    assert without_times(text) == without_times(f"{plane.report()}\n\npicture: {picture}\n")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_command_speaks_json(files, plane, capsys):
    options = ["--confidence-level", "0.8", "--rng", "3", "--seconds", "0.02", "--ties", "drop"]
    assert main(["compare", *files, "--json", *options]) == 0
    printed = json.loads(capsys.readouterr().out)
    expected = compare(
        plane.x, plane.y, confidence_level=0.8, rng=3, seconds=0.02, ties="drop"
    ).to_dict()
    for row in (*printed["rows"], *expected["rows"]):
        del row["seconds"]
    assert printed == json.loads(json.dumps(expected))
    assert printed["confidence_level"] == 0.8 and "sinkhorn" in printed["left_out"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ties", "count"], "ties must be one of 'auto'"),
        (["--confidence-level", "95"], "confidence_level must be"),
        (["--plot", "picture.nonsense"], "a picture's name must end in"),
        (["--plot", "/dev/null/picture.png"], "one that can be written, got '/dev/null/picture"),
    ],
)
def test_the_command_refuses_kindly(files, capsys, options, message):
    assert main(["compare", *files, *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert message in captured.err and "to fix it" in captured.err


# ---------------------------------------------------------------- the picture


def drawn(comparison, names=()):
    """The figure, rendered once, so that what only breaks in drawing breaks here."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from otgan.comparison.plot import two_samples

    figure = two_samples(comparison, names=names)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FigureCanvasAgg(figure).draw()
    return figure


def test_the_picture_in_the_plane_shows_points_arcs_and_all_values(plane):
    samples, plan, distances, divergences = drawn(plane).axes
    shown = sorted(len(cloud.get_offsets()) for cloud in samples.collections)
    assert shown == [200, 300]
    assert plane.transport.plan.nnz > 250
    assert plan.get_title("left") == f"the optimal plan: 250 of {plane.transport.plan.nnz} arcs"
    arcs = plan.collections[-1].get_segments()
    assert len(arcs) == 250
    for start, end in arcs[:20]:
        i = int(np.flatnonzero((plane.x == start).all(axis=1))[0])
        j = int(np.flatnonzero((plane.y == end).all(axis=1))[0])
        assert plane.transport.plan[i, j] > 0
    for axis, unit in ((distances, "data"), (divergences, "nats")):
        names = {label.get_text() for label in axis.get_yticklabels()}
        assert names >= {row.name for row in plane.rows if row.unit == unit}
        values = {text.get_text() for text in axis.texts}
        assert values >= {f"{row.value:.3g}" for row in plane.rows if row.unit == unit}


def test_the_picture_on_the_line_moves_mass_between_quantiles():
    x, y = gaussians(240, 120, 1)
    functions = drawn(compare(x, y)).axes[1]
    (moves,) = functions.collections
    lengths = [abs(end[0] - start[0]) for start, end in moves.get_segments()]
    # 24 levels are 24 quantiles: their mean move is W1 up to the width of a level.
    assert_allclose(np.mean(lengths), otgan.wasserstein_1d(x[:, 0], y[:, 0]), rtol=0.05)


@pytest.mark.parametrize(("d", "axis"), [(1, 0), (1, 1), (2, 0), (2, 1), (5, 0)])
def test_far_points_do_not_flatten_the_others(d, axis):
    x, y = gaussians(60, 50, d)
    x[0], y[:2] = 1e4, -1e5
    shown = drawn(compare(x, y, seconds=0.01)).axes[axis]
    assert shown.get_xlabel().endswith("(3 points outside)")
    assert np.ptp(shown.get_xlim()) < (30 if d < 5 else 3e5)


def test_densities_are_those_of_all_points():
    x, y = gaussians(60, 50, 1)
    bare = drawn(compare(x, y)).axes[0].containers[0]
    far = drawn(compare(np.vstack([x, [[1e4]]]), y)).axes[0].containers[0]
    assert_allclose(sum(bar.get_height() * bar.get_width() for bar in bare), 1, rtol=1e-12)
    assert_allclose(sum(bar.get_height() * bar.get_width() for bar in far), 60 / 61, rtol=1e-12)


def test_the_picture_explains_only_what_it_shows(plane):
    def signs(comparison):
        return [[text.get_text() for text in box.texts] for box in drawn(comparison).legends]

    equal = compare(*gaussians(60, 50, 2, shift=0.0))
    assert equal["energy"].warnings and not equal["w1"].warnings
    colors, marks = signs(equal)
    assert colors == ["x", "y"]
    assert marks == [
        *(
            "value and interval",
            "interval with warnings",
            "no interval",
            "what equal distributions would show",
        ),
    ]
    assert signs(compare(plane.x, plane.y, seconds=1e-9)) == [["x", "y"]]
    cheap = compare(*gaussians(1000, 1000, 1, shift=2.0), seconds=0.009)
    assert not any(row.warnings for row in cheap.rows)
    assert signs(cheap)[1] == ["value and interval", "no interval"]


@pytest.mark.parametrize(("shift", "shown"), [(1.0, False), (3.0, True)])
def test_the_ceiling_of_js_is_drawn_where_js_comes_near(shift, shown):
    x, y = gaussians(100, 100, 1, shift)
    texts = [text.get_text().strip() for text in drawn(compare(x, y)).axes[3].texts]
    assert ("log 2: JS at most" in texts) == shown


def test_axes_have_the_names_of_the_columns(plane):
    samples, plan, *_ = drawn(plane, names=("height", "weight")).axes
    assert samples.get_xlabel() == plan.get_xlabel() == "height"
    assert samples.get_ylabel() == "weight"
    line = compare(plane.x[:, 0], plane.y[:, 0])
    assert {axis.get_xlabel() for axis in drawn(line, names=("height",)).axes[:2]} == {"height"}
    samples, *_ = drawn(plane, names=np.array([1, 2])).axes  # as the columns of a table may be
    assert (samples.get_xlabel(), samples.get_ylabel()) == ("1", "2")


def test_the_picture_of_many_dimensions_says_what_it_shows():
    x, y = gaussians(60, 50, 5, shift=9.0)
    samples, plan, *_ = drawn(compare(x, y, seconds=0.02)).axes
    assert samples.get_title("left") == "the samples: 2 of 5 dimensions, 88% of the variance"
    assert plan.get_title("left").startswith("the optimal plan: 100 of 1")


@pytest.mark.parametrize("seconds", [1e-9, 10.0])
def test_the_picture_of_little(seconds):
    for x, y in (
        ([[0.0, 0, 0]], [[1.0, 0, 0]]),
        ([0.0], [0.0]),
        ([[0.0, 1]] * 20, [[0.0, 1]] * 20),
    ):
        assert len(drawn(compare(x, y, seconds=seconds)).axes) == 4


def test_the_picture_of_counts_has_a_bar_for_every_value():
    x, y = np.arange(300) % 4 * 3.0, np.arange(300) % 3 * 3.0
    bars = drawn(compare(x, y)).axes[0].containers[0]
    assert_allclose([bar.get_x() + bar.get_width() / 2 for bar in bars], [0, 3, 6, 9])
    assert_allclose([bar.get_height() * 3 for bar in bars], 0.25)


def test_a_list_of_tensors_is_a_sample_unless_they_require_gradients():
    x, y = gaussians(12, 15, 2)
    points = torch.tensor(x)
    of_list = compare(list(points), y, seconds=1)
    assert of_list.rows[0].value == compare(x, y, seconds=1).rows[0].value
    with pytest.raises(InvalidInputError, match="must not require gradients"):
        compare(list(points.requires_grad_()), y)
