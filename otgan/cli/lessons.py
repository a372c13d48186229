"""``otgan lesson``: the worked examples."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import sys
import tempfile
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from otgan import lessons
from otgan.cli.checks import (
    check_file,
    check_folder,
    check_numbers,
    check_picture,
    errors_name_flags,
)
from otgan.cli.parser import add_json, add_plot, add_progress
from otgan.cli.terminal import progress_bar, save_picture, say
from otgan.errors import InvalidInputError
from otgan.text import printable

if TYPE_CHECKING:
    from tqdm import tqdm

    from otgan.cli.parser import Commands

__all__ = ["add_lesson"]


def _numbers(text: str) -> list[float]:
    return [float(word) for word in text.split(",")]


_numbers.__name__ = "list of numbers"  # argparse names the type by it

PARAMETERS: Mapping[str, tuple[Any, str, str]] = {
    "P": (_numbers, "3,2,1,4", "piles as they are"),
    "Q": (_numbers, "1,2,4,3", "piles as they should be"),
    "thetas": (
        _numbers,
        "0,0.5,1",
        "distances of the lines (--thetas=-1,0,1 if the first is negative)",
    ),
    "sigmas": (_numbers, "0.25,1", "standard deviations of the noise"),
    "points": (int, "N", "points of each segment"),
    "deltas": (_numbers, "0,1,10", "shifts"),
    "scale": (float, "X", "standard deviation of the second Gaussian of the unequal pair"),
    "shown": (float, "X", "the shift to draw"),
    "mean": (float, "X", "mean of the Gaussian that is held against N(0, 1)"),
    "std": (float, "X", "its standard deviation"),
    "weight": (float, "X", "mass of a bump, between 0 and 1"),
    "separation": (float, "X", "standard deviations between two bumps"),
    "pi": (float, "X", "weight of the first distribution in JS, between 0 and 1"),
    "eta": (float, "X", "step size"),
    "steps": (int, "N", "moves of each player; steps of the generator"),
    "start": (_numbers, "1,1", "where x and y begin"),
    "n": (int, "N", "points of the first cloud, or of each shape"),
    "m": (int, "N", "points of the second cloud"),
    "neighbors": (int, "N", "neighbors of each point that are looked at"),
    "trials": (int, "N", "random functions and couplings"),
    "x": (_numbers, "0,1,4", "points of the first sample on the line"),
    "y": (_numbers, "2,3", "points of the second"),
    "f": (_numbers, "0,0,0", "prices at x"),
    "g": (_numbers, "0,0", "prices at y"),
    "K": (_numbers, "0.1,1,10", "slopes that a critic may have"),
    "heights": (_numbers, "-3,0,...", "values of a critic at -4, -3, ..., 4"),
    "limit": (float, "X", "weights of the critic are clipped to at most this"),
    "n_critic": (int, "N", "critic steps for one of the generator"),
    "learning_rate": (float, "X", "of critic and generator"),
    "cure": (str, "NAME", "against mode collapse, e.g. feature-matching"),
    "rng": (int, "N", "seed of everything random"),
    "card": (int, "N", "the card to turn"),
}
"""Parameters of the lessons as flags: type, example, meaning."""


def add_lesson(commands: Commands) -> None:
    """Add the command ``otgan lesson``."""
    lesson = commands.add_parser(
        "lesson",
        help="work through an example of duality",
        description="Computes a worked example and explains its numbers; --plot also draws it, and "
        "--open shows a page where they can be moved, and --notebook has exercises.",
    )
    lesson.add_argument("name", nargs="?", help="which lesson; without a name, list them")
    lesson.add_argument("--quick", action="store_true", help="smaller samples, shorter trainings")
    lesson.add_argument("--open", action="store_true", help="open its page in a browser")
    lesson.add_argument("--save", metavar="FILE", help="save its page, e.g. page.html")
    lesson.add_argument(
        "--notebook",
        metavar="FILE",
        help="instead, write it as a notebook with exercises, e.g. lesson.ipynb; without a name, "
        "all of them into this folder",
    )
    add_plot(lesson, "lesson.png")
    add_json(lesson)
    add_progress(lesson)
    parameters = lesson.add_argument_group("parameters", "each lesson takes some of these")
    for name, (kind, example, meaning) in PARAMETERS.items():
        parameters.add_argument(_flag(name), type=kind, metavar=example, help=meaning)
    lesson.set_defaults(run=_lesson)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _lesson(options: argparse.Namespace) -> int:
    if options.notebook:
        return _write_notebooks(options)
    if options.name is None:
        _check_unnamed(options)
        names = lessons.LESSONS
        say(json.dumps(names) if options.json else "lessons: " + ", ".join(names))
        return 0
    lesson = lessons.load(options.name)
    parameters = _parameters(options, lesson)
    _check_output(options, lesson, parameters)
    with errors_name_flags(PARAMETERS), _progress(options, lesson) as progress:
        numbers = lesson.run(**parameters, **progress)
    say(json.dumps(numbers.to_dict()) if options.json else lesson.explain(numbers))
    if parameters.get("quick") and not options.json:
        say("\nThese are quick numbers, of smaller samples and shorter trainings.")
    if options.plot:
        save_picture(lambda: lesson.draw(numbers), options.plot, quiet=options.json)
    if options.open or options.save:
        _show_page(lesson.page(numbers), options)
    return 0


def _check_unnamed(options: argparse.Namespace) -> None:
    """Raise on what only a single lesson can take."""
    for name in ("open", "save", "plot", *PARAMETERS):
        given = getattr(options, name)
        if given is not None and given is not False:
            raise InvalidInputError(
                f"{_flag(name)} must come with the name of a lesson, got none; to fix it, name it"
            )


@contextmanager
def _progress(options: argparse.Namespace, lesson: ModuleType) -> Iterator[dict[str, Any]]:
    """A bar for lessons that report how far they are, as keywords."""
    if "progress" not in inspect.signature(lesson.run).parameters:
        yield {}
        return
    with progress_bar(options.progress) as bar:
        yield {} if bar is None else {"progress": partial(_show, bar)}


def _show(bar: tqdm, done: int, total: int | None, message: str) -> None:
    bar.total = total
    bar.set_postfix_str(f"{done} of {total} {message}", refresh=False)
    bar.update(done - bar.n)


def _parameters(options: argparse.Namespace, lesson: ModuleType) -> dict[str, Any]:
    """Those that were given, all of which the lesson takes."""
    known = inspect.signature(lesson.run).parameters
    given = {name: getattr(options, name) for name in PARAMETERS}
    given = {name: value for name, value in given.items() if value is not None}
    for name in given.keys() - known.keys():
        taken = [_flag(k) for k in known if k in PARAMETERS]
        raise InvalidInputError(
            f"the parameters of this lesson must be among {', '.join(taken)}, got {_flag(name)}; "
            "to fix it, leave that out"
        )
    check_numbers(argparse.Namespace(rng=options.rng))
    return given | ({"quick": True} if options.quick and "quick" in known else {})


def _write_notebooks(options: argparse.Namespace) -> int:
    """One lesson as a notebook, or all of them into a folder; nothing long is computed."""
    from otgan.lessons.notebooks import notebook
    from otgan.output_files import make_folder, replacing

    for flag in ("open", "save", "plot", "json"):
        if getattr(options, flag):
            raise InvalidInputError(
                f"--notebook must come without --{flag}, got both; to fix it, run the command twice"
            )
    path = Path(options.notebook)
    if options.name is None:
        _check_unnamed(options)
        check_folder(path)
        files = {name: path / f"{name}.ipynb" for name in lessons.LESSONS}
    else:
        check_file("--notebook", options.notebook, ".ipynb")
        files = {options.name: path}
    parameters = {name: _parameters_of_notebook(options, name) for name in files}
    for name, file in files.items():
        make_folder(file.parent)
        with replacing(file) as out:
            out.write(notebook(name, parameters[name]).encode())
        say(f"notebook: {printable(str(file.absolute()))}")
    return 0


def _parameters_of_notebook(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """Those that were given, with which the lesson runs and has a page."""
    from otgan.lessons.pages import check_sizes

    lesson = lessons.load(name)
    parameters = _parameters(options, lesson)
    with errors_name_flags(PARAMETERS):
        check_sizes(lesson.MOST, parameters)
        if parameters.keys() - {"quick", "rng"}:
            lesson.run(**parameters)
    return parameters


def _check_output(
    options: argparse.Namespace, lesson: ModuleType, parameters: Mapping[str, Any]
) -> None:
    """Raise if a picture or a page could not be made of these parameters, or not be saved."""
    check_picture(options.plot)
    if not (options.open or options.save):
        return
    if options.json and not options.save:
        raise InvalidInputError(
            "--open with --json must come with --save, got no place for the page that the numbers "
            "could not tell; to fix it, pass --save page.html"
        )
    from otgan.lessons.pages import check_sizes

    if options.save:
        check_file("--save", options.save, ".html")
    with errors_name_flags(PARAMETERS):
        check_sizes(lesson.MOST, parameters)


def _show_page(page: str, options: argparse.Namespace) -> None:
    """Write the page, say where, and open it if that was asked for and there is a display."""
    from otgan.output_files import make_folder, replacing

    if options.save:
        path = Path(options.save)
        make_folder(path.parent)
    else:
        path = Path(tempfile.mkdtemp(prefix="otgan-")) / "lesson.html"
    with replacing(path) as file:
        file.write(page.encode())
    if not options.json:
        say(f"\npage: {printable(str(path.absolute()))}")
    if options.open and _has_display():
        webbrowser.open(path.absolute().as_uri())


def _has_display() -> bool:
    """Whether a browser would show a window; without one, it might take over the terminal."""
    others = sys.platform in ("darwin", "win32")
    return others or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
