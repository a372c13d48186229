"""The state of a run: where it starts, and that it is stored and restored to the bit."""

import copy
import io

import numpy as np
import pytest
import torch

from otgan.errors import InvalidInputError
from otgan.gan.optimizers import OptimizerSettings
from otgan.gan.state import TrainState
from otgan.gan.units import Units
from tests.gan.short_run import a_record, same_weights, settings_of

CPU = torch.device("cpu")


def started(**changes):
    return TrainState.start((2,), settings_of(**changes), CPU)


def stepped(state):
    """The state after a step of both optimizers, which then hold moments."""
    for optimizer in (state.generator_optimizer, state.critic_optimizer):
        optimizer.zero_grad(set_to_none=True)
    points = state.generator(torch.ones(3, 8))
    (state.critic(points).sum() + points.square().sum()).backward()
    state.generator_optimizer.step()
    state.critic_optimizer.step()
    state.step = 1
    state.records.append(a_record(1))
    return state


def test_the_seed_decides_the_start():
    same_weights(started().generator, started().generator)
    same_weights(started().critic, started().critic)
    first, other = started().generator.state_dict(), started(rng=1).generator.state_dict()
    assert not torch.equal(first["0.weight"], other["0.weight"])


def test_the_average_starts_at_the_generator():
    state = started()
    same_weights(state.generator, state.averaged)
    assert state.generator is not state.averaged
    assert state.selection.kept_step == 0


def test_without_a_critic_there_is_one_optimizer():
    state = started(objective="exact")
    assert state.critic is None and state.critic_optimizer is None
    assert "critic" not in state.to_dict()


class Own(OptimizerSettings):
    """Settings of the user's own."""

    name, learning_rate = "own", 1e-3

    def build(self, parameters, learning_rate):
        return torch.optim.Adagrad(parameters, lr=learning_rate)


class WithClosure(Own):
    def build(self, parameters, learning_rate):
        return torch.optim.LBFGS(list(parameters), lr=learning_rate)


class Nothing(Own):
    def build(self, parameters, learning_rate):
        return None


class WithoutRate(Own):
    learning_rate = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (WithClosure(), r"WithClosure.build must return .* closure, got LBFGS; to fix it"),
        (Nothing(), r"Nothing.build must return .*, got NoneType; to fix it"),
        (WithoutRate(), "WithoutRate.learning_rate must be a positive number, got None; to fix"),
    ],
)
def test_optimizers_of_ones_own_that_cannot_step_are_named(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        TrainState.start((2,), settings_of(generator_optimizer=settings), CPU)


def test_optimizers_of_ones_own_have_the_learning_rate_of_the_settings():
    for changes, rate in ({}, 1e-3), ({"learning_rate": 0.5}, 0.5):
        config = settings_of(critic_optimizer=Own(), **changes)
        state = TrainState.start((2,), config, CPU)
        assert isinstance(state.critic_optimizer, torch.optim.Adagrad)
        assert state.critic_optimizer.param_groups[0]["lr"] == rate


@pytest.mark.parametrize("constraint", ["clip", "lp", "spectral", "orthogonal", "cones"])
def test_a_stored_state_is_restored_to_the_bit(constraint):
    state = stepped(started(constraint=constraint))
    state.select(state.records[-1])
    file = io.BytesIO()
    torch.save(state.to_dict(), file)
    file.seek(0)
    again = started(constraint=constraint, rng=5)
    again.load_dict(torch.load(file, weights_only=True))
    for name in ("generator", "averaged", "critic"):
        same_weights(getattr(state, name), getattr(again, name))
    assert (again.step, again.selection) == (1, state.selection)
    assert again.selection.kept_step == 1 and again.records == state.records
    before = copy.deepcopy(again.generator.state_dict())
    stepped(state), stepped(again)  # moments are part of the next step
    same_weights(state.generator, again.generator)
    assert not torch.equal(before["0.weight"], again.generator.state_dict()["0.weight"])


def test_the_best_weights_are_a_copy():
    state = stepped(started())
    state.select(state.records[-1])
    kept = state.best["0.weight"].clone()
    with torch.no_grad():
        state.averaged[0].weight.zero_()
    assert torch.equal(state.best["0.weight"], kept)


def test_learning_rates_are_those_of_the_configuration_that_goes_on():
    again = started(learning_rate=0.5)
    again.load_dict(stepped(started()).to_dict())
    for optimizer in (again.generator_optimizer, again.critic_optimizer):
        assert [group["lr"] for group in optimizer.param_groups] == [0.5]


@pytest.mark.parametrize("changes", [{"width": 16}, {"constraint": "clip"}, {"depth": 3}])
def test_a_state_of_another_form_is_refused(changes):
    stored = started(constraint="spectral").to_dict()
    with pytest.raises(InvalidInputError, match="must have the form that they had"):
        started(**changes).load_dict(stored)


def test_what_is_kept_is_the_average_and_not_the_generator_itself():
    state = started()
    with torch.no_grad():
        for parameter in state.averaged.parameters():
            parameter.fill_(0.25)
    state.select(a_record(1))
    assert all(bool((weight == 0.25).all()) for weight in state.best.values())


def test_the_critic_that_is_handed_out_takes_packs():
    config = settings_of(pack=4)
    units = Units(np.zeros(2), 1.0, (2,))
    critic = TrainState.start((2,), config, CPU).final_critic(units, config)
    assert critic is not None
    assert critic(torch.zeros(3, 8, dtype=torch.float64)).shape[0] == 3
