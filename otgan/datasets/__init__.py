"""Data: laws to sample from, pairs of laws whose W1 is known, and loaders for files."""

from otgan.datasets.files import load, load_idx, load_images, load_points
from otgan.datasets.funnels import funnel_pair, funnel_pair_from
from otgan.datasets.known import KnownPair
from otgan.datasets.laws import (
    DATASETS,
    Ball,
    Cube,
    GaussianMixture,
    Law,
    Sample,
    Sampler,
    Shifted,
    Spheres,
    SwissRoll,
    digits,
    grid25,
    ring8,
    swissroll,
)

__all__ = [
    "DATASETS",
    "Ball",
    "Cube",
    "GaussianMixture",
    "KnownPair",
    "Law",
    "Sample",
    "Sampler",
    "Shifted",
    "Spheres",
    "SwissRoll",
    "digits",
    "funnel_pair",
    "funnel_pair_from",
    "grid25",
    "load",
    "load_idx",
    "load_images",
    "load_points",
    "ring8",
    "swissroll",
]
