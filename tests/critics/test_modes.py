"""The same numbers whatever torch was set to outside."""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

import otgan
from otgan.critics.constraints.by_name import CONSTRAINTS
from otgan.critics.constraints.penalties import GradientPenalty
from otgan.critics.lipschitz.sampled import sampled_lipschitz
from otgan.critics.networks.feedforward import mlp
from otgan.critics.potentials.mcshane import McShane
from otgan.critics.potentials.regression import fit_potential
from otgan.critics.training.data import as_distributions
from otgan.critics.training.options import FitOptions
from tests.cases import refused
from tests.gan.short_run import taught_by


@contextlib.contextmanager
def default_dtype(kind):
    torch.set_default_dtype(kind)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextlib.contextmanager
def deterministic():
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


MODES: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "float64": lambda: default_dtype(torch.float64),
    "bfloat16": lambda: default_dtype(torch.bfloat16),
    "no_grad": torch.no_grad,
    "inference": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "deterministic": deterministic,
    "another device": lambda: torch.device("meta"),
}

OPTIONS = FitOptions(batch_size=32, test_points=64)


def points():
    rng = np.random.default_rng(0)
    return rng.normal(size=(120, 2)), rng.normal(size=(120, 2)) + 2


def estimates():
    x, y = points()
    found = [
        otgan.estimate_w1(x, y, name, steps=2, device="cpu", options=OPTIONS)
        for name in ("clip", "gp", "spectral", "orthogonal", "cones", "distilled", "exact")
    ]
    audit = otgan.audit_critic(found[1].critic, x, y)
    return [one.value for one in found], audit.sample_lower


def runs():
    x, _ = points()
    sizes: dict[str, Any] = {"steps": 1, "n_critic": 1, "width": 8, "monitor_every": 1}
    few: dict[str, Any] = {"monitor_points": 16, "evaluation_points": 16, "device": "cpu"}
    return [
        otgan.train_gan(x, otgan.GANConfig(**taught_by(name), **sizes, **few)).evaluation.exact_w1
        for name in ("exact", *CONSTRAINTS)
    ]


def others():
    x, y = points()
    with torch.inference_mode(False), torch.no_grad():
        network = mlp(2, width=4)
        for parameter in network.parameters():
            parameter.fill_(0.25)
    lesson = fit_potential(McShane(y[:5], y[:5, 0]).float(), x, network, steps=2)
    estimate = otgan.js_from_samples(x, y, method=otgan.Variational(steps=3))
    return lesson.value_error, estimate.value


@cache
def usually():
    return estimates(), runs()


RARE = "bfloat16", "deterministic", "another device"


@pytest.mark.parametrize(
    "mode", [pytest.param(name, marks=pytest.mark.slow) if name in RARE else name for name in MODES]
)
def test_estimates_and_runs_do_not_depend_on_the_mode(mode):
    usual = usually()
    with MODES[mode]():
        assert (estimates(), runs()) == usual


@pytest.mark.parametrize("mode", ["no_grad", "inference", "autocast"])
def test_other_trainings_do_not_depend_on_the_mode(mode):
    usual = others()
    with MODES[mode]():
        assert others() == usual


def test_a_network_made_in_inference_mode_is_refused():
    with torch.inference_mode():
        network = mlp(2, width=4)
    with refused("outside of torch.inference_mode"):
        fit_potential(McShane([[0.0, 0.0]], [0.0]), points()[0], network, steps=1)


def test_the_variational_bound_does_not_depend_on_the_default_dtype():
    usual = others()[1]
    with default_dtype(torch.float64):
        x, y = points()
        assert otgan.js_from_samples(x, y, method=otgan.Variational(steps=3)).value == usual


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_penalties_and_slopes_can_be_looked_at_without_gradients(mode):
    critic, rng = mlp(2, width=8), torch.Generator()
    x, y = torch.randn(2, 16, 2, generator=rng)
    state = rng.get_state()
    usual = GradientPenalty().penalty(critic, x, y, rng)
    rng.set_state(state)
    with mode():
        assert GradientPenalty().penalty(critic, x, y, rng) == usual.detach()
        assert sampled_lipschitz(critic, x, y, rng) > 0


def test_a_run_is_resumed_where_float64_is_the_default(tmp_path):
    x, _ = points()
    sizes: dict[str, Any] = {"n_critic": 1, "width": 8, "monitor_every": 1, "monitor_points": 16}
    config = otgan.GANConfig(steps=2, evaluation_points=16, device="cpu", **sizes)
    whole = otgan.train_gan(x, config, out=tmp_path / "run")
    with default_dtype(torch.float64):
        again = otgan.train_gan(x, config, out=tmp_path / "run", resume=True)
    assert again.evaluation == whole.evaluation
    assert {p.dtype for p in again.generator.parameters()} == {torch.float32}


def test_a_fit_is_resumed_where_float64_is_the_default(tmp_path):
    x, y = points()
    options = FitOptions(batch_size=32, test_points=64, checkpoint=tmp_path / "fit.pt")
    whole = otgan.estimate_w1(x, y, "lp", steps=2, device="cpu", options=options)
    with default_dtype(torch.float64):
        again = otgan.estimate_w1(x, y, "lp", steps=2, device="cpu", options=options)
    assert again.value == whole.value


class Drawn:
    """A sampler of points of one dtype, far from the origin."""

    def __init__(self, kind):
        self.kind, self.rng = kind, torch.Generator().manual_seed(0)
        self.last = torch.empty(0)

    def sample(self, k):
        self.last = (10 * torch.randn(k, 2, generator=self.rng) + 300).to(self.kind)
        return self.last


@pytest.mark.parametrize("kind", [torch.float16, torch.float32, torch.float64, torch.int64])
def test_points_of_samplers_are_standardized_in_their_own_digits(kind):
    distribution = Drawn(kind)
    distributions = as_distributions(distribution, Drawn(kind), OPTIONS, torch.device("cpu"))
    seen, _ = distributions.batches(64, distributions.generator(0))
    right = (
        distribution.last.double().numpy() - distributions.scale.center
    ) / distributions.scale.spread
    np.testing.assert_allclose(seen, right, atol=1e-5)  # float32 of 300 has digits of 3e-5 / 10


def test_what_is_handed_out_takes_points_of_any_dtype():
    x, y = points()
    critic = otgan.estimate_w1(x, y, "clip", steps=2, device="cpu", options=OPTIONS).critic
    single = critic(torch.tensor(x, dtype=torch.float32))
    double = critic(torch.tensor(x))
    assert single.dtype == torch.float32 and double.dtype == torch.float64
    torch.testing.assert_close(double.float(), single, rtol=1e-4, atol=1e-6)
