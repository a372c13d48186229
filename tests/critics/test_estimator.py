"""estimate_w1 and the bounds beside it, against distances that are known."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import otgan
from otgan.critics.bounds import certified_lower_bound
from otgan.critics.constraints import CONSTRAINTS, GradientPenalty
from otgan.critics.networks import mlp, scores
from otgan.errors import InvalidInputError, TrainingDivergedError

QUICK = {"steps": 300, "width": 32, "depth": 2, "batch_size": 128, "device": "cpu"}


@pytest.fixture(scope="module")
def shifted():
    """Two Gaussians in the plane, apart by a shift of length 5, which is their distance."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(600, 2)), rng.normal(size=(600, 2)) + [3.0, 4.0]


@pytest.mark.parametrize("constraint", sorted(CONSTRAINTS))
def test_bounds_hold_for_every_constraint(shifted, constraint):
    r = otgan.estimate_w1(*shifted, constraint, **QUICK)
    exact = otgan.emd(*shifted).distance
    assert_allclose(r.exact, exact, rtol=1e-12)
    assert 0.95 * exact <= r.lower <= exact * (1 + 1e-9)
    assert r.lipschitz_sampled <= r.lipschitz_proved * (1 + 1e-5)
    assert r.value > 0 and r.raw_gap > 0 and r.se > 0
    assert r.n_held_out == 300
    assert r.constraint == constraint
    assert [record.step for record in r.history] == sorted({h.step for h in r.history})
    assert r.history[-1].step == QUICK["steps"]


@pytest.mark.parametrize("constraint", ["gp", "lp", "spectral", "orthogonal"])
def test_value_is_near_the_truth(shifted, constraint):
    """Four standard errors of 300 held-out points, and 3 % for a short training."""
    r = otgan.estimate_w1(*shifted, constraint, **QUICK)
    assert abs(r.value - 5.0) <= 4 * r.se + 0.15


def test_value_never_exceeds_truth_where_the_weights_prove_it(shifted):
    r = otgan.estimate_w1(*shifted, "orthogonal", **QUICK)
    assert_allclose(r.lipschitz_proved, 1.0, rtol=1e-4)
    assert r.value <= 5.0 + 4 * r.se


def test_two_gaussians_on_the_line_show_the_penalised_optimum():
    """A perfect GP critic at weight 10 shows W1 + ∫ΔF²/(2·10·u) = 2.21034 for N(0,1), N(2,1).

    The critic is trained on points divided by their spread, which makes any weight act like
    weight times spread in the original units.
    """
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6_000, 1)), rng.normal(size=(6_000, 1)) + 2.0
    rule = GradientPenalty(10.0 / math.sqrt(2.0))
    r = otgan.estimate_w1(x, y, rule, steps=1500, width=64, depth=2, device="cpu")
    assert abs(r.raw_gap - 2.21034) <= 4 * r.se + 0.02 * 2.21034
    assert abs(r.value - 2.0) <= 4 * r.se + 0.02 * 2.0


def test_scale_of_the_data_only_scales_the_result(shifted):
    x, y = shifted
    r = otgan.estimate_w1(x, y, "gp", **QUICK)
    big = otgan.estimate_w1(32 * x, 32 * y, "gp", **QUICK)  # a power of two scales exactly
    for name in ("value", "se", "raw_gap", "lower", "exact"):
        assert_allclose(getattr(big, name), 32 * getattr(r, name), rtol=1e-9)
    assert_allclose(big.lipschitz_sampled, r.lipschitz_sampled, rtol=1e-6)


def test_same_seed_same_estimate_and_critic_reproduces_the_gap(shifted):
    x, y = shifted
    first, second = (otgan.estimate_w1(x, y, "lp", **QUICK) for _ in range(2))
    assert first.value == second.value
    assert otgan.estimate_w1(x, y, "lp", **QUICK, seed=1).value != first.value
    with torch.no_grad():
        f_x, f_y = (scores(first.critic, torch.tensor(p).float()).mean() for p in (x, y))
    assert float(f_x - f_y) > 0


def test_torch_input_float32_and_lists(shifted):
    x, y = shifted
    from_numpy = otgan.estimate_w1(x, y, "gp", **QUICK)
    from_torch = otgan.estimate_w1(torch.tensor(x), torch.tensor(y), "gp", **QUICK)
    from_lists = otgan.estimate_w1(x.tolist(), y.tolist(), "gp", **QUICK)
    assert from_numpy.value == from_torch.value == from_lists.value


def test_equal_laws_are_near_zero():
    rng = np.random.default_rng(2)
    r = otgan.estimate_w1(rng.normal(size=(800, 2)), rng.normal(size=(800, 2)), **QUICK)
    assert abs(r.value) <= 4 * r.se + 0.05
    assert 0.0 <= r.lower <= r.exact


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("slope", [1e-3, 1.0, 50.0])
def test_certified_bound_ignores_the_scale_of_the_critic(slope, sign):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 2)), rng.normal(size=(50, 2)) + [4.0, 0.0]
    exact = otgan.emd(x, y).distance
    bound = certified_lower_bound(x, y, -sign * slope * x[:, 0], -sign * slope * y[:, 0])
    assert 0.0 <= bound <= exact * (1 + 1e-12)
    if sign > 0:
        assert bound >= 0.9 * exact


def test_certified_bound_of_a_random_network_is_a_bound():
    torch.manual_seed(0)
    rng = np.random.default_rng(4)
    for _ in range(20):
        x, y = rng.normal(size=(15, 3)), rng.normal(size=(10, 3)) * 2
        critic = mlp(3, width=16, depth=2)
        with torch.no_grad():
            h_x, h_y = (scores(critic, torch.tensor(p).float()).double().numpy() for p in (x, y))
        assert 0.0 <= certified_lower_bound(x, y, h_x, h_y) <= otgan.emd(x, y).distance + 1e-12


def test_a_constraint_of_ones_own_plugs_in(shifted):
    class HalfSlope:
        """A linear critic whose slope is projected to one half."""

        name = "half"

        def build(self, d, width, depth):
            return torch.nn.Linear(d, 1)

        def penalty(self, critic, real, fake, rng):
            return real.new_zeros(())

        def project(self, critic):
            with torch.no_grad():
                critic.weight.mul_(0.5 / critic.weight.norm())

        def optimizer(self, parameters, learning_rate):
            return torch.optim.SGD(parameters, lr=learning_rate or 0.1)

        def distance(self, gap, proved, sampled):
            return gap / proved

    r = otgan.estimate_w1(*shifted, HalfSlope(), **{**QUICK, "steps": 2000})
    assert_allclose(r.lipschitz_proved, 0.5, rtol=1e-5)
    assert abs(r.value - 5.0) <= 4 * r.se + 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [[np.nan, 0.0]] * 9}, "x must be finite"),
        ({"x": np.zeros((9, 3))}, "same number of columns, got 3 and 2"),
        ({"held_out": 0.0}, "held_out must leave points on both sides"),
        ({"held_out": 1.0}, "held_out must leave points on both sides"),
        ({"constraint": "nothing"}, "constraint must be one of clip, gp"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"device": "no-such-device"}, "device must be one that this PyTorch can use"),
    ],
)
def test_wrong_input_is_refused(change, message):
    arguments = {"x": np.zeros((9, 2)), "y": np.ones((9, 2)), **change}
    with pytest.raises(InvalidInputError, match=message):
        otgan.estimate_w1(arguments.pop("x"), arguments.pop("y"), **arguments)


def test_divergence_is_an_error_not_a_number(shifted):
    class Explosive(GradientPenalty):
        def penalty(self, critic, real, fake, rng):
            return super().penalty(critic, real, fake, rng) * math.nan

    with pytest.raises(TrainingDivergedError, match="must stay finite"):
        otgan.estimate_w1(*shifted, Explosive(), **QUICK)


@pytest.mark.gpu
def test_estimate_on_a_gpu(shifted):
    r = otgan.estimate_w1(*shifted, "orthogonal", **{**QUICK, "device": "cuda"})
    assert abs(r.value - 5.0) <= 4 * r.se + 0.15
