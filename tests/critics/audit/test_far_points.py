"""Audits of points far from the origin."""

from typing import Any

import pytest

import otgan
from otgan.critics.networks.feedforward import OnOriginalScale
from tests.critics.short_fit import values
from tests.gan.short_run import CLOUD


@pytest.mark.parametrize("constraint", ["orthogonal", "distilled"])
def test_critics_of_points_far_from_the_origin_are_audited_as_near_it(constraint):
    """Time stamps, say: single precision holds a billion in steps of 64."""
    x, y = CLOUD[:150] + 2.0**30, CLOUD[150:300] + 2.0**30 + 3.0
    options = otgan.FitOptions(batch_size=32, test_points=100)
    call: dict[str, Any] = {"steps": 20, "device": "cpu", "options": options}
    critic = otgan.estimate_w1(x, y, constraint, **call).critic
    assert isinstance(critic, OnOriginalScale)
    center, scale = critic.center.numpy(), float(critic.scale)
    f_x, f_y = (scale * values(critic.critic, (p - center) / scale) for p in (x, y))
    audit = otgan.audit_critic(critic, x, y)
    assert audit.gap == pytest.approx(float(f_x.mean() - f_y.mean()), rel=1e-4)
    assert audit.gap > 0.1
