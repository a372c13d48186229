"""``otgan lesson``: the worked examples."""

from __future__ import annotations

import argparse
import json
import math
from typing import TYPE_CHECKING, Any

from otgan import lessons
from otgan.cli.checks import check_picture
from otgan.cli.parser import add_json, add_plot
from otgan.cli.terminal import save_picture, say

if TYPE_CHECKING:
    from otgan.cli.parser import Commands

__all__ = ["add_lesson"]


def add_lesson(commands: Commands) -> None:
    """Add the command ``otgan lesson``."""
    lesson = commands.add_parser("lesson", help="work through an example of duality")
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
    say(json.dumps(_finite(numbers.to_dict())) if options.json else lesson.explain(numbers))
    if options.plot:
        save_picture(lambda: lesson.draw(numbers), options.plot, quiet=options.json)
    return 0


def _finite(value: Any) -> Any:
    """The value with None for what is infinite or NaN, as JSON has no such numbers."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list) else value
