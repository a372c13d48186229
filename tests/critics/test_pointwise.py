"""Critics that are no function of one point, found before any training, and in audits."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import otgan
from otgan.critics.networks.feedforward import mlp, orthogonal_mlp, radial_mlp
from otgan.critics.pointwise import mixes_points, refuse_unless_pointwise
from otgan.critics.training.options import FitOptions
from otgan.errors import InvalidInputError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(200, 2)), RNG.normal(size=(200, 2)) + [3.0, 0.0]


class Between(nn.Module):
    """A small network with an operation between its layers."""

    def __init__(self, operation, last=1.0):
        super().__init__()
        self.first, self.last, self.operation = nn.Linear(2, 8), nn.Linear(8, 1), operation
        with torch.no_grad():
            self.last.weight.mul_(last)
            self.last.bias.mul_(last)

    def forward(self, points):
        return self.last(self.operation(self.first(points).relu(), self))


def discrimination(z, m):
    """Minibatch discrimination: how near the other points of the batch are."""
    return z + torch.exp(-torch.cdist(z, z)).sum(dim=1, keepdim=True)


def centered_in_training(z, m):
    return z - z.mean(dim=0) if m.training else z


def normalized_in_training(z, m):
    z = functional.dropout(z, 0.5, m.training)
    return functional.batch_norm(z, torch.zeros(8), torch.ones(8), training=m.training)


MIXING = {
    "functional batch norm": lambda z, m: functional.batch_norm(z, None, None, training=True),
    "batch statistics": lambda z, m: (z - z.mean(dim=0)) / (z.std(dim=0, correction=0) + 1e-3),
    "deviation of the batch as a feature": lambda z, m: z + z.std(dim=0, correction=0).mean(),
    "deviation that is NaN for one point": lambda z, m: z + z.std(dim=0).mean(),
    "minibatch discrimination": discrimination,
    "attention to the batch": lambda z, m: torch.softmax(z @ z.T, dim=1) @ z,
    "only in training mode": centered_in_training,
    "neighbors in the batch": lambda z, m: z + 0.1 * z.roll(1, dims=0),
    "the batch's size": lambda z, m: z * len(z),
}

ALONE = {
    "LayerNorm": lambda z, m: functional.layer_norm(z, (8,)),
    "GroupNorm": lambda z, m: functional.group_norm(z, 2),
    "InstanceNorm": lambda z, m: functional.instance_norm(z[:, None])[:, 0],
    "sorting features": lambda z, m: z.sort(dim=1).values,
    "dropout in training mode": lambda z, m: functional.dropout(z, 0.5, m.training),
    "the size of one point": lambda z, m: z / z.shape[1],
}


@pytest.mark.parametrize("name", MIXING)
@pytest.mark.parametrize("last", [1.0, 0.0])  # zeros at the end hide all until it is trained
def test_what_mixes_the_points_of_a_batch_is_refused_before_training(name, last):
    with pytest.raises(InvalidInputError, match="score every point by itself"):
        otgan.estimate_w1(
            X, Y, "lp", steps=10**9, network=lambda d: Between(MIXING[name], last), device="cpu"
        )


@pytest.mark.parametrize("name", ALONE)
def test_what_looks_at_one_point_is_not_refused(name):
    critic = Between(ALONE[name])
    refuse_unless_pointwise(critic, (2,))
    assert not mixes_points(critic, torch.randn(8, 2))


@pytest.mark.parametrize(
    "name",
    ["only in training mode", *(pytest.param(n, marks=pytest.mark.slow) for n in MIXING)],
)
def test_the_audit_names_what_mixes_points_in_either_mode(name):
    torch.manual_seed(0)
    assert otgan.audit_critic(Between(MIXING[name]), X, Y).diagnosis_names[:1] == ("batch norm",)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALONE)
def test_the_audit_does_not_blame_what_looks_at_one_point(name):
    torch.manual_seed(0)
    assert "batch norm" not in otgan.audit_critic(Between(ALONE[name]), X, Y).diagnosis_names


class Counting(nn.Module):
    """Scores that grow with every call: a state."""

    def __init__(self, buffer):
        super().__init__()
        self.layer = nn.Linear(2, 1)
        if buffer:
            self.register_buffer("calls", torch.zeros(()))
        else:
            self.calls = torch.zeros(())

    def forward(self, points):
        self.calls += 1
        return self.layer(points) + self.calls


@pytest.mark.parametrize(
    "build",
    [
        lambda: Counting(True),
        lambda: Counting(False),
        lambda: Between(lambda z, m: functional.dropout(z)),
        lambda: Between(lambda z, m: z + torch.randn_like(z)),
    ],
)
def test_critics_that_score_a_point_differently_each_time_are_refused(build):
    with pytest.raises(InvalidInputError, match="same score each time"):
        otgan.estimate_w1(X, Y, "lp", steps=10**9, network=lambda d: build(), device="cpu")


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (lambda z, m: z * torch.nan, "got NaN or inf"),
        (lambda z, m: (z - 1e9).log(), "got NaN or inf"),
        (lambda z, m: z.detach() * 0 + m.last.weight.detach(), "values without a gradient"),
        (lambda z, m: z[:, :3], "n, 2"),
        (lambda z, m: z[:2], r"one number for each point, got shape \(2, 1\)"),
        (lambda z, m: 1 / 0, "division by zero"),
        (lambda z, m: z.nonsense, "nonsense"),
    ],
)
def test_critics_that_return_no_numbers_are_refused(operation, message):
    class Critic(Between):
        def forward(self, points):
            values = super().forward(points)
            return values.detach() if "gradient" in message else values

    with pytest.raises(InvalidInputError, match=message) as error:
        otgan.estimate_w1(
            X, Y, "lp", steps=10**9, network=lambda d: Critic(operation), device="cpu"
        )
    assert "to fix it" in str(error.value)


@pytest.mark.parametrize("returned", [lambda z: (z, z), lambda z: None, lambda z: z.tolist()])
def test_critics_that_return_something_else_are_refused(returned):
    class Critic(Between):
        def forward(self, points):
            return returned(super().forward(points))

    with pytest.raises(InvalidInputError, match="must return one number for each point, got a"):
        otgan.estimate_w1(
            X, Y, "lp", steps=1, network=lambda d: Critic(lambda z, m: z), device="cpu"
        )


@pytest.mark.parametrize(
    "critic",
    [
        mlp(2, width=16),
        radial_mlp(2, width=16),
        orthogonal_mlp(2, width=16),
        nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 8)), nn.Linear(8, 1)),
        nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 1)),
        mlp(2, width=16).double(),
        mlp(2, width=16).bfloat16(),
    ],
)
def test_a_critic_is_left_as_it_was(critic):
    critic[0].eval()
    before = {key: value.clone() for key, value in critic.state_dict().items()}
    modes = [module.training for module in critic.modules()]
    refuse_unless_pointwise(critic, (2,))
    assert all(torch.equal(value, before[key]) for key, value in critic.state_dict().items())
    assert [module.training for module in critic.modules()] == modes


def test_a_batch_norm_of_ones_own_is_left_with_its_statistics():
    norm = nn.BatchNorm1d(2)
    assert mixes_points(nn.Sequential(norm, nn.Linear(2, 1)), torch.randn(8, 2))
    assert norm.running_mean is not None
    assert norm.num_batches_tracked == 0 and torch.equal(norm.running_mean, torch.zeros(2))


def test_nothing_random_is_drawn_from_the_generator_of_the_user():
    critic = Between(ALONE["dropout in training mode"])
    before = torch.random.get_rng_state()
    refuse_unless_pointwise(critic, (2,))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_dropout_that_is_off_in_evaluation_still_trains():
    r = otgan.estimate_w1(
        X,
        Y,
        "lp",
        steps=20,
        network=lambda d: nn.Sequential(nn.Linear(d, 8), nn.Dropout(0.1), nn.Linear(8, 1)),
        device="cpu",
        options=FitOptions(batch_size=32, test_points=1000),
    )
    assert r.steps == 20 and np.isfinite(r.value)
