"""The nine changes of the lesson in six sizes each, as shifts that look as large."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from otgan.lessons.record import Record
from otgan.lessons.which_distance.closed_forms import of_moved_uniform, of_rotation, of_rounding
from otgan.lessons.which_distance.distances import Distances
from otgan.lessons.which_distance.mixtures import NORMAL, Mixture, of_mixtures
from otgan.lessons.which_distance.shifts import equivalent_shifts, of_scaled_shift, of_shift

__all__ = ["Sized", "changes_in_sizes"]


@dataclass(frozen=True, repr=False)
class Sized(Record):
    """A change in several sizes.

    Attributes
    ----------
    name : str
        As in `Change`.
    what : str
        What the size is.
    sizes : tuple of float
    shifts : tuple of Distances
        By how many standard deviations a normal distribution must move to look as far apart.
    """

    name: str
    what: str
    sizes: tuple[float, ...]
    shifts: tuple[Distances, ...]


def changes_in_sizes() -> tuple[Sized, ...]:
    """All changes; some seconds.

    Examples
    --------
    >>> rounding = changes_in_sizes()[-1]  # doctest: +SKIP
    >>> rounding.sizes[1], f"{rounding.shifts[1].w1:.3f}"  # doctest: +SKIP
    (0.1, '0.025')
    """
    return tuple(
        Sized(name, what, sizes, tuple(equivalent_shifts(change(size)) for size in sizes))
        for name, what, sizes, change in CHANGES
    )


def _with_outlier(far: float) -> Distances:
    return of_mixtures(NORMAL, Mixture.of((0.99, 0, 1), (0.01, far, 1)))


def _without_mode(fraction: float) -> Distances:
    return of_mixtures(Mixture.of((1 - fraction, 0, 1), (fraction, 10, 1)), NORMAL)


def _humps(deviation: float) -> Distances:
    apart = math.sqrt(1 - deviation**2)
    return of_mixtures(NORMAL, Mixture.of((0.5, -apart, deviation), (0.5, apart, deviation)))


CHANGES: tuple[tuple[str, str, tuple[float, ...], Callable[[float], Distances]], ...] = (
    ("shift", "the mean moves, by so many σ", (0.25, 0.5, 1, 2, 4, 8), of_shift),
    (
        "units",
        "a shift of 1σ in smaller units: so many a σ",
        (0.1, 1, 10, 100, 1000, 10_000),
        lambda unit: of_scaled_shift(1, unit),
    ),
    (
        "noise",
        "a shift of 1σ in one of so many coordinates",
        (1, 3, 10, 30, 100, 300),
        lambda d: of_shift(1, int(d)),
    ),
    (
        "disjoint",
        "a uniform distribution moves, by so many σ",
        (0.5, 1, 2, 3, 5, 10),
        of_moved_uniform,
    ),
    ("outlier", "1 % of the mass goes so many σ away", (2, 5, 10, 20, 50, 100), _with_outlier),
    (
        "lost mode",
        "this fraction of the mass, 10σ away, is lost",
        (0.01, 0.02, 0.05, 0.1, 0.2, 0.4),
        _without_mode,
    ),
    ("rotation", "this correlation changes its sign", (0.1, 0.3, 0.5, 0.7, 0.9, 0.99), of_rotation),
    (
        "humps",
        "two humps of this deviation, same mean and variance",
        (0.9, 0.7, 0.5, 0.3, 0.2, 0.1),
        _humps,
    ),
    (
        "rounding",
        "numbers are rounded to this part of σ",
        (0.05, 0.1, 0.25, 0.5, 1, 2),
        of_rounding,
    ),
)
"""Name, what the size is, sizes, and all distances at a size."""
