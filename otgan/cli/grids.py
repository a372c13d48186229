"""``otgan emd-grid``: the distance between two pictures or histograms on one grid."""

from __future__ import annotations

import argparse
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import otgan
from otgan.cli.checks import OF_TRANSPORT, check_emd_grid, check_files, errors_name_flags
from otgan.cli.parser import add_json, add_normalize, add_progress, add_rtol
from otgan.cli.reading_options import add_reading, reading_of, report_notes
from otgan.cli.terminal import progress_bar, say, show_message, timing
from otgan.errors import InvalidInputError

if TYPE_CHECKING:
    from otgan.cli.parser import Commands
    from otgan.transport.result import TransportResult

__all__ = ["add_emd_grid"]


def add_emd_grid(commands: Commands) -> None:
    """Add the command ``otgan emd-grid``."""
    command = commands.add_parser(
        "emd-grid",
        help="exact distance between two pictures or histograms",
        description="The Wasserstein distance between two pictures, or histograms on one grid, "
        "with a certificate.",
    )
    command.add_argument(
        "a",
        help="masses of the cells: a picture, whose levels of gray they are (none where it is "
        "black), a .npy or .npz array, or a table of numbers",
    )
    command.add_argument("b", help="the other file, of the same size")
    command.add_argument("--p", type=float, default=2.0, metavar="X", help="order (default 2)")
    command.add_argument(
        "--metric",
        default="minkowski",
        metavar="NAME",
        help="minkowski (default: of the order p), euclidean, cityblock or chebyshev",
    )
    command.add_argument(
        "--spacing",
        default="1",
        metavar="X[,Y]",
        help="from one cell to the next: along all axes, or along each (default 1)",
    )
    command.add_argument(
        "--periodic",
        metavar="AXES",
        help="which axes close to circles: all, or their numbers from 0, as 0,1 (default: none)",
    )
    add_normalize(command)
    add_rtol(command, "cost")
    add_json(command)
    add_reading(command, resizes=False)
    add_progress(command)
    command.set_defaults(run=_emd_grid)


def _emd_grid(options: argparse.Namespace) -> int:
    from otgan.datasets.files.grids import load_grid

    check_files(options.a, options.b)
    spacing, closed = _spacing(options.spacing), _closed_axes(options.periodic)
    given: dict[str, Any] = {"p": options.p, "metric": options.metric, "rtol": options.rtol}
    with errors_name_flags(OF_TRANSPORT):
        check_emd_grid(spacing, **given)
    files = [load_grid(path, **reading_of(options)) for path in (options.a, options.b)]
    axes = files[0].masses.ndim
    notes = report_notes(*files)
    with errors_name_flags(OF_TRANSPORT), progress_bar(options.progress) as bar:
        result = otgan.emd_grid(
            files[0].masses,
            files[1].masses,
            spacing=spacing if len(spacing) > 1 else spacing[0],
            periodic=_periodic(closed, axes),
            normalize=options.normalize,
            progress=False if bar is None else partial(show_message, bar),
            **given,
        )
    if options.json:
        more = {"metric": options.metric, "shape": list(files[0].masses.shape)}
        more |= {"stats": dict(result.stats), "notes": notes}
        say(json.dumps(result.to_dict() | more))
    else:
        say(_table(result, options.metric))
    return 0


def _spacing(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInputError(
            f"--spacing must be a number, or one for each axis with commas between them, got "
            f"{text!r}; to fix it, write for example 0.5 or 0.5,2"
        ) from None


def _closed_axes(text: str | None) -> list[int] | None:
    """The numbers of axes that close; None for all of them."""
    if text is None:
        return []
    if text == "all":
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise InvalidInputError(
            f"--periodic must be all, or numbers of axes with commas between them, got {text!r}; "
            "to fix it, write for example 0 or 0,1"
        )
    return [int(part) for part in parts]


def _periodic(closed: list[int] | None, axes: int) -> bool | list[bool]:
    if closed is None:
        return True
    if closed and max(closed) >= axes:
        raise InvalidInputError(
            f"--periodic must name axes from 0 to {axes - 1}, got {max(closed)}; to fix it, leave "
            "it out, or write all"
        )
    return [axis in closed for axis in range(axes)]


def _table(result: TransportResult, metric: str) -> str:
    """The distance, for people."""
    shape = " x ".join(map(str, result.f.shape))
    return "\n".join(
        [
            f"distance  {result.distance:.10g}   (W{result.p:g}, {metric})",
            f"cost      {result.cost:.10g}   certified within [{result.lower:.17g},",
            f"          {result.upper:.17g}], a gap of {result.gap:.2g}",
            f"cells     {shape}",
            f"solver    {result.solver}, {timing(result.stats)}",
        ]
    )
