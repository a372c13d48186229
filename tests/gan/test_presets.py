"""The settings of papers, as printed there (or in the authors' code, where it says so)."""

import math

import pytest
import torch

from otgan import GANConfig, WeightClipping, train_gan
from otgan.critics.constraints.penalties import DivergencePenalty, GradientPenalty
from otgan.critics.constraints.zero_centered import ZeroCenteredPenalty
from otgan.critics.networks.feedforward import OnOriginalScale
from otgan.errors import InvalidInputError
from otgan.gan.learning_rates import critic_steps
from otgan.gan.optimizers import SGD, Adam, RMSprop
from otgan.gan.players import GivenNetworks, make_players
from otgan.gan.presets import PRESETS

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")

GULRAJANI = Adam(learning_rate=1e-4, betas=(0.0, 0.9))
MIYATO = Adam(learning_rate=2e-4, betas=(0.0, 0.9))
RADFORD = Adam(learning_rate=2e-4, betas=(0.5, 0.999))

# objective, constraint, optimizer of both, batch size, critic steps, average, and the rest
PAPERS = {
    # Arjovsky et al. 2017, Algorithm 1: alpha = 0.00005, c = 0.01, m = 64, n_critic = 5
    "wgan": ("wasserstein", WeightClipping(0.01), RMSprop(5e-5), 64, 5, 0.0, {}),
    # Gulrajani et al. 2017, Algorithm 1: lambda = 10, n_critic = 5, alpha = 1e-4, betas 0, 0.9
    "wgan-gp": ("wasserstein", GradientPenalty(weight=10.0), GULRAJANI, 64, 5, 0.0, {}),
    # Petzka et al. 2018, equation (8): the one-sided penalty, all else as before
    "wgan-lp": (
        "wasserstein",
        GradientPenalty(weight=10.0, one_sided=True),
        GULRAJANI,
        64,
        5,
        0.0,
        {},
    ),
    # Miyato et al. 2018, section 4 and Table 1; their code for CIFAR-10: hinge, linear decay
    "sn": (
        "hinge",
        None,
        MIYATO,
        64,
        5,
        0.0,
        {"critic_norm": "spectral", "schedule": "linear", "latent_dim": 128},
    ),
    # Wu et al. 2018: k = 2, p = 6; their code: Adam 2e-4, betas 0, 0.9, four critic steps
    "wgan-div": ("wasserstein", DivergencePenalty(weight=2.0, power=6.0), MIYATO, 64, 4, 0.0, {}),
    # Goodfellow et al. 2014, Algorithm 1: k = 1, momentum; their mnist.yaml for the numbers
    "gan": (
        "minimax",
        None,
        SGD(0.1, momentum=0.5),
        100,
        1,
        0.0,
        {"latent": "uniform", "latent_dim": 100},
    ),
    # Radford et al. 2016, section 4: batches of 128, Adam 0.0002, beta1 = 0.5, uniform z of 100
    "dcgan": (
        "non-saturating",
        None,
        RADFORD,
        128,
        1,
        0.0,
        {
            "network": "dcgan",
            "critic_norm": "batch",
            "generator_norm": "batch",
            "latent": "uniform",
            "latent_dim": 100,
        },
    ),
    # Huang et al. 2024, their preset CIFAR10: gamma 0.05, beta2 0.9, half-life of 5 million images
    "r3gan": (
        "relativistic",
        ZeroCenteredPenalty(weight=0.05),
        MIYATO,
        512,
        1,
        0.99992902,
        {"network": "resnet", "latent_dim": 64},
    ),
}


def test_every_paper_is_here():
    assert {*PAPERS, "toy"} == PRESETS.keys()


@pytest.mark.parametrize("name", PAPERS)
def test_a_preset_equals_its_paper(name):
    config = GANConfig.preset(name)
    objective, constraint, optimizer, batch_size, n_critic, average, rest = PAPERS[name]
    assert config.played_objective.name == objective
    assert config.critic_constraint == constraint
    assert config.generator_optimizer == config.critic_optimizer == optimizer
    assert config.learning_rate is config.critic_learning_rate is None
    assert (config.batch_size, config.n_critic) == (batch_size, n_critic)
    assert math.isclose(config.average, average, abs_tol=1e-8)
    others = {
        "critic_norm": None,
        "schedule": "constant",
        "latent": "gaussian",
        "latent_dim": None,
        "network": "auto",
        "generator_norm": "auto",
    }
    assert {key: getattr(config, key) for key in others} == {**others, **rest}
    assert config.stabilizers == () and config.pack == 1 and not config.critic_warmup
    assert config.clip_grad_norm is None and config.precision == "float32"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_trains_and_is_stored(name):
    """Images, or vectors where the networks are for these."""
    few = {"steps": 2, "width": 4, "batch_size": 8, "monitor_points": 8, "evaluation_points": 8}
    config = GANConfig.preset(name, **few, features=None, device="cpu")
    assert GANConfig.from_dict(config.to_dict()) == config
    shape = (2,) if config.network == "fourier" else (1, 8, 8)
    points = torch.rand(60, *shape, generator=torch.Generator().manual_seed(0))
    assert train_gan(points, config).records[-1].step == 2


def test_weights_of_a_wgan_are_clipped_after_each_step():
    few = {"monitor_points": 8, "evaluation_points": 8, "device": "cpu"}
    critic = train_gan("ring8", GANConfig.preset("wgan", steps=3, **few)).critic
    assert isinstance(critic, OnOriginalScale)
    largest = [float(p.detach().abs().max()) for p in critic.parameters()]
    assert max(largest) == pytest.approx(0.01, rel=1e-6)


def test_the_warm_up_of_the_wgan_is_an_option():
    """A hundred critic steps in each of the first 25 steps of the generator, as in its code."""
    config = GANConfig.preset("wgan", critic_warmup=True)
    counts = [critic_steps(step, config) for step in range(1, 1002)]
    assert counts[:25] == [100] * 25
    assert {step: count for step, count in enumerate(counts, 1) if count != 5 and step > 25} == {
        501: 100,
        1001: 100,
    }
    clips = []

    class Counting(WeightClipping):
        """Counts the steps of the critic."""

        def project(self, critic):
            clips.append(1)
            super().project(critic)

    few = {"monitor_points": 8, "evaluation_points": 8, "width": 4, "depth": 1, "device": "cpu"}
    changes = {"constraint": Counting(), "critic_warmup": True, "steps": 2, **few}
    train_gan("ring8", GANConfig.preset("wgan", **changes))
    assert len(clips) == 1 + 200  # the new network, then after each step


def test_weights_of_a_dcgan_are_drawn_as_in_its_paper():
    """From N(0, 0.02)."""
    config = GANConfig.preset("dcgan", width=32).for_shape((3, 32, 32))
    players = make_players((3, 32, 32), config, GivenNetworks(), CPU)
    for network in (players.generator, players.critic):
        assert network is not None
        matrices = [p.detach() for p in network.parameters() if p.ndim > 1]
        assert len(matrices) >= 3
        for weights in map(torch.flatten, matrices):
            error = 5 / math.sqrt(len(weights))
            assert abs(float(weights.mean())) < 0.02 * error
            assert float(weights.std()) == pytest.approx(0.02, rel=error)
        norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        assert norms and all(abs(float(m.weight.detach().mean()) - 1.0) < 0.02 for m in norms)


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(InvalidInputError, match=r"a preset must be one of wgan, .* mean 'wgan-gp'"):
        GANConfig.preset("wgan_gp")
