"""The training loop against steps taken by hand: budget, curve, best weights, checkpoints."""

import copy
import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from otgan.critics.constraints import CONSTRAINTS, Constraint, GradientPenalty, WeightClipping
from otgan.critics.forward import scores
from otgan.critics.kernels.muon import Muon
from otgan.critics.networks.ensemble import Ensemble
from otgan.critics.networks.feedforward import mlp, orthogonal_mlp
from otgan.critics.training.data import as_distributions
from otgan.critics.training.loop import CURVE_POINTS, RECORDS, WARM_UP, Budget, fit_critic
from otgan.critics.training.options import FitOptions
from otgan.errors import InvalidInputError, TrainingDivergedError

CPU = torch.device("cpu")
OPTIONS = FitOptions(batch_size=16)
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(80, 2)), RNG.normal(size=(80, 2)) + 2.0
SECONDS = 1e9
NAMES = ["clip", "gp", "lp", "div", "orthogonal", "spectral", "cones"]


def pair(options=OPTIONS, dtype=torch.float32):
    found = as_distributions(X, Y, options, CPU)
    return (
        found
        if dtype is torch.float32
        else type(found)(found.x, found.y, found.scale, found.device, dtype)
    )


def network(seed=0, build=mlp):
    torch.manual_seed(seed)
    return build(2, width=8, depth=2)


def fit(critic, constraint, steps, options=OPTIONS, seconds=SECONDS):
    return fit_critic(critic, constraint, pair(options), Budget(steps, seconds), options)


def weights(critic):
    return torch.nn.utils.parameters_to_vector(critic.parameters()).detach().clone()


@pytest.mark.parametrize("name", ["gp", "lp", "div", "orthogonal"])
def test_steps_are_those_of_autograd_and_muon(name):
    """Three steps redone by hand: batches, loss, decaying rates, projection."""
    constraint, steps = CONSTRAINTS[name], 3
    build = orthogonal_mlp if name == "orthogonal" else mlp
    trained, _ = fit(network(build=build), constraint, steps)
    critic, data = network(build=build), pair()
    optimizer = Muon(critic.parameters(), lr=OPTIONS.vector_rate, matrix_lr=OPTIONS.matrix_rate)
    rng, start = data.generator(OPTIONS.rng + 1), [group["lr"] for group in optimizer.param_groups]
    for step in range(steps):
        for group, rate in zip(optimizer.param_groups, start, strict=True):
            group["lr"] = rate * min(1.0, (step + 1) / WARM_UP) * (1.0 - step / steps)
        x, y = data.batches(OPTIONS.batch_size, rng)
        penalty = constraint.penalty(critic, x, y, rng)
        optimizer.zero_grad()
        (penalty - scores(critic, x).mean() + scores(critic, y).mean()).backward()
        optimizer.step()
        constraint.project(critic)
    constraint.finish(critic)
    # Muon rounds its steps to bfloat16: gradients that differ in the last digit may differ there.
    assert_allclose(weights(trained.critic), weights(critic), atol=2e-5)


def test_cones_take_steps_of_their_own_optimizer():
    constraint = CONSTRAINTS["cones"]
    trained, _ = fit(constraint.build(2, 0, 0), constraint, 2)
    assert type(trained.optimizer) is torch.optim.Adam


@pytest.mark.parametrize("steps", [1, 7, 50, 180])
def test_the_budget_ends_and_the_curve_has_its_records(steps):
    found, interrupted = fit(network(), WeightClipping(), steps)
    assert (found.step, interrupted) == (steps, False)
    assert len(found.history) == min(steps, RECORDS)
    assert found.history[-1].step == steps
    assert [r.step for r in found.history] == sorted({r.step for r in found.history})


def test_a_budget_in_seconds_ends_whatever_the_steps():
    found, _ = fit(network(), WeightClipping(), math.inf, seconds=0.3)
    assert found.step > 0 and 0.3 <= found.seconds < 30.0


def test_the_curve_is_the_gap_on_points_held_out():
    found, _ = fit(network(), GradientPenalty(), 5)
    data = pair()
    x, y = data.held_out(CURVE_POINTS, data.generator(OPTIONS.rng + 2))
    with torch.no_grad():
        gap = scores(found.critic, x).mean() - scores(found.critic, y).mean()
    assert_allclose(found.history[-1].held_out_gap, float(gap) * data.scale.spread, rtol=1e-5)


def test_the_best_weights_are_those_of_the_best_record():
    found, _ = fit(network(), GradientPenalty(), 60)
    unit = pair().scale.spread
    objectives = [(record.held_out_gap - record.penalty) / unit for record in found.history]
    assert_allclose(found.best_objective, max(objectives), rtol=1e-9)
    if objectives[-1] == max(objectives):
        assert all(torch.equal(found.best[k], v) for k, v in found.critic.state_dict().items())


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_of_two_calls_is_that_of_one_to_the_bit(name, tmp_path):
    """Stopped by Ctrl-C after some steps: the same budget ends at the same bits."""
    constraint = CONSTRAINTS[name]
    options = FitOptions(batch_size=16, checkpoint=tmp_path / "a.pt")

    def build():
        torch.manual_seed(0)
        return constraint.build(2, 8, 2)

    whole, _ = fit(build(), constraint, 20)
    part, _ = fit(build(), constraint, 20, options)
    again, _ = fit(network_like(build()), constraint, 20, options)  # has ended: the same once more
    for found in (part, again):
        assert torch.equal(weights(found.critic), weights(whole.critic))
        assert [r.held_out_gap for r in found.history] == [r.held_out_gap for r in whole.history]


def network_like(critic):
    """The same network with other weights, which the checkpoint replaces."""
    other = copy.deepcopy(critic)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(1.0)
    return other


def test_ctrl_c_stops_between_steps_and_the_rest_is_resumed(tmp_path):
    import os
    import signal

    class Pressing(WeightClipping):
        calls = 0

        def project(self, critic):
            super().project(critic)
            type(self).calls += 1
            if type(self).calls == 7:
                os.kill(os.getpid(), signal.SIGINT)

    options = FitOptions(batch_size=16, checkpoint=tmp_path / "a.pt")
    stopped, interrupted = fit(network(), Pressing(), 20, options)
    assert interrupted and stopped.step == 7
    resumed, interrupted = fit(network(seed=1), Pressing(), 20, options)
    assert not interrupted and resumed.step == 20
    whole, _ = fit(network(), WeightClipping(), 20)
    assert torch.equal(weights(resumed.critic), weights(whole.critic))


def test_frozen_parameters_and_frozen_members_stay():
    critic = Ensemble([network(), network(seed=1).requires_grad_(False)])
    before = copy.deepcopy(critic.members[1].state_dict())
    first = weights(critic.members[0])
    fit(critic, GradientPenalty(), 3)
    assert all(torch.equal(before[k], v) for k, v in critic.members[1].state_dict().items())
    assert not torch.equal(first, weights(critic.members[0]))


def test_progress_is_reported_in_steps():
    reports = []
    options = FitOptions(batch_size=16, progress=lambda *now: reports.append(now))
    fit(network(), WeightClipping(), 20, options)
    assert [done for done, _, _ in reports] == list(range(1, 21))
    assert {total for _, total, _ in reports} == {20}
    assert all(message.startswith("held_out_gap=") for *_, message in reports)


def test_a_loss_that_is_no_number_is_an_error():
    class Broken(GradientPenalty):
        def penalty(self, critic, real, fake, rng):
            return super().penalty(critic, real, fake, rng) * math.nan

    with pytest.raises(TrainingDivergedError, match=r"must stay finite, got .* at step 1"):
        fit(network(), Broken(), 3)


def test_a_loss_of_ones_own_is_minimized():
    """A regression on a constant gap of 2, in place of a game."""

    class Regression(Constraint):
        name = "regression"
        uses_own_optimizer = True

        def build(self, d, width, depth):
            return torch.nn.Linear(d, 1)

        def optimizer(self, parameters, learning_rate):
            return torch.optim.SGD(parameters, lr=0.2)

        def distance(self, held_out):
            return held_out.gap

        def loss(self, critic, real, fake, rng):
            usual = super().loss(critic, real, fake, rng)
            return usual._replace(total=(usual.gap - 2.0).square())

    options = FitOptions(batch_size=512)
    found, _ = fit(Regression().build(2, 0, 0), Regression(), 300, options)
    assert_allclose(found.history[-1].gap / pair().scale.spread, 2.0, rtol=0.1)


def test_products_of_bfloat16_need_a_network_of_float32():
    options = FitOptions(batch_size=16, precision="bfloat16")
    with pytest.raises(InvalidInputError, match=r"precision must be 'float32' for a network of"):
        fit_critic(
            network().double(), GradientPenalty(), pair(options, torch.float64),
            Budget(1, SECONDS), options,
        )  # fmt: skip
