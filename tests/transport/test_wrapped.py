"""Transport on circles, tori and spheres, and by norms of Minkowski: no matrix, the same answer."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

import otgan
from otgan.costs import PointCost
from otgan.transport.network_simplex import coarsening, level, multiscale
from otgan.transport.network_simplex.pricing import c_transform_of_points
from tests.cases import EXACT_RTOL, mistyped, refused
from tests.transport.wrapped import METRICS, draw_points

WRAPPED = [metric for metric in METRICS if not isinstance(metric, str)]
on_every_metric = pytest.mark.parametrize("metric", WRAPPED, ids=str)


@pytest.fixture
def many_levels(monkeypatch):
    """Let small problems go through every level of the engine."""
    monkeypatch.setattr(multiscale, "MAX_DENSE_ARCS", 64)
    monkeypatch.setattr(level, "MAX_DENSE_ARCS", 64)
    monkeypatch.setattr(coarsening, "COARSEST", 2)


def check(result, x, y, metric, p, a=None, b=None):
    """Plan, potentials and bracket against the matrix of all costs."""
    n, m = len(x), len(y)
    C = metric.matrix(x, y) ** p
    a, b = (np.full(k, 1 / k) if w is None else w / w.sum() for w, k in ((a, n), (b, m)))
    plan = result.plan.toarray()
    assert_allclose(plan.sum(axis=1), a, rtol=1e-11)
    assert_allclose(plan.sum(axis=0), b, rtol=1e-11)
    assert_allclose(result.cost, (plan * C).sum(), rtol=1e-11)
    assert (result.f[:, None] + result.g - C).max() <= 1e-13 * C.max()
    assert_allclose(result.lower, a @ result.f + b @ result.g, rtol=1e-9)
    assert 0 <= result.gap <= EXACT_RTOL * result.cost
    return C


# ---------------------------------------------------------------- linear programs, matrices


@on_every_metric
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("seed", range(2))
def test_cells_agree_with_a_linear_program(many_levels, metric, p, seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(20, 60, 2)
    x, y = draw_points(rng, metric, n, m)
    a, b = rng.random(n), rng.random(m)
    b *= a.sum() / b.sum()
    result = otgan.emd(x, y, a, b, metric=metric, p=p)
    assert result.solver == "multiscale-simplex"
    C = check(result, x, y, metric, p, a, b)
    assert_allclose(result.cost, otgan.emd_linprog(C, a, b).cost, rtol=1e-9)


@on_every_metric
def test_large_clouds_agree_with_their_matrix(metric):
    rng = np.random.default_rng(7)
    x, y = draw_points(rng, metric, 700, 650)
    result = otgan.emd(x, y, metric=metric, p=1.5)
    assert result.stats["levels"] > 1 and result.stats["arcs"] < 60 * 1350
    C = check(result, x, y, metric, 1.5)
    assert_allclose(result.cost, otgan.emd_from_cost(C).cost, rtol=1e-11)


@pytest.mark.parametrize("metric", [otgan.Torus(3.0), otgan.SciPyMetric("minkowski", {"p": 4})])
def test_many_dimensions(many_levels, metric):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(50, 9)), rng.normal(size=(40, 9))
    C = check(otgan.emd(x, y, metric=metric), x, y, metric, 1)
    assert_allclose(otgan.wasserstein(x, y, metric=metric), otgan.emd_linprog(C).cost, rtol=1e-9)


@on_every_metric
def test_mass_may_stay(many_levels, metric):
    rng = np.random.default_rng(3)
    x, y = draw_points(rng, metric, 40, 50)
    C = metric.matrix(x, y)
    a, b, price = rng.random(40), rng.random(50), 0.3 * np.median(C)
    found = otgan.emd(x, y, a, b, metric=metric, unmatched=price)
    stored = otgan.emd_from_cost(C, a, b, unmatched=price)
    assert 0 < found.moved < a.sum()
    assert_allclose(found.cost, stored.cost, rtol=1e-10)
    far = otgan.emd(x, y, a, b, metric=metric, unmatched=1e6 * C.max())  # any price above all costs
    assert_allclose(far.moved, min(a.sum(), b.sum()), rtol=1e-12)
    proof = otgan.certify(
        PointCost.of(x, y, metric=metric), found.plan, found.f, found.g, a, b, unmatched=price
    )
    assert_allclose([proof.lower, proof.upper], stored.cost, rtol=1e-10)


@on_every_metric
def test_from_an_earlier_solution(metric):
    rng = np.random.default_rng(4)
    x, y = draw_points(rng, metric, 600, 600)
    before = otgan.emd(x, y, metric=metric, p=2)
    warm = otgan.emd(x, y, metric=metric, p=2, start=before)
    assert warm.stats["pivots"] < before.stats["pivots"] / 10
    assert_allclose(warm.cost, before.cost, rtol=1e-12)


# ---------------------------------------------------------------- closed forms and symmetries


def on_the_circle(x, y, period):
    """W1 between as many points, from their circular distribution functions."""
    at = np.sort(np.concatenate([x, y]))
    lengths = np.diff(np.append(at, at[0] + period))
    flow = np.searchsorted(np.sort(x), at, "right") - np.searchsorted(np.sort(y), at, "right")
    order = np.argsort(flow)
    half = np.searchsorted(np.cumsum(lengths[order]), period / 2)  # the median by length
    return (np.abs(flow - flow[order][half]) * lengths).sum() / len(x)


def large_circle(n):
    rng = np.random.default_rng(n)
    return rng.uniform(0, 24, n), 24 * rng.beta(2, 3, n) - 6


def test_a_circle_of_four_thousand_points_as_in_closed_form():
    x, y = large_circle(4000)
    result = otgan.emd(x, y, metric=otgan.Torus(24))
    assert_allclose(result.distance, on_the_circle(x % 24, y % 24, 24), rtol=1e-9)


@pytest.mark.parametrize("p", [1, 2])
def test_rotations_change_nothing(many_levels, p):
    rng = np.random.default_rng(5)
    torus = otgan.Torus((1.0, 2.0))
    x, y = rng.normal(0, 0.2, (2, 80, 2))  # on all four sides of the corner
    moved = [z + [0.37, -1.1] for z in (x, y)]
    at_corner = otgan.emd(x, y, metric=torus, p=p)
    assert_allclose(otgan.emd(*moved, metric=torus, p=p).cost, at_corner.cost, rtol=1e-10)
    assert at_corner.cost <= otgan.emd(x, y, p=p).cost  # there are shorter ways, and no longer ones
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    units = [
        z / np.linalg.norm(z, axis=1)[:, None] for z in rng.normal(size=(2, 80, 3)) + [0, 0, 1]
    ]
    near_pole, elsewhere = ([angles(z @ turn) for z in units] for turn in (np.eye(3), turned))
    first = otgan.emd(*near_pole, metric=otgan.GreatCircle(), p=p)
    second = otgan.emd(*elsewhere, metric=otgan.GreatCircle(), p=p)
    assert_allclose(second.cost, first.cost, rtol=1e-10)


def angles(units):
    return np.column_stack([np.arcsin(units[:, 2]), np.arctan2(units[:, 1], units[:, 0])])


def test_points_a_meter_apart_are_rounded_alike_by_cells_and_by_the_matrix(many_levels):
    rng = np.random.default_rng(8)
    earth = otgan.GreatCircle(radius=6371e3, degrees=True)
    x, y = np.array([52.5, 13.4]) + rng.normal(0, 1e-5, (2, 90, 2))
    C = check(otgan.emd(x, y, metric=earth), x, y, earth, 1)
    assert C.max() < 10
    points = earth.normed(x, y)
    g = c_transform_of_points(points, np.zeros(90))
    assert_allclose(g, C.min(axis=0), rtol=1e-14)


@pytest.mark.parametrize("p", [1, 2])
def test_opposite_points_of_a_sphere_keep_their_digits(many_levels, p):
    """All mass goes from one pole to the other: half a turn, whatever the way."""
    n = 30
    lon = np.linspace(-3, 3, n)
    x, y = np.column_stack([np.full(n, 90.0), lon]), np.column_stack([np.full(n, -90.0), 2 * lon])
    result = otgan.emd(x, y, metric=otgan.GreatCircle(degrees=True), p=p)
    assert_allclose([result.lower, result.upper], np.pi**p, rtol=1e-12)


def test_a_torus_without_periods_is_the_plane(many_levels):
    x, y = np.random.default_rng(6).normal(size=(2, 70, 2))
    flat = otgan.emd(x, y, metric=otgan.Torus(np.inf), p=2)
    wide = otgan.emd(x, y, metric=otgan.Torus(1e3), p=2)
    plane = otgan.emd(x, y, p=2)
    assert_allclose([flat.cost, wide.cost], plane.cost, rtol=1e-11)


@pytest.mark.parametrize(
    ("order", "name"), [(1, "cityblock"), (2, "euclidean"), (np.inf, "chebyshev")]
)
def test_orders_that_have_a_name_are_these(many_levels, order, name):
    x, y = np.random.default_rng(6).normal(size=(2, 70, 3))
    by_order = otgan.emd(x, y, metric=otgan.SciPyMetric("minkowski", {"p": order}))
    assert_allclose(by_order.cost, otgan.emd(x, y, metric=name).cost, rtol=1e-12)


# ---------------------------------------------------------------- twenty thousand points


@pytest.mark.slow
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("space", ["circle", "torus", "sphere", "minkowski"])
def test_twenty_thousand_points_are_certified(space, p):
    n = 20_000
    rng = np.random.default_rng(0)
    flat = rng.uniform(0, 1, (n, 2)), rng.normal(0.9, 0.2, (n, 2))
    units = rng.normal(size=(2, n, 3)) + np.array([[[0, 0, 0]], [[1, 0.5, 0.2]]])
    units /= np.linalg.norm(units, axis=2)[:, :, None]
    (x, y), metric = {
        "circle": (large_circle(n), otgan.Torus(24)),
        "torus": (flat, otgan.Torus(1.0)),
        "sphere": ([angles(z) for z in units], otgan.GreatCircle(radius=6371.0)),
        "minkowski": (flat, otgan.SciPyMetric("minkowski", {"p": 3})),
    }[space]
    result = otgan.emd(x, y, metric=metric, p=p)
    assert result.gap <= EXACT_RTOL * result.cost and result.stats["arcs"] < 40 * n
    x, y = (z.reshape(n, -1) for z in (x, y))
    i, j = result.plan.nonzero()
    cost = (result.plan.data * metric.pairs(x[i], y[j]) ** p).sum()
    assert_allclose(cost, result.upper, rtol=1e-11)
    assert_allclose((result.f.sum() + result.g.sum()) / n, result.lower, rtol=1e-8)
    some = rng.integers(0, n, 300)  # rows of the matrix, which is never stored
    excess = result.f[some, None] + result.g - metric.matrix(x[some], y) ** p
    assert excess.max() <= 1e-12 * result.cost
    if space == "circle" and p == 1:
        assert_allclose(result.distance, on_the_circle(x[:, 0] % 24, y[:, 0] % 24, 24), rtol=1e-9)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("name", "object_"),
    [("circle", "otgan.Torus(period)"), ("torus", "otgan.Torus(period)"),
     ("haversine", "otgan.GreatCircle()"), ("sphere", "otgan.GreatCircle()"),
     ("minkowski", "otgan.SciPyMetric('minkowski')")],
)  # fmt: skip
def test_names_are_refused_by_the_object_that_they_mean(name, object_):
    with refused(f"got '{name}'", f"metric={object_}"):
        otgan.emd([[0.0, 0.0]], [[1.0, 1.0]], metric=mistyped(name))


def test_lengths_whose_powers_leave_float64_are_refused():
    x, y = [[0.1, 0.2]], [[0.3, 0.4]]
    with refused("an extent whose power 2 fits"):
        otgan.emd(x, y, metric=otgan.GreatCircle(radius=1e200))
    with refused("an extent whose power 20 fits"):
        otgan.emd([[0.0]], [[1e15]], metric=otgan.SciPyMetric("minkowski", {"p": 20}))
    assert otgan.emd([[1e200]], [[2e200]], metric=otgan.Torus(1.0)).distance <= 0.5


@pytest.mark.parametrize("options", [{"p": 21}, {"p": np.inf, "w": [1.0, 1.0]}])
def test_what_has_no_bounds_is_left_to_scipy(options):
    x, y = np.random.default_rng(0).normal(size=(2, 30, 2))
    metric = otgan.SciPyMetric("minkowski", options)
    assert metric.normed(x, y) is None
    expected = otgan.emd_from_cost(cdist(x, y, "minkowski", **options)).cost
    assert_allclose(otgan.emd(x, y, metric=metric).cost, expected, rtol=1e-12)
