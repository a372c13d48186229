"""The colors of all pictures and pages, each with one meaning: Okabe and Ito's, for everyone.

Examples
--------
>>> sorted(ON_DARK) == sorted(ON_WHITE)
True
"""

from __future__ import annotations

# docs/pictures.md lists the meanings.
__all__ = ["BLUE", "GRAY", "GREEN", "INK", "ON_DARK", "ON_WHITE", "ORANGE", "RED", "VIOLET"]

BLUE = "#0072B2"  # real data, the first measure, the exact number
ORANGE = "#D55E00"  # generated data, the second measure
GREEN = "#009E73"  # what is certified: bounds, potentials; what theory says
VIOLET = "#CC79A7"  # a neural critic and its estimate
RED = "#B2182B"  # what fails
GRAY = "#8C8C8C"  # what equal distributions show: the floor, permuted labels
INK = "#222222"  # intervals, arcs of a plan

ON_WHITE = {
    "blue": BLUE,
    "orange": ORANGE,
    "green": GREEN,
    "violet": VIOLET,
    "red": RED,
    "gray": GRAY,
    "ink": INK,
}
ON_DARK = {
    "blue": "#56B4E9",
    "orange": "#F0884A",
    "green": "#2BC99A",
    "violet": "#E39BC4",
    "red": "#F2777F",
    "gray": "#9A9A9A",
    "ink": "#EDEDED",
}
"""The same, lighter, for pages on a dark screen."""
