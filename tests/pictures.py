"""Pictures that the documentation shows, compared with those that the code draws now.

Where those of lessons differ, `make docs` draws them anew; those of examples are written by these.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
LESSON_PICTURES = runpy.run_path(str(ROOT / "docs" / "_extensions" / "lesson_pictures.py"))

OF_EXAMPLES = {"first_picture", "compare", "engine"}
"""Drawn by scripts in examples/, which tests/examples runs."""


def is_drawn_alike() -> bool:
    """Whether this matplotlib is the one that drew them; another one sets other pixels."""
    matplotlib = pytest.importorskip("matplotlib")
    versions = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return f"matplotlib=={matplotlib.__version__}\n" in versions


def check_picture(drawn: Path, name: str) -> None:
    """Hold a picture against that of the documentation, where it must be the same."""
    if is_drawn_alike():
        assert LESSON_PICTURES["are_alike"](drawn, IMAGES / f"{name}.png")
