"""A parser that names the nearest command or option, and the options that commands share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from otgan.errors import nearest_name
from otgan.keywords import nearest_option
from otgan.text import printable

if TYPE_CHECKING:
    from typing import TypeAlias

    Commands: TypeAlias = "argparse._SubParsersAction[Parser]"

__all__ = [
    "Parser",
    "add_json",
    "add_n_jobs",
    "add_normalize",
    "add_plot",
    "add_progress",
    "add_rng",
    "add_rtol",
    "parse",
]


class Parser(argparse.ArgumentParser):
    """Says which command or option was probably meant; takes no abbreviations."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Exit with the usage and a sentence, which may quote what a user typed."""
        super().error(printable(message))

    def refuse(self, word: str) -> NoReturn:
        """Exit because of an argument that this command does not take."""
        if not word.startswith("-"):
            self.error(f"unexpected argument {word!r}; to fix it, leave it out")
        flag = word.partition("=")[0]
        flags = [name for name in self._option_string_actions if name.startswith("--")]
        known = {name.removeprefix("--").replace("-", "_"): name for name in flags}
        near = nearest_option(flag.removeprefix("--").replace("-", "_"), known)
        hint = f"did you mean {known[near]!r}?" if near else f"see {self.prog} --help"
        self.error(f"unknown option {flag}; to fix it, {hint}")


def parse(parser: Parser, commands: Commands, words: Sequence[str]) -> argparse.Namespace:
    """Options of the command that the words begin with, which is in `run`.

    Unknown commands and options end the program, with the nearest name.
    """
    known = commands.choices
    if words and not words[0].startswith("-") and words[0] not in known:
        parser.error(
            f"the command must be one of {', '.join(known)}, got {words[0]!r}; to fix it, "
            f"{nearest_name(words[0], known)}"
        )
    options, unknown = parser.parse_known_args(words)
    if unknown:
        known.get(words[0], parser).refuse(unknown[0])
    return options


def add_json(command: argparse._ActionsContainer) -> None:
    """``--json``."""
    command.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_normalize(command: argparse.ArgumentParser) -> None:
    """``--normalize``."""
    command.add_argument(
        "--normalize",
        action="store_true",
        help="allow weights with different sums, such as counts",
    )


def add_rtol(command: argparse.ArgumentParser, what: str) -> None:
    """``--rtol``, a fraction of `what`."""
    command.add_argument(
        "--rtol",
        type=float,
        default=0.0,
        metavar="X",
        help=f"stop once the gap is below this fraction of the {what} (default 0: exact)",
    )


def add_rng(command: argparse.ArgumentParser, what: str, *, default: int | None = 0) -> None:
    """``--rng``, the seed of what is random."""
    command.add_argument("--rng", type=int, default=default, metavar="N", help=f"seed of {what}")


def add_plot(command: argparse.ArgumentParser, example: str) -> None:
    """``--plot``."""
    command.add_argument("--plot", metavar="FILE", help=f"also save a picture, e.g. {example}")


def add_progress(command: argparse.ArgumentParser) -> None:
    """``--progress`` and ``--no-progress``."""
    command.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="a progress bar on stderr (default: if that is a terminal)",
    )


def add_n_jobs(command: argparse.ArgumentParser) -> None:
    """``--n-jobs``, the threads of torch."""
    command.add_argument(
        "--n-jobs",
        type=int,
        default=1,
        metavar="N",
        help="CPU threads (default 1, which is fastest for small networks); -1 is all cores",
    )
