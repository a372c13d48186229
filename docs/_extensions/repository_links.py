"""Links of pages to files of the repository, as links within the site.

A page is read in two places: among the files of the repository, where a link to an example or a
benchmark is a path, and on the site, where both are pages.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

REPLACED = [
    (r"\]\(\.\./examples/(\w+)\.py\)", r"](gallery/\1.rst)"),
    (r"\]\(\.\./examples\)", r"](gallery/index.rst)"),
    (r"\]\(\.\./benchmarks/results/([\w-]+)\.(md|png)\)", r"](benchmarks/\1.\2)"),
    (r"\]\(\.\./benchmarks(/results)?\)", r"](benchmarks.md)"),
    (r"\[([^\]]+)\]\((report/[\w/-]+\.html)\)", r'<a href="\2">\1</a>'),
]
"""Links as they stand in pages of `docs/`, and where they lead on the site."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Rewrite links as pages are read; copy what they lead to."""
    app.connect("source-read", rewrite_links)
    app.connect("builder-inited", copy_benchmarks)
    app.connect("build-finished", copy_reports)
    return {"parallel_read_safe": True}


def rewrite_links(app: Sphinx, page: str, source: list[str]) -> None:
    """Let links lead to pages of the site."""
    for pattern, replacement in REPLACED:
        source[0] = re.sub(pattern, replacement, source[0])
    if page.startswith("benchmarks/"):
        source[0] = source[0].replace("](../../docs/", "](../")


def copy_benchmarks(app: Sphinx) -> None:
    """What `benchmarks/` printed becomes pages: only what changed is copied, and read again."""
    results, pages = app.srcdir.parent / "benchmarks" / "results", app.srcdir / "benchmarks"
    pages.mkdir(exist_ok=True)
    files = [*results.glob("*.md"), *results.glob("*.png"), *results.glob("*.csv")]
    for file in files:
        copy = pages / file.name
        if not copy.exists() or copy.read_bytes() != file.read_bytes():
            shutil.copyfile(file, copy)


def copy_reports(app: Sphinx, exception: Exception | None) -> None:
    """Reports of runs are pages of their own, which keep their pictures beside them."""
    if exception is None:
        shutil.copytree(app.srcdir / "report", Path(app.outdir) / "report", dirs_exist_ok=True)
