"""What the trainer asks of a constraint, in which order, and of which points."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from otgan import Cones, GANConfig, OrthogonalWeights, train_gan
from otgan.critics.constraints.base import Constraint, CriticLoss
from otgan.critics.forward import scores
from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.networks.cones import ConeNetwork
from otgan.critics.networks.feedforward import OnOriginalScale
from otgan.errors import InvalidInputError
from otgan.gan.state import TrainState
from tests.gan.short_run import TINY, settings_of

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Recorded(Constraint):
    """A linear critic that writes down the calls of its hooks."""

    name: ClassVar[str] = "recorded"
    n_start_points: ClassVar[int] = 20
    calls: list = field(default_factory=list, repr=False)

    def build(self, d, width, depth):
        return torch.nn.Linear(d, 1)

    def optimizer(self, parameters, learning_rate):
        return torch.optim.SGD(parameters, lr=learning_rate or 0.01)

    def distance(self, held_out):
        self.calls.append("distance")
        return held_out.gap

    def start(self, critic, x, y):
        self.calls.append(("start", tuple(x.shape), tuple(y.shape)))

    def loss(self, critic, real, fake, rng):
        self.calls.append("loss")
        gap = scores(critic, real).mean() - scores(critic, fake).mean()
        return CriticLoss(-gap, gap, gap * 0.0)

    def project(self, critic):
        self.calls.append("project")

    def finish(self, critic):
        self.calls.append("finish")
        with torch.no_grad():
            critic.weight.fill_(7.0)

    def penalty(self, critic, real, fake, rng):
        raise AssertionError("the loss of its own needs none")

    def default_network(self, d):
        raise AssertionError("width and depth are those of the settings")

    def scaled_to(self, length):
        raise AssertionError("there is no distance yet")

    def in_standard_units(self, length):
        raise AssertionError("weights are for standardized points")

    def fused_step(self, critic, inner_dtype, loss=None):
        raise AssertionError("the loss is its own")

    @property
    def above_one(self):
        raise AssertionError("no penalty is measured")


def test_every_hook_is_honored():
    constraint = Recorded()
    config = GANConfig(**{**TINY, "steps": 2, "n_critic": 2, "constraint": constraint})
    result = train_gan("ring8", config)
    steps = ["loss", "project"] * 4
    start = ["project"]
    assert constraint.calls[0] == ("start", (20, 2), (20, 2))
    assert constraint.calls[1:] == [*start, *steps, "distance", "finish"]
    assert isinstance(result.critic, OnOriginalScale)
    assert isinstance(result.critic.critic, nn.Linear)
    assert (result.critic.critic.weight == 7.0).all()


def test_a_resumed_run_is_not_started_again(tmp_path):
    constraint = Recorded()
    config: dict[str, Any] = {**TINY, "constraint": constraint}
    train_gan("ring8", GANConfig(**{**config, "steps": 2}), out=tmp_path)
    constraint.calls.clear()
    train_gan("ring8", GANConfig(**{**config, "steps": 3}), out=tmp_path, resume=True)
    assert ("start", (20, 2), (20, 2)) not in constraint.calls


def test_the_returned_orthogonal_critic_is_orthogonal_to_rounding():
    config = GANConfig(**{**TINY, "constraint": OrthogonalWeights()})
    critic = train_gan("ring8", config).critic
    assert critic is not None
    assert abs(lipschitz_from_weights(critic) - 1.0) < 3e-7


def test_cones_stay_where_they_are_built():
    """A start on points of the untrained generator may open them upwards, without a maximum."""
    assert not Cones.starts_in_gan
    state = TrainState.start((2,), settings_of(constraint="cones"), CPU)
    assert isinstance(state.critic, ConeNetwork)
    assert float(state.critic.sign) == -1.0


@pytest.mark.parametrize(
    ("name", "rate", "kind", "expected"),
    [
        (None, None, torch.optim.RMSprop, 5e-5),  # that of the clipped critic's paper
        ("adam", None, torch.optim.Adam, 1e-4),
        ("rmsprop", 3e-4, torch.optim.RMSprop, 3e-4),
    ],
)
def test_the_settings_choose_the_optimizer_of_the_generator(name, rate, kind, expected):
    settings: dict[str, Any] = {
        "constraint": "clip",
        "generator_optimizer": name,
        "learning_rate": rate,
    }
    state = TrainState.start((2,), settings_of(**settings), CPU)
    assert type(state.generator_optimizer) is kind
    assert [group["lr"] for group in state.generator_optimizer.param_groups] == [expected]
    assert type(state.critic_optimizer) is torch.optim.RMSprop


def test_an_unknown_optimizer_of_the_generator_is_refused():
    unknown: Any = "lion"
    with pytest.raises(InvalidInputError, match="generator_optimizer must be 'adam', 'rmsprop'"):
        GANConfig(generator_optimizer=unknown)
