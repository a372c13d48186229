from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from otgan.divergences.variational import Variational
from otgan.errors import InvalidInputError, MissingExtraError, SampleTooSmallError
from otgan.estimates import Estimate
from tests.divergences.problems import js, kl, sheared, shifted, wider

torch = pytest.importorskip("torch")

LOG_2 = math.log(2)
QUICK = Variational(hidden=(32, 32), steps=400)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda rng: wider(rng, 1000, 500), 0.4431471806),
        (lambda rng: sheared(rng, 1000, 1000), 0.5),
        (lambda rng: shifted(rng, 700, 1400, 1.0, d=5), 0.5),
    ],
)
def test_kl_of_gaussians(draw, truth):
    x, y = draw(np.random.default_rng(1))
    r = kl(QUICK, x, y)
    assert abs(r.value - truth) < 4 * r.se
    assert r.se < 0.12
    assert (r.n, r.m, r.method, r.warnings) == (len(x), len(y), "variational (js)", ())
    assert_allclose(r.diagnostics["log_m"], math.log(len(y)))


@pytest.mark.parametrize("objective", ["dv", "nwj"])
def test_other_objectives(objective):
    x, y = wider(np.random.default_rng(2), 1000, 800)
    r = kl(Variational(objective, hidden=(32, 32), steps=400), x, y)
    assert abs(r.value - 0.4431471806) < 4 * r.se
    assert r.se < 0.08
    assert r.method == f"variational ({objective})"


@pytest.mark.parametrize("objective", ["dv", "nwj"])
def test_training_that_overfits_is_stopped(objective):
    """In a few points of many dimensions the bounds of KL run away unless something stops them."""
    x, y = shifted(np.random.default_rng(3), 200, 200, 2.0, d=10)
    r = kl(Variational(objective, hidden=(32, 32), steps=400), x, y)
    assert -2 < r.value < 2 + 3 * r.se


@pytest.mark.parametrize(
    ("d", "delta", "truth"), [(1, 1.0, 0.11142148), (2, 2.0, 0.33683082), (5, 1.0, 0.11142148)]
)
def test_js_of_gaussians(d, delta, truth):
    x, y = shifted(np.random.default_rng(4), 1000, 600, delta, d)
    r = js(QUICK, x, y)
    assert abs(r.value - truth) < 4 * r.se
    assert r.se < 0.025


def test_equal_distributions_show_nothing():
    x, y = shifted(np.random.default_rng(5), 1000, 1000, 0.0, d=10)
    for r in (kl(Variational(), x, y), js(QUICK, x, y)):
        assert -0.06 < r.value < 3 * r.se
        assert any("two_sample_test" in warning for warning in r.warnings)


def test_the_fold_scored_is_not_trained_on():
    """Labels of noise cannot be guessed: a network that saw its points would find KL large."""
    rng = np.random.default_rng(6)
    points = rng.normal(size=(200, 50))
    x, y = points[:100], points[100:]
    r = js(Variational(steps=400, folds=2), x, y)
    assert r.value < 2 * r.se
    trained_on = js(Variational(steps=400, folds=2), np.tile(x, (6, 1)), np.tile(y, (6, 1)))
    assert (
        trained_on.value > 0.4
    )  # copies of a point lie in both parts: this is what leaks look like


@pytest.mark.parametrize("objective", ["js", "dv", "nwj"])
def test_beyond_log_m_it_refuses(objective):
    x, y = shifted(np.random.default_rng(7), 150, 100, 30.0, d=2)
    with pytest.raises(SampleTooSmallError, match=r"at most log m = 4\.605 .* m = 100") as caught:
        kl(Variational(objective, hidden=(32, 32), steps=200), x, y)
    partial = caught.value.partial
    assert isinstance(partial, Estimate)
    assert partial.value > math.log(100)
    assert not isinstance(caught.value, ValueError)


def test_js_of_distributions_apart():
    x, y = shifted(np.random.default_rng(8), 150, 100, 30.0, d=2)
    assert_allclose(js(QUICK, x, y).value, LOG_2, atol=0.02)


def test_the_same_rng_gives_the_same_number():
    x, y = shifted(np.random.default_rng(9), 200, 150, 1.0, d=3)
    method, state = Variational(steps=60), torch.get_rng_state()
    first, again, other = (kl(method, x, y, seed) for seed in (0, 0, 1))
    assert first == again
    assert first.value != other.value
    assert torch.equal(state, torch.get_rng_state())


def test_units_and_repeated_columns_do_not_matter():
    x, y = shifted(np.random.default_rng(10), 300, 300, 2.0, d=2)
    scales = np.array([1e200, 1e-200, 1.0, 1.0])
    u, v = (np.column_stack([z, z[:, 0], np.ones(len(z))]) * scales for z in (x, y))
    r = js(QUICK, u, v)
    assert abs(r.value - 0.33683082) < 4 * r.se


def test_steps_are_counted():
    x, y = shifted(np.random.default_rng(11), 100, 100, 1.0)
    assert js(Variational(steps=7), x, y).diagnostics["steps"] == 7
    assert (
        js(Variational(hidden=(16,), steps=10_000), x, y).diagnostics["steps"] < 10_000
    )  # stopped early
    before = x.copy()
    js(Variational(steps=3, hidden=[], folds=3, device="cpu"), x, y)  # no hidden layer is allowed
    assert_array_equal(x, before)


@pytest.mark.gpu
def test_on_a_gpu():
    x, y = wider(np.random.default_rng(1), 1000, 500)
    r = kl(Variational(device="cuda"), x, y)
    assert abs(r.value - 0.4431471806) < 4 * r.se
    assert r == kl(Variational(device="cuda"), x, y)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"objective": "nwjj"}, "did you mean 'nwj'"),
        ({"hidden": 64}, "sequence of widths"),
        ({"hidden": (64, 0)}, "at least 1"),
        ({"hidden": "64"}, "sequence of widths"),
        ({"steps": 0}, "at least 1"),
        ({"steps": 1.5}, "whole number"),
        ({"folds": 1}, "at least 2"),
    ],
)
def test_wrong_parameters(arguments, word):
    with pytest.raises(InvalidInputError, match=word):
        Variational(**arguments)


def test_wrong_samples():
    x, y = shifted(np.random.default_rng(12), 49, 80, 1.0)
    with pytest.raises(InvalidInputError, match="at least 50 points each"):
        kl(Variational(), x, y)
    with pytest.raises(InvalidInputError, match="all be the same point"):
        js(Variational(), np.ones((60, 2)), np.ones((60, 2)))
    with pytest.raises(InvalidInputError, match="this PyTorch can use"):
        js(Variational(device="moon"), y, y)
    with pytest.raises(InvalidInputError, match="objective must be 'js'"):
        js(Variational("dv"), y, y)


def test_without_torch(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    x, y = shifted(np.random.default_rng(13), 60, 60, 1.0)
    with pytest.raises(MissingExtraError, match=r"otgan\[torch\]"):
        kl(Variational(), x, y)
