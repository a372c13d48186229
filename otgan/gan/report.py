"""One self-contained page for a run: what it drew, what its critic saw, how far it is."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from otgan import plot
from otgan.gan.records import Record, rank_correlation
from otgan.gan.run_directory import RunDirectory
from otgan.output_files import make_folder, replacing
from otgan.text import printable, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["summary_table", "write_report"]

SHOWN = 6
"""Moments of the run that are drawn."""

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


def write_report(run: str | Path) -> Path:
    """Write ``report.html`` into a run's folder, and its pictures beside it as PNG files.

    Parameters
    ----------
    run : path
        A folder that :func:`otgan.train_gan` wrote; the run may still be going on.

    Returns
    -------
    Path
        The page: one file, its pictures inside, that asks nothing of the network.

    Raises
    ------
    InvalidInputError
        No run there, or nothing measured yet.
    DamagedFileError
        A file of the run that is truncated, was altered, or is something else.
    OutputError
        The page or its pictures cannot be written.
    """
    folder = RunDirectory(Path(run))
    records, settings = folder.metrics(), folder.settings()
    sections = [
        _samples_section(folder),
        _critic_section(folder),
        _progress_section(folder, records),
    ]
    data = shortened(settings["data"] or "an array")
    title = printable(f"WGAN on {data}, constraint {folder.constraint}")
    page = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style></head>
<body>
<h1>{html.escape(title)}</h1>
<p>{_verdict(folder.summary())}</p>
{_html_table(summary_rows(folder.summary(), records))}
{"".join(sections)}
<p><small>Each ± is one standard error over the draws.</small></p>
<p><small>{html.escape(printable(_settings_line(settings)))}</small></p>
</body>
</html>
"""
    path = folder.path / "report.html"
    with replacing(path) as file:
        file.write(page.encode())
    return path


def summary_rows(summary: Mapping[str, Any], records: list[Record]) -> list[tuple[str, str, str]]:
    """Name, value and meaning of each number worth reading."""
    last = records[-1]
    rows = [("steps", f"{last.step:,}", f"generator steps, in {last.seconds:.0f} s")]
    if summary:
        size = f"{summary['points']:,} points a side, mean of {summary['draws']} draws"
        rows += [
            ("exact W1", _show(summary, "exact_w1"), f"generated against held-out real; {size}"),
            ("floor", _show(summary, "floor"), "real against real: what a perfect sampler shows"),
            ("ratio", _ratio(summary), "exact W1 over floor; 1 is perfect"),
        ]
    if summary and summary["of"]:
        kl = summary["reverse_kl"]
        ceiling = "a perfect sampler reaches 98.9 %"
        rows += [
            ("modes", f"{summary['modes']} of {summary['of']}", "with at least one good point"),
            ("high quality", f"{summary['high_quality']:.1%}", f"within 3 σ of a mode; {ceiling}"),
            (
                "reverse KL",
                "inf" if kl is None else f"{kl:.4f}",
                "unevenness of the modes, nats",
            ),
        ]
    if last.exact_w1 > 0 and not math.isnan(last.lower_zero):
        share, of_zero = (bound / last.exact_w1 for bound in (last.lower, last.lower_zero))
        meaning = (
            "lower bound over exact W1 at the last step; "
            f"a critic that is zero everywhere {of_zero:.1%}"
        )
        rows.append(("certified", f"{share:.1%}", meaning))
    correlation = rank_correlation(records)
    shown = "not defined" if math.isnan(correlation) else f"{correlation:.2f}"
    rows.append(("rank correlation", shown, "of the critic's estimate and exact W1 over the run"))
    return rows


def summary_table(run: str | Path) -> str:
    """The summary of a run as text for a terminal."""
    folder = RunDirectory(Path(run))
    rows = summary_rows(folder.summary(), folder.metrics())
    return "\n".join(f"  {name:<17} {value:>15}   {meaning}" for name, value, meaning in rows)


def _samples_section(folder: RunDirectory) -> str:
    shown = _spread(folder.snapshots())
    if not shown:
        return ""
    text = (
        "Orange points come from the generator, blue ones are real and were never trained on. "
        "Read from left to right, top to bottom: a good run ends with orange covering every blue "
        "cluster and nothing in between."
    )
    d = shown[-1][1]["generated"].shape[1]
    side = math.isqrt(d // 3) if math.isqrt(d // 3) ** 2 * 3 == d else math.isqrt(d)
    if d > 3 and d in (side * side, 3 * side * side):
        figure = plot.image_grid(shown[-1][1]["generated"][:48], side=side)
        text = "Pictures drawn by the generator at the last measurement; look for repeated ones."
    else:
        figure = plot.samples_over_training(shown)
    return _section(folder, "samples", "Samples against data over training", text, figure)


def _critic_section(folder: RunDirectory) -> str:
    shown = _spread([snap for snap in folder.snapshots() if "critic" in snap[1]])
    if not shown:
        return ""
    text = (
        "The critic is a landscape: green is high (it takes points there for real), pink is low, "
        "and the generator's points move uphill across the lines. Where lines are dense the critic "
        "is steep and pushes hard; a good critic is high on every blue cluster and falls off "
        "around it, so that points in between are pulled to the nearest cluster that lacks some."
    )
    figure = plot.critic_level_sets(shown)
    return _section(folder, "critic", "Level sets of the critic", text, figure)


def _progress_section(folder: RunDirectory, records: list[Record]) -> str:
    curves = {name: [getattr(r, name) for r in records] for name in Record._fields}
    text = (
        "The blue curve is the exact number: W1 between held-out real points and generated ones. "
        "The dashed line is the floor, what independent real samples of the same size show "
        "against each other; a curve at this height is as near as samples of this size can show. "
        "The green curve is proved by the critic's own values and can never lie above the blue "
        "one; dotted is what a critic that is zero everywhere proves, and only what lies above it "
        "is the critic's merit. The critic's estimate (pink) has no such proof: trust it only "
        "where it moves with the blue curve."
    )
    if folder.constraint == "exact":
        text += (
            " This run trained no critic: estimate and proof are the linear program's own dual "
            "value, so that the three coincide and their rank correlation is one."
        )
    title = "Critic estimate, exact W1 and floor"
    return _section(folder, "progress", title, text, plot.progress(curves))


def _section(folder: RunDirectory, name: str, title: str, text: str, figure: Figure) -> str:
    make_folder(folder.path / "pictures", inside=folder.path)
    picture = plot.save(figure, folder.path / "pictures" / f"{name}.png")
    data = base64.b64encode(picture.read_bytes()).decode("ascii")
    return (
        f'<h2>{title}</h2>\n<p>{text}</p>\n<img alt="{title}" src="data:image/png;base64,{data}">\n'
    )


def _verdict(summary: Mapping[str, Any]) -> str:
    if not summary:
        return "The run has not ended yet; the curves show it up to its last measurement."
    excess, se = summary["exact_w1"] - summary["floor"], summary["excess_se"]
    verdict = (
        f"By exact distance on held-out points, the generator is at {_ratio(summary)} times "
        f"the floor, the distance that perfect samples show: {excess:.4f} ± {se:.4f} above it."
    )
    if excess <= 2.0 * se:
        verdict += " At two standard errors, these draws do not tell that from zero."
    return verdict


def _html_table(rows: list[tuple[str, str, str]]) -> str:
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{cells}</table>"


def _spread(snapshots: list[Any]) -> list[Any]:
    """A few snapshots spread over the run, the first and the last included."""
    if len(snapshots) <= SHOWN:
        return snapshots
    # Most happens early, so the moments are spread by the square of the step.
    picks = np.unique((np.linspace(0, 1, SHOWN) ** 2 * (len(snapshots) - 1)).round().astype(int))
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


def _ratio(summary: Mapping[str, Any]) -> str:
    """Exact W1 over the floor; summary.json has null where that is infinite."""
    return "inf" if summary["ratio"] is None else f"{summary['ratio']:.2f}"


def _show(summary: Mapping[str, Any], name: str) -> str:
    return f"{summary[name]:.4f} ± {summary[name + '_se']:.4f}"
