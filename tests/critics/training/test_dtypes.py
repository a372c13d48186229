"""Networks of any dtype, with frozen parameters or under modes of the caller's."""

import numpy as np
import pytest
import torch

import otgan
from otgan.critics.networks.feedforward import mlp, orthogonal_mlp
from otgan.critics.training.options import FitOptions


def two_clouds():
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + [3, 4]


def quick_estimate(constraint, **more):
    options = FitOptions(batch_size=64, test_points=256)
    x, y = two_clouds()
    return otgan.estimate_w1(x, y, constraint, steps=3, device="cpu", options=options, **more)


def quick_run():
    config = otgan.GANConfig(
        steps=2, n_critic=1, width=8, monitor_every=1, monitor_points=16, evaluation_points=16
    )
    return otgan.train_gan(two_clouds()[0], config).evaluation.exact_w1


@pytest.fixture
def float64_by_default():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_critics_and_trainer_give_the_same_numbers_where_float64_is_the_default(
    float64_by_default,
):
    torch.set_default_dtype(torch.float32)
    usual = [quick_estimate(name).value for name in ("lp", "orthogonal", "cones")], quick_run()
    torch.set_default_dtype(torch.float64)
    assert (
        [quick_estimate(name).value for name in ("lp", "orthogonal", "cones")],
        quick_run(),
    ) == usual


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_critic_trains_where_the_caller_has_switched_gradients_off(mode):
    usual = quick_estimate("gp").value, quick_run()
    with mode():
        assert (quick_estimate("gp").value, quick_run()) == usual


def test_a_float64_network_is_trained_in_float64():
    made = []

    def network(d):
        made.append(mlp(d, width=32).double())
        return made[-1]

    found = quick_estimate("lp", network=network)
    assert {p.dtype for p in made[0].parameters()} == {torch.float64}
    # The same first weights: three steps in float32 end at the same number but for its rounding.
    single = quick_estimate("lp", network=lambda d: mlp(d, width=32))
    assert found.raw_gap == pytest.approx(single.raw_gap, rel=1e-4)
    x = torch.zeros(1, 2, dtype=torch.float64)
    assert found.critic(x).dtype == torch.float64


@pytest.mark.parametrize(
    ("constraint", "network"),
    [("gp", mlp), ("lp", mlp), ("clip", mlp), ("orthogonal", orthogonal_mlp)],
)
def test_parameters_that_require_no_gradient_stay_where_they_are(constraint, network):
    made = []

    def frozen(d):
        critic = network(d, width=16)
        critic[0].weight.requires_grad = critic[2].bias.requires_grad = False
        with torch.no_grad():
            critic[0].weight.mul_(3)
            critic[2].bias.fill_(5)
        made.append((critic, critic[0].weight.clone(), critic[2].weight.clone()))
        return critic

    quick_estimate(constraint, network=frozen)
    critic, first, second = made[0]
    assert torch.equal(critic[0].weight, first) and bool((critic[2].bias == 5).all())
    assert not torch.equal(critic[2].weight, second)
