"""The modules that pages share: numbers to all digits, and exact transport with its proof."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import erfc, ndtr

from otgan import certify, emd_from_cost

PAGES = Path(__file__).parents[2] / "otgan" / "lessons" / "pages"


@pytest.fixture
def evaluate(chromium):
    """A function that evaluates an expression of its argument `x` beside a module."""
    page = chromium.new_page()

    def evaluating(module, expression, x):
        source = re.sub(r"(?m)^export ", "", (PAGES / module).read_text(encoding="utf-8"))
        return page.evaluate(f"x => {{ {source}\nreturn {expression}; }}", x)

    yield evaluating
    page.close()


def test_the_normal_distribution_far_into_its_tails(evaluate):
    z = np.linspace(-20, 20, 401)
    found = evaluate("numerics.js", "x.map(z => [erfc(z), normalCdf(z)])", z.tolist())
    assert_allclose(np.array(found).T, [erfc(z), ndtr(z)], rtol=2e-13)


@pytest.mark.parametrize("count", [1, 2, 20, 200])
def test_nodes_of_quadrature(evaluate, count):
    found = evaluate("numerics.js", "gaussLegendre(x)", count)
    nodes, weights = np.polynomial.legendre.leggauss(count)
    assert_allclose(found["nodes"][::-1], nodes, atol=1e-15)
    assert_allclose(found["weights"][::-1], weights, atol=1e-14)  # they add up to 2


def test_quadrature_between_unsorted_points(evaluate):
    value = evaluate(
        "numerics.js", "integrate(t => Math.abs(t - 1) * Math.exp(t), x)", [3, 0, 1, 1]
    )
    assert_allclose(value, 2 * np.exp(1) - 2 + np.exp(3), rtol=1e-14)


@pytest.mark.parametrize("seed", range(6))
def test_transport_is_optimal_and_proves_it(evaluate, seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 12, size=2)
    C = rng.integers(0, 4, size=(n, m)) if seed % 2 else rng.random((n, m))
    a = rng.multinomial(40, np.full(n, 1 / n))
    b = rng.multinomial(40, np.full(m, 1 / m))
    found = evaluate("transport.js", "transport(...x)", [C.tolist(), a.tolist(), b.tolist()])
    plan = np.array(found["plan"]) / 40
    proof = certify(C.astype(float), plan, found["f"], found["g"], a / 40, b / 40)
    assert_allclose([proof.lower, proof.upper], found["cost"] / 40, rtol=1e-12, atol=1e-15)
    assert_allclose(found["cost"] / 40, emd_from_cost(C, a, b).cost, rtol=1e-12, atol=1e-15)
