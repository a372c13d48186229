"""Constraints: the settings of their papers, and their penalties against hand computations."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose
from torch import nn

from otgan.critics.constraints.base import HeldOutGap
from otgan.critics.constraints.by_name import CONSTRAINTS, as_constraint
from otgan.critics.constraints.clipping import WeightClipping
from otgan.critics.constraints.cones import Cones
from otgan.critics.constraints.penalties import DivergencePenalty, GradientPenalty
from otgan.critics.constraints.serialization import constraint_from, described
from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.networks.feedforward import mlp
from otgan.critics.settings import CONSTRAINT_NAMES
from otgan.errors import InvalidInputError
from tests.cases import refused
from tests.critics.linear_layer import linear_layer


def linear(*slopes):
    critic = nn.Linear(len(slopes), 1, bias=False)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([slopes]))
    return critic


def largest(critic):
    return max(p.detach().abs().max().item() for p in critic.parameters())


def rng():
    return torch.Generator().manual_seed(0)


def test_defaults_are_those_of_the_papers():
    parameters = [nn.Parameter(torch.zeros(1))]
    clip, gp = CONSTRAINTS["clip"], CONSTRAINTS["gp"]
    assert clip == WeightClipping(limit=0.01)
    assert type(clip.optimizer(parameters, None)) is torch.optim.RMSprop
    assert clip.optimizer(parameters, None).param_groups[0]["lr"] == 5e-5
    assert gp == GradientPenalty(weight=10.0)
    assert CONSTRAINTS["lp"] == GradientPenalty(weight=10.0, one_sided=True)
    adam = gp.optimizer(parameters, None).param_groups[0]
    assert (adam["lr"], adam["betas"]) == (1e-4, (0.5, 0.9))
    assert gp.optimizer(parameters, 3e-4).param_groups[0]["lr"] == 3e-4


@pytest.mark.parametrize(
    ("slope", "gp", "lp"), [((3.0, 4.0), 160.0, 160.0), ((0.3, 0.4), 2.5, 0.0), ((0.6, 0.8), 0, 0)]
)
def test_penalty_of_a_linear_critic(slope, gp, lp):
    """Its gradient norm is |slope| everywhere, so the penalty is 10 (|slope| - 1)²."""
    real, fake = torch.randn(7, 2), torch.randn(7, 2)
    for name, expected in (("gp", gp), ("lp", lp)):
        penalty = CONSTRAINTS[name].penalty(linear(*slope), real, fake, rng())
        assert_allclose(penalty.item(), expected, rtol=1e-5, atol=1e-10)


def test_penalty_takes_the_norm_per_point_of_any_shape():
    """On 4-D input the gradient of the sum of pixels has norm sqrt(pixels) at every point."""
    critic = nn.Sequential(nn.Flatten(), linear(*[1.0] * 12))
    images = torch.randn(5, 3, 2, 2)
    penalty = GradientPenalty().penalty(critic, images, images + 1, rng())
    assert_allclose(penalty.item(), 10 * (math.sqrt(12) - 1) ** 2, rtol=1e-5)


def test_penalty_of_a_flat_critic_has_a_finite_gradient():
    critic = linear(0.0, 0.0)
    GradientPenalty().penalty(critic, torch.zeros(3, 2), torch.ones(3, 2), rng()).backward()
    assert torch.isfinite(critic.weight.grad).all()


@given(distance=st.floats(1e-3, 1e3), weight=st.floats(1e-2, 1e3))
def test_two_point_masses_are_read_back_as_their_distance(distance, weight):
    """Under gp and lp their slope is 1 + d/(2 weight), under div (d/(k p))^(1/(p-1))."""
    excess = distance / (2 * weight)
    reading = HeldOutGap(distance * (1 + excess), weight * excess**2, math.inf, 1 + excess)
    assert_allclose(GradientPenalty(weight).distance(reading), distance, rtol=1e-9)
    unmeasured = reading._replace(penalty=math.nan)
    assert_allclose(GradientPenalty(weight).distance(unmeasured), distance, rtol=1e-9)
    slope = (distance / (6 * weight)) ** (1 / 5)
    reading = HeldOutGap(distance * slope, weight * slope**6, math.inf, slope)
    assert_allclose(DivergencePenalty(weight).distance(reading), distance, rtol=1e-9)


@pytest.mark.parametrize("rule", [GradientPenalty(3.0), DivergencePenalty(3.0)])
def test_weights_are_lengths(rule):
    """Penalizing points at another scale with the weight at that scale changes nothing else."""
    critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    real, fake = torch.randn(64, 2), torch.randn(64, 2)
    larger = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    larger.load_state_dict(critic.state_dict())
    with torch.no_grad():
        linear_layer(larger, 0).weight /= 16.0
        linear_layer(larger, 2).weight *= 16.0
    here = rule.penalty(critic, real, fake, rng())
    there = replace(rule, weight=16 * rule.weight).in_standard_units(1.0)
    far = there.penalty(larger, 16 * real, 16 * fake, rng())
    torch.testing.assert_close(far, 16 * here)
    assert there.in_standard_units(16.0) == rule


def test_half_of_the_penalized_points_are_ends():
    real, fake = torch.zeros(4000, 1), torch.ones(4000, 1)
    points = GradientPenalty(one_sided=True, endpoint_fraction=0.5).points(real, fake, rng())
    shares = [(points == end).float().mean().item() for end in (0.0, 1.0)]
    assert_allclose(shares, 0.25, atol=5 * math.sqrt(0.25 * 0.75 / 4000))
    inside = points[(points > 0) & (points < 1)]
    assert_allclose(inside.mean().item(), 0.5, atol=5 * math.sqrt(1 / 12 / 2000))


@pytest.mark.parametrize(
    ("distance", "weight", "gap"), [(1, 10, 1.05), (10, 10, 15), (1, 0.1, 6), (3, 1, 7.5)]
)
def test_trained_penalized_critic_shows_the_closed_form_gap(distance, weight, gap):
    """Two point masses and a linear critic: the maximizer of its loss is known exactly."""
    critic, rule = linear(0.0), GradientPenalty(float(weight))
    real, fake = torch.full((4, 1), float(distance)), torch.zeros(4, 1)
    optimizer = torch.optim.LBFGS(critic.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = rule.penalty(critic, real, fake, rng()) - (critic(real) - critic(fake)).mean()
        value.backward()
        return value

    optimizer.step(loss)
    assert_allclose((critic(real) - critic(fake)).mean().item(), gap, rtol=1e-3)


def test_clipping_clips_everything_and_from_the_start():
    critic = WeightClipping(0.02).build(3, 16, 2)
    assert largest(critic) <= 0.02
    with torch.no_grad():
        linear_layer(critic, 0).weight.add_(1.0)
        linear_layer(critic, 0).bias.sub_(1.0)
    WeightClipping(0.02).project(critic)
    assert largest(critic) <= 0.02


def test_sharp_lipschitz_constant_of_clipped_weights():
    """All weights at c attain c^L sqrt(d) times the widths; here 0.01^4 sqrt(2) 64^3."""
    critic = mlp(2, width=64, depth=3)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.fill_(0.01)
    assert_allclose(lipschitz_from_weights(critic), 0.0037073, rtol=1e-4)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_no_step_makes_an_orthogonal_critic_steeper_than_one(size):
    torch.manual_seed(0)
    critic = CONSTRAINTS["orthogonal"].build(6, 32, 2)
    for _ in range(5):
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.add_(size * torch.randn_like(parameter))
        CONSTRAINTS["orthogonal"].project(critic)
        assert lipschitz_from_weights(critic) <= 1.0 + 1e-6


@pytest.mark.parametrize("name", ["spectral", "orthogonal"])
def test_networks_of_bounded_slope(name):
    critic = CONSTRAINTS[name].build(4, 32, 3).eval()
    assert lipschitz_from_weights(critic) <= 1.02


def test_names_are_known_without_torch_as_with_it():
    assert tuple(CONSTRAINTS) == CONSTRAINT_NAMES


@pytest.mark.parametrize("constraint", [*CONSTRAINTS, *CONSTRAINTS.values()])
def test_constraints_survive_plain_values(constraint):
    again = constraint_from(described(constraint))
    assert again == constraint


def test_a_constraint_of_ones_own_is_not_taken_for_the_one_that_it_extends():
    class Own(GradientPenalty):
        pass

    with pytest.raises(InvalidInputError, match="Own"):
        constraint_from(described(Own(weight=3.0)))


def test_names_and_objects():
    assert as_constraint("lp") == GradientPenalty(one_sided=True)
    assert as_constraint(WeightClipping(0.1)) == WeightClipping(limit=0.1)
    with pytest.raises(InvalidInputError, match="did you mean 'spectral'"):
        as_constraint("spectrum")


@pytest.mark.parametrize(
    ("make", "values", "words"),
    [
        (WeightClipping, (0, -0.01, math.nan, math.inf, "a", True), "limit must be a positive"),
        (Cones, (0, 2.5, math.nan, "many", True), "count must be a whole number of at least 1"),
        (
            lambda flag: GradientPenalty(one_sided=flag),
            ("no", 1, None),
            "one_sided must be True or False",
        ),
        (
            lambda fraction: GradientPenalty(endpoint_fraction=fraction),
            (-0.5, 1, 2.5, math.nan, "half", True),
            "endpoint_fraction must",
        ),
        (
            lambda fraction: DivergencePenalty(endpoint_fraction=fraction),
            (-0.5, 1, None),
            "endpoint_fraction must",
        ),
        (
            lambda power: DivergencePenalty(power=power),
            (1, 0.5, math.inf, math.nan, "six", None, True),
            "power must be",
        ),
    ],
)
def test_parameters_without_meaning_are_refused(make, values, words):
    for value in values:
        with refused(words):
            make(value)
