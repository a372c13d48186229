"""Minibatch discrimination: sums of exponentials of distances, and how the layer is put in."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.testing import assert_close

from otgan.critics.networks.feedforward import mlp
from otgan.critics.pointwise import mixes_points
from otgan.gan.objectives import SemiSupervised
from otgan.gan.objectives.semi_supervised import ClassScores
from otgan.gan.stabilizers import MinibatchDiscrimination, MinibatchFeatures
from tests.cases import refused

SMALL = MinibatchDiscrimination(n_kernels=3, kernel_dim=2)


def adapted(critic) -> Any:
    return SMALL.adapt_critic(critic)


def layer_with(weight, **settings):
    weight = torch.tensor(weight)
    a, b, c = weight.shape
    layer = MinibatchFeatures(a, n_kernels=b, kernel_dim=c, **settings)
    with torch.no_grad():
        layer.weight.copy_(weight)
    return layer


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


@pytest.mark.parametrize(("exclude_self", "n"), [(False, 6.0), (True, 5.0)])
def test_equal_points_count_all_or_all_others(exclude_self, n):
    layer = MinibatchFeatures(4, n_kernels=3, exclude_self=exclude_self)
    assert_close(layer(torch.full((6, 4), 0.7))[:, 4:], torch.full((6, 3), n))


def test_three_points_on_a_line_by_hand():
    near, far, both = math.exp(-1.0), math.exp(-2.0), math.exp(-3.0)
    points = torch.tensor([[0.0], [1.0], [3.0]])
    expected = torch.tensor([[0.0, 1 + near + both], [1.0, 1 + near + far], [3.0, 1 + far + both]])
    assert_close(layer_with([[[1.0]]])(points), expected)


def test_two_kernels_by_hand():
    """M of the points (1, 0) and (0, 1): kernel one (1, 2) and (3, 5), kernel two (0, 1) twice."""
    layer = layer_with([[[1.0, 2.0], [0.0, 1.0]], [[3.0, 5.0], [0.0, 1.0]]], exclude_self=True)
    appended = layer(torch.eye(2))[:, 2:]
    assert_close(appended, torch.tensor([[math.exp(-5.0), 1.0]] * 2))  # |1 - 3| + |2 - 5|


def test_the_layer_follows_the_formula():
    layer, x = MinibatchFeatures(4, n_kernels=3, kernel_dim=2).double(), normal(5, 4).double()
    m = torch.einsum("na,abc->nbc", x, layer.weight)
    distances = (m[:, None] - m[None]).abs().sum(dim=3)
    assert_close(layer(x), torch.cat([x, torch.exp(-distances).sum(dim=1)], dim=1))
    assert torch.autograd.gradcheck(layer, x.requires_grad_())


def test_a_batch_that_has_collapsed_is_told():
    critic = adapted(mlp(2, width=8, depth=1))
    SMALL.start(critic, critic, normal(32, 2), normal(32, 2))
    spread = critic[:-1](normal(32, 2, seed=1))[:, 8:]
    collapsed = critic[:-1](normal(32, 2, seed=1) * 0.01)[:, 8:]
    assert bool((collapsed.min() > spread.max()).all())


def test_at_the_start_nearest_neighbors_are_two_apart():
    critic = adapted(mlp(2, width=8, depth=1))
    real = normal(16, 2)
    assert SMALL.start(critic, critic, real, real) == {}
    features, weight = critic[:-2](real), critic[-2].weight
    m = torch.einsum("na,abc->nbc", features, weight)
    distances = (m[:, None] - m[None]).abs().sum(dim=3) + 1e9 * torch.eye(16)[:, :, None]
    assert_close(distances.amin(dim=1).mean(dim=0), torch.full((3,), 2.0))
    before = weight.detach().clone()
    critic(real * 5.0)  # scaled once, and not in each pass
    assert_close(weight.detach(), before, rtol=0.0, atol=0.0)


@pytest.mark.parametrize("n", [1, 4])
def test_equal_or_single_points_leave_the_scale_as_it_is(n):
    critic = adapted(mlp(2, width=8, depth=1))
    before = critic[-2].weight.detach().clone()
    SMALL.start(critic, critic, torch.zeros(n, 2), torch.zeros(n, 2))
    assert_close(critic[-2].weight.detach(), before, rtol=0.0, atol=0.0)


def test_the_critic_keeps_its_layers_and_gets_a_wider_last_one():
    plain = mlp(2, width=8, depth=2)
    critic = adapted(plain)
    assert list(critic)[:-2] == list(plain)[:-1]
    assert (critic[-1].in_features, critic[-1].out_features) == (11, 1)
    assert critic(normal(5, 2)).shape == (5, 1)
    assert mixes_points(critic, normal(8, 2)) and SMALL.mixes_points


def test_images_and_critics_without_a_last_bias():
    plain = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 1, bias=False)).double()
    critic = adapted(plain)
    assert critic[-1].bias is None
    assert critic(torch.zeros(3, 1, 4, 4, dtype=torch.float64)).dtype == torch.float64


def test_a_critic_that_has_the_layer_is_left_as_it_is():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.nearness, self.last = MinibatchFeatures(2, n_kernels=4), nn.Linear(6, 1)

        def forward(self, points):
            return self.last(self.nearness(points))

    own = Own()
    assert SMALL.adapt_critic(own) is own
    SMALL.start(own, own, normal(8, 2), normal(8, 2))
    assert_close(own.nearness(normal(8, 2)).shape, torch.Size([8, 6]))


def test_with_classes_in_either_order():
    classes = SemiSupervised(3)
    one = classes.adapt_critic(adapted(mlp(2, width=8, depth=1)))
    other = SMALL.adapt_critic(classes.adapt_critic(mlp(2, width=8, depth=1)))
    for critic in (one, other):
        assert isinstance(critic, ClassScores)
        assert critic.logits(normal(5, 2)).shape == (5, 3)
        assert critic.features(normal(5, 2)).shape == (5, 11)


def test_copies_and_stored_weights_give_the_same_scores():
    critic, points = adapted(mlp(2, width=8, depth=1)), normal(6, 2)
    SMALL.start(critic, critic, points, points)
    copied, restored = copy.deepcopy(critic), adapted(mlp(2, width=8, depth=1))
    restored.load_state_dict(critic.state_dict())
    for other in (copied, restored, copy.deepcopy(critic).eval()):
        assert torch.equal(other(points), critic(points))


@pytest.mark.parametrize(
    ("critic", "parts"),
    [
        (nn.Linear(2, 1), ("nn.Sequential ending in nn.Linear", "got Linear", "MinibatchFeatures")),
        (nn.Sequential(nn.Linear(2, 1), nn.ReLU()), ("nn.Sequential ending in nn.Linear",)),
        (nn.Sequential(), ("nn.Sequential ending in nn.Linear",)),
        (
            nn.Sequential(nn.Linear(2, 4), spectral_norm(nn.Linear(4, 1))),
            ("normalized weights", "critic_norm=None"),
        ),
    ],
)
def test_critics_that_cannot_carry_it_are_refused(critic, parts):
    with refused("minibatch discrimination must come with a critic", *parts):
        SMALL.adapt_critic(critic)


@pytest.mark.parametrize("settings", [{"n_kernels": 0}, {"kernel_dim": 2.5}, {"exclude_self": 1}])
def test_wrong_settings_are_refused(settings):
    with refused(next(iter(settings))):
        MinibatchDiscrimination(**settings)


def test_under_autocast_distances_are_in_float32():
    critic, points = adapted(mlp(2, width=8, depth=1)), normal(6, 2)
    with torch.autocast("cpu", torch.bfloat16):
        SMALL.start(critic, critic, points, points)
        features = critic[:-2](points)
        together = critic[-2](features)
    assert features.dtype == torch.bfloat16
    assert_close(together[:, 8:].float(), critic[-2](features.float())[:, 8:], rtol=2**-8, atol=0.0)
