"""Settings of a fit of a few steps, two samples for it, and values of a critic."""

from typing import Any

import numpy as np
import torch

from otgan.critics.training.options import FitOptions

SHORT: dict[str, Any] = {"device": "cpu", "options": FitOptions(batch_size=64, test_points=1000)}


def two_gaussians(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Samples of N(0, I) and N((3, 4), I), whose distributions are 5 apart."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) + [3.0, 4.0]


def values(critic, points):
    with torch.no_grad():
        return critic(torch.tensor(points, dtype=torch.float32)).reshape(-1).numpy()
