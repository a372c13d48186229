"""The pictures of lessons in `docs/images`: drawn anew with every build, kept where they are alike.

Those of what was trained are not among them: they take minutes, and another processor trains other
networks.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from otgan.lessons import load
from otgan.plot import save

if TYPE_CHECKING:
    from sphinx.application import Sphinx

IMAGES = Path(__file__).parents[1] / "images"

LESSONS = {
    "kl-integrands": ("kl-integrands", 130),
    "cover-or-seek": ("cover-or-seek", 130),
    "dimension-of-data": ("dimension-of-data", 130),
    "find-the-mistake": ("find-the-mistake", 130),
    "how-sure": ("how-sure-are-you", 110),
    "which-distance": ("which-distance", 110),
}
"""Lesson and dots per inch of each picture."""

TOLERANCE = 2e-5
"""Share of pixels that may differ: a digit that is another one is five times as many."""


def draw(name: str, file: Path) -> Path:
    """One of `LESSONS`, as the code draws it now."""
    lesson, dpi = LESSONS[name]
    module = load(lesson)
    return save(module.draw(module.run()), file, dpi=dpi)


def are_alike(first: Path, second: Path) -> bool:
    """Whether two pictures have one size and, but for a few, the same pixels."""
    a, b = (np.asarray(Image.open(file).convert("RGB"), float) for file in (first, second))
    return a.shape == b.shape and bool((np.abs(a - b).max(axis=2) > 64).mean() < TOLERANCE)


def renew(app: Sphinx) -> None:
    """Draw all of them; what differs takes the place of the old one."""
    with tempfile.TemporaryDirectory() as folder:
        for name in LESSONS:
            old, new = IMAGES / f"{name}.png", draw(name, Path(folder) / "new.png")
            if not old.exists() or not are_alike(old, new):
                shutil.copy(new, old)
                sys.stdout.write(f"{old} is new; to keep it, look at it, and commit it\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", renew)
    return {"parallel_read_safe": True}
