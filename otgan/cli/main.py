"""The command line: ``otgan emd``, ``compare``, ``audit``, ``train``, ``report`` and so on."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import otgan
from otgan.cli.completion import add_completion
from otgan.cli.critics import add_audit
from otgan.cli.distances import add_compare, add_emd
from otgan.cli.graphs import add_emd_graph
from otgan.cli.grids import add_emd_grid
from otgan.cli.interrupts import noticing_interrupts
from otgan.cli.lessons import add_lesson
from otgan.cli.parser import Parser, parse
from otgan.cli.runs import add_report, add_sample
from otgan.cli.terminal import complain, discard_output, flush, input_warnings_as_lines
from otgan.cli.training import INTERRUPTED, add_demo, add_resume, add_train
from otgan.errors import InvalidInputError, MissingExtraError, OtganError, OutputError

if TYPE_CHECKING:
    from otgan.cli.parser import Commands

__all__ = ["main"]

WRONG_INPUT, FAILED, UNREAD = 2, 1, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process, which Ctrl-C then ends at once.

    Returns
    -------
    int
        Exit code: 0, 2 for wrong input or a place that cannot be written, 1 for a computation
        that failed, 130 after Ctrl-C, 141 where nobody reads on, as in ``otgan ... | head -1``.

    Examples
    --------
    >>> main(["emd", "no-such-file.csv", "b.csv"])
    2
    """
    with noticing_interrupts() as interrupted:
        try:
            code = _exit_code(sys.argv[1:] if arguments is None else arguments)
        except Exception:
            if not interrupted():
                raise
            code = FAILED
        if interrupted() and code != INTERRUPTED:
            complain("interrupted")
            code = INTERRUPTED
    if arguments is None and threading.current_thread() is threading.main_thread():
        if code == INTERRUPTED:
            os._exit(code)  # at once: no thread goes on, and nothing can turn the code into another
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done but for the end of Python
    return code


def _exit_code(arguments: Sequence[str]) -> int:
    """Run a command; what goes wrong with its output or by Ctrl-C becomes an exit code."""
    try:
        try:
            return _run_command(arguments)
        finally:
            flush()
    except BrokenPipeError:
        discard_output()
        return UNREAD
    except OSError as reason:
        complain(f"{reason.strerror or reason}" + (f": {reason.filename}" * bool(reason.filename)))
        discard_output()
        return FAILED
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED


def _run_command(arguments: Sequence[str]) -> int:
    """Run a command; errors of otgan become a sentence on stderr and an exit code."""
    options = parse(*_parser(), arguments)
    try:
        with input_warnings_as_lines():
            return int(options.run(options))
    except (InvalidInputError, MissingExtraError, OutputError) as error:
        complain(error)
        return WRONG_INPUT
    except OtganError as error:
        complain(error)
        return FAILED
    except MemoryError as error:
        complain(f"there is not enough memory ({error}); to fix it, pass fewer points")
        return FAILED


def _parser() -> tuple[Parser, Commands]:
    parser = Parser(
        prog="otgan", description="Optimal transport, and the GANs built on it, with certificates."
    )
    parser.add_argument("--version", action="version", version=f"otgan {otgan.__version__}")
    commands: Commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (
        add_emd,
        add_emd_grid,
        add_emd_graph,
        add_compare,
        add_audit,
        add_train,
        add_resume,
        add_report,
        add_sample,
        add_lesson,
        add_demo,
    ):
        add(commands)
    add_completion(commands, lambda: _parser()[0])
    return parser, commands


if __name__ == "__main__":
    sys.exit(main())
