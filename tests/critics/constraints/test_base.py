"""The base class of constraints: its defaults, what a class of one's own inherits, its refusals."""

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import nn

import otgan
from otgan.critics.constraints import Constraint, GradientPenalty, OrthogonalWeights
from otgan.critics.constraints.base import DEFAULT_WIDTH, REQUIRED
from otgan.critics.constraints.by_name import CONSTRAINTS, as_constraint
from otgan.critics.constraints.penalties import PenalizedSlope
from otgan.critics.constraints.serialization import constraint_from, described
from otgan.critics.networks.ensemble import members_of
from otgan.critics.networks.features import WithRadius
from otgan.critics.networks.feedforward import mlp, orthogonal_mlp
from otgan.errors import InvalidInputError
from tests.critics.linear_layer import linear_layer

CPU: dict[str, Any] = {"device": "cpu"}


class Plain(Constraint):
    """Only what must be defined."""

    name = "plain"

    def build(self, d, width, depth):
        return mlp(d, width=width, depth=depth)

    def optimizer(self, parameters, learning_rate):
        return torch.optim.SGD(parameters, lr=learning_rate or 0.1)

    def distance(self, held_out):
        return held_out.gap


def rng():
    return torch.Generator().manual_seed(0)


def batch(n=6, d=2):
    return torch.randn(n, d, generator=rng()), torch.randn(n, d, generator=rng()) + 1.0


def test_defaults_change_nothing():
    plain, critic = Plain(), mlp(2, width=4, depth=1)
    before = copy.deepcopy(critic.state_dict())
    x, y = batch()
    plain.start(critic, x, y)
    plain.project(critic)
    plain.finish(critic)
    assert all(torch.equal(before[k], v) for k, v in critic.state_dict().items())
    assert plain.scaled_to(3.0) is plain.in_standard_units(3.0) is plain.above_one is plain
    assert plain.penalty(critic, x, y, rng()) == 0.0
    assert plain.penalty_weight is None and not plain.n_start_points and not plain.capturable
    assert plain.fused_step(critic, None) is None


@pytest.mark.parametrize("name", sorted(CONSTRAINTS.keys() - {"distilled"}))
def test_the_loss_is_the_penalty_less_the_gap(name):
    constraint, (x, y) = CONSTRAINTS[name], batch()
    critic = constraint.build(2, 8, 2).eval()
    loss = constraint.loss(critic, x, y, rng())
    gap = (critic(x).mean() - critic(y).mean()).detach()
    torch.testing.assert_close(loss.gap.detach(), gap)
    torch.testing.assert_close(loss.penalty, constraint.penalty(critic, x, y, rng()))
    torch.testing.assert_close(loss.total, loss.penalty - loss.gap)


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_class_without_a_required_method_is_refused_by_its_name(missing):
    methods = {k: v for k, v in vars(Plain).items() if k in REQUIRED and k != missing}
    own = type("Own", (Constraint,), methods)
    with pytest.raises(InvalidInputError, match=f"got Own without {missing}; to fix it, define"):
        own()


def test_a_penalty_without_its_function_of_slopes_is_refused_as_well():
    own = type("Own", (PenalizedSlope,), {k: v for k, v in vars(Plain).items() if k in REQUIRED})
    with pytest.raises(InvalidInputError, match="got Own without slope_penalty; to fix it"):
        own()


def test_objects_of_other_classes_are_refused_with_what_they_lack():
    class Similar:
        name = "similar"
        build = optimizer = Plain.build

    similar: Any = Similar()
    itself: Any = Plain
    with pytest.raises(InvalidInputError, match=r"without distance; to fix it, derive its class"):
        as_constraint(similar)
    setattr(Similar, "distance", Plain.distance)  # noqa: B010
    for call in (as_constraint, lambda c: otgan.GANConfig(constraint=c)):
        with pytest.raises(InvalidInputError, match=r"derive its class from .*\.Constraint and"):
            call(similar)
    with pytest.raises(InvalidInputError, match=r"the class Plain itself; to fix it, pass Plain"):
        as_constraint(itself)


def test_constraints_are_copied_and_pickled():
    constraint = GradientPenalty(weight=3.0, one_sided=True)
    assert copy.deepcopy(constraint) == pickle.loads(pickle.dumps(constraint)) == constraint


def test_a_fused_step_ends_with_the_loss_that_it_was_written_for():
    class Halved(GradientPenalty):
        def penalty(self, critic, real, fake, rng):
            return super().penalty(critic, real, fake, rng) / 2

    class Mixin:
        def penalty(self, critic, real, fake, rng):
            return real.new_ones(())

    class Mixed(Mixin, OrthogonalWeights):
        pass

    class Renamed(GradientPenalty):
        """The same loss, another reading."""

        def distance(self, held_out):
            return held_out.gap

    relu, pairs = mlp(2, width=4), orthogonal_mlp(2, width=4)
    assert GradientPenalty().fused_step(relu, None) and Renamed().fused_step(relu, None)
    assert OrthogonalWeights().fused_step(pairs, None)
    assert Halved().fused_step(relu, None) is None
    assert Mixed().fused_step(pairs, None) is None
    assert GradientPenalty.capturable and not Renamed.capturable  # others' code may wait


@pytest.mark.parametrize("name", ["gp", "lp", "div", "orthogonal", "clip", "spectral"])
def test_fused_steps_leave_the_gradients_of_autograd(name):
    constraint, (x, y) = CONSTRAINTS[name], batch(64)
    torch.manual_seed(1)
    network = orthogonal_mlp if name in ("orthogonal", "clip", "spectral") else mlp
    critic = network(2, width=8, depth=2).double()
    x, y = x.double(), y.double()
    loss = constraint.loss(critic, x, y, rng())
    expected = torch.autograd.grad(loss.total, list(critic.parameters()), allow_unused=True)
    step = constraint.fused_step(critic, None)
    assert step is not None
    gap, penalty = step(x, y, rng())
    torch.testing.assert_close((gap, penalty), (loss.gap.detach(), loss.penalty.detach()))
    for parameter, gradient in zip(critic.parameters(), expected, strict=True):
        gradient = torch.zeros_like(parameter) if gradient is None else gradient
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "depth", "count"),
    [("clip", 3, 1), ("gp", 3, 1), ("lp", 5, 2), ("spectral", 3, 1), ("div", 5, 1),
     ("orthogonal", 9, 1)],
)  # fmt: skip
def test_default_networks_have_the_depth_and_members_of_their_constraint(name, depth, count):
    members = members_of(CONSTRAINTS[name].default_network(3))
    assert len(members) == count
    for member in members:
        assert isinstance(member, nn.Sequential)
        layers = [layer for layer in member.children() if isinstance(layer, nn.Linear)]
        assert [layer.out_features for layer in layers] == [DEFAULT_WIDTH] * depth + [1]
        assert isinstance(member[0], WithRadius) == (name in ("lp", "div"))


def test_under_a_two_sided_penalty_the_default_network_begins_flat():
    critic = CONSTRAINTS["gp"].default_network(3)
    assert (linear_layer(critic, -1).weight == 0).all()


def test_all_hooks_are_called_by_the_estimator():
    calls: list[object] = []

    class Watched(Plain):
        n_start_points = 32
        uses_own_optimizer = True

        def start(self, critic, x, y):
            calls.append(("start", len(x), len(y)))

        def in_standard_units(self, length):
            calls.append("units")
            return self

        def loss(self, critic, real, fake, rng):
            calls.append("loss")
            return super().loss(critic, real, fake, rng)

        def project(self, critic):
            calls.append("project")

        def finish(self, critic):
            calls.append("finish")

        @property
        def above_one(self):
            calls.append("above one")
            return self

    x, y = batch(200)
    estimate = otgan.estimate_w1(x, y, Watched(), steps=2, **CPU)
    steps = ["loss", "project"] * 2
    assert calls == ["units", ("start", 32, 32), "project", *steps, "finish", "above one"]
    assert estimate.constraint == "plain"


def test_a_constraint_of_ones_own_is_stored_but_not_rebuilt():
    assert described(Plain()) == {"name": "plain", "class": f"{__name__}.Plain"}
    with pytest.raises(InvalidInputError, match="must be one of clip"):
        constraint_from(described(Plain()))
