"""Networks of the user's own: copies, seeds, and what is refused before training."""

from typing import Any

import pytest
import torch
from torch import nn

from otgan.critics.networks.feedforward import mlp
from otgan.critics.pointwise import refuse_unless_pointwise
from otgan.errors import InvalidInputError
from otgan.gan.networks.dcgan import dcgan_critic, dcgan_generator
from otgan.gan.networks.mlp import mlp_critic
from otgan.gan.networks.modules import (
    as_module,
    check_critic,
    check_generator,
    refuse_probabilities,
    scores_mix_points,
)
from otgan.gan.networks.resnet import resnet_critic

CPU = torch.device("cpu")


def taken(given) -> Any:
    return as_module(given, "critic", rng=0, device=CPU)


class Applied(nn.Module):
    """A linear layer, and a function of its values."""

    def __init__(self, inputs, outputs, function):
        super().__init__()
        self.layer, self.function = nn.Linear(inputs, outputs), function

    def forward(self, points):
        return self.function(self.layer(points))


class Uncopyable(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)
        self.kept = self.layer.weight * 2  # no leaf of the graph

    def forward(self, points):
        return self.layer(points)


def frozen():
    return nn.Linear(2, 1).requires_grad_(False)


def from_inference_mode():
    with torch.inference_mode():
        return nn.Linear(2, 1)


def test_a_module_is_copied():
    module: Any = mlp(2, width=4)
    copied = taken(module)
    with torch.no_grad():
        copied[0].weight.zero_()
    assert bool(module[0].weight.any())


def test_a_factory_is_called_under_the_seed():
    before = torch.random.get_rng_state()
    one, again = taken(lambda: mlp(2, width=4)), taken(lambda: mlp(2, width=4))
    other: Any = as_module(lambda: mlp(2, width=4), "critic", rng=1, device=CPU)
    assert torch.equal(one[0].weight, again[0].weight)
    assert not torch.equal(one[0].weight, other[0].weight)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (7, "must be a torch.nn.Module, or a function without arguments.*got int"),
        (lambda: 7, "must be a torch.nn.Module.*got int"),
        (lambda d: mlp(d), "got a function that raised TypeError: .*missing 1 required"),
        (mlp, "got a function that raised TypeError"),
        (Uncopyable(), "one that cannot: RuntimeError: Only Tensors created explicitly"),
        (frozen, "must have parameters that learn, got all of them frozen"),
        (nn.ReLU(), "must have parameters that learn, got none"),
        (from_inference_mode, "outside of torch.inference_mode"),
        (lambda: nn.LazyLinear(1), "uninitialized parameter 'weight'"),
        (lambda: nn.Linear(2, 1).double(), "torch.float32, got torch.float64 in .*call .float()"),
        (
            lambda: nn.Linear(2, 1, dtype=torch.complex64),
            "got torch.complex64 in 'weight'.*hold real and imag",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_what_is_no_network_to_train_is_refused(given, message):
    with pytest.raises(InvalidInputError, match=message) as error:
        taken(given)
    assert "to fix it" in str(error.value)


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (nn.Linear(8, 3), (2,), r"shape \(n, 2\) for latents of shape \(n, 8\), got \(n, 3\)"),
        (nn.Linear(8, 64), (1, 8, 8), r"give shape \(n, 1, 8, 8\) .*, got \(n, 64\)"),
        (nn.Sequential(nn.Linear(8, 1), nn.Flatten(0)), (1,), r"got \(n,\)"),
        (nn.Linear(9, 2), (2,), r"latents of shape \(n, 8\), got one that raised RuntimeError"),
        (Applied(8, 2, lambda z: (z, z)), (2,), "floating-point numbers, got tuple"),
        (Applied(8, 2, lambda z: z.long()), (2,), "floating-point numbers, got torch.int64"),
        (Applied(8, 2, lambda z: z / 0), (2,), "finite numbers, got NaN or inf"),
        (Applied(8, 2, lambda z: z.detach()), (2,), "values without a gradient"),
    ],
)
def test_generators_that_do_not_fit_are_refused(module, shape, message):
    with pytest.raises(InvalidInputError, match=message) as error:
        check_generator(module, 8, shape)
    assert str(error.value).startswith("generator must ") and "to fix it" in str(error.value)


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (
            nn.Linear(2, 3),
            (2,),
            r"give shape \(n, 1\) or \(n,\) for points of shape \(n, 2\), got \(n, 3\)",
        ),
        (nn.Linear(8, 1), (1, 8, 8), r"got \(n, 1, 8, 1\)"),
        (nn.Linear(3, 1), (2,), r"points of shape \(n, 2\), got one that raised RuntimeError"),
        (Applied(2, 1, lambda z: z.mean()), (2,), r"got \(\)"),
        (Applied(2, 1, lambda z: z.log() / 0), (2,), "finite numbers, got NaN or inf"),
        (Applied(2, 1, lambda z: z.detach()), (2,), "values without a gradient"),
        (Applied(2, 1, lambda z: None), (2,), "got NoneType"),
    ],
)
def test_critics_that_do_not_fit_are_refused(module, shape, message):
    with pytest.raises(InvalidInputError, match=message) as error:
        check_critic(module, shape)
    assert str(error.value).startswith("critic must ") and "to fix it" in str(error.value)


def test_a_critic_that_does_not_look_at_the_points_is_refused():
    class Blind(nn.Linear):
        def forward(self, points):
            return super().forward(points.detach())

    with pytest.raises(InvalidInputError, match="differentiable in the points"):
        check_critic(Blind(2, 1), (2,))


def test_packs_and_scores_in_one_axis():
    check_critic(nn.Linear(6, 1), (2,), pack=3)
    check_critic(nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)), (2,))
    with pytest.raises(InvalidInputError, match=r"points of shape \(n, 6\)"):
        check_critic(nn.Linear(2, 1), (2,), pack=3)


@pytest.mark.parametrize("training", [True, False])
def test_modules_are_left_as_they_were(training):
    generator = dcgan_generator(5, (1, 8, 8), width=4).train(training)
    critic = nn.Sequential(nn.Dropout(), dcgan_critic((1, 8, 8), width=4, norm="batch"))
    critic.train(training)
    state = torch.random.get_rng_state()
    before = [value.clone() for m in (generator, critic) for value in m.state_dict().values()]
    check_generator(generator, 5, (1, 8, 8))
    check_critic(critic, (1, 8, 8))
    after = [value for m in (generator, critic) for value in m.state_dict().values()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(layer.training is training for m in (generator, critic) for layer in m.modules())
    assert all(weight.grad is None for m in (generator, critic) for weight in m.parameters())
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("build", [dcgan_critic, resnet_critic, mlp_critic])
@pytest.mark.parametrize("norm", ["layer", "spectral", None])
def test_norms_of_one_point_do_not_mix_points(build, norm):
    assert not scores_mix_points(build((1, 8, 8), width=4, norm=norm), (1, 8, 8))


@pytest.mark.parametrize("build", [dcgan_critic, resnet_critic, mlp_critic])
def test_batch_norm_mixes_points(build):
    critic = build((1, 8, 8), width=4, norm="batch")
    assert scores_mix_points(critic, (1, 8, 8))
    with pytest.raises(InvalidInputError, match=r"by itself under a penalty, got batch norm"):
        refuse_unless_pointwise(critic, (1, 8, 8), "under a penalty")


def test_statistics_of_the_batch_mix_points():
    critic = Applied(2, 1, lambda z: z - z.mean())
    assert scores_mix_points(critic, (2,))
    with pytest.raises(InvalidInputError, match="by itself under a penalty, got one that scores"):
        refuse_unless_pointwise(critic, (2,), "under a penalty")


def test_instance_norm_is_one_of_each_image():
    assert not scores_mix_points(dcgan_critic((1, 8, 8), width=4, norm="instance"), (1, 8, 8))


class Gated(nn.Module):
    """A critic with a sigmoid inside, registered last: its scores are no probabilities."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)
        self.gate = nn.Sigmoid()

    def forward(self, points):
        return 3.0 * self.gate(self.layer(points))


class EndsIn(nn.Module):
    """A critic whose forward ends in a function of the user's."""

    def __init__(self, last):
        super().__init__()
        self.layer, self.last = nn.Linear(2, 1), last

    def forward(self, points):
        return self.last(self.layer(points))


@pytest.mark.parametrize(
    "critic",
    [
        nn.Sequential(nn.Linear(2, 1), nn.Sigmoid(), nn.Flatten(0)),
        EndsIn(torch.sigmoid),
        EndsIn(lambda scores: scores.sigmoid()[:, 0]),
        EndsIn(lambda scores: nn.functional.sigmoid(scores).squeeze().unsqueeze(1).view(-1)),
        EndsIn(lambda scores: scores.sigmoid_().reshape(-1, 1)),
        EndsIn(lambda scores: scores.double().sigmoid().float().clone().T[0]),
    ],
)
def test_probabilities_are_refused_where_logits_are_meant(critic):
    with pytest.raises(InvalidInputError, match=r"must give logits .*, got probabilities"):
        refuse_probabilities(critic, (2,))


@pytest.mark.parametrize(
    "critic",
    [
        Gated(),
        nn.Sequential(nn.Sigmoid(), nn.Linear(2, 1)),
        EndsIn(lambda scores: scores.sigmoid() - 0.5),
        EndsIn(lambda scores: scores * scores.sigmoid()),
        EndsIn(torch.tanh),
    ],
)
def test_a_sigmoid_inside_is_none_of_the_scores(critic):
    refuse_probabilities(critic, (2,))


def test_modules_without_values_are_refused():
    with pytest.raises(InvalidInputError, match=r"must hold its weights, got 'weight' on"):
        taken(nn.Linear(2, 1, device="meta"))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_compiled_module_is_refused():
    module = torch.jit.script(nn.Linear(2, 1))
    with pytest.raises(InvalidInputError, match=r"torch\.jit\.script compiled; to fix it"):
        as_module(module, "generator", rng=0, device=torch.device("cpu"))
