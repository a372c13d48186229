"""Captured gradients: those of the function that they take the place of; refusals by name."""

from typing import Any

import pytest
import torch

from otgan import GANConfig, GradientPenalty, ZeroCenteredPenalty, train_gan
from otgan.critics.networks.feedforward import mlp
from otgan.errors import InvalidInputError
from otgan.gan.captured import refuse_capture
from otgan.gan.game import Batch, Game
from otgan.gan.gradients import Gradients
from otgan.gan.objectives import Wasserstein
from otgan.gan.precision import MixedPrecision
from tests.gan.short_run import RUN

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def gradients_of_batches(device, *, capture):
    """Losses and gradients of critic and generator on six batches, and what is drawn after them."""
    torch.manual_seed(0)
    generator, critic = mlp(2, 3, width=8).to(device), mlp(3, width=8, depth=3).to(device)
    game = Game(Wasserstein(), GradientPenalty())
    half = MixedPrecision.of("bfloat16", torch.device(device))
    options = {"fused": False, "precision": half, "capture": capture}
    gradients = Gradients(generator, critic, game, **options)
    rng = torch.Generator(device).manual_seed(1)
    for step in range(6):
        real, latents = (torch.randn(16, d, generator=rng, device=device) for d in (3, 2))
        batch = Batch(real, latents, rng)
        for player, of_batch in (
            (critic, gradients.of_critic),
            (generator, gradients.of_generator),
        ):
            loss = of_batch(batch, step)
            yield [loss.total, *loss.terms.values(), *(p.grad for p in player.parameters())]
    yield [torch.rand(4, generator=rng, device=device)]


@pytest.mark.parametrize("device", DEVICES)
def test_captured_gradients_are_those_of_each_batch(device):
    """Also the last ones, which on a GPU are replayed, and the random numbers that they take."""
    eager = [[t.clone() for t in found] for found in gradients_of_batches(device, capture=False)]
    for found, expected in zip(gradients_of_batches(device, capture=True), eager, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


REFUSED: dict[str, dict[str, Any]] = {
    "objective 'exact'": {"objective": "exact"},
    "objective 'semi-supervised'": {"objective": "semi-supervised"},
    "stabilizers": {"stabilizers": ("instance-noise",)},
    "a constraint that reads from the device": {"constraint": "distilled"},
    "a constraint that changes": {"constraint": ZeroCenteredPenalty(final_weight=0.1)},
    "critic_norm 'spectral'": {"critic_norm": "spectral", "constraint": None},
    "precision 'float16'": {"precision": "float16"},
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_captured_is_named(what):
    cuda = torch.device("cuda")
    refuse_capture(GANConfig(**RUN), cuda, own_networks=False)
    with pytest.raises(InvalidInputError, match=f"capture=True must come with .*got {what}"):
        refuse_capture(GANConfig(**{**RUN, **REFUSED[what]}), cuda, own_networks=False)


def test_networks_of_ones_own_are_not_captured():
    with pytest.raises(InvalidInputError, match="got networks of your own"):
        refuse_capture(GANConfig(**RUN), torch.device("cuda"), own_networks=True)


def test_on_a_cpu_there_is_nothing_to_capture():
    with pytest.raises(InvalidInputError, match="got device 'cpu'; to fix it, pass capture=False"):
        train_gan("ring8", GANConfig(**{**RUN, "capture": True}))


@pytest.mark.gpu
@pytest.mark.parametrize("settings", [{"constraint": "gp"}, {"objective": "relativistic"}])
def test_a_captured_run_is_the_run(settings):
    config = {**RUN, **settings, "steps": 12, "device": "cuda"}
    eager, captured = (
        train_gan("ring8", GANConfig(**{**config, "capture": capture})) for capture in (False, True)
    )
    for ours, expected in zip(captured.records, eager.records, strict=True):
        assert ours.exact_w1 == pytest.approx(expected.exact_w1, rel=1e-5)
