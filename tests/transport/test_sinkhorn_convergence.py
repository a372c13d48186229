"""The Sinkhorn divergence converges for little regularization and for heavy tails."""

import numpy as np
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.special import logsumexp

import otgan


def test_sinkhorn_converges_for_little_regularization():
    x, y = np.random.default_rng(6).random((2, 30, 2))

    def entropic(u, v):
        """The largest dual value, by a quasi-Newton method that knows nothing of Sinkhorn."""
        C = np.linalg.norm(u[:, None] - v, axis=2)

        def loss(f):
            exponents = (f[:, None] - C) / 0.01
            g = -0.01 * (logsumexp(exponents, axis=0) - np.log(len(u)))
            plan = np.exp(exponents + g / 0.01) / len(u) / len(v)
            return -f.mean() - g.mean(), plan.sum(axis=1) - 1 / len(u)

        options = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-15, "gtol": 1e-9}
        return -minimize(loss, np.zeros(len(u)), jac=True, method="L-BFGS-B", options=options).fun

    found = otgan.sinkhorn_divergence(x, y, reg=0.01)
    expected = entropic(x, y) - 0.5 * entropic(x, x) - 0.5 * entropic(y, y)
    assert_allclose(found.value, expected, rtol=1e-5)
    points = np.random.default_rng(7).random((2, 500, 2))
    large = otgan.sinkhorn_divergence(*points, reg=0.01)
    assert large.diagnostics["marginal_error"] <= 1e-6
    assert large.diagnostics["iterations"] < 2000


def test_sinkhorn_of_heavy_tails_converges_on_its_defaults():
    rng = np.random.default_rng(8)
    for x, y in (rng.lognormal(0, 2, (2, 300, 1)), rng.standard_cauchy((2, 300, 2))):
        found = otgan.sinkhorn_divergence(x, y)
        exact = otgan.emd(x, y).cost
        assert found.diagnostics["marginal_error"] <= 1e-6
        energy = otgan.energy_distance_squared(x, y, unbiased=False).value
        assert 0 <= found.value <= exact + 0.01 * energy  # it grows to W1 as ε falls
