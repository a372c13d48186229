"""The checkpoint of a run, opened as its critic."""

import numpy as np
import pytest

import otgan
from otgan.critics.audit.load import load_critic
from tests.critics.short_fit import values
from tests.gan.short_run import CLOUD, RUN


@pytest.mark.parametrize(
    "constraint", ["clip", "gp", "spectral", "div", "orthogonal", "cones", "distilled"]
)
def test_the_checkpoint_of_any_run_opens_as_its_critic(tmp_path, constraint):
    """Orthogonal critics were rebuilt as ReLU networks, and none knew its scale."""
    config = otgan.GANConfig(**{**RUN, "constraint": constraint})
    result = otgan.train_gan(64.0 * CLOUD + 1024.0, config, out=tmp_path)
    opened = load_critic(tmp_path / "checkpoint.pt")
    points = 64.0 * CLOUD[:30] + 1024.0
    np.testing.assert_array_equal(values(opened, points), values(result.critic, points))


def test_checkpoints_that_are_no_critic_say_so(tmp_path):
    otgan.train_gan("ring8", otgan.GANConfig(**{**RUN, "objective": "exact"}), out=tmp_path)
    with pytest.raises(otgan.errors.InvalidInputError, match="a run that trains a critic"):
        load_critic(tmp_path / "checkpoint.pt")
    path = tmp_path / "fit.pt"
    options = otgan.FitOptions(batch_size=16, test_points=100, checkpoint=path)
    otgan.estimate_w1(CLOUD, CLOUD + 1.0, "orthogonal", steps=2, device="cpu", options=options)
    with pytest.raises(otgan.errors.InvalidInputError, match="got that of a fit"):
        load_critic(path)
