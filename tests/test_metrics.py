"""Distances on wrapped spaces and SciPy's, against definitions, and transport for them."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

import otgan
from tests.cases import mistyped, refused

RNG = np.random.default_rng(0)


@given(st.integers(0, 10**6), st.integers(1, 3))
def test_the_torus_takes_the_nearest_of_all_copies(seed, d):
    rng = np.random.default_rng(seed)
    period = rng.uniform(0.5, 3, d)
    x, y = rng.normal(0, 4, (2, 5, d))
    copies = np.arange(-40, 41)
    squares = np.zeros((5, 5))
    for k in range(d):
        apart = x[:, k, None, None] - y[:, k, None] + copies * period[k]
        squares += np.min(apart**2, axis=-1)
    assert_allclose(otgan.Torus(tuple(period)).matrix(x, y), np.sqrt(squares), atol=1e-12)


def test_a_long_period_costs_no_digits():
    """Points just below zero, whose remainders from zero up would be rounded beside the period."""
    x, y = RNG.uniform(-0.5, 0.5, (2, 30, 2))
    for period in (1e8, 1e17, 1e300):
        torus = otgan.Torus(period)
        assert_allclose(torus.matrix(x, y), cdist(x, y), rtol=1e-13)
        assert_allclose(torus.pairs(x, y), np.linalg.norm(x - y, axis=1), rtol=1e-13)
        assert_allclose(otgan.emd(x, y, metric=torus).cost, otgan.emd(x, y).cost, rtol=1e-12)


def test_a_metric_takes_two_points_of_any_numbers():
    assert otgan.Torus(24)([23], [1]) == otgan.Torus(24)(23, 1) == 2.0
    assert_allclose(otgan.Torus(24).matrix(np.array([[23]]), np.array([[1]])), 2.0)
    assert repr(otgan.Torus((1, 2.5))) == "Torus(period=(1.0, 2.5))"


def test_great_circles_are_angles_between_unit_vectors():
    angles = np.column_stack([RNG.uniform(-1.5, 1.5, 50), RNG.uniform(-9, 9, 50)])
    lat, lon = angles.T
    units = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    expected = 2 * np.arcsin(np.clip(cdist(units, units) / 2, 0, 1))
    assert_allclose(otgan.GreatCircle().matrix(angles, angles), expected, atol=1e-7)
    of_earth = otgan.GreatCircle(radius=6371.0, degrees=True)
    assert_allclose(of_earth([0, 179], [0, -179]), 6371 * np.radians(2), rtol=1e-12)
    assert_allclose(of_earth([90, 0], [-90, 77]), 6371 * np.pi, rtol=1e-12)


def test_great_circles_between_points_that_are_close_are_right_beside_the_radius():
    x = np.column_stack([RNG.uniform(-1.5, 1.5, 50), RNG.uniform(-3, 3, 50)])
    y = x + RNG.normal(0, 10.0 ** RNG.integers(-15, -3, (50, 1)), (50, 2))
    lat, lon = np.sin((y - x).T / 2) ** 2
    halves = np.arcsin(np.sqrt(lat + np.cos(x[:, 0]) * np.cos(y[:, 0]) * lon))
    assert_allclose(otgan.GreatCircle(radius=100.0).pairs(x, y), 200 * halves, atol=1e-13, rtol=0)


def test_a_pole_in_float32_is_the_pole():
    pole = np.array([[np.pi / 2, 1.0]], np.float32)
    assert float(pole[0, 0]) > np.pi / 2
    distance = otgan.wasserstein(pole, np.zeros((1, 2), np.float32), metric=otgan.GreatCircle())
    assert_allclose(distance, np.pi / 2, rtol=1e-7)
    with refused("latitudes from -1.5707963 to 1.5707963, got a latitude of 1.571"):
        otgan.GreatCircle()([1.571, 0.0], [0.0, 0.0])


def test_w1_on_a_circle_as_in_closed_form():
    x, y = RNG.uniform(0, 24, (2, 40))
    result = otgan.emd(x, y, metric=otgan.Torus(24))
    hours = np.sort(np.concatenate([x, y]))
    lengths = np.diff(np.append(hours, hours[0] + 24))
    flow = np.array([(x <= t).mean() - (y <= t).mean() for t in hours])
    order = np.argsort(flow)
    half = np.searchsorted(np.cumsum(lengths[order]), 12)
    expected = (np.abs(flow - flow[order][half]) * lengths).sum()
    assert_allclose(result.distance, expected, rtol=1e-9)
    assert result.gap <= 1e-9 * result.cost


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize(
    "metric",
    [
        otgan.Torus((1.0, np.inf)),
        otgan.GreatCircle(),
        otgan.SciPyMetric("minkowski", {"p": 3}),
        otgan.SciPyMetric("canberra"),
        otgan.SciPyMetric("mahalanobis", {"VI": np.array([[2.0, 0.5], [0.5, 1.0]])}),
    ],
)
def test_transport_is_that_of_the_stored_costs(metric, p):
    x, y = RNG.uniform(0.1, 1.5, (2, 60, 2))
    result = otgan.emd(x, y, metric=metric, p=p)
    C = metric.matrix(x, y) ** p
    assert_allclose(result.cost, otgan.emd_from_cost(C).cost, rtol=1e-12)
    assert (C - result.f[:, None] - result.g >= -1e-12).all()
    assert_allclose(otgan.wasserstein(x, y, metric=metric, p=p), result.distance, rtol=1e-9)
    assert_allclose(metric(x[0], y[0]), C[0, 0] ** (1 / p), rtol=1e-12)


def test_a_grid_on_the_torus_is_the_cloud_of_its_cells():
    a, b = RNG.random((2, 6, 8))
    cells = np.argwhere(np.ones((6, 8)))
    metric = otgan.Torus((6, 8))
    cloud = otgan.emd(cells, cells, a.ravel(), b.ravel(), metric=metric, p=2, normalize=True)
    grid = otgan.emd_grid(a, b, p=2, periodic=True, normalize=True)
    assert_allclose(grid.cost, cloud.cost, rtol=1e-9)


def of_points(name, **options):
    """Transport between points, one of which has equal coordinates."""
    return otgan.emd(
        [[1.0, 1.0], [0.0, 2.0]], [[3.0, 1.0]], metric=otgan.SciPyMetric(name, options)
    )


def test_tori_are_values():
    tori = {
        otgan.Torus(1),
        otgan.Torus(1.0),
        otgan.Torus(mistyped(np.array([1, 2]))),
        otgan.Torus((1, 2)),
    }
    assert len(tori) == 2


@pytest.mark.parametrize("options", [{"p": 3}, {"p": 1.5, "w": [0.3, 0.7]}, {"p": np.inf}])
def test_norms_are_those_of_direct_differences(options):
    """Points that are much closer to each other than to others: no center costs them digits."""
    x = RNG.normal(size=(40, 2))
    y = x + 1e-10 * RNG.normal(size=(40, 2))
    weights = np.array(options.get("w", [1.0, 1.0]))
    order = options["p"]
    terms = np.abs(x - y) if np.isinf(order) else weights * np.abs(x - y) ** order
    sums = terms.max(axis=1) if np.isinf(order) else terms.sum(axis=1) ** (1 / order)
    assert_allclose(otgan.SciPyMetric("minkowski", options).pairs(x, y), sums, rtol=1e-14)


def test_options_stay_as_they_were_checked():
    weights = np.array([1.0, 2.0])
    options = {"p": 3.0, "w": weights}
    metric = otgan.SciPyMetric("minkowski", options)
    options["p"], weights[:] = 0.5, -1.0
    assert_allclose(metric([0.0, 0.0], [1.0, 1.0]), 3 ** (1 / 3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: otgan.Torus(0), "period must be a positive number"),
        (lambda: otgan.Torus((1, 2)).matrix(np.ones((2, 3)), np.ones((2, 3))), "each of 3"),
        (lambda: otgan.GreatCircle(radius=-1), "radius must be a positive number"),
        (lambda: otgan.GreatCircle()([52.5, 13.4], [0, 0]), "set degrees=True"),
        (lambda: otgan.GreatCircle()([1.0], [0.0]), "pairs (latitude, longitude)"),
        (lambda: otgan.SciPyMetric("mahalanobis"), "must hold 'VI'"),
        (lambda: otgan.Torus(mistyped("day")), "period must be a positive number"),
        (lambda: otgan.Torus(True), "period must be a positive number"),
        (lambda: otgan.Torus(mistyped(((1, 2), (3, 4)))), "period must be a positive number"),
        (lambda: otgan.Torus(mistyped("24")), "period must be a positive number"),
        (lambda: otgan.Torus(()), "period must be a positive number"),
        (
            lambda: otgan.Torus(24)([23.0, 1.0], [1.0]),
            "same shape (d,), got (2,)",
        ),
        (lambda: otgan.Torus(24)([[23.0]], [[1.0]]), "call .matrix(x, y)"),
        (lambda: otgan.Torus(24)([np.nan], [1.0]), "u must be finite, got nan"),
        (lambda: otgan.GreatCircle(mistyped("earth")), "radius must be a positive number"),
        (lambda: otgan.GreatCircle(degrees=mistyped(1)), "degrees must be True or False"),
        (lambda: otgan.SciPyMetric("nonsense"), "name must be one of"),
        (lambda: otgan.SciPyMetric("jaccard"), "name must be one of"),  # of booleans
        (lambda: otgan.SciPyMetric("minkowski", {"q": 3}), "keys among p, w"),
        (lambda: otgan.SciPyMetric("minkowski", {"p": 0.5}), "p of 'minkowski' must be a number"),
        (lambda: otgan.SciPyMetric("minkowski", {"p": "3"}), "p of 'minkowski' must be a number"),
        (lambda: otgan.SciPyMetric("minkowski", {"p": True}), "p of 'minkowski' must be a number"),
        (lambda: otgan.SciPyMetric("jensenshannon", {"base": 2}), "without any keys"),
        (lambda: of_points("minkowski", w=[1.0, np.inf]), "must hold finite numbers"),
        (lambda: otgan.SciPyMetric("euclidean", {"out": None}), "keys among w"),
        (lambda: of_points("mahalanobis", VI=np.eye(3)), "shape (2, 2)"),
        (lambda: of_points("mahalanobis", VI=np.eye(1)), "shape (2, 2)"),
        (lambda: of_points("seuclidean", V=[1.0]), "shape (2,)"),
        (lambda: of_points("minkowski", w=[1.0, -1.0]), "not negative ones"),
        (lambda: of_points("correlation"), "finite, non-negative numbers, got nan"),
        (lambda: of_points("mahalanobis", VI=-np.eye(2)), "finite, non-negative numbers"),
        (
            lambda: otgan.emd([[0, 0]], [[1, 1]], metric=mistyped("haversine")),
            "otgan.GreatCircle()",
        ),
        (
            lambda: otgan.emd(
                RNG.random((20000, 2)), RNG.random((20000, 2)), metric=otgan.SciPyMetric("canberra")
            ),
            "must be stored for at most 268,435,456 pairs of points, got 20,000 x 20,000",
        ),
        (lambda: otgan.emd([[0, 0]], [[1, 1]], metric=mistyped(otgan.Torus)), "as Torus(...)"),
        (
            lambda: otgan.emd([[0, 0]], [[1, 1]], metric=mistyped("minkowski")),
            "SciPyMetric('minkowski')",
        ),
    ],
)
def test_bad_parameters_are_refused(make, message):
    with refused(message):
        make()


@pytest.mark.parametrize("name", ["euclidean", "sqeuclidean", "cityblock", "chebyshev"])
def test_norms_by_their_names_store_no_matrix(name):
    x, y = RNG.normal(size=(50, 3)), RNG.normal(size=(40, 3))
    metric = otgan.SciPyMetric(name)
    cost, named = (otgan.PointCost.of(x, y, metric=m, p=1.5) for m in (metric, name))
    assert not cost.must_be_stored
    points, expected = cost.normed(), named.normed()
    assert points is not None and expected is not None
    assert (points.norm, points.power) == (expected.norm, expected.power)
    assert_allclose(points.x, expected.x, rtol=0)
    assert_allclose(metric.pairs(x[:40], y), np.diag(metric.matrix(x[:40], y)), rtol=1e-14)
    r = otgan.emd(x, y, metric=metric, p=1.5)
    assert_allclose([r.lower, r.cost], otgan.emd(x, y, metric=name, p=1.5).cost, rtol=1e-12)


@pytest.mark.parametrize("name", ["euclidean", "sqeuclidean", "cityblock"])
def test_weights_of_norms_stretch_coordinates(name):
    x, y = RNG.normal(size=(700, 2)), RNG.normal(size=(600, 2))
    w = np.array([0.3, 2.0])
    metric = otgan.SciPyMetric(name, {"w": w})
    expected = cdist(x, y, name, w=w)
    assert_allclose(metric.pairs(x[:600], y), np.diag(expected), rtol=1e-14)
    r = otgan.emd(x, y, metric=metric)
    assert r.solver == "multiscale-simplex"
    assert_allclose([r.lower, r.cost], otgan.emd_from_cost(expected).cost, rtol=1e-9)


def test_weights_of_chebyshev_are_scipys():
    x, y = RNG.normal(size=(20, 2)), RNG.normal(size=(20, 2))
    metric = otgan.SciPyMetric("chebyshev", {"w": [0.5, 3.0]})
    assert_allclose(
        otgan.emd(x, y, metric=metric).cost,
        otgan.emd_from_cost(cdist(x, y, "chebyshev", w=[0.5, 3.0])).cost,
        rtol=1e-12,
    )
