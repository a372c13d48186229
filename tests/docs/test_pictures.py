"""Pictures of the documentation are those that the code draws now.

Those of what was trained are not compared: they take minutes, and another processor trains other
networks.
"""

from __future__ import annotations

import re

import pytest

from otgan.lessons import load
from otgan.plot import save
from tests.pictures import IMAGES, OF_EXAMPLES, ROOT, check_picture, is_drawn_alike

LESSONS = {
    "kl-integrands": ("kl-integrands", 130),
    "cover-or-seek": ("cover-or-seek", 130),
    "dimension-of-data": ("dimension-of-data", 130),
    "find-the-mistake": ("find-the-mistake", 130),
    "how-sure": ("how-sure-are-you", 110),
    "which-distance": ("which-distance", 110),
}
"""Lesson and dots per inch of each picture."""

TRAINED = {
    *("audit", "clipping-and-penalties", "critic-or-emd", "mode-collapse", "neural-critic"),
    *("pictures-over-epochs", "ring8-critic", "what-a-discriminator-learns"),
}


def test_every_picture_is_compared_or_trained():
    assert {file.stem for file in IMAGES.glob("*.png")} == {*LESSONS, *OF_EXAMPLES, *TRAINED}


def test_every_picture_is_shown():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        name
        for page in pages
        for name in re.findall(r"images/([\w-]+)\.png", page.read_text(encoding="utf-8"))
    }
    assert shown == {file.stem for file in IMAGES.glob("*.png")}


@pytest.mark.parametrize("name", LESSONS)
def test_pictures_of_lessons(name, tmp_path):
    if not is_drawn_alike():
        pytest.skip("other versions of matplotlib draw other pixels")
    lesson, dpi = LESSONS[name]
    module = load(lesson)
    check_picture(save(module.draw(module.run()), tmp_path / "new.png", dpi=dpi), name)
