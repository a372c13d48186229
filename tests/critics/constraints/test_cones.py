"""The constraint whose critics are minima of cones."""

import math

import torch
from numpy.testing import assert_allclose

from otgan.critics.constraints.base import HeldOutGap
from otgan.critics.constraints.cones import Cones
from otgan.critics.networks.cones import ConeNetwork
from otgan.datasets import funnel_pair


def test_training_finds_the_funnels():
    """Four cones are the truth here: from a start 50 % low, 300 steps reach 1 % on fresh points."""
    pair, rng = funnel_pair(8, 4), torch.Generator().manual_seed(0)
    rule = Cones(count=64)

    def draw(n):
        return [distribution.sample(n, rng).float() / 2.5 for distribution in (pair.x, pair.y)]

    torch.manual_seed(0)
    critic = rule.build(8, 128, 2)
    assert isinstance(critic, ConeNetwork)
    critic.place(*draw(256))
    optimizer = rule.optimizer(critic.parameters(), None)
    held_out = draw(8192)

    def deviation():
        with torch.no_grad():
            f_x, f_y = (critic.eval()(z).mean() for z in held_out)
        critic.train()
        return float(f_x - f_y) * 2.5 / pair.w1 - 1.0

    assert deviation() < -0.2
    for step in range(300):
        for group in optimizer.param_groups:
            group["lr"] = 0.02 * (1 - step / 300)
        x, y = draw(512)
        optimizer.zero_grad()
        (critic(y).mean() - critic(x).mean() + rule.penalty(critic, x, y, rng)).backward()
        optimizer.step()
        rule.project(critic)
    assert abs(deviation()) < 0.02


def test_the_constraint_reads_the_gap_as_it_is():
    rule = Cones()
    assert rule.name == "cones"
    assert (
        rule.distance(HeldOutGap(gap=0.7, penalty=0.0, lipschitz_upper=1.0, lipschitz_lower=0.9))
        == 0.7
    )
    optimizer = rule.optimizer(rule.build(16, 1, 1).parameters(), None)
    assert_allclose(optimizer.param_groups[0]["lr"], 0.01 / math.sqrt(16))
    assert rule.optimizer(rule.build(2, 1, 1).parameters(), 0.5).param_groups[0]["lr"] == 0.5
