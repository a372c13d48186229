"""What benchmarks have measured, as lessons hold it: a number for each seed, and their mean."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from otgan.measures import FloatArray

__all__ = ["CONFIDENCE", "OverSeeds", "half_widths", "measured", "over_seeds"]

CONFIDENCE = 0.95
"""Of the intervals."""

MOST_SEEDS = 40


class OverSeeds(NamedTuple):
    """A number over runs that differ in their seed alone.

    Attributes
    ----------
    mean, se : float
        The mean, and its standard error; NaN for a single run.
    low, high : float
        The interval of the mean by Student's t, which takes that seeds scatter normally.
    """

    mean: float
    se: float
    low: float
    high: float

    def shown(self, form: str = ".3g") -> str:
        """Mean ± standard error."""
        return f"{self.mean:{form}}" + ("" if math.isnan(self.se) else f" ± {self.se:{form}}")


def measured(lesson: str) -> Any:
    """The measurements of a lesson, which `benchmarks/for_lessons.py` has put into its package."""
    file = files("otgan.lessons").joinpath(lesson, "measured.json")
    return json.loads(file.read_text(encoding="utf-8"))


def over_seeds(values: Any) -> OverSeeds:
    """Mean, standard error and interval of the numbers of several runs.

    Examples
    --------
    >>> over_seeds([1.0, 2.0, 3.0]).shown()
    '2 ± 0.577'
    """
    numbers: FloatArray = np.asarray(values, dtype=float)
    mean, count = float(numbers.mean()), len(numbers)
    if count < 2:
        return OverSeeds(mean, math.nan, math.nan, math.nan)
    se = float(numbers.std(ddof=1)) / math.sqrt(count)
    half = half_widths(count)[count] * se
    return OverSeeds(mean, se, mean - half, mean + half)


def half_widths(most: int = MOST_SEEDS) -> list[float]:
    """Half an interval in standard errors, for 0, 1, 2, ... runs; zero where there is none."""
    from scipy.special import stdtrit

    return [0.0, 0.0, *(float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) for n in range(2, most + 1))]
