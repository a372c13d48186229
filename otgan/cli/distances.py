"""``otgan emd`` and ``otgan compare``: distances between two files of points."""

from __future__ import annotations

import argparse
import json
from functools import partial
from typing import TYPE_CHECKING

import otgan
from otgan.cli.checks import (
    OF_TRANSPORT,
    check_emd,
    check_files,
    check_numbers,
    check_picture,
    errors_name_flags,
)
from otgan.cli.parser import add_json, add_normalize, add_plot, add_progress, add_rng, add_rtol
from otgan.cli.reading_options import (
    FILES,
    add_reading,
    load_weights,
    reading_of,
    report_notes,
)
from otgan.cli.terminal import progress_bar, save_picture, say, show_message, timing
from otgan.text import encodable

if TYPE_CHECKING:
    from tqdm import tqdm

    from otgan.cli.parser import Commands
    from otgan.comparison.result import Comparison
    from otgan.transport.result import TransportResult

__all__ = ["add_compare", "add_emd"]


def add_emd(commands: Commands) -> None:
    """Add the command ``otgan emd``."""
    emd = commands.add_parser(
        "emd",
        help="exact distance between two files of points",
        description="The Wasserstein distance between two files of points, with a certificate.",
    )
    emd.add_argument("a", help=FILES)
    emd.add_argument("b", help="the other file")
    emd.add_argument("--p", type=float, default=1.0, metavar="X", help="order (default 1)")
    emd.add_argument(
        "--metric",
        default="euclidean",
        metavar="NAME",
        help="euclidean (default), sqeuclidean, cityblock, chebyshev or cosine",
    )
    emd.add_argument(
        "--weights", nargs=2, metavar=("A", "B"), help="files with a weight for each point"
    )
    add_normalize(emd)
    emd.add_argument(
        "--unmatched",
        type=float,
        metavar="PRICE",
        help="let mass stay where it is, at this price a unit, in units of the cost; weights, of "
        "any sums, are not normalized (default: all moves)",
    )
    emd.add_argument(
        "--mass",
        type=float,
        metavar="X",
        help="move so much mass and leave the rest, free of charge, in units of the weights "
        "(default: all)",
    )
    add_rtol(emd, "cost")
    add_json(emd)
    add_reading(emd)
    add_progress(emd)
    emd.set_defaults(run=_emd)


def _emd(options: argparse.Namespace) -> int:
    from otgan.datasets import load_pair

    check_files(options.a, options.b, *(options.weights or ()))
    leaving = {"unmatched": options.unmatched, "mass": options.mass}
    with errors_name_flags(OF_TRANSPORT):
        check_emd(p=options.p, metric=options.metric, rtol=options.rtol, **leaving)
    pair = load_pair(options.a, options.b, **reading_of(options))
    clouds = zip(options.weights or (), pair, (options.a, options.b), strict=False)
    weights = [load_weights(path, table, file, options) for path, table, file in clouds]
    x, y = (table.points for table in pair)
    a, b = (table.points[:, 0] for table in weights) if weights else (None, None)
    notes = report_notes(*pair, *weights)
    with errors_name_flags(OF_TRANSPORT), progress_bar(options.progress) as bar:
        result = otgan.emd(
            x,
            y,
            a,
            b,
            p=options.p,
            metric=options.metric,
            normalize=options.normalize,
            rtol=options.rtol,
            progress=False if bar is None else partial(show_message, bar),
            **leaving,
        )
    partly = options.unmatched is not None or options.mass is not None
    if options.json:
        more = {"metric": options.metric, "stats": dict(result.stats), "notes": notes}
        if partly:
            left = {"unmatched_x": result.unmatched_x, "unmatched_y": result.unmatched_y}
            more |= {name: masses.tolist() for name, masses in left.items()}
        say(json.dumps(result.to_dict() | more))
    else:
        say(_table(result, options.metric, x.shape[1], partly))
    return 0


def _table(result: TransportResult, metric: str, d: int, partly: bool) -> str:
    """The distance, for people; of masses that may stay, how much does."""
    kind, left = f"W{result.p:g}", []
    if partly:
        kind = f"p = {result.p:g}"
        first, second = result.unmatched
        left = [
            f"moved     {result.moved:.10g}   of {result.moved + first:.10g} and "
            f"{result.moved + second:.10g}",
            f"unmatched {first:.10g} and {second:.10g}   at {(result.unmatched_x > 0).sum()} and "
            f"{(result.unmatched_y > 0).sum()} points",
        ]
    return "\n".join(
        [
            f"distance  {result.distance:.10g}   ({kind}, {metric})",
            f"cost      {result.cost:.10g}   certified within [{result.lower:.17g},",
            f"          {result.upper:.17g}], a gap of {result.gap:.2g}",
            *left,
            f"points    {result.n} and {result.m} in {d} dimension{'s' * (d > 1)}",
            f"solver    {result.solver}, {timing(result.stats)}",
        ]
    )


def add_compare(commands: Commands) -> None:
    """Add the command ``otgan compare``."""
    compare = commands.add_parser(
        "compare",
        help="everything that fits two files of points, with intervals and a test",
        description="Distances, divergences and a test between two samples, each with an interval "
        "for the distributions, and with what it is sensitive to and what it misses.",
    )
    compare.add_argument("a", help=FILES)
    compare.add_argument("b", help="the other file")
    compare.add_argument(
        "--confidence-level",
        type=float,
        default=0.95,
        metavar="X",
        help="of the intervals (default 0.95)",
    )
    compare.add_argument(
        "--ties",
        default="auto",
        metavar="WORD",
        help="what KL and JS do about equal points: auto (default: count values that repeat "
        "often), raise, drop, jitter or discrete",
    )
    compare.add_argument(
        "--seconds",
        type=float,
        default=10.0,
        metavar="X",
        help="leave out quantities that are expected to take longer (default 10)",
    )
    add_rng(compare, "everything random (default 0)")
    add_plot(compare, "compare.png")
    formats = compare.add_mutually_exclusive_group()
    add_json(formats)
    formats.add_argument("--csv", action="store_true", help="print comma-separated values")
    formats.add_argument("--markdown", action="store_true", help="print a table of Markdown")
    add_reading(compare)
    add_progress(compare)
    compare.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> int:
    from otgan.comparison.table import check_options
    from otgan.datasets import load_pair
    from otgan.inputs.options import as_confidence

    check_files(options.a, options.b)
    check_numbers(options)
    as_confidence(options.confidence_level)
    check_options(options.ties, options.seconds)
    check_picture(options.plot)
    first, second = load_pair(options.a, options.b, **reading_of(options))
    notes = report_notes(first, second)
    with progress_bar(options.progress) as bar:
        comparison = otgan.compare(
            first.points,
            second.points,
            confidence_level=options.confidence_level,
            rng=options.rng,
            ties=options.ties,
            seconds=options.seconds,
            progress=False if bar is None else partial(_show_compare, bar),
        )
    say(_formatted(comparison, notes, options))
    if options.plot:
        from otgan.comparison.plot import two_samples

        names = first.names or second.names
        for_programs = options.json or options.csv or options.markdown
        save_picture(lambda: two_samples(comparison, names=names), options.plot, quiet=for_programs)
    return 0


def _formatted(comparison: Comparison, notes: list[str], options: argparse.Namespace) -> str:
    """What is printed; in JSON with the notes on reading files, which others have on stderr."""
    if options.json:
        values = comparison.to_dict()
        return json.dumps({**values, "notes": [*notes, *values["notes"]]})
    if options.csv:
        return comparison.to_csv()
    return comparison.to_markdown() if options.markdown else comparison.report()


def _show_compare(bar: tqdm, done: int, total: int | None, name: str) -> None:
    bar.total, bar.n = total, done
    bar.set_description_str(encodable(name, bar.fp.encoding))
