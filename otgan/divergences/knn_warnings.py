"""Warnings about estimates by nearest neighbors, a sentence each."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from otgan.divergences.gaussian_start import Whitening
from otgan.measures import FloatArray

__all__ = [
    "ALTERNATIVE_POINTS",
    "some_of",
    "warn_disagreement",
    "warn_few_points",
    "warn_many_dimensions",
    "warn_negative",
    "warn_out_of_reach",
    "warn_unstable",
]

ALTERNATIVE_POINTS = 500
"""Estimates by other settings take so many points of each sample, at most."""

_AGREEMENT = 0.5  # nats between settings, beyond a standard error, that call for no warning
_FEW_DIMENSIONS = 6  # up to which neighbors show all of JS
_OUT_OF_REACH = 0.02  # fraction of x that may lie farther from y than any y does from another


def some_of(x: FloatArray, size: int, rng: np.random.Generator) -> FloatArray:
    """At most so many of the points, drawn without replacement."""
    return x if len(x) <= size else x[rng.choice(len(x), size, replace=False)]


def warn_few_points(x: FloatArray, y: FloatArray) -> list[str]:
    """For samples that cannot fill their space."""
    d, small = x.shape[1], min(len(x), len(y))
    if small > 2 * d:
        return []
    return [
        f"{small} points determine no densities in {d} dimensions: the value and its error are "
        'unreliable; to fix it, use fewer coordinates, more points, or method="classifier"'
    ]


def warn_unstable(near: float, wide: float) -> list[str]:
    """For an estimate that depends on how wide its balls are."""
    return [
        f"the estimate changes from {wide:.3g} to {near:.3g} with smaller balls, and may change "
        "further: its interval does not count this bias; more points help, or fewer coordinates"
    ]


def warn_out_of_reach(x: FloatArray, y: FloatArray, rng: np.random.Generator) -> list[str]:
    """For points of x farther from y than the points of y are from each other."""
    x, y = some_of(x, ALTERNATIVE_POINTS, rng), some_of(y, ALTERNATIVE_POINTS, rng)
    if whitening := Whitening.of(y):
        x, y = whitening(x), whitening(y)
    tree = cKDTree(y)
    reach = tree.query(y, k=[2])[0].max()
    fraction = float((tree.query(x, k=[1])[0] > reach).mean())
    if fraction <= _OUT_OF_REACH:
        return []
    return [
        f"{fraction:.1%} of x lie farther from y than any point of y does from another: the "
        "density of y is unknown there, and KL with it; more points of y help"
    ]


def warn_disagreement(estimates: dict[str, float], se: float) -> list[str]:
    """For settings that disagree on the same points."""
    ours = estimates["this"]
    neighbors = {name: value for name, value in estimates.items() if name != "Gaussian"}
    low, high = (pick(neighbors, key=lambda name: neighbors[name]) for pick in (min, max))
    least, most = neighbors[low], neighbors[high]
    if most - least > _AGREEMENT + se:
        return [
            f"other settings disagree, from {least:.3g} ({low}) to {most:.3g} ({high}), and these "
            f"settings give {ours:.3g} on the same points: balls are too wide for densities that "
            "vary so much; more points help, or fewer coordinates"
        ]
    gaussian = estimates.get("Gaussian", ours)
    if abs(gaussian - ours) > _AGREEMENT + se:
        return [
            f"Gaussians fitted to both samples have KL {gaussian:.3g}, while neighbors give "
            f"{least:.3g} to {most:.3g}: these distributions are not Gaussian"
        ]
    return []


def warn_many_dimensions(value: float, se: float, d: int) -> list[str]:
    """For a JS whose balls are so wide that the distributions differ inside of them."""
    if d <= _FEW_DIMENSIONS or value <= 3 * se:
        return []
    return [
        f"in {d} dimensions neighbors show only a part of JS, as the distributions differ inside "
        'of their balls; method="classifier" shows more'
    ]


def warn_negative(value: float, se: float) -> list[str]:
    """For a divergence that is negative beyond noise."""
    if value >= -4 * se:
        return []
    return [
        f"no divergence is negative, and this one is by {-value / se:.0f} standard errors: are the "
        "points independent, rows copied, or a density given for its logarithm?"
    ]
