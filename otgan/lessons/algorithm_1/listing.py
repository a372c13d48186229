"""The lines of Algorithm 1 beside the lines of Python that run, read from the code itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from otgan.lessons.record import Record

__all__ = ["Line", "listing"]

NUMBERED = re.compile(r"^( +)# (\d+): (.*)$")
"""A comment that is a line of the algorithm."""


@dataclass(frozen=True, repr=False)
class Line(Record):
    """A line of the algorithm.

    Attributes
    ----------
    number : int
    depth : int
        How many loops it is in.
    text : str
        As in the paper.
    code : tuple of str
        What runs for it; nothing for the ends of loops.
    """

    number: int
    depth: int
    text: str
    code: tuple[str, ...]


@cache
def listing() -> tuple[Line, ...]:
    """The lines of Algorithm 1 in order.

    Examples
    --------
    >>> listing()[2].text
    'Sample {x⁽ⁱ⁾} ~ P_r, a batch of m real points.'
    >>> listing()[2].code
    ('x = next(real)',)
    """
    source = files("otgan.lessons.algorithm_1").joinpath("algorithm.py").read_text("utf-8")
    lines: list[Line] = []
    code: list[str] = []
    for row in source.partition("\n\n\ndef _optimizer")[0].splitlines():
        if start := NUMBERED.match(row):
            code = []
            depth = len(start[1]) // 4 - 1
            lines.append(Line(int(start[2]), depth, start[3], ()))
        elif lines and not row.strip().startswith("yield"):
            code.append(row.strip())
            last = lines[-1]
            lines[-1] = Line(last.number, last.depth, last.text, tuple(code))
    return tuple(lines)
