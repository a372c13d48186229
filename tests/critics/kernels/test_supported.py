"""Gradients by hand only where they are those of autograd."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from otgan.critics.constraints.by_name import CONSTRAINTS
from otgan.critics.estimation.estimator import estimate_w1
from otgan.critics.kernels.maxmin import GapStep, is_maxmin_network
from otgan.critics.kernels.relu import PenalizedStep
from otgan.critics.kernels.relu_passes import is_relu_critic
from otgan.critics.networks.ensemble import Ensemble
from otgan.critics.networks.feedforward import mlp, orthogonal_mlp, radial_mlp
from otgan.critics.training.options import FitOptions
from tests.cases import refused
from tests.critics.linear_layer import linear_layer


def frozen(critic):
    critic[2].weight.requires_grad = False


def frozen_bias(critic):
    critic[-1].bias.requires_grad = False


def tied(critic):
    critic[4] = critic[2]


def tied_weight(critic):
    critic[4].weight = critic[2].weight


def watched(critic):
    critic[2].register_forward_hook(lambda layer, given, found: 2 * found)


def watched_before(critic):
    critic.register_forward_pre_hook(lambda layer, given: (given[0] + 1,))


def watched_behind(critic):
    critic[2].register_full_backward_hook(lambda layer, inward, outward: (2 * inward[0],))


def damped(critic):
    critic[0].weight.register_hook(lambda gradient: gradient / 2)


def clipped_after(critic):
    critic[0].weight.register_post_accumulate_grad_hook(lambda p: p.grad.clamp_(-1e-3, 1e-3))


def pruned(critic):
    prune.random_unstructured(critic[2], "weight", amount=0.5)


def spectral(critic):
    parametrizations.spectral_norm(critic[2])


def of_two_dtypes(critic):
    critic[2].double()


def another_forward(critic):
    critic[2].forward = lambda points: nn.functional.linear(points, critic[2].weight)


CHANGES = [
    frozen, frozen_bias, tied, tied_weight, watched, watched_before, watched_behind, damped,
    clipped_after, pruned, spectral, of_two_dtypes, another_forward,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("build", "known", "step"),
    [(mlp, is_relu_critic, PenalizedStep), (orthogonal_mlp, is_maxmin_network, GapStep)],
)
def test_what_is_more_than_its_layers_is_left_to_autograd(build, known, step, change):
    critic = build(8, width=8)
    assert known(critic)
    change(critic)
    assert not known(critic)
    with refused("use autograd for this critic"):
        step(critic)


def test_a_hook_on_every_module_is_seen():
    critic = mlp(2, width=8)
    hook = nn.modules.module.register_module_forward_hook(lambda *given: None)
    try:
        assert not is_relu_critic(critic)
    finally:
        hook.remove()
    assert is_relu_critic(critic)


def trained(constraint, network, **choices):
    """A few steps on points that are always the same; the network that was trained."""
    made = []

    def build(d):
        made.append(network(d))
        return made[-1]

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + 2
    options = FitOptions(batch_size=32, test_points=64, **choices)
    estimate_w1(x, y, constraint, steps=3, network=build, device="cpu", options=options)
    return made[0]


def test_a_gradient_hook_of_the_users_is_obeyed():
    def network(d):
        critic = mlp(d, width=8)
        linear_layer(critic, 0).weight.register_hook(torch.zeros_like)
        linear_layer(critic, 0).weight.data.fill_(0.5)
        return critic

    assert bool((trained("gp", network)[0].weight == 0.5).all())


@pytest.mark.parametrize("name", sorted(CONSTRAINTS.keys() - {"distilled"}))
@pytest.mark.parametrize("build", [mlp, orthogonal_mlp, radial_mlp])
def test_no_constraint_moves_what_is_frozen(name, build):
    before = {}

    def network(d):
        critic = Ensemble([build(d, width=8), build(d, width=8)])
        for key, parameter in critic.named_parameters():
            with torch.no_grad():
                parameter.mul_(3).add_(1)
            if key.startswith("members.0") or key.endswith("bias"):
                parameter.requires_grad = False
                before[key] = parameter.clone()
        return critic

    after = dict(trained(name, network).named_parameters())
    assert len(before) > 6
    assert all(torch.equal(after[key], value) for key, value in before.items())


def test_a_network_that_cannot_learn_is_refused():
    with refused("parameters that require gradients"):
        trained("gp", lambda d: mlp(d, width=8).requires_grad_(False))


def test_products_of_bfloat16_are_for_networks_of_float32():
    with refused("precision must be 'float32'", "float64"):
        trained("gp", lambda d: mlp(d, width=8).double(), precision="bfloat16")


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_a_network_of_half_precision_is_refused(kind):
    with refused("float32 or float64", str(kind), ".float()"):
        trained("gp", lambda d: mlp(d, width=8).to(kind))
