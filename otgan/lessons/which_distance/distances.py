"""The ten distances that this lesson compares.

All are in units of the first distribution's standard deviation. The kernel of MMD is Gaussian
with the bandwidth √d; Sinkhorn's cost is |x - y|² with ε = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from otgan.lessons.record import Record

__all__ = ["NAMES", "Distances"]

NAMES = {
    "kl": "KL(P‖Q)",
    "kl_back": "KL(Q‖P)",
    "js": "JS",
    "tv": "TV",
    "energy": "energy",
    "mmd": "MMD²",
    "sliced": "sliced",
    "w1": "W₁",
    "sinkhorn": "Sinkhorn",
    "frechet": "Fréchet",
}
"""The distances, by the fields of `Distances`."""


@dataclass(frozen=True, repr=False)
class Distances(Record):
    """Ten distances between two distributions.

    Attributes
    ----------
    kl, kl_back, js, tv : float
        KL(P‖Q), KL(Q‖P), JS in nats; total variation.
    energy, mmd : float
        Neither is rooted.
    sliced, w1 : float
    sinkhorn : float
        In squared units.
    frechet : float
        W₂ of the Gaussians with the same means and covariances.
    """

    kl: float
    kl_back: float
    js: float
    tv: float
    energy: float
    mmd: float
    sliced: float
    w1: float
    sinkhorn: float
    frechet: float
