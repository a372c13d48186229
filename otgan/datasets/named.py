"""The data sets that are known by a name."""

from __future__ import annotations

from collections.abc import Callable

from otgan.datasets.distributions import Distribution, digits, grid25, ring8, swissroll
from otgan.datasets.stacked_digits import StackedDigits

__all__ = ["DATASETS"]

DATASETS: dict[str, Callable[[], Distribution]] = {
    "ring8": ring8,
    "grid25": grid25,
    "swissroll": swissroll,
    "digits": digits,
    "stacked_digits": StackedDigits,
}
