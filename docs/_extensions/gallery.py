"""The gallery: every script of `examples/`, run where what it writes can be thrown away."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from sphinx_gallery.scrapers import figure_rst
from sphinx_gallery.sorting import ExplicitOrder

ORDER = [
    "first_picture.py",
    "distance_with_certificate.py",
    "interval_and_test.py",
    "compare_two_tables.py",
    "points_that_move.py",
    "critic_audited.py",
    "gan_wgan_gp.py",
    "train_on_your_data.py",
    "own_networks.py",
    "stacked_digits.py",
    "pictures_over_epochs.py",
    "engine_picture.py",
]
ARGUMENTS = re.compile(r"(?m)^    python examples/\S+ (.*)  # below$")
"""Where an example says with which arguments its page runs it."""


def settings(docs: Path) -> dict[str, Any]:
    """The settings of sphinx-gallery; scripts run in a copy of their folder."""
    copy = docs / "_build" / "examples"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(docs.parent / "examples", copy)
    return {
        "examples_dirs": str(copy),
        "gallery_dirs": "gallery",
        "filename_pattern": r"\.py$",
        "within_subsection_order": ExplicitOrder([*ORDER, "*"]),
        "reset_argv": arguments_of,
        "image_scrapers": (written_pictures,),
        "default_thumb_file": str(docs / "images" / "first_picture.png"),
        "abort_on_example_error": True,
        "download_all_examples": False,
        "show_signature": False,
        "doc_module": ("otgan",),
        "backreferences_dir": "api/generated/backreferences",
    }


def arguments_of(conf: dict[str, Any], script: dict[str, Any]) -> list[str]:
    """Those of the script's own line "python examples/NAME ... # below"."""
    found = ARGUMENTS.search(Path(script["src_file"]).read_text(encoding="utf-8"))
    return found.group(1).split() if found else []


def written_pictures(block: tuple, variables: dict[str, Any], conf: dict[str, Any]) -> str:
    """Show the pictures that a script wrote, and take them out of the way of the next one."""
    shown = []
    for file in sorted(Path(variables["src_file"]).parent.rglob("*.png")):
        target = next(variables["image_path_iterator"])
        shown.append(shutil.move(file, target))
    return figure_rst(shown, conf["src_dir"])
