"""Pictures of the documentation are those that the code draws now.

Where the test fails, look at the new picture, and copy it to docs/images. Pictures of what was
trained are not here: they take minutes, and another processor trains other networks.
"""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from otgan.lessons import load
from otgan.plot import save

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
LESSONS = {
    "kl-integrands": ("kl-integrands", 130),
    "cover-or-seek": ("cover-or-seek", 130),
    "dimension-of-data": ("dimension-of-data", 130),
    "find-the-mistake": ("find-the-mistake", 130),
    "how-sure": ("how-sure-are-you", 110),
    "which-distance": ("which-distance", 110),
}
"""Lesson and dots per inch of each picture."""

EXAMPLES = {
    "first_picture": ["first_picture.py"],
    "compare": ["compare_two_tables.py", "--plot"],
    "engine": ["engine_picture.py"],
}
"""Arguments, before the name of the picture, of the script that draws it."""

TRAINED = {
    *("audit", "clipping-and-penalties", "critic-or-emd", "mode-collapse", "neural-critic"),
    *("pictures-over-epochs", "ring8-critic", "what-a-discriminator-learns"),
}


def pixels(file):
    image = pytest.importorskip("PIL.Image")
    return np.asarray(image.open(file).convert("RGB"), dtype=float)


def check(drawn, name):
    new, shown = pixels(drawn), pixels(IMAGES / f"{name}.png")
    assert new.shape == shown.shape
    changed = np.abs(new - shown).max(axis=2) > 64
    assert changed.mean() < 2e-5  # a digit that is another one is five times as many


@pytest.fixture
def pinned():
    matplotlib = pytest.importorskip("matplotlib")
    versions = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    if f"matplotlib=={matplotlib.__version__}\n" not in versions:
        pytest.skip("other versions of matplotlib draw other pixels")


def test_every_picture_is_drawn_by_a_test_or_trained():
    assert {file.stem for file in IMAGES.glob("*.png")} == {*LESSONS, *EXAMPLES, *TRAINED}


def test_every_picture_is_shown():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        name
        for page in pages
        for name in re.findall(r"images/([\w-]+)\.png", page.read_text(encoding="utf-8"))
    }
    assert shown == {file.stem for file in IMAGES.glob("*.png")}


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize("name", LESSONS)
def test_pictures_of_lessons(name, tmp_path):
    lesson, dpi = LESSONS[name]
    module = load(lesson)
    check(save(module.draw(module.run()), tmp_path / "new.png", dpi=dpi), name)


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize("name", EXAMPLES)
def test_pictures_of_examples(name, tmp_path, monkeypatch):
    script, *arguments = EXAMPLES[name]
    file = tmp_path / "new.png"
    monkeypatch.setattr(sys, "argv", [script, *arguments, str(file)])
    runpy.run_path(str(ROOT / "examples" / script), run_name="__main__")
    check(file, name)
