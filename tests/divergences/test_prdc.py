"""Precision, recall, density and coverage against hand-worked and brute-force values."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import otgan
from otgan import costs
from tests.cases import PLAIN_FORMS, refused


def four(scores):
    return scores.precision, scores.recall, scores.density, scores.coverage


def by_brute_force(real, fake, k):
    """The published formulas, a pair of points at a time."""

    def radius(points, i):
        return sorted(math.dist(points[i], p) for j, p in enumerate(points) if j != i)[k - 1]

    n, m = len(real), len(fake)
    of_real, of_fake = [radius(real, i) for i in range(n)], [radius(fake, j) for j in range(m)]
    in_real = [[math.dist(x, y) <= r for y in fake] for x, r in zip(real, of_real, strict=True)]
    in_fake = [[math.dist(x, y) <= r for x in real] for y, r in zip(fake, of_fake, strict=True)]
    return (
        sum(any(in_real[i][j] for i in range(n)) for j in range(m)) / m,
        sum(any(in_fake[j][i] for j in range(m)) for i in range(n)) / n,
        sum(map(sum, in_real)) / (k * m),
        sum(map(any, in_real)) / n,
    )


# ---------------------------------------------------------------- values


def test_balls_on_a_line():
    # real: [-1, 1], [0, 2], [1, 5]; fake: [-.5, 1.5], [.5, 2.5], [1.5, 16.5]
    scores = otgan.prdc([0, 1, 3], [0.5, 1.5, 9], k=1)
    assert four(scores) == (2 / 3, 1, 4 / 3, 1)
    assert (scores.k, scores.n, scores.m) == (1, 3, 3)


def test_the_second_neighbor_makes_wider_balls():
    # real: [-3, 3], [-1, 3], [0, 6]; fake: [-8.5, 9.5], [-6.5, 9.5], [.5, 17.5]
    assert_allclose(four(otgan.prdc([0, 1, 3], [0.5, 1.5, 9], k=2)), (2 / 3, 1, 1, 1))


def test_balls_are_closed():
    # the generated points lie on the ends of the balls [-1, 1] and [0, 2] only
    assert four(otgan.prdc([0, 1], [2, -1], k=1)) == (1, 1, 1, 1)
    beyond = otgan.prdc([0, 1], [np.nextafter(2, 3), -1], k=1)
    assert four(beyond) == (0.5, 1, 0.5, 0.5)


def test_density_exceeds_one_where_generated_points_crowd():
    # both lie in all of [-2, 2], [-2, 4], [-1, 5], whose k-th neighbors are the second ones
    scores = otgan.prdc([0, 1, 2], [1, 1, 1], k=2)
    assert four(scores) == (1, 1 / 3, 1.5, 1)


def test_copies_lie_in_balls_of_radius_zero():
    repeated = np.repeat(np.arange(3.0), 4)
    # 12 of the 13 are at one of the three values, 4 balls each
    scores = otgan.prdc(repeated, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 7], k=3)
    assert_allclose(four(scores), (12 / 13, 1, 48 / 39, 1))
    # a generator that shows one of them only
    assert_allclose(four(otgan.prdc(repeated, np.zeros(8), k=3)), (1, 1 / 3, 4 / 3, 1 / 3))


@pytest.mark.parametrize(("n", "m", "d", "k"), [(30, 20, 1, 1), (25, 40, 2, 5), (20, 21, 9, 3)])
def test_agrees_with_brute_force(n, m, d, k):
    rng = np.random.default_rng(d)
    real, fake = rng.normal(size=(n, d)), 0.3 + 0.8 * rng.normal(size=(m, d))
    assert_allclose(four(otgan.prdc(real, fake, k=k)), by_brute_force(real, fake, k), rtol=1e-14)


def test_agrees_with_brute_force_where_points_tie():
    # on a small grid most distances are equal to some radius
    rng = np.random.default_rng(1)
    real, fake = rng.integers(0, 4, (30, 2)), rng.integers(0, 5, (25, 2))
    assert_allclose(four(otgan.prdc(real, fake, k=4)), by_brute_force(real, fake, 4), rtol=1e-14)


def test_blocks_of_rows_change_nothing(monkeypatch):
    rng = np.random.default_rng(2)
    real, fake = rng.normal(size=(2, 50, 3))
    whole = otgan.prdc(real, fake)
    monkeypatch.setattr(costs, "BLOCK_ENTRIES", 350)
    assert otgan.prdc(real, fake) == whole


# ---------------------------------------------------------------- invariances and means


def test_exchanged_samples_exchange_precision_and_recall():
    real, fake = np.random.default_rng(3).normal(size=(2, 60, 2))
    there, back = otgan.prdc(real, fake + 1), otgan.prdc(fake + 1, real)
    assert (there.precision, there.recall) == (back.recall, back.precision)


def test_shifts_rotations_and_units_change_nothing():
    rng = np.random.default_rng(4)
    real, fake = rng.normal(size=(50, 3)), 0.5 + rng.normal(size=(40, 3))
    turn = stats.ortho_group.rvs(3, random_state=0)
    here = otgan.prdc(real, fake)
    assert otgan.prdc(1e5 * real @ turn + 1e6, 1e5 * fake @ turn + 1e6) == here


def test_a_sample_beside_itself_is_perfect():
    x = np.random.default_rng(5).normal(size=(40, 2))
    # every ball holds its center and k others
    assert four(otgan.prdc(x, x, k=5)) == (1, 1, 6 / 5, 1)


@pytest.mark.parametrize(("n", "m", "k"), [(60, 60, 5), (40, 90, 2)])
def test_at_equal_distributions_density_and_coverage_have_known_means(n, m, k):
    found = [
        otgan.prdc(rng.normal(size=(n, 3)), rng.normal(size=(m, 3)), k=k)
        for rng in map(np.random.default_rng, range(200))
    ]
    expected = 1 - math.prod((n - 1 - i) / (n + m - 1 - i) for i in range(k))
    values = np.array([[s.coverage, s.density] for s in found])
    margins = 4 * values.std(axis=0) / math.sqrt(200)
    assert (np.abs(values.mean(axis=0) - [expected, 1]) < margins).all()


def test_each_score_falls_where_it_should():
    rng = np.random.default_rng(6)
    modes = np.array([[0.0, 0], [20, 0], [0, 20], [20, 20]])
    real, good = (modes.repeat(50, 0) + rng.normal(size=(200, 2)) for _ in range(2))
    dropped = modes[:2].repeat(100, 0) + rng.normal(size=(200, 2))
    noisy = good + np.where(np.arange(200) % 2, 100, 0)[:, None]
    assert min(four(otgan.prdc(real, good))) > 0.9
    one = otgan.prdc(real, dropped)
    assert one.precision > 0.9 and one.recall < 0.6 and one.coverage < 0.6
    other = otgan.prdc(real, noisy)
    assert other.precision < 0.6 and other.density < 0.6 and other.coverage > 0.75


# ---------------------------------------------------------------- input and output


def test_every_form_of_points_gives_the_same():
    x, y = np.array([[0.0, 1], [2, 3], [1, 1]]), np.array([[5.0, 4], [2, 2], [0, 3]])
    expected = otgan.prdc(x, y, k=2)
    for form in PLAIN_FORMS.values():
        assert otgan.prdc(form(x), form(y), k=2) == expected


def test_images_are_points():
    images = np.random.default_rng(7).random((2, 20, 1, 3, 3))
    assert otgan.prdc(*images) == otgan.prdc(*images.reshape(2, 20, 9))


def test_the_result_in_one_line_and_as_numbers():
    scores = otgan.prdc([0, 1, 3], [0.5, 1.5, 9], k=1)
    assert float(scores) == scores.coverage == 1
    assert scores.to_dict() == {
        **{"precision": 2 / 3, "recall": 1, "density": 4 / 3, "coverage": 1},
        **{"k": 1, "n": 3, "m": 3},
    }


def test_bad_input_is_refused():
    x = np.arange(6.0)
    with refused("real must hold more than k=5 points", "got 5"):
        otgan.prdc(x[:5], x)
    with refused("fake must hold more than k=5 points", "got 2"):
        otgan.prdc(x, x[:2])
    with refused("k must be a whole number of at least 1"):
        otgan.prdc(x, x, k=0)
    with refused("fake must have 1 columns like real, got 2"):
        otgan.prdc(x, np.ones((6, 2)))
    with refused("fake must be finite"):
        otgan.prdc(x, [np.nan, 1, 2, 3, 4, 5])
    with refused("an extent of 1e+150"):
        otgan.prdc(x, [1e150, 1, 2, 3, 4, 5])
