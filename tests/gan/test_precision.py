"""Mixed precision: training stays close to that in float32, and penalties are in float32."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from otgan import GANConfig, GradientPenalty, train_gan
from otgan.critics.networks.feedforward import mlp
from otgan.errors import InvalidInputError
from otgan.gan.game import Batch, Game
from otgan.gan.gradients import Gradients
from otgan.gan.objectives import Wasserstein
from otgan.gan.precision import MixedPrecision
from otgan.gan.run_directory import RunDirectory
from otgan.gan.state import TrainState
from tests.gan.short_run import RUN

STEPS: dict[str, Any] = {**RUN, "steps": 20, "batch_size": 16, "monitor_every": 20}
IMAGES = np.random.default_rng(0).uniform(size=(100, 1, 8, 8))

GAMES: dict[str, dict[str, Any]] = {
    "gp": {"constraint": "gp"},
    "relativistic": {"objective": "relativistic"},
    "cones": {"constraint": "cones"},
    "orthogonal": {"constraint": "orthogonal"},
    "exact": {"objective": "exact"},
    "spectral norm": {"constraint": None, "critic_norm": "spectral"},
    "matching features": {"objective": "hinge", "stabilizers": ("feature-matching",)},
    "batches": {"objective": "non-saturating", "stabilizers": ("minibatch-discrimination",)},
    "dcgan": {"constraint": "lp"},
    "resnet": {"network": "resnet", "objective": "relativistic"},
}


@pytest.mark.parametrize("name", GAMES)
def test_twenty_steps_in_bfloat16_are_close_to_those_in_float32(name):
    """Products are rounded to 8 bits; what is learned differs by no more than a few of these."""
    points = IMAGES if name in ("dcgan", "resnet") else "ring8"
    exact, rounded = (
        train_gan(points, GANConfig(**{**STEPS, **GAMES[name], "features": None, "precision": p}))
        for p in ("float32", "bfloat16")
    )
    assert_allclose(rounded.evaluation.exact_w1, exact.evaluation.exact_w1, rtol=0.02)
    record, expected = rounded.records[-1], exact.records[-1]
    if name != "cones":  # whose gradients jump where another cone becomes the nearest
        assert_allclose(record.critic_loss, expected.critic_loss, rtol=0.02, atol=0.02)
    assert any(
        not torch.equal(p, q)
        for p, q in zip(rounded.generator.parameters(), exact.generator.parameters(), strict=True)
    )


def test_losses_and_penalties_are_in_float32():
    """Penalties of one's own, too, that say nothing about precision."""
    seen = set()

    class Seen(GradientPenalty):
        def penalty(self, critic, real, fake, rng):
            seen.update({critic(real).dtype, critic(fake).dtype})
            return super().penalty(critic, real, fake, rng)

    generator, critic = mlp(2, 3, width=8), mlp(3, width=8)
    game, half = Game(Wasserstein(), Seen()), MixedPrecision.of("bfloat16", torch.device("cpu"))
    gradients = Gradients(generator, critic, game, fused=False, precision=half)
    batch = Batch(torch.zeros(4, 3), torch.ones(4, 2), torch.Generator())
    assert {gradients.of_critic(batch, 0).total.dtype, *seen} == {torch.float32}
    loss = gradients.of_generator(batch, 0).total
    assert loss.dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        scored = critic(generator(batch.latents).float())
    assert scored.dtype == torch.bfloat16
    assert_allclose(loss.item(), -scored.float().mean().item(), rtol=1e-6)


def test_float16_is_refused_without_a_gpu(tmp_path):
    config = GANConfig(**{**RUN, "precision": "float16"})
    with pytest.raises(InvalidInputError, match=r"'float16' must come with a CUDA device.*'cpu'"):
        train_gan("ring8", config, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_only_float16_scales_losses():
    """The scale of a stopped run goes on; without one there is nothing to store."""
    config = GANConfig(**{**RUN, "precision": "bfloat16"}).for_shape((2,))
    stored = TrainState.start((2,), config, torch.device("cpu")).to_dict()
    assert stored["critic_scaler"] == stored["generator_scaler"] == {}


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_gpu_trains_in_half_precision_and_goes_on_with_its_scale(precision, tmp_path):
    config = {**STEPS, "constraint": "gp", "precision": precision, "device": "cuda"}
    straight = train_gan("ring8", GANConfig(**config), out=tmp_path / "straight")
    train_gan("ring8", GANConfig(**{**config, "steps": 10}), out=tmp_path / "run")
    resumed = train_gan("ring8", GANConfig(**config), out=tmp_path / "run", resume=True)
    assert_allclose(float(resumed), float(straight), rtol=1e-3)
    stored = RunDirectory(tmp_path / "run").checkpoint(torch.device("cuda"))
    assert ("scale" in stored["critic_scaler"]) == (precision == "float16")
