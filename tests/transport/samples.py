"""Samples whose sliced distances are known."""

import math

import numpy as np


def two_normals(
    seed: int, n: int, m: int, d: int, shift: float, scale: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), scale * rng.normal(size=(m, d))
    y[:, 0] += shift
    return x, y


def sliced_shift(d: int, p: float) -> float:
    """Sliced distance of a distribution and its copy at distance one."""
    if p == 2:
        return d**-0.5
    return math.gamma(d / 2) / (math.sqrt(math.pi) * math.gamma((d + 1) / 2))
