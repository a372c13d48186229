"""Networks by name: what is built by default, what learns, and what is refused."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from otgan.critics.seeding import seeded
from otgan.errors import InvalidInputError
from otgan.gan.networks.build import build_critic, build_generator
from otgan.gan.networks.packing import packed
from otgan.gan.networks.resnet import ResidualBlock
from tests.gan.networks.image_shapes import IMAGES


@dataclass(frozen=True)
class Settings:
    network: str = "mlp"
    latent_dim: int = 5
    width: int | None = 4
    depth: int = 2
    critic_norm: str | None = None
    generator_norm: str | None = None
    pack: int = 1
    critic_width: int | None = None

    @property
    def critic_size(self):
        return self.critic_width or self.width, self.depth


def build_networks(settings, shape):
    return build_generator(settings, shape), build_critic(settings, shape)


def kinds(network):
    return {type(layer) for layer in network.modules()}


def test_networks_by_name():
    generator, critic = build_networks(Settings(), (2,))
    assert kinds(generator) == kinds(critic) == {nn.Sequential, nn.Linear, nn.ReLU}
    generator, critic = build_networks(Settings("dcgan"), (1, 8, 8))
    assert nn.ConvTranspose2d in kinds(generator) and nn.Conv2d in kinds(critic)
    assert ResidualBlock in kinds(build_networks(Settings("resnet"), (1, 8, 8))[1])
    assert nn.Conv2d not in kinds(build_networks(Settings("mlp"), (1, 8, 8))[1])


@pytest.mark.parametrize("network", ["mlp", "dcgan", "resnet", "fourier"])
def test_the_critic_may_be_of_another_size(network):
    shape = (2,) if network == "fourier" else (1, 8, 8)
    same, other = (
        [sum(p.numel() for p in n.parameters()) for n in build_networks(settings, shape)]
        for settings in (Settings(network), Settings(network, critic_width=6))
    )
    assert same[0] == other[0] and same[1] < other[1]


@pytest.mark.parametrize("network", ["mlp", "dcgan", "resnet"])
@pytest.mark.parametrize("shape", IMAGES)
def test_generators_and_critics_fit_each_other(network, shape):
    generator, critic = build_networks(Settings(network, pack=2), shape)
    points = generator(torch.randn(4, 5))
    assert points.shape == (4, *shape)
    assert critic(packed(points, 2)).shape == (2, 1)


CASES = [
    *(
        ("mlp", shape, norm)
        for shape in [(2,), (1, 8, 8)]
        for norm in (None, "layer", "spectral", "batch")
    ),
    *(
        (network, (1, 11, 13), norm)
        for network in ("dcgan", "resnet")
        for norm in (None, "layer", "instance", "spectral", "batch")
    ),
]


@pytest.mark.parametrize(("network", "shape", "norm"), CASES)
def test_two_steps_of_training_lower_the_loss(network, shape, norm):
    with seeded(0, torch.device("cpu")):
        critic = build_critic(Settings(network, critic_norm=norm), shape)
        real, fake = torch.randn(16, *shape) + 0.5, torch.randn(16, *shape)

    def loss():
        return (
            nn.functional.softplus(-critic(real)).mean()
            + nn.functional.softplus(critic(fake)).mean()
        )

    optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)
    before = float(loss().detach())
    for _ in range(2):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert float(loss().detach()) < before


def test_the_same_seed_gives_the_same_networks_and_leaves_the_generator_of_torch():
    def built(rng):
        with seeded(rng, torch.device("cpu")):
            generator, critic = build_networks(
                Settings("resnet", critic_norm="spectral"), (1, 8, 8)
            )
        return torch.cat(
            [p.detach().flatten() for m in (generator, critic) for p in m.parameters()]
        )

    before = torch.random.get_rng_state()
    one, again, other = built(0), built(0), built(1)
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        (Settings("dcgan"), (2,), "'dcgan' must be given images of shape"),
        (Settings("resnet"), (2,), "'resnet' must be given images of shape"),
        (Settings("dcgan"), (1, 5, 5), "with sides from 8 to 64, got 5 x 5"),
        (Settings("dcgn"), (2,), "did you mean 'dcgan'"),
        (Settings("auto"), (2,), "network must be one of 'mlp', 'fourier', 'dcgan', 'resnet'"),
        (Settings(width=None), (2,), "width must be a whole number"),
        (Settings(critic_norm="instance"), (2,), "must have feature maps"),
        (Settings("resnet", generator_norm="batch"), (1, 8, 8), "'resnet', which does without"),
        (Settings(generator_norm="layer"), (2,), "norm must be one of None, 'batch'"),
        (Settings(pack=0), (2,), "pack must be a whole number"),
        (Settings(latent_dim=0), (2,), "latent_dim must be a whole number"),
    ],
)
def test_refusals(settings, shape, message):
    with pytest.raises(InvalidInputError, match=message) as error:
        build_networks(settings, shape)
    assert "to fix it" in str(error.value)
