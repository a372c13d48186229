"""Persistence diagrams against GUDHI's published values and assignments with copies of points."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment

import otgan
from otgan.errors import InfeasibleError
from otgan.transport import persistence
from tests.cases import EPS, refused

INF = math.inf

# From GUDHI's own tests, src/python/test/test_wasserstein_distance.py at commit
# 0059b990e0318b5a0555f85e574abda21bef25ab: diagrams, internal_p, order, and what they expect.
FIRST = [[2.7, 3.7], [9.6, 14.0], [34.2, 34.974]]
SECOND = [[2.8, 4.45], [9.5, 14.1]]
THIRD, FOURTH = [[0, 2], [4, 6]], [[0, 3], [4, 8]]
FIFTH, SIXTH = [[0, 3], [4, INF]], [[7, 8], [4, 6], [3, INF]]
GUDHI = [
    *(([], [], q, p, 0.0) for q in (2, INF) for p in (1, 2)),
    (THIRD, [], INF, 1, 2.0),
    (THIRD, [], 1, 1, 4.0),
    (FOURTH, [], 1, 2, 5.0),
    (FOURTH, [], INF, 2, 2.5),
    (FOURTH, [], 2, 2, 3.5355339059327378),
    (FIRST, SECOND, 2, 1, 1.4453593023967701),
    (FIRST, SECOND, 2.35, 1.74, 0.9772734057168739),
    (FIRST, [], 2.35, 1.7863, 3.141592214572228),
    (THIRD, FOURTH, 1, 1, 3.0),
    (THIRD, FOURTH, INF, 1, 3.0),
    (THIRD, FOURTH, INF, 2, math.sqrt(5)),
    (THIRD, FOURTH, 1, 2, math.sqrt(5)),
    (THIRD, FOURTH, 4.5, 2, math.sqrt(5)),
    (FIFTH, SIXTH, INF, 1, 4.0),
]


@pytest.mark.parametrize(("a", "b", "q", "p", "expected"), GUDHI)
def test_wasserstein_distances_that_gudhi_publishes(a, b, q, p, expected):
    for x, y in ((a, b), (b, a)):
        result = otgan.persistence_distance(x, y, p=p, q=q)
        assert_allclose(float(result), expected, rtol=1e-14)
        assert_allclose([result.lower, result.upper], expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "q", "p", "expected"),
    [
        ([], SECOND, INF, 2, {(-1, 0), (-1, 1)}),
        (SECOND, [], INF, 2.24, {(0, -1), (1, -1)}),
        (FIRST, SECOND, 2, 2, {(0, 0), (1, 1), (2, -1)}),
        (FIFTH, SIXTH, 2, 2, {(0, -1), (-1, 0), (-1, 1), (1, 2)}),
        ([], [], 1, 2, set()),
    ],
)
def test_matchings_that_gudhi_publishes(a, b, q, p, expected):
    matching = otgan.persistence_distance(a, b, p=p, q=q).matching
    assert set(map(tuple, matching.tolist())) == expected and len(matching) == len(expected)


def test_the_bottleneck_distance_that_gudhi_publishes():
    """From src/python/test/test_bottleneck_distance.py.

    At commit 0ce82cdc262fe9c09a1df1f559e1c17abfbbea3d.
    """
    a, b = [*FIRST, [3.0, INF]], [*SECOND, [3.2, INF]]
    result = otgan.persistence_distance(a, b, p=INF)
    assert float(result) == result.lower == result.upper == 0.75
    assert_array_equal(result.matching[-1], [3, 2])


# ---------------------------------------------------------------- against assignments


def with_copies(x, y, q):
    """Distances between points of a and copies of b's, and points of b and copies of a's."""
    n, m = len(x), len(y)
    difference = np.abs(x[:, None] - y)
    between = difference.max(axis=2) if q == INF else (difference**q).sum(axis=2) ** (1 / q)
    nearest = [np.full((len(z), 1), 0.5) * z.sum(axis=1, keepdims=True) for z in (x, y)]
    u, v = (
        np.abs(z - c).max(axis=1) if q == INF else (np.abs(z - c) ** q).sum(axis=1) ** (1 / q)
        for z, c in zip((x, y), nearest, strict=True)
    )
    C = np.zeros((n + m, n + m))
    C[:n, :m] = between
    C[:n, m:] = u[:, None]
    C[n:, :m] = v
    return C


def least_sum(C, p):
    i, j = linear_sum_assignment(C**p)
    return float((C[i, j] ** p).sum() ** (1 / p))


def least_maximum(C):
    """The first distance within which a perfect assignment exists, one after the other."""
    for t in np.unique(C):
        i, j = linear_sum_assignment(t < C)
        if not (t < C)[i, j].any():
            return float(t)
    return 0.0


@st.composite
def diagrams(draw, most=7):
    """Births and lifetimes, whole or halves: ties, points on the diagonal, and none at all."""
    halves = st.integers(0, 8).map(lambda k: k / 2)
    points = draw(st.lists(st.tuples(halves, halves), max_size=most))
    return np.array([(birth, birth + life) for birth, life in points]).reshape(-1, 2)


def check_matching(result, a, b):
    """Every point is matched once, and what the matching costs is the distance."""
    i, j = result.matching.T
    assert sorted(i[i >= 0]) == list(range(len(a))) and sorted(j[j >= 0]) == list(range(len(b)))
    assert (np.maximum(i, j) >= 0).all()
    C = with_copies(a, b, result.q)
    n, m = len(a), len(b)
    costs = C[np.where(i < 0, n + m - 1, i), np.where(j < 0, n + m - 1, j)]
    if result.p == INF:
        assert_allclose(costs.max(initial=0.0), float(result), rtol=8 * EPS)
    else:
        total = (costs**result.p).sum() ** (1 / result.p)
        assert_allclose(total, float(result), rtol=1e-12, atol=1e-15)


@given(diagrams(), diagrams(), st.sampled_from([1, 1.5, 2, 3]), st.sampled_from([1, 1.7, 2, INF]))
def test_any_diagrams_against_an_assignment(a, b, p, q):
    result = otgan.persistence_distance(a, b, p=p, q=q)
    assert_allclose(float(result), least_sum(with_copies(a, b, q), p), rtol=1e-12, atol=1e-14)
    assert result.lower <= float(result) == result.upper
    assert result.gap <= 1e-9 * float(result) + 1e-13
    check_matching(result, a, b)


@given(diagrams(), diagrams(), st.sampled_from([1, 1.7, 2, INF]))
def test_any_bottleneck_against_assignments(a, b, q):
    result = otgan.persistence_distance(a, b, p=INF, q=q)
    assert_allclose(float(result), least_maximum(with_copies(a, b, q)), rtol=8 * EPS)
    check_matching(result, a, b)


@pytest.mark.slow
@settings(max_examples=2_000)
@given(diagrams(12), diagrams(12), st.sampled_from([1, 2, INF]))
def test_many_more_diagrams(a, b, q):
    C = with_copies(a, b, q)
    bottleneck = otgan.persistence_distance(a, b, p=INF, q=q)
    assert_allclose(float(bottleneck), least_maximum(C), rtol=8 * EPS)
    found = otgan.persistence_distance(a, b, p=2, q=q)
    assert_allclose(float(found), least_sum(C, 2), rtol=1e-12, atol=1e-14)
    check_matching(found, a, b)


def random_diagram(rng, n):
    births = rng.random(n)
    return np.column_stack([births, births + rng.exponential(0.1, n)])


@pytest.mark.parametrize("p", [1, 2, INF])
def test_larger_diagrams(p):
    rng = np.random.default_rng(0)
    a, b = random_diagram(rng, 400), random_diagram(rng, 350)
    result = otgan.persistence_distance(a, b, p=p)
    C = with_copies(a, b, INF)
    if p < INF:
        assert_allclose(float(result), least_sum(C, p), rtol=1e-12)
    else:  # it is one of the distances, and the next smaller one does not do
        t = float(result)
        below = C[t > C].max()
        for limit, enough in ((t, True), (below, False)):
            i, j = linear_sum_assignment(limit < C)
            assert (not (limit < C)[i, j].any()) == enough
    check_matching(result, a, b)


@given(diagrams(), diagrams())
def test_the_bottleneck_is_the_limit_of_large_orders(a, b):
    """From above: it is at most any W_p, and W_p at most (n + m)^(1/p) times it."""
    bottleneck = float(otgan.persistence_distance(a, b, p=INF))
    found = float(otgan.persistence_distance(a, b, p=8))
    assert bottleneck * (1 - 1e-12) <= found
    assert found <= bottleneck * max(len(a) + len(b), 1) ** (1 / 8) * (1 + 1e-12)


@given(diagrams(4), diagrams(4), st.sampled_from([1, 2, INF]))
def test_points_on_the_diagonal_change_nothing(a, b, p):
    more = np.vstack([a, [[3.0, 3.0], [1.5, 1.5]]])
    found = float(otgan.persistence_distance(more, b, p=p))
    assert_allclose(found, float(otgan.persistence_distance(a, b, p=p)), rtol=1e-12, atol=1e-14)


def test_it_is_what_emd_says_of_points_with_prices():
    """One unit a point, and prices that are distances to the diagonal, to the power p."""
    a, b = np.array(FIRST), np.array(SECOND)
    prices = [((z[:, 1] - z[:, 0]) / 2) ** 2 for z in (a, b)]
    ones = np.ones(3), np.ones(2)
    transport = otgan.emd(a, b, *ones, p=2, metric="chebyshev", unmatched=tuple(prices))
    result = otgan.persistence_distance(a, b, p=2)
    assert (result.lower, result.upper) == (transport.distance_lower, transport.distance_upper)


# ---------------------------------------------------------------- infinite deaths


@pytest.mark.parametrize(
    ("p", "expected"), [(1, 1 + 2 + 0.5), (2, (1 + 4 + 0.25) ** 0.5), (INF, 2)]
)
def test_what_never_dies_is_matched_in_the_order_of_births(p, expected):
    a = [[5, INF], [0, 1], [2, INF]]
    b = [[3, INF], [7, INF]]
    result = otgan.persistence_distance(a, b, p=p)
    assert_allclose(float(result), expected, rtol=1e-15)
    assert {(0, 1), (2, 0), (1, -1)} == set(map(tuple, result.matching.tolist()))


@pytest.mark.parametrize("p", [1, INF])
@pytest.mark.parametrize(("a", "b"), [(FOURTH, FIFTH), (FIFTH, [])])
def test_diagrams_at_an_infinite_distance_are_refused(a, b, p):
    """GUDHI says infinity for these, in the same tests."""
    with refused("infinite death", "whose distance is infinite", error=InfeasibleError):
        otgan.persistence_distance(a, b, p=p)


# ---------------------------------------------------------------- what comes in and out


def test_a_result_is_short_and_plain():
    result = otgan.persistence_distance(FIRST, SECOND, q=2)
    assert repr(result) == (
        "PersistenceDistance(distance=1.445359302, gap=0, p=1, q=2, matched=2, to_diagonal=1)"
    )
    values = json.loads(json.dumps(result.to_dict()))
    assert values["distance"] == float(result) and values["gap"] == 0.0
    assert json.loads(json.dumps(otgan.persistence_distance([], [], p=INF).to_dict()))["p"] is None


@pytest.mark.parametrize(
    ("a", "options", "fragments"),
    [
        ([[1, 0]], {}, ("a must", "got (1, 0) at row 0")),
        ([[0, 1], [-INF, 2]], {}, ("finite births", "got (-inf, 2) at row 1")),
        ([[0, 1], [2, math.nan]], {}, ("got (2, nan) at row 1",)),
        ([0, 1], {}, ("shape (n, 2)", "got shape (2,)")),
        ([[0, 1, 2]], {}, ("shape (n, 2)", "got shape (1, 3)")),
        ([[0, 1]], {"p": 0.5}, ("p must", "got 0.5")),
        ([[0, 1]], {"p": math.nan}, ("p must", "got nan")),
        ([[0, 1]], {"q": 0.5}, ("q must", "got 0.5")),
        ([[0, 1]], {"q": "inf"}, ("q must", "got 'inf'")),
    ],
)
def test_refusals(a, options, fragments):
    with refused(*fragments):
        otgan.persistence_distance(a, SECOND, **options)


def test_too_many_pairs_for_a_bottleneck_are_refused(monkeypatch):
    monkeypatch.setattr(persistence, "BOTTLENECK_PAIRS", 5)
    with refused("at most 5 pairs", "got 3 x 2"):
        otgan.persistence_distance(FIRST, SECOND, p=INF)
    assert float(otgan.persistence_distance(FIRST, SECOND)) > 0


@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1e200, 1e280])
@pytest.mark.parametrize("p", [1, 2, 3, math.inf])
def test_powers_of_any_unit_fit(unit, p):
    # squares of 1e-200 were zero, and of 1e200 a price beyond floats that nobody had passed
    a, b = np.array([[0, 1.0], [3, 3.5]]), np.array([[0, 2.0]])
    for x, y in ((a, b), (a, np.empty((0, 2)))):
        r, expected = (otgan.persistence_distance(k * x, k * y, p=p) for k in (unit, 1.0))
        assert_allclose([r.lower, r.distance], unit * expected.distance, rtol=1e-12)


def test_lives_that_are_nothing_beside_their_births():
    r = otgan.persistence_distance([[1e280, 1e280]], [], p=2)
    assert (r.lower, r.distance) == (0.0, 0.0)
    with refused("a must have coordinates of at most 1e+290", "1e+300"):
        otgan.persistence_distance([[0.0, 1e300]], [])
