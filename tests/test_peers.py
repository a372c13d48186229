"""Functions that bear the names of SciPy's, POT's or scikit-learn's return what theirs return."""

import math

import numpy as np
import ot
import pytest
import scipy.linalg
import scipy.spatial.distance
import scipy.stats
from numpy.testing import assert_allclose
from scipy.special import rel_entr

import otgan

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)) + [1, 0, 0], 1.5 * RNG.normal(size=(31, 3))
P, Q = RNG.dirichlet(np.ones(9), 2)


# ---------------------------------------------------------------- SciPy


def test_energy_distance_is_scipys_root():
    for x, y in ((X, Y), (X, X[::-1]), (X, Y + 5)):
        ours, theirs = otgan.energy_distance(x[:, 0], y[:, 0]), scipy.stats.energy_distance
        assert_allclose(ours.value, theirs(x[:, 0], y[:, 0]), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("weighted", [False, True])
def test_wasserstein_distances_are_scipys(weighted):
    a, b = (RNG.dirichlet(np.ones(len(z))) if weighted else None for z in (X, Y))
    line = scipy.stats.wasserstein_distance(X[:, 0], Y[:, 0], a, b)
    assert_allclose(otgan.wasserstein_1d(X[:, 0], Y[:, 0], a, b), line, rtol=1e-12)
    space = scipy.stats.wasserstein_distance_nd(X, Y, a, b)
    assert_allclose(otgan.wasserstein(X, Y, a, b), space, rtol=1e-8)


@pytest.mark.parametrize("base", [None, 2])
def test_divergences_of_histograms_are_scipys(base):
    unit = 1.0 if base is None else math.log(base)
    kl = rel_entr(P, Q).sum() / unit
    assert_allclose(otgan.kl_divergence(P, Q, base=base), kl, rtol=1e-12)
    assert_allclose(otgan.kl_divergence(P, Q, base=base), scipy.stats.entropy(P, Q, base=base))
    js = scipy.spatial.distance.jensenshannon(P, Q, base=base)
    assert_allclose(otgan.js_distance(P, Q, base=base), js, rtol=1e-12)
    assert_allclose(otgan.js_divergence(P, Q, base=base), js**2, rtol=1e-12)


def test_a_permutation_test_has_scipys_names_and_p_value():
    x, y = X[:5, 0], Y[:6, 0]
    theirs = scipy.stats.permutation_test(
        (x, y), scipy.stats.energy_distance, n_resamples=np.inf, alternative="greater"
    )
    ours = otgan.two_sample_test(x, y, n_resamples=9999, rng=1)
    assert_allclose(ours.statistic, theirs.statistic**2, rtol=1e-12)
    se = math.sqrt(theirs.pvalue * (1 - theirs.pvalue) / 9999)
    assert_allclose(ours.pvalue, theirs.pvalue, atol=4 * se + 1e-4)
    assert ours.null_distribution.shape == (9999,)
    ours_squared = np.unique(ours.null_distribution.round(9))
    assert_allclose(ours_squared, np.unique((theirs.null_distribution**2).round(9)))


# ---------------------------------------------------------------- POT


@pytest.mark.parametrize("p", [1, 2])
def test_emd_and_wasserstein_are_pots(p):
    a, b = (RNG.dirichlet(np.ones(len(z))) for z in (X, Y))
    cost = ot.emd2(a, b, ot.dist(X, Y, metric="euclidean") ** p)
    assert_allclose(otgan.emd(X, Y, a, b, p=p).cost, cost, rtol=1e-9)
    assert_allclose(otgan.wasserstein(X, Y, a, b, p=p), cost ** (1 / p), rtol=1e-9)


@pytest.mark.parametrize("p", [1, 2])
def test_sliced_wasserstein_is_pots(p):
    line = ot.sliced_wasserstein_distance(X[:, :1], Y[:, :1], p=p)
    assert_allclose(float(otgan.sliced_wasserstein(X[:, 0], Y[:, 0], p=p)), line, rtol=1e-9)
    ours = otgan.sliced_wasserstein(X, Y, p=p)
    many = ot.sliced_wasserstein_distance(X, Y, n_projections=20_000, seed=0, p=p)
    assert_allclose(ours.value, many, atol=4 * ours.diagnostics["projections_se"])


def test_frechet_distance_is_the_bures_wasserstein_distance_of_pot():
    moments = [(z.mean(axis=0), np.cov(z.T)) for z in (X, Y)]
    (mx, cx), (my, cy) = moments
    theirs = ot.gaussian.bures_wasserstein_distance(mx, my, cx, cy)
    assert_allclose(otgan.frechet_distance(X, Y).value, theirs, rtol=1e-9)


# ---------------------------------------------------------------- by definition


def test_the_squared_frechet_distance_is_the_fid():
    """As in torchmetrics and pytorch-fid: by the matrix square root, and not rooted."""
    shift, cx, cy = X.mean(axis=0) - Y.mean(axis=0), np.cov(X.T), np.cov(Y.T)
    fid = shift @ shift + np.trace(cx + cy - 2 * scipy.linalg.sqrtm(cx @ cy).real)
    assert_allclose(otgan.frechet_distance_squared(X, Y).value, fid, rtol=1e-9)


@pytest.mark.parametrize(("kernel", "theirs"), [("gaussian", "rbf"), ("laplace", "laplacian")])
def test_mmd_is_the_mean_of_scikit_learns_kernels(kernel, theirs):
    pairwise = pytest.importorskip("sklearn.metrics.pairwise")
    x, y, width = X[:, :1], Y[:, :1], 1.3  # the laplacian kernel is that of city blocks
    gamma = 1 / (2 * width**2) if theirs == "rbf" else 1 / width

    def mean(u, v):
        return pairwise.pairwise_kernels(u, v, metric=theirs, gamma=gamma).mean()

    squared = mean(x, x) + mean(y, y) - 2 * mean(x, y)
    options = {"kernel": kernel, "bandwidth": width}
    assert_allclose(otgan.mmd_squared(x, y, unbiased=False, **options).value, squared, rtol=1e-10)
    assert_allclose(otgan.mmd(x, y, **options).value, math.sqrt(squared), rtol=1e-10)
