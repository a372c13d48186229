from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit

import otgan
from otgan.divergences.classifier import Classifier
from otgan.errors import InvalidInputError, MissingExtraError
from tests.divergences.problems import js, kl, sheared, shifted, wider

linear_model = pytest.importorskip("sklearn.linear_model")
neighbors = pytest.importorskip("sklearn.neighbors")
tree = pytest.importorskip("sklearn.tree")

LOG_2 = math.log(2)


class Fixed:
    """A classifier that knows the log ratio, up to the class sizes that it was fitted to."""

    def __init__(self, log_ratio, prior=True):
        self.log_ratio, self.prior = log_ratio, prior

    def fit(self, points, labels):
        share = labels.mean() if self.prior else 0.5
        self.shift_ = math.log(share / (1 - share))
        return self

    def predict_proba(self, points):
        logit = self.log_ratio(points) + self.shift_
        return np.stack([expit(-logit), expit(logit)], axis=1)


class Watching(Fixed):
    """It fails where a point that it was fitted to is to be scored."""

    def fit(self, points, labels):
        self.seen_ = set(points[:, 0])
        return super().fit(points, labels)

    def predict_proba(self, points):
        assert not self.seen_.intersection(points[:, 0])
        return super().predict_proba(points)


class Shrunk:
    """The nearest neighbor's class, believed a little: noise whose folds depend on each other."""

    def fit(self, points, labels):
        self.model_ = neighbors.KNeighborsClassifier(1).fit(points, labels)
        return self

    def predict_proba(self, points):
        return 0.4 + 0.2 * self.model_.predict_proba(points)


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda rng: wider(rng, 1000, 500), 0.4431471806),
        (lambda rng: sheared(rng, 700, 700), 0.5),
        (lambda rng: shifted(rng, 500, 1000, 1.0, d=5), 0.5),
    ],
)
def test_kl_of_gaussians(draw, truth):
    x, y = draw(np.random.default_rng(1))
    r = kl(Classifier(), x, y)
    assert abs(r.value - truth) < 4 * r.se
    assert r.se < 0.12
    assert (r.n, r.m, r.method, r.warnings) == (len(x), len(y), "classifier", ())
    assert_allclose(r.diagnostics["donsker_varadhan"], r.value, atol=0.1)


@pytest.mark.parametrize(
    ("d", "delta", "truth"), [(1, 1.0, 0.11142148), (2, 2.0, 0.33683082), (5, 1.0, 0.11142148)]
)
def test_js_of_gaussians(d, delta, truth):
    x, y = shifted(np.random.default_rng(2), 700, 600, delta, d)
    r = js(Classifier(), x, y)
    assert abs(r.value - truth) < 4 * r.se
    assert 0.3 * truth < r.diagnostics["lower_confidence_bound"] < truth


def test_distributions_that_no_quadratic_form_tells_apart():
    rng = np.random.default_rng(3)
    angle = rng.integers(8, size=1000) * math.pi / 4
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.2 * rng.normal(size=(1000, 2))
    y = rng.normal(size=(1000, 2)) * math.sqrt(0.54)  # the same mean and covariance
    assert js(Classifier(), x, y).diagnostics["lower_confidence_bound"] > 0.05


def test_the_best_discriminator_shows_js():
    """½ L(G, D*) + log 2 is JS: no training error is left, only that of the sample."""
    x, y = shifted(np.random.default_rng(4), 20_000, 10_000, 2.0)
    r = js(Classifier(Fixed(lambda z: 2 - 2 * z[:, 0])), x, y)
    assert abs(r.value - 0.33683082) < 3 * r.se
    r = kl(Classifier(Fixed(lambda z: 2 - 2 * z[:, 0])), x, y)
    assert_allclose(r.value, (2 - 2 * x[:, 0]).mean(), rtol=1e-6)
    assert_allclose(r.diagnostics["mean_ratio"], 1, atol=4 * 7.3 / 100)  # sd of p/q is √(e⁴ - 1)


def test_class_sizes_do_not_matter():
    x, y = shifted(np.random.default_rng(5), 4000, 250, 1.0)
    ratio = Fixed(lambda z: 0.5 - z[:, 0])
    blind = Fixed(lambda z: 0.5 - z[:, 0], prior=False)
    assert_allclose(kl(Classifier(ratio), x, y).value, (0.5 - x[:, 0]).mean(), rtol=1e-9)
    assert_allclose(kl(Classifier(blind), x, y).value, 0.5 - x.mean() - math.log(16), rtol=1e-9)


def test_no_point_is_scored_by_a_model_that_saw_it():
    x, y = shifted(np.random.default_rng(6), 103, 71, 1.0)
    model = Watching(lambda z: 0.5 - z[:, 0])
    js(Classifier(model, folds=3), x, y)
    assert not hasattr(model, "seen_")  # a copy was fitted


def test_the_interval_covers():
    model = linear_model.LogisticRegression()
    hits = []
    for seed in range(150):
        x, y = shifted(np.random.default_rng(seed), 300, 200, 1.0)
        low, high = kl(Classifier(model), x, y, seed).interval
        hits.append(low < 0.5 < high)
    assert np.mean(hits) > 0.95 - 3 * math.sqrt(0.95 * 0.05 / 150)


@pytest.mark.parametrize(
    "model", [neighbors.KNeighborsClassifier(1), tree.DecisionTreeClassifier(), Shrunk()]
)
def test_equal_distributions_pass_the_bound_of_any_classifier(model):
    bounds = []
    for seed in range(60):
        x, y = shifted(np.random.default_rng(seed), 60, 80, 0.0)
        r = js(Classifier(model), x, y, seed, confidence_level=0.8)
        bounds.append(r.diagnostics["lower_confidence_bound"])
    assert np.mean(np.array(bounds) > 0) < 0.2 + 3 * math.sqrt(0.2 * 0.8 / 60)
    assert min(bounds) > -4


def test_the_bound_of_a_good_classifier_holds_and_is_near():
    ratio, bounds = Fixed(lambda z: 0.5 - z[:, 0]), []
    for seed in range(300):
        x, y = shifted(np.random.default_rng(seed), 400, 400, 1.0)
        r = js(Classifier(ratio), x, y, seed, confidence_level=0.8)
        bounds.append(r.diagnostics["lower_confidence_bound"])
    missed = np.mean(np.array(bounds) > 0.11142148)
    assert 0.01 < missed < 0.2 + 3 * math.sqrt(0.2 * 0.8 / 300)
    assert np.mean(bounds) > 0.07


def test_distributions_apart():
    x, y = shifted(np.random.default_rng(9), 200, 150, 40.0, d=2)
    method = Classifier(linear_model.LogisticRegression())
    r = js(method, x, y)
    assert_allclose(r.value, LOG_2, atol=0.01)
    assert 0.5 < r.diagnostics["lower_confidence_bound"] < LOG_2
    assert any("tells all held-out points apart" in w for w in r.warnings)
    r = kl(method, x, y)
    assert r.value > math.log(150)
    assert any("more than log m" in w for w in r.warnings)


def test_certainty_is_said():
    x, y = shifted(np.random.default_rng(10), 200, 50, 1.0)
    r = kl(Classifier(neighbors.KNeighborsClassifier(1)), x, y)
    assert r.diagnostics["certain"] == 1
    assert any("was certain of 100 %" in w for w in r.warnings)
    assert any("not calibrated" in w for w in r.warnings)


def test_the_same_rng_gives_the_same_number():
    x, y = shifted(np.random.default_rng(11), 60, 50, 1.0, d=3)
    state = np.random.get_state(legacy=False)  # noqa: NPY002 - it must stay as it is
    first, again, other = (kl(Classifier(), x, y, seed) for seed in (0, 0, 1))
    assert first == again
    assert first.value != other.value
    np.testing.assert_equal(np.random.get_state(legacy=False), state)  # noqa: NPY002
    forest = pytest.importorskip("sklearn.ensemble").RandomForestClassifier(5)
    assert kl(Classifier(forest), x, y) == kl(Classifier(forest), x, y)


def test_units_do_not_matter():
    x, y = shifted(np.random.default_rng(12), 100, 100, 1.5, d=2)
    scales = np.array([2.0**900, 2.0**-400])
    scaled = js(Classifier(), x * scales, y * scales)
    assert_allclose(scaled.value, js(Classifier(), x, y).value, rtol=1e-9)


def test_columns_that_repeat_or_never_vary():
    x, y = shifted(np.random.default_rng(12), 300, 300, 2.0, d=2)
    u, v = (np.column_stack([z, z[:, 0] - z[:, 1], np.ones(len(z))]) for z in (x, y))
    r = js(Classifier(), u, v)
    assert abs(r.value - 0.33683082) < 4 * r.se


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"folds": 1}, "at least 2"),
        ({"folds": 2.5}, "whole number"),
        ({"folds": True}, "whole number"),
        ({"model": "forest"}, "fit and predict_proba"),
        ({"model": linear_model.LinearRegression()}, "fit and predict_proba"),
        ({"model": linear_model.LogisticRegression}, "fit and predict_proba"),
    ],
)
def test_wrong_parameters(arguments, word):
    with pytest.raises(InvalidInputError, match=word):
        Classifier(**arguments)


def test_wrong_samples_and_models():
    x, y = shifted(np.random.default_rng(13), 49, 80, 1.0)
    with pytest.raises(InvalidInputError, match="at least 50 points each"):
        kl(Classifier(), x, y)
    with pytest.raises(InvalidInputError, match="all be the same point"):
        js(Classifier(), np.ones((60, 2)), np.ones((60, 2)))
    with pytest.raises(InvalidInputError, match="finite probabilities of shape"):
        kl(Classifier(Fixed(lambda z: np.full(len(z), np.nan)), folds=2), x, y)


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    x, y = shifted(np.random.default_rng(14), 60, 60, 1.0)
    with pytest.raises(MissingExtraError, match=r"otgan\[all\]"):
        kl(Classifier(), x, y)


def test_a_sample_beside_itself_may_be_zero():
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(60, 2))
        for estimate in (otgan.kl_from_samples, otgan.js_from_samples):
            found = estimate(x, x, method=Classifier(linear_model.LogisticRegression()))
            assert found.interval[0] <= 0 <= found.interval[1]
            assert any("not independent" in sentence for sentence in found.warnings)
