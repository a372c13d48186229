"""Pictures of the documentation are those that the code draws now.

Those of what was trained are not compared: they take minutes, and another processor trains other
networks.
"""

from __future__ import annotations

import re
import shutil

import pytest

from tests.pictures import (
    IMAGES,
    LESSON_PICTURES,
    OF_EXAMPLES,
    ROOT,
    check_picture,
    is_drawn_alike,
)

LESSONS = LESSON_PICTURES["LESSONS"]

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
    check_picture(LESSON_PICTURES["draw"](name, tmp_path / "new.png"), name)


def test_a_stale_picture_is_drawn_anew_and_one_that_is_alike_is_kept(tmp_path, monkeypatch):
    if not is_drawn_alike():
        pytest.skip("other versions of matplotlib draw other pixels")
    renew, name = LESSON_PICTURES["renew"], "kl-integrands"
    monkeypatch.setitem(renew.__globals__, "IMAGES", tmp_path)
    monkeypatch.setitem(renew.__globals__, "LESSONS", {name: LESSONS[name]})
    picture = tmp_path / f"{name}.png"
    shutil.copy(IMAGES / "cover-or-seek.png", picture)
    renew(None)
    check_picture(picture, name)
    drawn = picture.stat().st_mtime_ns
    renew(None)
    assert picture.stat().st_mtime_ns == drawn
