"""JSON files of a run, replaced whole; what is damaged, too large or no object is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from otgan.errors import DamagedFileError
from otgan.output_files import replacing
from otgan.results import plain

__all__ = ["damaged", "read_json", "read_text", "write_json"]

MAX_TEXT_BYTES = 2**26
"""Of a text file of a run; what is larger is something else."""


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write an object, whole or not at all; NaN and infinities, which JSON lacks, become null."""
    text = json.dumps(plain(values), indent=2, allow_nan=False) + "\n"
    with replacing(path) as file:
        file.write(text.encode())


def read_json(path: Path, hint: str) -> dict[str, Any]:
    """The object in a file.

    Parameters
    ----------
    path : Path
    hint : str
        How the message ends if it cannot be used.

    Raises
    ------
    DamagedFileError
        Truncated, altered or something else.
    """
    try:
        found = json.loads(read_text(path) or "", parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise damaged(path, "a damaged file or one of another kind", hint)
    return found


def read_text(path: Path) -> str | None:
    """The text in a file; None if it cannot be read as such, or is too large."""
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            return None
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None


def damaged(path: Path, got: str, hint: str) -> DamagedFileError:
    """The error about a file that holds something else than what otgan wrote."""
    return DamagedFileError(f"{path} must be as otgan has written it, got {got}; to fix it, {hint}")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
