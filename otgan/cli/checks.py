"""What a command can refuse before it loads or computes anything."""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from otgan.errors import InvalidInputError, OutputError, nearest_name, require

__all__ = [
    "OF_TRANSPORT",
    "check_emd",
    "check_emd_grid",
    "check_file",
    "check_files",
    "check_folder",
    "check_numbers",
    "check_picture",
    "check_rtol",
    "check_run",
    "check_training",
    "check_training_details",
    "errors_name_flags",
]

OBJECTS = r",? or (?:an (?:object of a subclass of )?[A-Z]\w+|a function of [a-z ]+|None(?=, got))"
"""What messages offer beside names, and no flag can take."""

OF_TRANSPORT = ("p", "rtol", "normalize", "unmatched", "mass")
"""Options of solvers that are flags."""

MAX_JOBS = 1024
"""More threads are refused by the system rather than by us."""


def check_files(*paths: str) -> None:
    """Raise unless all exist, so that a missing second file is not found after a long first one."""
    for path in paths:
        if not os.path.exists(path):
            hint = "write what the pipe gives to a file" if path == "-" else "check the path"
            raise InvalidInputError(
                f"the file or folder must exist, got {path!r}; to fix it, {hint}"
            )


def check_numbers(options: argparse.Namespace) -> None:
    """Raise on a number that its command cannot use; options that it lacks are passed over.

    ``--n-jobs -1`` becomes the number of cores.
    """
    from otgan.inputs.options import as_count  # loads NumPy, which not every command needs

    given = {name: value for name, value in vars(options).items() if value is not None}
    if "rng" in given:
        as_count(options.rng, "--rng", least=0)
    if "n" in given:
        as_count(options.n, "-n")
    if "n_jobs" in given:
        hint = "pass no more than there are cores, or -1 for all of them"
        if options.n_jobs == -1:
            options.n_jobs = os.cpu_count() or 1
        as_count(options.n_jobs, "--n-jobs", most=MAX_JOBS, hint=hint)


def check_picture(path: str | None) -> None:
    """Raise on a path where no picture can be saved."""
    if path is not None:
        from otgan.plot import as_picture_path

        as_picture_path(path)


def check_file(flag: str, path: str, ending: str) -> None:
    """Raise on a path where no file with this ending can be saved."""
    from otgan.output_files import why_no_file

    if Path(path).suffix.lower() != ending:
        raise InvalidInputError(
            f"{flag} must name a file that ends in {ending}, got {path!r}; to fix it, call it e.g. "
            f"lesson{ending}"
        )
    if reason := why_no_file(Path(path)):
        raise OutputError(
            f"{flag} must name a file that can be written, got {path!r} ({reason}); to fix it, "
            "name another folder"
        )


def check_training_details(options: argparse.Namespace) -> None:
    """Raise on numbers that no critic can have been trained with."""
    if options.reported is not None and not math.isfinite(options.reported):
        raise InvalidInputError(
            f"--reported must be finite, got {options.reported}; to fix it, pass what was printed "
            "as W1"
        )
    for name in ("penalty_weight", "batch_size"):
        value = getattr(options, name)
        if value is not None and not 0 < value < math.inf:
            raise InvalidInputError(
                f"--{name.replace('_', '-')} must be positive, got {value!r}; to fix it, pass the "
                "one of the training"
            )


def check_emd(**options: Any) -> None:
    """Raise on options that :func:`otgan.emd` refuses, by its own rules."""
    from otgan.costs import METRIC_NAMES
    from otgan.transport.exact import emd
    from otgan.transport.unmatched import check_options

    _check_word("--metric", options["metric"], tuple(METRIC_NAMES))
    check_options(options["unmatched"], options.pop("mass"))  # how much there is, the files tell
    emd([1.0], [1.0], **options)


def check_emd_grid(spacing: list[float], **options: Any) -> None:
    """Raise on options that :func:`otgan.emd_grid` refuses, by its own rules."""
    from otgan.inputs.options import as_positive
    from otgan.transport.grid import METRICS, emd_grid

    _check_word("--metric", options["metric"], METRICS)
    for step in spacing:
        as_positive(step, "--spacing")
    emd_grid([[1.0]], [[1.0]], **options)


def check_rtol(rtol: float) -> None:
    """Raise on a tolerance that no solver takes."""
    from otgan.transport.exact import SolverOptions

    SolverOptions.of(rtol, None, None, False)


def _check_word(flag: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise InvalidInputError(
            f"{flag} must be one of {', '.join(known)}, got {word!r}; to fix it, "
            f"{nearest_name(word, known)}"
        )


@contextmanager
def errors_name_flags(names: Iterable[str]) -> Iterator[None]:
    """Errors about settings with these names speak of flags, and of no objects of Python."""
    try:
        yield
    except InvalidInputError as error:
        message = str(error).replace("change it in the GANConfig", "pass another value")
        message = message.replace(" in the GANConfig", "")
        message = re.sub(OBJECTS, "", message)
        head, must, rest = message.partition(" must ")
        for name in sorted(names, key=len, reverse=True):
            flag = f"--{name.replace('_', '-')}"
            head = re.sub(rf"(?<![\w-]){name}(=True)?\b", flag, head)
            value = rf"(?<![\w-]){name}=(['\"]?)([\w.-]+)\1"
            rest = re.sub(rf"(?<![\w-]){name}=True\b", flag, rest)
            rest = re.sub(rf"\bpass {name}=False\b", f"leave {flag} out", rest)
            rest = re.sub(value, rf"{flag} \2", rest)
            if "_" in name:  # others are words of English as well
                rest = re.sub(rf"(?<![\w-]){name}\b", flag, rest)
        raise type(error)(head + must + rest.replace("None", "none")) from None


def check_folder(path: Path) -> None:
    """Raise unless this is, or can become, a folder in which files can be made."""
    from otgan.output_files import why_no_folder

    if reason := why_no_folder(path):
        raise OutputError(
            f"the folder must be one that can be written, got {str(path)!r} ({reason}); to fix it, "
            "name another"
        )


def check_run(path: Path) -> None:
    """Raise unless a run has begun in this folder."""
    from otgan.gan.run_directory import RunDirectory

    RunDirectory(path).check_started()


def check_training() -> None:
    """Raise unless a GAN can be trained here, and its report be drawn."""
    require("torch", extra="torch", purpose="training a GAN")
    require("matplotlib", extra="plot", purpose="the report of a run")
