"""A trained critic and generator are in the units of the data."""

from typing import Any

import numpy as np
import pytest
import torch

import otgan
from otgan.critics.networks.feedforward import OnOriginalScale
from otgan.gan.load import critic_of_checkpoint
from tests.critics.short_fit import values
from tests.gan.short_run import CLOUD, RUN


def test_a_trained_critic_and_generator_are_in_the_units_of_the_data(tmp_path):
    """A change of units changes a run in nothing but its units: f(sx + c) = s f(x)."""
    changes: dict[str, Any] = {"monitor_points": 100, "constraint": "orthogonal"}
    config = otgan.GANConfig(**{**RUN, **changes}, latent_dim=8)
    plain = otgan.train_gan(CLOUD, config, out=tmp_path)
    far = otgan.train_gan(64.0 * CLOUD + 1024.0, config)
    assert isinstance(plain.critic, OnOriginalScale) and isinstance(far.critic, OnOriginalScale)
    points = torch.tensor(CLOUD[:50])  # float64: single precision rounds 64 x + 1024 by 6e-5
    single: dict[str, Any] = {"rtol": 1.3e-6, "atol": 1e-5}
    torch.testing.assert_close(far.critic(64 * points + 1024), 64 * plain.critic(points), **single)
    latents = torch.randn(20, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        far.generator(latents), 64 * plain.generator(latents) + 1024, rtol=1e-4, atol=1e-2
    )
    assert not torch.equal(plain.generator(latents), plain.generator.network(latents))
    real, fake = plain.monitor.real, plain.generate(100)
    audit = otgan.audit_critic(plain.critic, real, fake)
    exact = otgan.emd(real, fake).distance
    assert audit.sample_distance == pytest.approx(exact, rel=1e-12)
    opened = critic_of_checkpoint(tmp_path / "checkpoint.pt")
    assert torch.equal(opened(points), plain.critic(points))
    gap = float(np.mean(values(plain.critic, real)) - np.mean(values(plain.critic, fake)))
    shown = plain.monitor.critic_values(plain.critic.critic, real)
    np.testing.assert_allclose(values(plain.critic, real), shown, rtol=1e-5, atol=1e-6)
    assert gap == pytest.approx(audit.gap, rel=1e-5)


@pytest.mark.parametrize(("scale", "center"), [(1.0, 1e9), (1e60, 0.0), (1e-60, 0.0)])
def test_points_that_single_precision_does_not_hold_keep_their_digits(scale, center):
    """Seconds since 1970, and units beyond float32, are no reason for a generator of constants."""
    config = otgan.GANConfig(**{**RUN, "monitor_points": 100}, latent_dim=8)
    plain, far = (otgan.train_gan(x, config) for x in (CLOUD, scale * CLOUD + center))
    latents = torch.randn(20, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        points, found = plain.generator(latents), far.generator(latents)
        assert points.dtype == torch.float32 and found.dtype == torch.float64
        back = (found - center) / scale
        torch.testing.assert_close(back, points.double(), rtol=1e-3, atol=1e-3)
        assert back.std(dim=0).min() > 0
        inputs = torch.tensor(CLOUD[:50])
        assert plain.critic is not None and far.critic is not None
        scores, expected = far.critic(scale * inputs + center) / scale, plain.critic(inputs)
    torch.testing.assert_close(scores, expected, rtol=1e-3, atol=1e-3)
