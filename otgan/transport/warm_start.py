"""What a solve may start from: potentials, and the arcs of a plan, of an earlier one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.costs import GroundCost
from otgan.errors import InvalidInputError
from otgan.inputs.tables import read_table
from otgan.measures import FloatArray, as_float64
from otgan.transport.result import TransportResult

__all__ = ["WarmStart", "as_start"]

LARGEST_POTENTIAL = 1e100
"""In units of the largest cost: squares of it are floats."""

Indices = npt.NDArray[np.integer]


class WarmStart(NamedTuple):
    """Potentials that may be near optimal ones, and arcs that may carry mass.

    Nothing has to hold for them: they decide how long a solve takes, and not what it finds.

    Attributes
    ----------
    i, j : ndarray, shapes (arcs,)
    f, g : ndarray, shapes (n,) and (m,)
    stays_x, stays_y : ndarray
        The points where mass stayed unmatched.
    """

    i: Indices
    j: Indices
    f: FloatArray
    g: FloatArray
    stays_x: Indices
    stays_y: Indices

    def restricted(self, sources: Indices, targets: Indices) -> WarmStart:
        """The start between some of the points, in this order."""
        i = _places(sources, len(self.f))[self.i]
        j = _places(targets, len(self.g))[self.j]
        kept = (i >= 0) & (j >= 0)
        return self._replace(i=i[kept], j=j[kept], f=self.f[sources], g=self.g[targets])

    def in_units(self, unit: float) -> WarmStart:
        """The start for costs in this unit; potentials far beyond all of these are cut off."""
        most = LARGEST_POTENTIAL * unit
        f, g = (np.clip(side, -most, most) / unit for side in (self.f, self.g))
        return self._replace(f=f, g=g)

    def with_dummies(self, cost: GroundCost) -> WarmStart:
        """The start with a dummy point on each side, which takes what stayed; costs include it."""
        (n,), (m,) = self.f.shape, self.g.shape
        sources, targets = np.arange(n), np.arange(m)
        of_target = (cost.arcs(sources, np.full(n, m)) - self.f).min()
        of_source = (cost.arcs(np.full(m, n), targets) - self.g).min()
        return self._replace(
            i=np.concatenate([self.i, self.stays_x, np.full(len(self.stays_y) + 1, n)]),
            j=np.concatenate([self.j, np.full(len(self.stays_x), m), self.stays_y, [m]]),
            f=np.append(self.f, of_source),
            g=np.append(self.g, of_target),
        )


def as_start(start: Any, n: int, m: int) -> WarmStart:
    """The start of a solve between n and m points, checked.

    Parameters
    ----------
    start : TransportResult or pair of array_like
        A result with plan and potentials, or potentials (f, g) alone.
    n, m : int
    """
    nothing = np.empty(0, np.intp)
    if isinstance(start, TransportResult):
        if (start.n, start.m) != (n, m):
            raise _wrong_sizes(f"a result of {start.n} and {start.m}", n, m)
        f, g = _of_result(start.f, "f"), _of_result(start.g, "g")
        stays = start.unmatched_x.nonzero()[0], start.unmatched_y.nonzero()[0]
        i, j = start.plan.nonzero()
        return WarmStart(i, j, f, g, *stays)
    if not isinstance(start, (tuple, list)) or len(start) != 2:
        raise InvalidInputError(
            f"start must be a TransportResult or a pair of potentials (f, g), got "
            f"{_described(start)}; to fix it, pass the result of an earlier call"
        )
    f, g = (_potential(side, name) for side, name in zip(start, "fg", strict=True))
    if f.shape != (n,) or g.shape != (m,):
        raise _wrong_sizes(f"potentials of shapes {f.shape} and {g.shape}", n, m)
    return WarmStart(nothing, nothing, f, g, nothing, nothing)


def _potential(values: Any, name: str) -> FloatArray:
    if read_table(values, f"start ({name})") is not None:
        raise InvalidInputError(
            f"start must hold potentials without labels, got {_described(values)} for {name}; to "
            "fix it, put them into the order of the points, and pass .to_numpy()"
        )
    return _finite(as_float64(values, f"start ({name})"), name)


def _of_result(potential: FloatArray, name: str) -> FloatArray:
    """In one axis, where those on grids have the grid's; infinite ones bind no mass."""
    flat = potential.ravel()
    return _finite(np.where(np.isposinf(flat), 0.0, flat), name)


def _finite(potential: FloatArray, name: str) -> FloatArray:
    wrong = ~np.isfinite(potential)
    if wrong.any():
        raise InvalidInputError(
            f"start must hold finite potentials, got {potential[wrong][0]} among {name}; to fix "
            "it, leave start out, or replace such entries"
        )
    return potential


def _wrong_sizes(got: str, n: int, m: int) -> InvalidInputError:
    return InvalidInputError(
        f"start must fit the problem, {n} points and {m}, got {got}; to fix it, leave start out "
        "where the numbers of points have changed"
    )


def _described(value: Any) -> str:
    kind = f"a {type(value).__name__}"
    return f"{kind} of length {len(value)}" if isinstance(value, (tuple, list)) else kind


def _places(kept: Indices, size: int) -> npt.NDArray[np.intp]:
    """Where each of so many points is among those that are kept; -1 if it is not."""
    places = np.full(size, -1)
    places[kept] = np.arange(len(kept))
    return places
