"""``otgan completion``: what a shell needs to complete commands, flags, names and files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, get_args

from otgan.cli.terminal import say
from otgan.cli.training import CHOICES
from otgan.errors import InvalidInputError, nearest_name, require

if TYPE_CHECKING:
    from otgan.cli.parser import Commands, Parser

__all__ = ["add_completion"]

SHELLS = ("bash", "zsh", "fish")

FILES = {"a", "b", "critic", "data", "lengths", "weights", "plot"}
FOLDERS = {"folder", "folders", "out"}
"""Arguments that take a file, or a folder, by where argparse puts them."""


def add_completion(commands: Commands, build: Callable[[], Parser]) -> None:
    """Add the command ``otgan completion``.

    Parameters
    ----------
    commands : action of subparsers
    build : callable
        Makes the parser of all commands anew.
    """
    completion = commands.add_parser(
        "completion",
        help="print what lets a shell complete commands, flags, names and files",
        description="Prints a script for bash, zsh or fish. To use it in every new shell, add to "
        '~/.bashrc: eval "$(otgan completion bash)"; to ~/.zshrc, after compinit: '
        'eval "$(otgan completion zsh)"; or write it to '
        "~/.config/fish/completions/otgan.fish.",
    )
    completion.add_argument("shell", help=", ".join(SHELLS))
    completion.set_defaults(run=partial(_completion, build))


def _completion(build: Callable[[], Parser], options: argparse.Namespace) -> int:
    if options.shell not in SHELLS:
        raise InvalidInputError(
            f"the shell must be one of {', '.join(SHELLS)}, got {options.shell!r}; to fix it, "
            f"{nearest_name(options.shell, SHELLS)}"
        )
    require("shtab", extra="completion", purpose="completing in a shell")
    import shtab

    parser = build()
    for command, arguments in _arguments(parser):
        names = _names(command)
        for argument in arguments:
            if argument.dest in names:
                argument.choices = names[argument.dest]
            if argument.dest in FILES:
                argument.complete = shtab.FILE  # type: ignore[attr-defined]
            elif argument.dest in FOLDERS:
                argument.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    say(shtab.complete(parser, shell=options.shell).rstrip("\n"))
    return 0


def _arguments(parser: Parser) -> Iterator[tuple[str, Sequence[argparse.Action]]]:
    """The name of every command, and what it takes."""
    (commands,) = (one.choices for one in parser._actions if isinstance(one.choices, dict))
    for name, command in commands.items():
        yield name, command._actions


def _names(command: str) -> Mapping[str, Sequence[str]]:
    """The words that the arguments of a command take, where these are few."""
    from otgan.costs import METRIC_NAMES
    from otgan.divergences.ties import Ties
    from otgan.lessons import LESSONS
    from otgan.transport.grid import METRICS

    of_training = {flag.replace("-", "_"): names for flag, names in CHOICES.items()}
    names: dict[str, Mapping[str, Sequence[str]]] = {
        "emd": {"metric": sorted(METRIC_NAMES)},
        "emd-grid": {"metric": METRICS},
        "compare": {"ties": ("auto", *get_args(Ties))},
        "audit": {"activation": ("relu", "leaky_relu", "tanh", "groupsort")},
        "train": of_training,
        "resume": {name: of_training[name] for name in ("schedule", "device")},
        "lesson": {"name": LESSONS},
        "completion": {"shell": SHELLS},
    }
    return names.get(command, {})
