"""The statistics of a two-sample test by their names, and any function of two samples as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan.errors import InvalidInputError, nearest_name
from otgan.label_statistic import BoolArray, LabelStatistic, Statistic
from otgan.measures import FloatArray

__all__ = ["STATISTICS", "FunctionOfSamples", "as_statistic"]

KNN_OF_TEST = 10
"""Which neighbor "knn" takes: a larger one than for estimates, as it varies less, and bias does no
harm to the level."""


@dataclass(frozen=True)
class FunctionOfSamples:
    """Any function of two arrays of points, called anew for every permutation."""

    function: Callable[[FloatArray, FloatArray], Any]

    @property
    def name(self) -> str:
        """The name of the function."""
        return getattr(self.function, "__name__", type(self.function).__name__)

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> LabelStatistic:
        """The function on the points of either label."""
        pool = np.concatenate([x, y])

        def values(labels: BoolArray) -> FloatArray:
            return np.array([self._value(pool[row], pool[~row]) for row in labels])

        return LabelStatistic(len(x), len(y), values, batch=1)

    def _value(self, x: FloatArray, y: FloatArray) -> float:
        value = self.function(x, y)
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = np.nan
        if not np.isfinite(number):
            raise InvalidInputError(
                f"statistic must return a finite number, got {value!r}; to fix it, return a float "
                "for every two arrays of points"
            )
        return number


def as_statistic(statistic: Any) -> Statistic:
    """A statistic from its name, an object, or a function.

    Raises
    ------
    InvalidInputError
        Anything else.
    """
    if isinstance(statistic, str):
        if statistic not in STATISTICS:
            names = ", ".join(map(repr, STATISTICS))
            raise InvalidInputError(
                f"statistic must be one of {names}, or a callable, got {statistic!r}; to fix it, "
                f"{nearest_name(statistic, STATISTICS)}"
            )
        return STATISTICS[statistic]()
    if hasattr(statistic, "prepare") and not isinstance(statistic, type):
        return statistic
    if callable(statistic) and not hasattr(statistic, "prepare"):
        return FunctionOfSamples(statistic)
    raise InvalidInputError(
        "statistic must be a name, an object such as MMD(bandwidth=1.0) or a function of two "
        f"arrays, got {statistic!r}; to fix it, pass one of these (an object, not its class)"
    )


# Modules are loaded when their statistic is asked for: some of them load Numba.


def _wasserstein() -> Statistic:
    from otgan.inference.wasserstein_statistics import Wasserstein

    return Wasserstein()


def _sliced() -> Statistic:
    from otgan.inference.wasserstein_statistics import SlicedWasserstein

    return SlicedWasserstein()


def _energy() -> Statistic:
    from otgan.divergences.energy import Energy

    return Energy()


def _mmd() -> Statistic:
    from otgan.divergences.mmd import MMD

    return MMD()


def _knn() -> Statistic:
    from otgan.divergences.nearest_neighbors import NearestNeighbors

    return NearestNeighbors(k=KNN_OF_TEST, start="none", whiten=False)


def _classifier() -> Statistic:
    from otgan.divergences.classifier import Classifier

    return Classifier()


STATISTICS: Mapping[str, Callable[[], Statistic]] = {
    "wasserstein": _wasserstein,
    "sliced": _sliced,
    "energy": _energy,
    "mmd": _mmd,
    "knn": _knn,
    "classifier": _classifier,
}
"""What makes each of them."""
