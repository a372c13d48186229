"""The outcome of a run as text for a terminal."""

from __future__ import annotations

import textwrap
from pathlib import Path

from otgan.gan.report.contents import Contents
from otgan.gan.report.sections import sentences, table_scores
from otgan.gan.run_directory import RunDirectory
from otgan.keywords import checks_keywords

__all__ = ["summary_text"]

WIDTH = 88


@checks_keywords
def summary_text(run: str | Path) -> str:
    """Verdict and scores of a run.

    Raises
    ------
    InvalidInputError
        No run there, or nothing measured yet.
    DamagedFileError
        A file of the run that is truncated, was altered, or is something else.
    """
    contents = Contents.of(RunDirectory.at(run, "run"))
    verdict = textwrap.fill(" ".join(sentences(contents)), WIDTH)
    rows = [("", "generated", "real", ""), *table_scores(contents)]
    table = "\n".join(
        f"  {name:<24} {value:>18} {floor:>18}   {meaning}".rstrip()
        for name, value, floor, meaning in rows
    )
    return f"{verdict}\n\n{table}"
