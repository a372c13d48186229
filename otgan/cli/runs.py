"""``otgan report`` and ``otgan sample``: what to do with a run that was trained."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from otgan.cli.checks import check_numbers, check_run, check_training
from otgan.cli.parser import add_rng
from otgan.cli.terminal import say
from otgan.errors import InvalidInputError, require
from otgan.text import printable

if TYPE_CHECKING:
    from otgan.cli.parser import Commands

__all__ = ["add_report", "add_run", "add_sample", "report_run"]


def add_run(command: argparse.ArgumentParser) -> None:
    """The folder of a run, as an argument."""
    command.add_argument("folder", metavar="RUN", help="the run's folder, as given to --out")


def add_report(commands: Commands) -> None:
    """Add the command ``otgan report``."""
    report = commands.add_parser(
        "report",
        help="write a run's report.html, or a page that compares several runs",
        description="Prints the outcome of a run, and writes its report.html with pictures into "
        "its folder. Of several runs, writes one page with their scores, curves, samples and the "
        "settings that differ.",
    )
    report.add_argument("folders", metavar="RUN", nargs="+", help="folders, as given to --out")
    report.add_argument(
        "--out",
        metavar="PAGE",
        help="of a comparison (default comparison.html); an earlier one is replaced",
    )
    report.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    folders = [Path(folder) for folder in options.folders]
    if len(folders) == 1 and options.out is not None:
        raise InvalidInputError(
            "--out must come with two runs or more, got one, whose report is written into its "
            "folder; to fix it, leave --out out"
        )
    for folder in folders:
        check_run(folder)
    check_training()
    if len(folders) == 1:
        report_run(folders[0])
        return 0
    from otgan.gan.report import write_comparison

    page = write_comparison(folders, out=options.out or "comparison.html")
    say(f"comparison: {printable(str(page))}")
    return 0


def report_run(folder: Path) -> None:
    """Write the report of a run, and print its outcome."""
    from otgan.gan.report import summary_text, write_report

    page = write_report(folder)
    say(summary_text(folder))
    say(f"\nreport: {printable(str(page))}")


def add_sample(commands: Commands) -> None:
    """Add the command ``otgan sample``."""
    sample = commands.add_parser(
        "sample",
        help="draw points or pictures from the generator of a run",
        description="Draws points from the generator of a run, in the units of its data, and "
        "writes them to a .npy or .csv file, or as pictures into a folder.",
    )
    add_run(sample)
    sample.add_argument("-n", type=int, default=1000, metavar="N", help="how many (default 1000)")
    sample.add_argument(
        "-o",
        "--out",
        required=True,
        metavar="PLACE",
        help="a file that ends in .npy or .csv, one point a row; or, for images, a folder, for one "
        ".png each",
    )
    sample.add_argument("--overwrite", action="store_true", help="replace what is there")
    add_rng(sample, "the latents (default 0)")
    sample.set_defaults(run=_sample)


def _sample(options: argparse.Namespace) -> int:
    folder, place = Path(options.folder), Path(options.out)
    check_numbers(options)
    check_run(folder)
    require("torch", extra="torch", purpose="drawing from a generator")
    from otgan.gan.load import load_run
    from otgan.gan.sample_files import check_free, write_sample

    check_free(place, overwrite=options.overwrite)
    run = load_run(folder)
    write_sample(run, options.n, place, rng=options.rng, overwrite=options.overwrite)
    say(f"{options.n:,} points: {printable(str(place))}")
    return 0
