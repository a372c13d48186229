import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

from otgan.datasets import digits
from otgan.errors import DuplicateSamplesError, InvalidInputError
from otgan.lessons.dimension_of_data import draw, explain, run
from otgan.lessons.dimension_of_data.estimation import estimate_dimension
from otgan.lessons.dimension_of_data.shapes import (
    Generator,
    ball,
    cube,
    meeting,
    placed,
    sphere,
    swiss_roll,
)
from otgan.plot import save
from tests.lessons.cached import numbers_of

NAME = "dimension-of-data"


def test_the_estimate_is_the_formula():
    rng = np.random.default_rng(1)
    points, m = rng.normal(size=(60, 3)), 7
    near = np.sort(cdist(points, points), axis=1)[:, 1 : m + 1]
    per_point = [(m - 1) / np.log(row[-1] / row[:-1]).sum() for row in near]  # (8) of the paper
    expected = 1 / np.mean(1 / np.array(per_point))
    assert_allclose(estimate_dimension(points, m).value, expected, rtol=1e-12)


def test_the_error_counts_pairs_of_neighbors():
    rng = np.random.default_rng(2)
    points, m, n = rng.random((40, 2)), 4, 40
    order = np.argsort(cdist(points, points), axis=1)[:, : m + 1]
    near = np.sort(cdist(points, points), axis=1)[:, 1 : m + 1]
    terms = np.log(near[:, -1:] / near[:, :-1]).mean(axis=1)
    e = terms - terms.mean()
    linked = [[i == j or i in order[j] or j in order[i] for j in range(n)] for i in range(n)]
    variance = sum(e[i] * e[j] for i in range(n) for j in range(n) if linked[i][j]) / n**2
    expected = np.sqrt(variance) / terms.mean() ** 2
    assert_allclose(estimate_dimension(points, m).standard_error, expected, rtol=1e-10)


SHAPES = {
    "line": (1, lambda rng, n: cube(rng, n, 1)),
    "square": (2, lambda rng, n: cube(rng, n, 2)),
    "3-cube": (3, lambda rng, n: cube(rng, n, 3)),
    "swiss roll": (2, swiss_roll),
    "sphere": (2, lambda rng, n: sphere(rng, n, 2)),
    "5-sphere": (5, lambda rng, n: sphere(rng, n, 5)),
    "5-d normal": (5, lambda rng, n: ball(rng, n, 5)),
}
EDGES = {"square", "3-cube", "swiss roll"}
"""Shapes whose points near an edge have fewer neighbors: they read less. A line has two ends."""


@pytest.mark.parametrize("name", SHAPES)
def test_known_dimensions_and_how_they_scatter(name):
    """The bias is small up to five dimensions, and the standard error is that of new samples."""
    dimension, sample = SHAPES[name]
    rng = np.random.default_rng(3)
    found = [estimate_dimension(sample(rng, 800)) for _ in range(30)]
    values = np.array([one.value for one in found])
    bias = values.mean() / dimension - 1
    assert -0.1 < bias < 0 if name in EDGES else abs(bias) < 0.05
    scatter, claimed = values.std(ddof=1), np.mean([one.standard_error for one in found])
    assert 0.55 < claimed / scatter < 1.8


def test_it_reads_too_little_in_many_dimensions_and_less_so_with_more_points():
    rng = np.random.default_rng(4)
    few, many = (estimate_dimension(cube(rng, n, 12)) for n in (400, 4000))
    assert few.value < many.value < 11
    n = numbers_of(NAME)
    assert (np.diff(n.dimensions - n.cubes)[2:] > 0).all()  # ever further below
    assert (n.cubes < n.balls).all()  # edges


def test_units_turns_and_the_space_around_do_not_matter():
    rng = np.random.default_rng(5)
    points = cube(rng, 300, 3)
    expected = vars(estimate_dimension(points))
    for same in (1e-6 * points, points + 5, placed(rng, points, 40)):
        found = vars(estimate_dimension(same))
        assert_allclose(list(found.values()), list(expected.values()), rtol=1e-6)


def test_noise_is_read_too():
    n = numbers_of(NAME)
    assert (np.diff(n.noisy) > 0).all() and n.noisy[0] < 2.05 and 8 < n.noisy[-1] < 10


@pytest.mark.parametrize("latent", [1, 3, 8])
def test_a_generator_paints_no_more_dimensions_than_it_has_latents(latent):
    rng = np.random.default_rng(6)
    generate = Generator(rng, latent, 30)
    z = rng.normal(size=(5, latent))
    step = 1e-6
    for at in z:
        jacobian = np.column_stack(
            [
                (generate(at + step * e) - generate(at - step * e)) / (2 * step)
                for e in np.eye(latent)
            ]
        )
        values = np.linalg.svd(jacobian, compute_uv=False)
        assert len(values) == latent and values[-1] > 1e-3
    assert generate.rank(z) == latent
    assert Generator(rng, 12, 4).rank(rng.normal(size=(5, 12))) == 4  # nor than the space has
    assert_allclose(
        estimate_dimension(generate(rng.normal(size=(1000, latent)))).value, latent, 0.15
    )


def test_what_flat_sets_share():
    """In general position a + b - d dimensions, or nothing if that is negative."""
    rng = np.random.default_rng(7)
    for a in range(1, 5):
        for b in range(1, 5):
            for d in range(max(a, b), 8):
                expected = a + b - d if a + b >= d else None
                assert meeting(rng, a, b, d) == expected, (a, b, d)


def test_a_perfect_discriminator_of_two_curves_that_cross():
    """Two lines of a plane share a point, which has no mass: one bit is left, JS = log 2."""
    rng = np.random.default_rng(8)
    first = np.outer(rng.random(10_000), [1.0, 1.0])
    second = np.outer(rng.random(10_000), [1.0, 0.0])
    on_first = np.vstack([first, second])[:, 0] == np.vstack([first, second])[:, 1]
    assert on_first[:10_000].all() and not on_first[10_000:].any()


def test_digits():
    n = numbers_of(NAME)
    assert len(digits().points) == 1797 == n.n
    at = n.digit_neighbors.tolist()
    values = dict(zip(at, n.digit_values, strict=True))
    assert_allclose([values[m] for m in (3, 10, 100)], [8.776, 7.420, 5.678], atol=1e-3)
    assert (np.diff(n.digit_values) < 0).all() and n.digit_linear == 29
    like_ball, like_cube = n.digits_between
    assert 7.4 < like_ball < like_cube < 9.5
    # what the page of the documentation says of shapes
    assert_allclose([n.cubes[-1], n.noisy[3]], [14.5, 7.35], atol=0.1)


def test_text_holds_the_numbers():
    text = explain(numbers_of(NAME))
    for number in ("7.42 ± 0.17", "8.78 ± 0.19", "5.68 ± 0.25", "29 principal", "disjoint"):
        assert number in text


def test_any_size_can_be_explained_and_drawn(tmp_path):
    for options in ({"n": 60, "neighbors": 2}, {"n": 150, "neighbors": 37, "rng": 3}):
        n = run(**options)
        assert explain(n)
        save(draw(n), tmp_path / "dimension.png")


@pytest.mark.parametrize(
    ("points", "neighbors", "error", "message"),
    [
        (
            np.eye(3),
            3,
            InvalidInputError,
            "neighbors must be at least 2 and less than the 3 points",
        ),
        (np.eye(9), 1, InvalidInputError, "neighbors must be at least 2"),
        ([[0.0], [0.0], [1.0], [2.0]], 2, DuplicateSamplesError, "got 2 that equal another"),
        ([[np.nan], [0.0], [1.0]], 2, InvalidInputError, "points must be finite"),
    ],
)
def test_the_estimate_refuses_what_has_none(points, neighbors, error, message):
    with pytest.raises(error, match=message):
        estimate_dimension(points, neighbors)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"neighbors": 1}, "neighbors must be from 2 to 100, got 1"),
        ({"n": 8}, "less than the 8 points"),
        ({"n": 0}, "n must be at least 3"),
    ],
)
def test_refuses_what_has_no_answer(options, message):
    with pytest.raises(InvalidInputError, match=message):
        run(**options)
