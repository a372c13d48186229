"""Pictures that the documentation shows, compared with those that the code draws now.

Where they differ, look at the new one, and copy it to docs/images.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"

OF_EXAMPLES = {"first_picture", "compare", "engine"}
"""Drawn by scripts in examples/, which tests/examples runs."""


def is_drawn_alike() -> bool:
    """Whether this matplotlib is the one that drew them; another one sets other pixels."""
    matplotlib = pytest.importorskip("matplotlib")
    versions = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return f"matplotlib=={matplotlib.__version__}\n" in versions


def check_picture(drawn: Path, name: str) -> None:
    """Hold a picture against that of the documentation, where it must be the same."""
    new = _pixels(drawn)
    if not is_drawn_alike():
        return
    shown = _pixels(IMAGES / f"{name}.png")
    assert new.shape == shown.shape
    changed = np.abs(new - shown).max(axis=2) > 64
    assert changed.mean() < 2e-5  # a digit that is another one is five times as many


def _pixels(file: Path) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(file).convert("RGB"), dtype=float)
