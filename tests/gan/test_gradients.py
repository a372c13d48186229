"""Gradients of a game by hand against autograd's, and which games only autograd can play."""

import copy

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from otgan import GANConfig, train_gan
from otgan.critics.constraints import (
    DivergencePenalty,
    GradientPenalty,
    SpectralNormalization,
    WeightClipping,
    ZeroCenteredPenalty,
)
from otgan.critics.networks.features import WithRadius
from otgan.critics.networks.feedforward import fourier_mlp, mlp, radial_mlp
from otgan.gan.fused import fused_critic_gradients, fused_generator_gradients
from otgan.gan.game import Batch, Game
from otgan.gan.gradients import Gradients
from otgan.gan.objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Relativistic,
    SemiSupervised,
    Wasserstein,
)
from otgan.gan.optimizers import SGD
from otgan.gan.stabilizers.base import Stabilizer
from tests.critics.plain_training import worst_gradient

pytestmark = pytest.mark.torch

OBJECTIVES = [
    Wasserstein(), Minimax(), NonSaturating(), NonSaturating(0.9), LeastSquares(), Hinge(),
    Relativistic(),
]  # fmt: skip
CONSTRAINTS = [
    None, WeightClipping(), GradientPenalty(2.0), GradientPenalty(2.0, one_sided=True),
    DivergencePenalty(), ZeroCenteredPenalty(3.0), ZeroCenteredPenalty(3.0, real=False),
    ZeroCenteredPenalty(3.0, fake=False),
]  # fmt: skip


class OwnSequential(nn.Sequential):
    """What only autograd takes."""


class Jitter(Stabilizer):
    name = "jitter"

    def perturb(self, points, done, rng):
        return points + 0.1 * torch.randn(points.shape, generator=rng)


class Decay(Stabilizer):
    name = "decay"

    def critic_term(self, critic, state):
        return sum(weight.square().sum() for weight in critic.parameters())

    def generator_term(self, generator, state):
        return sum(weight.square().sum() for weight in generator.parameters())


def steep(network):
    """Slopes on both sides of one."""
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim == 2:
                weight.mul_(1.6)
    return network


def players(pack=1):
    torch.manual_seed(0)
    return mlp(2, 3, width=16), steep(mlp(3 * pack, width=16))


def batch(dtype=torch.float32, n=60):
    rng = torch.Generator().manual_seed(1)
    real, latents = (torch.randn(n, size, generator=rng).to(dtype) for size in (3, 2))
    return Batch(real + 0.3, latents, rng.manual_seed(2))


def check_same(game, generator, critic, dtype, rtol):
    """Both ways on equal networks and batches; some step must have been done by hand."""
    fused = Gradients(generator, critic, game, fused=True)
    others = copy.deepcopy(generator), copy.deepcopy(critic)
    plain = Gradients(*others, game, fused=False)
    compare(fused.of_critic(batch(dtype), 0), plain.of_critic(batch(dtype), 0), rtol)
    assert worst_gradient(critic, [p.grad for p in others[1].parameters()]) < rtol
    compare(fused.of_generator(batch(dtype), 0), plain.of_generator(batch(dtype), 0), rtol)
    assert worst_gradient(generator, [p.grad for p in others[0].parameters()]) < rtol


def compare(loss, expected, rtol):
    assert loss.terms.keys() == expected.terms.keys()
    assert_allclose(loss.total.detach(), expected.total.detach(), rtol=rtol, atol=rtol)
    for name, term in loss.terms.items():
        assert_allclose(term.detach(), expected.terms[name].detach(), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=repr)
@pytest.mark.parametrize("pack", [1, 2])
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float32, 1e-5), (torch.float64, 1e-11)])
def test_gradients_by_hand_are_those_of_autograd(objective, constraint, pack, dtype, rtol):
    generator, critic = (network.to(dtype) for network in players(pack))
    game = Game(objective, constraint, pack=pack)
    assert fused_critic_gradients(critic, game)
    assert fused_generator_gradients(generator, critic, game)
    check_same(game, generator, critic, dtype, rtol)


def test_changed_points_are_seen_by_both():
    generator, critic = players()
    game = Game(Hinge(), GradientPenalty(2.0), (Jitter(),), states={"jitter": {}})
    assert fused_critic_gradients(critic, game)
    assert fused_generator_gradients(generator, critic, game) is None
    check_same(game, generator, critic, torch.float32, 1e-5)


class OwnPenalty(GradientPenalty):
    def penalty(self, critic, real, fake, rng):
        return 2.0 * super().penalty(critic, real, fake, rng)


@pytest.mark.parametrize("build", [radial_mlp, fourier_mlp])
@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=repr)
@pytest.mark.parametrize("pack", [1, 2])
def test_gradients_by_hand_through_features_of_points(build, constraint, pack):
    generator, _ = players(pack)
    critic = build(3 * pack, width=16).double()
    game = Game(Relativistic(), constraint, pack=pack)
    assert fused_critic_gradients(critic, game)
    assert fused_generator_gradients(generator.double(), critic, game)
    check_same(game, generator, critic, torch.float64, 1e-9)


def radial_generator():
    return nn.Sequential(WithRadius(), *mlp(3, 3, width=16))


def refused():
    """Networks and games for autograd: of the critic, and of the generator."""
    generator, critic = players()
    spectral = SpectralNormalization().build(3, width=8, depth=2)
    tanh = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    frozen = mlp(3, width=8)
    frozen[0].weight.requires_grad = False
    game = Game(Hinge(), None)
    decay = Game(Hinge(), None, (Decay(),), states={"decay": {}})
    return {
        "own critic": (generator, OwnSequential(*critic), game, True, True),
        "spectral norm": (generator, spectral, game, True, True),
        "tanh": (generator, tanh, game, True, True),
        "frozen": (generator, frozen, game, True, True),
        "features of latents": (radial_generator(), critic, game, False, True),
        "own generator": (OwnSequential(*generator), critic, game, False, True),
        "own penalty": (generator, critic, Game(Hinge(), OwnPenalty()), True, False),
        "a term of a stabilizer": (generator, critic, decay, True, True),
        "separate batches": (generator, critic, Game(Hinge(), None, separate=True), True, True),
    }


@pytest.mark.parametrize("name", refused())
def test_what_only_autograd_can_do_is_left_to_it(name):
    generator, critic, game, of_critic, of_generator = refused()[name]
    assert (fused_critic_gradients(critic, game) is None) == of_critic
    assert (fused_generator_gradients(generator, critic, game) is None) == of_generator
    gradients = Gradients(generator, critic, game, fused=True)
    assert gradients.of_critic(batch(), 0).total.isfinite()
    assert gradients.of_generator(batch(), 0).total.isfinite()


def test_the_labels_of_classes_are_left_to_autograd():
    assert fused_critic_gradients(players()[1], Game(SemiSupervised(3), None)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"constraint": GradientPenalty(0.1)},
        {"objective": "relativistic", "constraint": ZeroCenteredPenalty(1.0)},
        {"objective": "non-saturating", "constraint": None, "pack": 2},
    ],
)
def test_runs_by_hand_and_by_autograd_stay_together(changes):
    # Adam would divide rounding errors by small gradients.
    config = GANConfig(
        steps=20,
        batch_size=32,
        width=16,
        generator_optimizer=SGD(0.05),
        critic_optimizer=SGD(0.05),
        monitor_points=32,
        evaluation_points=32,
        latent_dim=2,
        device="cpu",
        **changes,
    )
    pack = changes.get("pack", 1)
    by_hand, by_autograd = (
        train_gan(
            "ring8",
            config,
            generator=lambda: kind(*mlp(2, 2, width=16)),  # noqa: B023
            critic=lambda: kind(*mlp(2 * pack, width=16)),  # noqa: B023
        ).generate(50)
        for kind in (nn.Sequential, OwnSequential)
    )
    assert_allclose(by_hand, by_autograd, atol=1e-5)
