"""The report of a run: one self-contained page with its samples, critic, curves and numbers."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from otgan.gan.measuring.correlations import rank_correlation
from otgan.gan.plot import Snapshot, critic_level_sets, progress_curves, samples_over_training
from otgan.gan.records import Record
from otgan.gan.run_directory import RunDirectory
from otgan.keywords import checks_keywords
from otgan.output_files import make_folder, replacing
from otgan.plot import image_grid, save
from otgan.text import printable, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["summary_table", "write_report"]

N_SNAPSHOTS = 6
"""Snapshots of the run that are drawn."""

N_IMAGES = 48
"""Generated images that are drawn."""

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #222; background: #fff;
       max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .3rem; }
p { max-width: 46rem; margin: .4rem 0; }
img { width: 100%; height: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid #ddd; }
td:nth-child(2) { font-variant-numeric: tabular-nums; font-weight: 600; }
td:nth-child(3) { color: #555; }
small { color: #666; }
"""


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
    directory = RunDirectory(Path(run))
    page = _page(directory)
    path = directory.path / "report.html"
    with replacing(path) as file:
        file.write(page.encode())
    return path


def _page(directory: RunDirectory) -> str:
    records, settings, summary = directory.metrics(), directory.settings(), directory.summary()
    sections = [
        _samples_section(directory),
        _critic_section(directory),
        _progress_section(directory, records),
    ]
    data = shortened(settings["data"] or "an array")
    title = html.escape(printable(f"GAN on {data}, {_game(directory)}"))
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head>
<body>
<h1>{title}</h1>
<p>{_verdict(summary)}</p>
{_html_table(summary_rows(summary, records))}
{"".join(sections)}
<p><small>Each ± is one standard error over the draws.</small></p>
<p><small>{html.escape(printable(_settings_line(settings)))}</small></p>
</body>
</html>
"""


def _game(directory: RunDirectory) -> str:
    """Objective and constraint of the run in words."""
    constraint = directory.constraint
    return f"objective {directory.objective}" + (f", constraint {constraint}" if constraint else "")


def summary_rows(
    summary: Mapping[str, Any], records: Sequence[Record]
) -> list[tuple[str, str, str]]:
    """Name, value and meaning of each number worth reading."""
    last = records[-1]
    rows = [("steps", f"{last.step:,}", f"generator steps, in {last.seconds:.0f} s")]
    if summary:
        rows += _distance_rows(summary)
    if summary and summary["of"]:
        rows += _mode_rows(summary)
    if last.exact_w1 > 0:
        fraction, of_zero = (bound / last.exact_w1 for bound in (last.w1_lower, last.w1_lower_zero))
        meaning = (
            "lower bound over exact W1 at the last step; "
            f"a critic that is zero everywhere {of_zero:.1%}"
        )
        rows.append(("certified", f"{fraction:.1%}", meaning))
    correlation = rank_correlation(records)
    shown = "not defined" if math.isnan(correlation) else f"{correlation:.2f}"
    meaning = "of the critic's estimate and debiased W1, until the floor is reached"
    rows.append(("rank correlation", shown, meaning))
    return rows


def _distance_rows(summary: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    size = f"{summary['points']:,} points a side, mean of {summary['draws']} draws"
    return [
        ("exact W1", _show(summary, "exact_w1"), f"generated against held-out real; {size}"),
        ("floor", _show(summary, "floor"), "real against real: what a perfect sampler shows"),
        (
            "debiased W1",
            _show(summary, "debiased_w1"),
            "exact W1 less what samples of either kind show among each other; 0 is perfect",
        ),
    ]


def _mode_rows(summary: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    kl = summary["reverse_kl"]
    ceiling = "a perfect sampler reaches 98.9 %"
    return [
        (
            "modes",
            f"{summary['modes']} of {summary['of']}",
            "with at least one high-quality point",
        ),
        ("high quality", f"{summary['high_quality']:.1%}", f"within 3 σ of a mode; {ceiling}"),
        ("reverse KL", "inf" if kl is None else f"{kl:.4f}", "unevenness of the modes, nats"),
    ]


def summary_table(run: str | Path) -> str:
    """The summary of a run as text for a terminal."""
    directory = RunDirectory(Path(run))
    rows = summary_rows(directory.summary(), directory.metrics())
    return "\n".join(f"  {name:<17} {value:>15}   {meaning}" for name, value, meaning in rows)


def _samples_section(directory: RunDirectory) -> str:
    shown = _selected(directory.snapshots())
    if not shown:
        return ""
    text = (
        "Orange points come from the generator, blue ones are real and were never trained on. "
        "Read from left to right, top to bottom: a good run ends with orange covering every blue "
        "cluster and nothing in between."
    )
    last = shown[-1][1]["generated"]
    side = _image_side(last.shape[1])
    if side is None:
        figure = samples_over_training(shown)
    else:
        figure = image_grid(last[:N_IMAGES], side=side)
        text = "Images drawn by the generator at the last measurement; look for repeated ones."
    return _section(directory, "samples", "Samples against data over training", text, figure)


def _image_side(d: int) -> int | None:
    """Pixels on a side, if points of d coordinates may be square images, gray or in color."""
    if d <= 3:
        return None
    for channels in (3, 1):
        side = math.isqrt(d // channels)
        if side * side * channels == d:
            return side
    return None


def _critic_section(directory: RunDirectory) -> str:
    shown = _selected([snapshot for snapshot in directory.snapshots() if "critic" in snapshot[1]])
    if not shown:
        return ""
    text = (
        "The critic's values: green is high (it takes points there for real), pink is low, and the "
        "generator's points move uphill, across the lines. Where lines are dense the critic is "
        "steep and pushes hard; a good critic is high on every blue cluster and falls off around "
        "it, so that points in between are pulled to the nearest cluster that lacks some."
    )
    figure = critic_level_sets(shown)
    return _section(directory, "critic", "Level sets of the critic", text, figure)


def _progress_section(directory: RunDirectory, records: Sequence[Record]) -> str:
    text = (
        "The blue curve is the exact number: W1 between held-out real points and generated ones. "
        "The dashed line is the floor, what independent real samples of the same size show "
        "against each other; a curve at this height is as near as samples of this size can show. "
        "The green curve is proved by the critic's own values and can never lie above the blue "
        "one; dotted is what a critic that is zero everywhere proves, and only what lies above it "
        "is the critic's merit. The critic's estimate (pink) has no such proof: trust it only "
        "where it moves with the blue curve."
    )
    if directory.objective == "exact":
        text += (
            " This run trained no critic: estimate and proof are the linear program's own dual "
            "value, so that the three coincide and their rank correlation is one."
        )
    title = "Critic estimate, exact W1 and floor"
    return _section(directory, "progress", title, text, progress_curves(records))


def _section(directory: RunDirectory, name: str, title: str, text: str, figure: Figure) -> str:
    make_folder(directory.path / "pictures", inside=directory.path)
    picture = save(figure, directory.path / "pictures" / f"{name}.png")
    data = base64.b64encode(picture.read_bytes()).decode("ascii")
    return (
        f'<h2>{title}</h2>\n<p>{text}</p>\n<img alt="{title}" src="data:image/png;base64,{data}">\n'
    )


def _verdict(summary: Mapping[str, Any]) -> str:
    if not summary:
        return "The run has not ended yet; the curves show it up to its last measurement."
    return html.escape(printable(f"{summary['verdict']} {summary['selection_rule']}"))


def _html_table(rows: list[tuple[str, str, str]]) -> str:
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{cells}</table>"


def _selected(snapshots: Sequence[Snapshot]) -> Sequence[Snapshot]:
    """A few snapshots from all of the run, the first and the last included."""
    if len(snapshots) <= N_SNAPSHOTS:
        return snapshots
    # Most happens early, so the snapshots are spread by the square of the step.
    fractions = np.linspace(0, 1, N_SNAPSHOTS) ** 2
    picks = np.unique((fractions * (len(snapshots) - 1)).round().astype(int))
    return [snapshots[pick] for pick in picks]


def _settings_line(settings: Mapping[str, Any]) -> str:
    return "Settings: " + ", ".join(
        f"{name.replace('_', ' ')} {_setting(value)}" for name, value in settings.items()
    )


def _setting(value: Any) -> str:
    """A setting in words instead of Python."""
    if isinstance(value, Mapping):
        inner = {key: part for key, part in value.items() if key != "name"}
        inside = ", ".join(f"{key.replace('_', ' ')} {_setting(v)}" for key, v in inner.items())
        name = value.get("name", "")
        return f"{name} ({inside})".strip() if inside else str(name)
    words = {None: "default", True: "yes", False: "no", "": "none"}
    return words[value] if value is None or value == "" or isinstance(value, bool) else str(value)


def _show(summary: Mapping[str, Any], name: str) -> str:
    return f"{summary[name]:.4f} ± {summary[name + '_se']:.4f}"
