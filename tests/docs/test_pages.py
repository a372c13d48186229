"""What pages show is what happens, and their numbers are those that were measured."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import numpy as np
import ot
import pytest
import scipy.stats
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist, jensenshannon

import otgan

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RESULTS = ROOT / "benchmarks" / "results"

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 2)), RNG.normal(size=(25, 2)) + [1, 0]
A, B = RNG.dirichlet(np.ones(30)), RNG.dirichlet(np.ones(25))
COSTS = ot.dist(X, Y)


@pytest.mark.parametrize(
    ("page", "least"), [("first-five-minutes", 20), ("big-problems", 14), ("performance", 4)]
)
def test_examples_run(page, least):
    file = DOCS / f"{page}.md"
    tried = doctest.testfile(str(file), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert tried.attempted >= least and tried.failed == 0


def parts_that_cite_results():
    """The rows of tables and the paragraphs of these pages, and the result that each links to."""
    for page in ("performance", "big-problems", "first-five-minutes"):
        text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
        for number, part in enumerate(re.split(r"\n\n|(?<=\|)\n", text)):
            for name in re.findall(r"\.\./benchmarks/results/(\w+)\.md", part):
                yield pytest.param(part, name, id=f"{page}-{number}-{name}")


NUMBER = r"(\d[\d,.]*)"
WITH_UNIT = re.compile(rf"{NUMBER} (?:s|µs|MB|GB|ms|steps|seconds)\b|against {NUMBER}")


@pytest.mark.parametrize(("part", "result"), list(parts_that_cite_results()))
def test_numbers_are_those_that_were_measured(part, result):
    measured = (RESULTS / f"{result}.md").read_text(encoding="utf-8")
    known = {number.strip(",.") for number in re.findall(NUMBER, measured)}
    shown = {(first or second).strip(",.") for first, second in WITH_UNIT.findall(part)}
    assert shown and shown - known == set()


SCIPY = {
    "wasserstein_distance(u": lambda: (
        scipy.stats.wasserstein_distance(X[:, 0], Y[:, 0], A, B),
        otgan.wasserstein_1d(X[:, 0], Y[:, 0], A, B),
    ),
    "wasserstein_distance_nd": lambda: (
        scipy.stats.wasserstein_distance_nd(X, Y),
        otgan.wasserstein(X, Y),
    ),
    "energy_distance": lambda: (
        scipy.stats.energy_distance(X[:, 0], Y[:, 0]),
        float(otgan.energy_distance(X[:, 0], Y[:, 0])),
    ),
    "entropy": lambda: (scipy.stats.entropy(A, A[::-1]), otgan.kl_divergence(A, A[::-1])),
    "jensenshannon": lambda: (jensenshannon(A, A[::-1]), otgan.js_distance(A, A[::-1])),
    "permutation_test": lambda: (
        otgan.two_sample_test(X, Y).null_distribution.shape,
        (otgan.two_sample_test(X, Y).n_resamples,),
    ),
    "linear_sum_assignment": lambda: (
        COSTS[:25][linear_sum_assignment(COSTS[:25])].mean(),
        otgan.emd_from_cost(COSTS[:25]).cost,
    ),
}
POT = {
    "ot.dist": lambda: (ot.emd2(A, B, COSTS), otgan.emd(X, Y, A, B, p=2).cost),
    "of any matrix": lambda: (ot.emd2(A, B, COSTS), otgan.emd_from_cost(COSTS, A, B).cost),
    "`ot.emd(a": lambda: (
        (ot.emd(A, B, COSTS) * COSTS).sum(),
        (otgan.emd_from_cost(COSTS, A, B).plan.toarray() * COSTS).sum(),
    ),
    'log["u"]': lambda: (
        potentials_of_pot(),
        A @ otgan.emd_from_cost(COSTS, A, B).f + B @ otgan.emd_from_cost(COSTS, A, B).g,
    ),
    "ot.wasserstein_1d": lambda: (
        [ot.wasserstein_1d(X[:, 0], Y[:, 0], p=2), ot.emd2_1d(X[:, 0], Y[:, 0])],
        2 * [otgan.wasserstein_1d(X[:, 0], Y[:, 0], p=2) ** 2],
    ),
    "ot.solve_sample": lambda: (ot.solve_sample(X, Y).value, otgan.emd(X, Y, p=2).cost),
    "partial_wasserstein2": lambda: (
        ot.partial.partial_wasserstein2(A, B, COSTS, m=0.5),
        otgan.emd(X, Y, A, B, p=2, mass=0.5).cost,
    ),
    "ot.sliced_wasserstein_distance": lambda: (
        ot.sliced_wasserstein_distance(X, X + [1, 0], n_projections=20_000, seed=0),
        float(otgan.sliced_wasserstein(X, X + [1, 0], p=2, n_projections=20_000)),
    ),
    "empirical_sinkhorn_divergence": lambda: (
        sinkhorn_of_pot("value"),
        float(otgan.sinkhorn_divergence(X, Y, p=2, reg=1.0)),
    ),
    "bures_wasserstein_distance": lambda: (
        ot.gaussian.bures_wasserstein_distance(X.mean(0), Y.mean(0), np.cov(X.T), np.cov(Y.T)),
        float(otgan.frechet_distance(X, Y)),
    ),
    "numItermax": lambda: (issubclass(otgan.SolverError, Exception), True),
}


def potentials_of_pot() -> float:
    log = ot.emd(A, B, COSTS, log=True)[1]
    return float(A @ log["u"] + B @ log["v"])


def sinkhorn_of_pot(part: str) -> float:
    def of(x, y):
        solved = ot.solve_sample(x, y, reg=1.0, reg_type="KL", tol=1e-12, max_iter=100_000)
        return getattr(solved, part)

    return float(of(X, Y) - of(X, X) / 2 - of(Y, Y) / 2)


def test_sinkhorn_of_pot_counts_the_cost_of_plans_alone():
    theirs = float(ot.bregman.empirical_sinkhorn_divergence(X, Y, reg=1.0))
    assert_allclose(theirs, sinkhorn_of_pot("value_linear"), rtol=1e-4)
    assert abs(theirs - sinkhorn_of_pot("value")) > 0.01


@pytest.mark.parametrize("row", [*SCIPY, *POT])
def test_other_packages_compute_what_the_table_says(row):
    theirs, ours = (SCIPY | POT)[row]()
    # Two draws of directions agree as well as their numbers allow.
    assert_allclose(ours, theirs, rtol=0.02 if "sliced" in row else 1e-6)


@pytest.mark.parametrize(("package", "tested"), [("SciPy", SCIPY), ("POT", POT)])
def test_every_row_of_the_table_is_tested(package, tested):
    page = (DOCS / "coming-from.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"(?ms)^## {package}\n(.*?)(?=^## )", page)
    rows = re.findall(r"(?m)^\| (?!SciPy|POT|---)(.*?) \|", section.replace("|---|", ""))
    assert len(rows) == len(tested)
    assert all(name in row for name, row in zip(tested, rows, strict=True))


def test_half_the_squared_distance_halves_the_divergence_at_half_the_regularization():
    # Of points divided by √2 the squared distances are half as large: GeomLoss's cost for p = 2.
    theirs = float(otgan.sinkhorn_divergence(X / 2**0.5, Y / 2**0.5, p=2, reg=0.3**2))
    ours = 0.5 * float(otgan.sinkhorn_divergence(X, Y, p=2, reg=2 * 0.3**2))
    assert_allclose(ours, theirs, rtol=1e-6)


def test_norms_of_geomloss_are_half_of_the_squares():
    def half_norm(k):
        return (k(X, X).mean() + k(Y, Y).mean()) / 2 - k(X, Y).mean()

    energy = half_norm(lambda x, y: -cdist(x, y))
    assert_allclose(0.5 * float(otgan.energy_distance_squared(X, Y, unbiased=False)), energy)
    gaussian = half_norm(lambda x, y: np.exp(-cdist(x, y, "sqeuclidean") / (2 * 0.7**2)))
    ours = 0.5 * float(otgan.mmd_squared(X, Y, bandwidth=0.7, unbiased=False))
    assert_allclose(ours, gaussian)


NAMES_OF_POT = sorted(set(re.findall(r"`(ot\.[\w.]+)`", (DOCS / "scope.md").read_text("utf-8"))))


@pytest.mark.parametrize("name", NAMES_OF_POT)
def test_pot_has_what_is_not_here(name):
    thing = ot
    for part in name.split(".")[1:]:
        thing = getattr(thing, part)
    assert len(NAMES_OF_POT) >= 10
