"""What a command writes: results to stdout; complaints and progress bars to stderr."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from otgan.errors import InputWarning
from otgan.text import encodable, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from tqdm import tqdm

__all__ = [
    "complain",
    "discard_output",
    "flush",
    "input_warnings_as_lines",
    "progress_bar",
    "save_picture",
    "say",
    "show_message",
    "timing",
]


def say(text: object) -> None:
    """Write a result to stdout."""
    _write(str(text), sys.stdout)


def complain(reason: object) -> None:
    """Write a line to stderr."""
    _write(printable(f"otgan: {reason}"), sys.stderr)


def _write(text: str, file: TextIO | None) -> None:
    """Write what any terminal can show: characters it has, and nothing that controls it."""
    if file is not None:  # None if the shell has closed it
        encoding = getattr(file, "encoding", None)
        print(encodable(printable(text, keep="\n"), encoding), file=file, flush=True)


def flush() -> None:
    """Write what is left in the buffer of stdout."""
    if sys.stdout is not None:
        sys.stdout.flush()


def discard_output() -> None:
    """Drop what is left in the buffer of stdout, or Python complains about it when it ends."""
    try:
        flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def input_warnings_as_lines() -> Iterator[None]:
    """Show warnings about how input was read as lines of ours, and others as usual."""
    shown = warnings.showwarning

    def show(message: Any, category: Any, *place: Any, **more: Any) -> None:
        if issubclass(category, InputWarning):
            complain(message)
        else:
            shown(message, category, *place, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("always", InputWarning)
        warnings.showwarning = show
        yield


@contextmanager
def progress_bar(wanted: bool | None) -> Iterator[tqdm | None]:
    """A bar on stderr that is wiped when the work ends, or None.

    Parameters
    ----------
    wanted : bool or None
        None is yes if stderr is a terminal.
    """
    if not (_is_terminal(sys.stderr) if wanted is None else wanted):
        yield None
        return
    from tqdm import tqdm

    layout = "{desc} |{bar:20}| {elapsed}{postfix}"
    with tqdm(desc="otgan", leave=False, bar_format=layout) as bar:
        yield bar


def show_message(bar: tqdm, done: int, total: int | None, message: str) -> None:
    """Show the message of a solver behind its bar."""
    bar.set_postfix_str(message)


def timing(stats: Mapping[str, Any]) -> str:
    """The seconds of a solve, and those before it."""
    seconds = stats["seconds_solving"] + stats["seconds_certifying"]
    return f"{seconds:.3g} s, after {stats['seconds_preparing']:.3g} s of loading and compiling"


def _is_terminal(file: TextIO | None) -> bool:
    return file is not None and file.isatty()


def save_picture(draw: Callable[[], Figure], path: str, *, quiet: bool = False) -> None:
    """Draw a picture and save it; its folder is made if need be."""
    from otgan.plot import save

    saved = save(draw(), path)
    if not quiet:
        say(f"\npicture: {printable(str(saved))}")
