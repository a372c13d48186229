"""Small problems with known answers, as the estimator sees them."""

from typing import Any

import numpy as np
import torch
from torch import nn

from otgan.critics.training.data import as_distributions
from otgan.critics.training.options import FitOptions
from otgan.inference.held_out import HeldOutBracket

CPU = torch.device("cpu")
OPTIONS = FitOptions(batch_size=64, test_points=4_000)


def clouds(n: int = 400, m: int = 360, d: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two Gaussians that a shift by (3, 4) brings onto each other, so W1 = 5."""
    rng = np.random.default_rng(seed)
    shift = np.zeros(d)
    shift[: min(d, 2)] = (3.0, 4.0)[: min(d, 2)]
    return rng.normal(size=(n, d)) + shift, rng.normal(size=(m, d))


def distributions(x, y, options=OPTIONS):
    """Both as the estimator sees them, on the CPU."""
    return as_distributions(x, y, options, CPU)


def linear(*slopes):
    """f(z) = slopes . z"""
    layer = nn.Linear(len(slopes), 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([slopes]))
    return layer


def bracket(lower, upper, se=0.1):
    """A bracket with these estimates, whose transport is not asked for."""
    not_asked_for: Any = None
    return HeldOutBracket(lower, se, upper, se, 10, 10, transport=not_asked_for)
