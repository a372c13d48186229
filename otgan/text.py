"""Text of the user made safe to print, and Unicode text made ASCII where a terminal needs it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["LONGEST", "encodable", "named", "printable", "shortened"]

LONGEST = 2000
"""The most characters of a message: a cell of a file may be a megabyte."""

STAND_INS = {
    "±": "+/-", "∓": "-/+", "−": "-", "–": "-", "—": "-", "×": "x", "·": "*", "½": "(1/2)",
    "√": "sqrt", "∫": "integral", "∑": "sum", "∇": "grad", "∂": "d", "∞": "inf", "⊗": "(x)",
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "‖": "||", "⟨": "<", "⟩": ">", "→": "->", "←": "<-",
    "…": "...", "●": "*", "○": "o", "■": "#", "\N{COMBINING CIRCUMFLEX ACCENT}": "^", "ᵀ": "^T",
    "‘": "'", "’": "'", "“": '"', "”": '"', "λ": "lambda", "Λ": "Lambda",
    "✓": "[ok]", "✗": "[x]", "⅛": "(1/8)", "‰": "o/oo", "€": "EUR", "£": "GBP", "¥": "JPY",
}  # fmt: skip
"""Equivalents in ASCII."""


def printable(text: str, *, keep: str = "") -> str:
    r"""Text without control characters.

    Control characters (escape sequences, line breaks), characters that turn the direction of
    reading, and bytes of a file name that are no text are written out as Python would.

    Parameters
    ----------
    text : str
    keep : str
        Control characters to keep, e.g. a line break.

    Examples
    --------
    >>> print(printable("\x1b[31mred\nand more"))
    \x1b[31mred\nand more
    """
    if text.isprintable():
        return text
    return "".join(
        c
        if c in keep or c.isprintable() or unicodedata.category(c) == "Zs"
        else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def shortened(text: str, most: int = LONGEST) -> str:
    """Text without its middle where it is longer than `most` characters.

    Examples
    --------
    >>> shortened("abcdefghijklmnop", 9)
    'abc...nop'
    """
    if len(text) <= most:
        return text
    end = (most - 3) // 2
    return f"{text[:end]}...{text[-end:]}"


def encodable(text: str, encoding: str | None) -> str:
    r"""Text with equivalents in ASCII of the characters that an encoding lacks.

    Parameters
    ----------
    text : str
    encoding : str or None
        Of a stream; None stands for one that takes any text.

    Examples
    --------
    >>> print(encodable("‖f‖² = 0.5 ± σ·10⁻³, é, 日", "ascii"))
    ||f||^2 = 0.5 +/- sigma*10^-3, e, \u65e5
    >>> encodable("5 ± 2²", "cp1252")
    '5 ± 2²'
    """
    if encoding is None or _is_encodable(text, encoding):
        return text
    shown: list[str] = []
    raised = False  # within superscripts, of which the first gets the ^
    for c in text:
        if _is_encodable(c, encoding):
            shown.append(c)
            raised = False
            continue
        is_raised = c not in STAND_INS and unicodedata.decomposition(c).startswith("<super>")
        shown.append(("^" if is_raised and not raised else "") + _stand_in(c))
        raised = is_raised
    return "".join(shown)


def _is_encodable(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _stand_in(c: str) -> str:
    if c in STAND_INS:
        return STAND_INS[c]
    kind, _, letter = unicodedata.name(c, "").partition(" LETTER ")
    if kind == "GREEK SMALL" and letter.isalpha():
        return letter.lower()
    if kind == "GREEK CAPITAL" and letter.isalpha():
        return letter.capitalize()
    apart = unicodedata.normalize("NFKD", c)
    plain = "".join(STAND_INS.get(part, part) for part in apart if not unicodedata.combining(part))
    return plain if plain and plain.isascii() else c.encode("unicode_escape").decode("ascii")


def named(what: str, which: Sequence[int] | npt.NDArray[np.integer], most: int = 5) -> str:
    """The first few positions of points, nodes or others, and how many more there are.

    Examples
    --------
    >>> named("node", range(3, 9))
    'nodes 3, 4, 5, 6, 7 and 1 more'
    """
    if len(which) == 0:
        return f"no {what}"
    first = ", ".join(str(one) for one in which[:most])
    more = f" and {len(which) - most} more" if len(which) > most else ""
    return f"{what}{'s' if len(which) > 1 else ''} {first}{more}"
