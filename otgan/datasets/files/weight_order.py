"""Weights in the order of the index of their points, where both files have one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from otgan.datasets.files.cells import is_number, preview
from otgan.datasets.files.read_options import Table
from otgan.errors import InvalidInputError

__all__ = ["order_weights"]


def order_weights(weights: Table, points: Table, files: tuple[str, str]) -> Table:
    """The weights in the order of the index of the points; as they are where a side has none.

    Parameters
    ----------
    weights, points : Table
    files : tuple of str
        Where each was read from.

    Raises
    ------
    InvalidInputError
        Labels that only one side has, or that repeat in another order.

    Examples
    --------
    >>> import numpy as np
    >>> points = Table(np.zeros((2, 1)), index=("s", "t"))
    >>> weights = Table(np.array([[0.9], [0.1]]), index=("t", "s"))
    >>> order_weights(weights, points, ("w.csv", "x.csv")).points[:, 0]
    array([0.1, 0.9])
    """
    wanted, given = points.index, weights.index
    if wanted is None or given is None or wanted == given:
        return weights
    if set(wanted) != set(given) and all(map(is_number, (*wanted, *given))):
        wanted, given = _as_numbers(wanted), _as_numbers(given)
    _check_labels(wanted, given, files)
    if wanted == given:
        return weights
    position = {label: i for i, label in enumerate(given)}
    note = f"{files[0]}: its rows were put into the order of the index of {files[1]}"
    ordered = weights.points[[position[label] for label in wanted]]
    return replace(weights, points=ordered, index=points.index, notes=(*weights.notes, note))


def _as_numbers(labels: Sequence[str]) -> tuple[str, ...]:
    """Labels in which 1 and 1.0 are the same."""
    return tuple(f"{float(label):.17g}" for label in labels)


def _check_labels(wanted: Sequence[str], given: Sequence[str], files: tuple[str, str]) -> None:
    ours, theirs = Counter(wanted), Counter(given)
    strange, lacking = ([*theirs.keys() - ours.keys()], [*ours.keys() - theirs.keys()])
    found = [
        f"{preview(sorted(labels))} only in {file}"
        for labels, file in ((strange, files[0]), (lacking, files[1]))
        if labels
    ]
    twice = [label for label, n in (ours | theirs).items() if n > 1]
    if not found and twice:
        found = [f"{preview(twice)} more than once"]
    if found:
        raise InvalidInputError(
            f"the weights in {files[0]} must have the index of the points in {files[1]}, got "
            f"{' and '.join(found)}; to fix it, give both the same index, or write one of them "
            "without it (to_csv(index=False)) if positions count"
        )
