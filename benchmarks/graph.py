"""Time of W1 along the arcs of a graph, against HiGHS on the same linear program.

python benchmarks/graph.py [nodes]
"""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from scipy.spatial import cKDTree

import otgan
from otgan.measures import FloatArray

RNG = np.random.default_rng(0)
LARGEST_FOR_HIGHS = 10_000
COLUMNS = ("graph", "nodes", "edges", "masses", "otgan s", "pivots", "gap", "HiGHS s", "differs by")


def graphs(n: int) -> Iterator[tuple[str, sparse.coo_array, FloatArray]]:
    """Undirected graphs of about n nodes with some four edges each, and where their nodes are."""
    k = round(n**0.5)
    node = np.arange(k * k).reshape(k, k)
    i = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    j = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    places = np.argwhere(node >= 0) / k
    yield "grid, lengths one", undirected(i, j, np.ones(len(i)), k * k), places
    yield "grid, random lengths", undirected(i, j, 0.1 + RNG.random(len(i)), k * k), places
    places = RNG.random((n, 2))
    _, near = cKDTree(places).query(places, 7)
    pairs = np.sort(np.column_stack([np.repeat(np.arange(n), 6), near[:, 1:].ravel()]), axis=1)
    i, j = np.unique(pairs, axis=0).T
    lengths = np.linalg.norm(places[i] - places[j], axis=1)
    yield "6 nearest neighbors", undirected(i, j, lengths, n), places
    ring = np.arange(n), np.roll(np.arange(n), -1)
    pairs = np.sort(np.vstack([np.column_stack(ring), RNG.integers(0, n, (3 * n, 2))]), axis=1)
    i, j = np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0).T
    yield "random, small world", undirected(i, j, RNG.random(len(i)), n), places


def undirected(i: Any, j: Any, lengths: FloatArray, n: int) -> sparse.coo_array:
    ends = np.concatenate([i, j]), np.concatenate([j, i])
    return sparse.coo_array((np.concatenate([lengths, lengths]), ends), shape=(n, n))


def masses(places: FloatArray) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    yield "random", RNG.random(len(places)), RNG.random(len(places))
    bumps = [np.exp(-20 * ((places - at) ** 2).sum(axis=1)) for at in ([0.2, 0.2], [0.8, 0.7])]
    yield "two bumps", bumps[0], bumps[1]


def by_highs(graph: sparse.coo_array, a: FloatArray, b: FloatArray) -> float:
    i, j = graph.coords
    arcs, ones = np.arange(graph.nnz), np.ones(graph.nnz)
    ends = np.concatenate([i, j]), np.concatenate([arcs, arcs])
    balance = sparse.coo_array((np.concatenate([ones, -ones]), ends)).tocsr()
    return float(linprog(graph.data, A_eq=balance, b_eq=a / a.sum() - b / b.sum()).fun)


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    return call(), time.process_time() - started


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [2_500, 10_000]
    next_to = otgan.emd_graph(np.array([[0, 1.0], [1.0, 0]]), [1, 0], [0, 1])  # compiles
    assert float(next_to) == 1
    print("|", " | ".join(COLUMNS), "|")
    print("|---|--:|--:|---|--:|--:|--:|--:|--:|")
    for n in sizes:
        for name, graph, places in graphs(n):
            for held, a, b in masses(places):
                row = measured(graph, a, b)
                nodes = graph.shape[0]
                print(f"| {name} | {nodes} | {graph.nnz // 2} | {held} | {row} |", flush=True)


def measured(graph: sparse.coo_array, a: FloatArray, b: FloatArray) -> str:
    solve = lambda: otgan.emd_graph(graph, a, b, normalize=True)  # noqa: E731
    result, ours = timed(solve)
    cells = [f"{ours:.3g}", str(result.stats["pivots"]), f"{result.gap:.1e}"]
    if graph.shape[0] <= LARGEST_FOR_HIGHS:
        expected, theirs = timed(lambda: by_highs(graph, a, b))
        return " | ".join([*cells, f"{theirs:.3g}", f"{abs(float(result) / expected - 1):.0e}"])
    return " | ".join([*cells, "", ""])


if __name__ == "__main__":
    main()
