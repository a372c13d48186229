"""``otgan lesson``: the worked examples."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from otgan import lessons
from otgan.cli.checks import check_picture
from otgan.cli.parser import add_json, add_plot
from otgan.cli.terminal import save_picture, say

if TYPE_CHECKING:
    from otgan.cli.parser import Commands

__all__ = ["add_lesson"]


def add_lesson(commands: Commands) -> None:
    """Add the command ``otgan lesson``."""
    lesson = commands.add_parser(
        "lesson",
        help="work through an example of duality",
        description="Computes a worked example and explains its numbers; --plot also draws it.",
    )
    lesson.add_argument("name", nargs="?", help="which lesson; without a name, list them")
    add_plot(lesson, "lesson.png")
    add_json(lesson)
    lesson.set_defaults(run=_lesson)


def _lesson(options: argparse.Namespace) -> int:
    if options.name is None:
        names = lessons.LESSONS
        say(json.dumps(names) if options.json else "lessons: " + ", ".join(names))
        return 0
    check_picture(options.plot)
    lesson = lessons.load(options.name)
    numbers = lesson.run()
    say(json.dumps(numbers.to_dict()) if options.json else lesson.explain(numbers))
    if options.plot:
        save_picture(lambda: lesson.draw(numbers), options.plot, quiet=options.json)
    return 0
