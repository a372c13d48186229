"""Historical averaging: the mean of the past, and the orbit of the game of x y."""

import copy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from otgan.gan.stabilizers import HistoricalAveraging
from tests.cases import refused

NOTHING = torch.zeros(1, 1)


def number(value):
    """A player with one parameter."""
    player = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        player.weight.fill_(value)
    return player


def play(averaging, steps, rate=0.1):
    """Distances from the equilibrium: x minimizes x y, y maximizes it, both at once."""
    x, y = number(1.0), number(1.0)
    state = averaging.start(x, y, NOTHING, NOTHING)
    players = torch.optim.SGD([x.weight, y.weight], lr=rate)
    radii = []
    for _ in range(steps):
        loss_x = (x.weight * y.weight.detach()).sum() + averaging.generator_term(x, state)
        loss_y = -(x.weight.detach() * y.weight).sum() + averaging.critic_term(y, state)
        players.zero_grad()
        (loss_x + loss_y).backward()
        players.step()
        averaging.update(x, y, state)
        radii.append(float(torch.hypot(x.weight, y.weight).detach()))
    return radii


def test_the_orbit_of_the_game_shrinks():
    radii = play(HistoricalAveraging(0.5), 5000)
    assert_close([radii[99], radii[999], radii[4999]], [0.5104, 0.1578, 0.0704], atol=5e-5, rtol=0)


def test_without_it_the_orbit_grows():
    radii = play(HistoricalAveraging(1e-12), 100)
    assert_close(radii[-1], 2**0.5 * 1.01**50, atol=1e-4, rtol=0.0)


def test_the_mean_and_the_term_by_hand():
    generator, critic, averaging = number(1.0), number(0.0), HistoricalAveraging(3.0)
    state = averaging.start(generator, critic, NOTHING, NOTHING)
    assert averaging.generator_term(generator, state) == 0.0
    for value in (2.0, 6.0):
        with torch.no_grad():
            generator.weight.fill_(value)
        averaging.update(generator, critic, state)
    assert_close(state["generator"], torch.tensor([3.0]))  # of 1, 2 and 6
    term = averaging.generator_term(generator, state)
    assert_close(term, torch.tensor(27.0))  # 3 (6 - 3)²
    (gradient,) = torch.autograd.grad(term, generator.weight)
    assert_close(gradient, torch.tensor([[18.0]]))  # the mean held fixed
    assert averaging.critic_term(critic, state) == 0.0


def test_all_parameters_count_and_networks_are_left_as_they_are():
    network, averaging = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)), HistoricalAveraging()
    before = copy.deepcopy(network.state_dict())
    state = averaging.start(network, network, NOTHING, NOTHING)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(2.0)
    assert_close(averaging.critic_term(network, state), torch.tensor(4.0 * 13))
    averaging.update(network, network, state)
    for name, value in network.state_dict().items():
        assert_close(value, before[name] + 2.0)


def test_a_stored_state_goes_on_to_the_same_bits():
    generator, critic, averaging = number(1.0), number(2.0), HistoricalAveraging()
    state = averaging.start(generator, critic, NOTHING, NOTHING)
    stored = copy.deepcopy(state)
    for kept in (state, stored):
        averaging.update(number(5.0), number(7.0), kept)
    assert_close(state, stored, rtol=0.0, atol=0.0)
    assert set(state) == {"generator", "critic", "steps"}


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), "one", True])
def test_weights_that_are_not_positive_are_refused(weight):
    with refused("weight must be a positive number", "leave the stabilizer out"):
        HistoricalAveraging(weight)
