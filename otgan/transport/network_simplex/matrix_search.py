"""The smallest reduced costs in the rows and in the columns of a stored cost matrix."""

from __future__ import annotations

from collections.abc import Callable

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.reduced_costs import Search, SmallestReducedCosts, insert
from otgan.transport.threads import chunk_starts, run_in_threads

__all__ = ["smallest_in_columns", "smallest_in_rows"]


def smallest_in_rows(
    matrix: FloatArray, search: Search, n_jobs: int | None = None
) -> SmallestReducedCosts:
    """For each row the k smallest ``matrix[i, j] - g[j]`` below its threshold, O(n m)."""
    return _in_chunks(_scan_rows, matrix, search, n_jobs)


def smallest_in_columns(
    matrix: FloatArray, search: Search, n_jobs: int | None = None
) -> SmallestReducedCosts:
    """For each column the k smallest ``matrix[i, j] - g[i]`` below its threshold, O(n m)."""
    return _in_chunks(_scan_columns, matrix, search, n_jobs)


def _in_chunks(
    scan: Callable[..., None], matrix: FloatArray, search: Search, n_jobs: int | None
) -> SmallestReducedCosts:
    n = len(search.threshold)
    starts = chunk_starts(n, n)

    def work(chunk: int) -> None:
        scan(matrix, search, starts[chunk], starts[chunk + 1])

    run_in_threads(work, len(starts) - 1, n_jobs)
    return search.found


@compiled
def _scan_rows(matrix: FloatArray, search: Search, first: int, last: int) -> None:
    g, threshold = search.g, search.threshold
    value, index = search.found
    k = value.shape[1]
    for i in range(first, last):
        worst = threshold[i]
        for j in range(len(g)):
            reduced = matrix[i, j] - g[j]
            if reduced < worst:
                insert(value[i], index[i], reduced, j)
                worst = min(threshold[i], value[i, k - 1])


@compiled
def _scan_columns(matrix: FloatArray, search: Search, first: int, last: int) -> None:
    f, threshold = search.g, search.threshold
    value, index = search.found
    k = value.shape[1]
    worst = threshold.copy()
    for i in range(len(f)):
        for j in range(first, last):
            reduced = matrix[i, j] - f[i]
            if reduced < worst[j]:
                insert(value[j], index[j], reduced, i)
                worst[j] = min(threshold[j], value[j, k - 1])
