"""What all results have in common: `float`, `to_dict`, a `repr` on one line, `plot`, a table."""

from __future__ import annotations

import dataclasses
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from otgan.html_table import cell_text, html_table

__all__ = ["Result", "plain"]


class Result(ABC):
    """A frozen dataclass whose main number is ``float(result)``.

    A subclass says with class variables what its dictionary, table and picture show.

    Attributes
    ----------
    derived : tuple of str
        Properties that belong into `to_dict` beside the fields.
    bracket : tuple of str
        What the table in a notebook begins with: the names of both ends of a bracket, or of one
        field, which holds a bracket or is the main number.
    panel, figure : str
        The function that `plot` calls, as "module.function"; at most one of the two. That of a
        `panel` takes Axes and the result, that of a `figure` takes the result and returns a Figure.
        Without either, the main number is drawn with its bracket.
    """

    derived: ClassVar[tuple[str, ...]] = ()
    bracket: ClassVar[tuple[str, ...]] = ()
    panel: ClassVar[str] = ""
    figure: ClassVar[str] = ""

    @abstractmethod
    def __float__(self) -> float:
        """The main number."""

    def __format__(self, specification: str) -> str:
        """The main number as the specification asks, as in ``f"{result:.3f}"``; else the `repr`."""
        return format(float(self), specification) if specification else str(self)

    def to_dict(self) -> dict[str, Any]:
        """Numbers, flags and text by their names, as JSON can hold them.

        Numbers that are infinite or NaN, which JSON does not have, are None. Fields that `repr`
        leaves out, arrays, and other objects (plans, networks) are left out.
        """
        assert dataclasses.is_dataclass(self)
        names = [field.name for field in dataclasses.fields(self) if field.repr]
        values = {name: plain(getattr(self, name)) for name in [*names, *self.derived]}
        return {name: value for name, value in values.items() if value is not NotImplemented}

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the result, with matplotlib; docs/pictures.md shows what is drawn of each class.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure of pyplot, which notebooks show by themselves,
            and scripts with ``matplotlib.pyplot.show()``.
        **options
            What docs/pictures.md lists for the class.

        Returns
        -------
        matplotlib.axes.Axes, or ndarray of them
            The panel. Of a picture of several panels, all of them: `ax` cannot be passed then.
            The figure is ``axes.figure``, or ``axes[0].figure``.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        InvalidInputError
            An `ax` that is no Axes, or one for a picture of several panels.
        UnexpectedKeywordError
            An option that the picture does not have.

        Examples
        --------
        >>> import otgan
        >>> axes = otgan.Estimate(0.5, 0.1, (0.3, 0.7), "knn", 100, 80).plot()
        >>> axes.get_title(loc="left")
        'Estimate: 0.5, interval [0.3, 0.7]'
        >>> import matplotlib.pyplot
        >>> matplotlib.pyplot.close()
        """
        # By its name: the modules that draw import the results that they draw.
        return import_module("otgan.result_pictures").draw(self, ax, options)

    def ends(self) -> tuple[float, float] | None:
        """Both ends of the bracket that the class variable `bracket` names; None without one."""
        values: Any = [getattr(self, name) for name in self.bracket]
        if len(values) == 1:
            values = values[0]
        if not isinstance(values, (list, tuple)) or not values:
            return None
        low, high = values
        return float(low), float(high)

    def _repr_html_(self) -> str:
        """What a notebook shows: the bracket, then all that `to_dict` holds."""
        return html_table(type(self).__name__, self._named_cells())

    def _named_cells(self) -> list[tuple[str, str]]:
        values = self.to_dict()
        ends = self.ends()
        cells = []
        if ends is not None:
            low, high = (cell_text(end, digits=10) for end in ends)
            cells.append((", ".join(self.bracket), f"[{low}, {high}]"))
        elif self.bracket:
            cells.append((self.bracket[0], cell_text(getattr(self, self.bracket[0]))))
        for name, value in values.items():
            if name not in self.bracket:  # the dictionary has no infinite numbers and no results
                cells.append((name, cell_text(_as_it_is(getattr(self, name, value), value))))
        return cells


def _as_it_is(value: Any, plain_value: Any) -> Any:
    """The value where a table can show it, or what a dictionary has of it."""
    return value if isinstance(value, (float, Result)) else plain_value


def plain(value: Any) -> Any:
    """The value as JSON can hold it, or NotImplemented; infinite numbers and NaN are None.

    Examples
    --------
    >>> plain((np.float64(0.5), {"n": np.int64(3)}))
    [0.5, {'n': 3}]
    >>> plain(np.zeros(3))
    NotImplemented
    >>> plain([1.5, math.inf])
    [1.5, None]
    """
    if isinstance(value, Result):
        return value.to_dict()
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        pairs = {str(key): plain(one) for key, one in value.items()}
        return {key: one for key, one in pairs.items() if one is not NotImplemented}
    if isinstance(value, (list, tuple)):
        items = [plain(one) for one in value]
        return NotImplemented if any(one is NotImplemented for one in items) else items
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain({f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.repr})
    return NotImplemented
