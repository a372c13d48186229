"""One page that compares several runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from otgan.errors import InvalidInputError
from otgan.gan.image_plot import labeled_images
from otgan.gan.plot import compared_curves, samples_over_training
from otgan.gan.report.contents import Contents
from otgan.gan.report.page import Section, Table, page_of, write_page
from otgan.gan.report.sections import sentences, table_scores
from otgan.gan.report.settings import differing
from otgan.gan.run_directory import RunDirectory
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.output_files import make_folder
from otgan.plot import drawable

__all__ = ["write_comparison"]

N_IMAGES = 32


@checks_keywords
def write_comparison(runs: Sequence[str | Path], *, out: str | Path = "comparison.html") -> Path:
    """Write one page that compares runs: scores, curves, samples, and the settings that differ.

    Parameters
    ----------
    runs : sequence of paths
        Run directories, finished or not; two at least.
    out : path, default "comparison.html"
        The page, one file with its pictures inside. An earlier one is replaced. The pictures also
        lie beside it, in a folder of the same name without its ending.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    InvalidInputError
        Fewer than two runs, no run there, or nothing measured yet; a page that does not end in
        .html.
    DamagedFileError
        A file of a run that is truncated, was altered, or is something else.
    OutputError
        The page or its pictures cannot be written.
    """
    folders = _folders(runs)
    path = _page(out)
    compared = dict(zip(_labels(folders), map(_contents, folders), strict=True))
    sections = [_verdicts(compared), _scores(compared), _curves(compared)]
    sections += [_samples(compared), *_other_data(compared), _settings(compared)]
    make_folder(path.parent)
    page = page_of(f"{len(folders)} runs compared", sections, path.with_suffix(""))
    write_page(page, path)
    return path


def _folders(runs: Any) -> list[Path]:
    """The folders of two runs or more."""
    listed = [] if isinstance(runs, (str, Path)) or not isinstance(runs, Iterable) else list(runs)
    if len(listed) < 2:
        raise InvalidInputError(
            f"runs must be the folders of two runs or more, got {runs!r}; to fix it, pass a list "
            "of them, or call write_report for one"
        )
    return [RunDirectory.at(run, "a run").path for run in listed]


def _page(out: Any) -> Path:
    if not isinstance(out, (str, os.PathLike)) or Path(out).suffix != ".html":
        raise InvalidInputError(
            f"out must be the name of a page that ends in .html, got {str(out)!r}; to fix it, "
            "call it e.g. comparison.html"
        )
    return Path(out)


def _contents(run: Path) -> Contents:
    return Contents.of(RunDirectory(run))


def _labels(runs: Sequence[Path]) -> list[str]:
    """The names of the folders; their paths where two have the same name."""
    names = [run.resolve().name for run in runs]
    if len(set(names)) == len(names):
        return names
    return [f"{run} ({index})" for index, run in enumerate(runs, start=1)]


def _verdicts(compared: dict[str, Contents]) -> Section:
    rows = [(label, " ".join(sentences(contents))) for label, contents in compared.items()]
    return Section("", [], Table(("run", "verdict"), rows))


def _scores(compared: dict[str, Contents]) -> Section:
    """A row for each score, a column for each run."""
    by_run = [{score.name: score for score in table_scores(one)} for one in compared.values()]
    names = list(dict.fromkeys(name for scores in by_run for name in scores))
    rows = []
    for name in names:
        found = [scores.get(name) for scores in by_run]
        floors = list(dict.fromkeys(score.floor for score in found if score is not None))
        cells = ["" if score is None else score.value for score in found]
        rows.append((name, *cells, floors[0] if len(floors) == 1 else " / ".join(floors)))
    text = (
        "Each ± is one standard error over draws of points from one generator; how much two runs "
        "differ by the seed alone, only several seeds of each can show. The last column is what "
        "real points show in the place of generated ones."
    )
    return Section("Scores", [text], Table(("score", *compared, "real"), rows))


def _curves(compared: dict[str, Contents]) -> Section:
    text = "Debiased W1 of each run over training: zero in the mean for a perfect generator."
    figure = compared_curves({drawable(k): one.records for k, one in compared.items()})
    return Section("Distances over training", [text], None, [("curves", figure)])


def _samples(compared: dict[str, Contents]) -> Section:
    """Points of every run that has some, images as images."""
    drawn = {
        drawable(label): (contents, contents.last_points)
        for label, contents in compared.items()
        if contents.last_points is not None
    }
    if not drawn or len({one.directory.point_shape for one, _ in drawn.values()}) > 1:
        return Section("Samples", ["The runs are on points of different shapes, or have none yet."])
    first, points = next(iter(drawn.values()))
    if first.image_shape is None:
        titles = list(drawn)
        snapshots = [(0, p) for _, p in drawn.values()]
        figure = samples_over_training(snapshots, titles=titles, names=first.names)
    else:
        rows = [("real", _in_its_range(first, points["real"]))]
        rows += [(k, _in_its_range(one, p["generated"])) for k, (one, p) in drawn.items()]
        figure = labeled_images(rows, 0.0, 1.0, lines=2)
    text = "Points of the generator that was kept, and real ones."
    return Section("Samples", [text], None, [("samples", figure)])


def _in_its_range(one: Contents, points: FloatArray) -> FloatArray:
    """Some images of a run, with the range of its own real ones as [0, 1]."""
    low, high = one.value_range
    return (one.images(points[:N_IMAGES]) - low) / (high - low or 1.0)


def _other_data(compared: dict[str, Contents]) -> list[Section]:
    """What the runs were trained on, if that differs as far as their directories say."""
    runs = list(compared.values())
    rows = [("data", *(one.data_in_words for one in runs))]
    if len({one.settings.get("rng") for one in runs}) == 1:  # the seed decides the order
        rows.append(("SHA-256", *(one.directory.data_fingerprint[:16] for one in runs)))
    rows = [row for row in rows if len(set(row[1:])) > 1]
    if not rows:
        return []
    text = (
        "The runs are on different data. Distances are in the units of each, so that a run is to "
        "be compared with what real points show in its own data, and not with the other runs."
    )
    return [Section("Different data", [text], Table(("", *compared), rows))]


def _settings(compared: dict[str, Contents]) -> Section:
    rows = [
        (name.replace("_", " "), *values)
        for name, values in differing([one.settings for one in compared.values()]).items()
    ]
    if not rows:
        return Section("Settings that differ", ["None: all settings are the same."])
    return Section("Settings that differ", [], Table(("setting", *compared), rows))
