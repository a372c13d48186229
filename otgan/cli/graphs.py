"""``otgan emd-graph``: the distance between two files of masses along the arcs of a graph."""

from __future__ import annotations

import argparse
import json
from functools import partial
from typing import TYPE_CHECKING

import otgan
from otgan.cli.checks import OF_TRANSPORT, check_files, check_rtol, errors_name_flags
from otgan.cli.parser import add_json, add_normalize, add_progress, add_rtol
from otgan.cli.reading_options import add_reading, reading_of, report_notes
from otgan.cli.terminal import progress_bar, say, show_message, timing

if TYPE_CHECKING:
    from otgan.cli.parser import Commands
    from otgan.transport.graph import GraphDistance

__all__ = ["add_emd_graph"]


def add_emd_graph(commands: Commands) -> None:
    """Add the command ``otgan emd-graph``."""
    command = commands.add_parser(
        "emd-graph",
        help="exact distance along the arcs of a graph",
        description="W1 between two distributions on the nodes of a graph, along its arcs, with a "
        "certificate.",
    )
    command.add_argument(
        "lengths",
        help="arcs: a table with from, to and length in each row, nodes counted from 0, or the "
        ".npz file of a sparse matrix (scipy.sparse.save_npz)",
    )
    command.add_argument(
        "a", help="file with a mass for each node, in their order or with an index of nodes"
    )
    command.add_argument("b", help="the other file")
    command.add_argument(
        "--undirected", action="store_true", help="mass may also move along arcs the other way"
    )
    add_normalize(command)
    add_rtol(command, "distance")
    add_json(command)
    add_reading(command, resizes=False)
    add_progress(command)
    command.set_defaults(run=_emd_graph)


def _emd_graph(options: argparse.Namespace) -> int:
    from otgan.datasets.files.graphs import load_graph

    check_files(options.lengths, options.a, options.b)
    with errors_name_flags(OF_TRANSPORT):
        check_rtol(options.rtol)
    graph = load_graph(
        options.lengths,
        options.a,
        options.b,
        undirected=options.undirected,
        **reading_of(options),
    )
    notes = report_notes(graph)
    with errors_name_flags(OF_TRANSPORT), progress_bar(options.progress) as bar:
        result = otgan.emd_graph(
            graph.lengths,
            graph.a,
            graph.b,
            normalize=options.normalize,
            rtol=options.rtol,
            progress=False if bar is None else partial(show_message, bar),
        )
    if options.json:
        say(json.dumps(result.to_dict() | {"stats": dict(result.stats), "notes": notes}))
    else:
        say(_table(result, graph.lengths.nnz))
    return 0


def _table(result: GraphDistance, arcs: int) -> str:
    """The distance, for people."""
    return "\n".join(
        [
            f"distance  {result.distance:.10g}   (W1 along arcs), certified within",
            f"          [{result.lower:.17g}, {result.upper:.17g}], a gap of {result.gap:.2g}",
            f"graph     {result.n} nodes and {arcs} arcs, of which {result.flow.nnz} carry mass",
            f"solver    {timing(result.stats)}",
        ]
    )
