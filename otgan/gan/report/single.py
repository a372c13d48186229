"""The report of a run: one self-contained page with its samples, critic, curves and numbers."""

from __future__ import annotations

from pathlib import Path

from otgan.gan.report.contents import Contents
from otgan.gan.report.page import page_of, write_page
from otgan.gan.report.sections import sections_of
from otgan.gan.run_directory import RunDirectory
from otgan.keywords import checks_keywords

__all__ = ["write_report"]


@checks_keywords
def write_report(run: str | Path) -> Path:
    """Write ``report.html`` into a run directory, and its pictures beside it as PNG files.

    Parameters
    ----------
    run : path
        A run directory that :func:`otgan.train_gan` wrote; the run need not have ended.

    Returns
    -------
    Path
        The page: one file with its pictures inside, which loads nothing from the network.

    Raises
    ------
    InvalidInputError
        No run there, or nothing measured yet.
    DamagedFileError
        A file of the run that is truncated, was altered, or is something else.
    OutputError
        The page or its pictures cannot be written.
    """
    directory = RunDirectory.at(run, "run")
    contents = Contents.of(directory)
    page = page_of(contents.title, sections_of(contents), directory.path / "pictures")
    path = directory.path / "report.html"
    write_page(page, path)
    return path
