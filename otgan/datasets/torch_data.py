"""Data sets, loaders and streams of PyTorch, which is not imported here."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from otgan.errors import InvalidInputError, warn_user
from otgan.measures import FloatArray, IntArray, as_float64

__all__ = ["Stream", "is_dataset", "is_of", "is_stream", "item_shape", "lent_dataset", "read_items"]

ITEMS_READ_TWICE = 8
"""First items of a data set that are read again, to see random transforms."""

UNIFORM_SAMPLERS = ("SequentialSampler", "RandomSampler", "DistributedSampler")
"""Those that visit all items alike."""


def is_of(module: str, kind: str, data: Any) -> bool:
    """Whether it is an object of a class of a module, which is not imported."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(data, getattr(loaded, kind))


def is_dataset(data: Any) -> bool:
    """Whether it is a data set or a loader of PyTorch."""
    return any(is_of("torch.utils.data", kind, data) for kind in ("Dataset", "DataLoader"))


def is_stream(dataset: Any) -> bool:
    """Whether its items come one after another, without a place."""
    return is_of("torch.utils.data", "IterableDataset", dataset)


def lent_dataset(data: Any, name: str) -> Any:
    """The data set of a loader; a data set itself.

    Raises
    ------
    InvalidInputError
        A loader that draws some items more often than others.

    Warns
    -----
    InputWarning
        A loader whose `collate_fn` changes batches, as that is not applied.
    """
    if not is_of("torch.utils.data", "DataLoader", data):
        return data
    if is_stream(data.dataset):
        return data.dataset
    for sampler in (data.sampler, data.batch_sampler):
        kind = type(sampler).__name__
        if sampler is not None and kind not in (*UNIFORM_SAMPLERS, "BatchSampler"):
            raise InvalidInputError(
                f"{name} must draw all items alike, got a DataLoader with a {kind}, which would be "
                "left out: only its data set is used; to fix it, pass a data set that holds the "
                "items as often as they should come (torch.utils.data.Subset), or a function of k "
                "that returns k points"
            )
    loaders = sys.modules["torch.utils.data"]
    if data.collate_fn not in (loaders.default_collate, loaders.default_convert):
        warn_user(f"{name}: of the DataLoader only the data set is used, without its collate_fn")
    return data.dataset


def read_items(dataset: Any, name: str) -> tuple[FloatArray, IntArray | None]:
    """All points of a data set, shape (n, ...), and their labels if these are whole numbers.

    Warns
    -----
    InputWarning
        An item differs when it is read again.
    """
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise InvalidInputError(
            f"{name} must be a data set with a length, got a {type(dataset).__name__}, which has "
            "none; to fix it, make it an IterableDataset, or pass a function of k that returns k "
            "points"
        )
    if len(dataset) == 0:
        raise InvalidInputError(
            f"{name} must hold at least one point, got an empty {type(dataset).__name__}; to fix "
            "it, check that the data were loaded"
        )
    items = [_parts(dataset[k], name) for k in range(len(dataset))]
    points, labels = [point for point, _ in items], [label for _, label in items]
    _check_shapes(points, name)
    again = [_parts(dataset[k], name)[0] for k in range(min(ITEMS_READ_TWICE, len(dataset)))]
    if any(not np.array_equal(*pair, equal_nan=True) for pair in zip(again, points, strict=False)):
        warn_user(
            f"{name} gives other values when an item is read again, as random transforms do; each "
            "item was read once, and these values are the data"
        )
    return np.stack(points), _as_classes(labels)


def item_shape(data: Any, name: str) -> tuple[int, ...] | None:
    """The shape of the first point of a data set or loader; None of anything else, and of a stream.

    Examples
    --------
    >>> import torch
    >>> item_shape(torch.utils.data.TensorDataset(torch.zeros(5, 3), torch.arange(5)), "data")
    (3,)
    """
    if not is_dataset(data):
        return None
    dataset = data.dataset if is_of("torch.utils.data", "DataLoader", data) else data
    if is_stream(dataset) or not getattr(dataset, "__len__", None) or len(dataset) == 0:
        return None
    return _parts(dataset[0], name)[0].shape


class Stream:
    """The items of an `IterableDataset`, in the order in which they come.

    Parameters
    ----------
    dataset : torch.utils.data.IterableDataset
    name : str
        For messages.
    """

    def __init__(self, dataset: Any, name: str) -> None:
        self._items: Iterator[Any] = iter(dataset)
        self._kind = type(dataset).__name__
        self._name = name
        self._given = 0

    def __call__(self, n: int, rng: Any) -> FloatArray:
        """The next `n` points, shape (n, ...); the generator is not used.

        Raises
        ------
        InvalidInputError
            The stream ended.
        """
        return np.stack([self._next() for _ in range(n)])

    def _next(self) -> FloatArray:
        try:
            item = next(self._items)
        except StopIteration:
            raise InvalidInputError(
                f"{self._name} must give points without end, got a {self._kind} that ended after "
                f"{self._given:,}; to fix it, let it start again (itertools.cycle), or pass a "
                "Dataset with a length"
            ) from None
        self._given += 1
        return _parts(item, self._name)[0]


def _parts(item: Any, name: str) -> tuple[FloatArray, Any]:
    """A point and its label: of an item that is a point, None."""
    label = None
    if isinstance(item, (tuple, list)):
        sizes = [math.prod(getattr(part, "shape", ())) for part in item]
        if len(item) == 2 and min(sizes) > 1:
            raise InvalidInputError(
                f"{name} must hold points, or points with a label, got items of two arrays; to fix "
                "it, pass the one that is meant"
            )
        if len(item) == 2 and max(sizes) == 1 and _may_be_a_point(*map(_kind, item)):
            raise InvalidInputError(
                f"{name} must hold points, or points with a whole number as label, got items of "
                "two numbers, which may be one point of two coordinates; to fix it, return "
                "numpy.array([u, v]) for such a point, or the first number alone"
            )
        if len(item) > 2:
            raise InvalidInputError(
                f"{name} must hold points, or points with a label, got items of {len(item)} parts; "
                "to fix it, pass the one that is meant"
            )
        label = item[1] if len(item) == 2 else None
        item = item[0]
    if isinstance(item, Mapping):
        raise InvalidInputError(
            f"{name} must hold points, or points with a label, got items that are a "
            f"{type(item).__name__} with the keys {', '.join(map(repr, item))}; to fix it, pass a "
            "data set that returns the tuple (point, label)"
        )
    return as_float64(item, name), label


def _kind(part: Any) -> str:
    """The name of its dtype, or of its type if it has none."""
    return str(getattr(part, "dtype", type(part).__name__))


def _may_be_a_point(first: str, second: str) -> bool:
    """Whether two numbers of these kinds are not clearly a point on the line and its label."""
    return "float" in second or ("int" in first and "int" in second)


def _check_shapes(points: list[FloatArray], name: str) -> None:
    shapes = sorted({point.shape for point in points})
    if len(shapes) > 1:
        raise InvalidInputError(
            f"{name} must hold points of one shape, got {shapes[0]} and {shapes[-1]}; to fix it, "
            "resize or transpose them in the data set"
        )


def _as_classes(labels: list[Any]) -> IntArray | None:
    """Labels as integers; None if some are missing or are no whole numbers."""
    try:
        array = np.array([np.asarray(label).reshape(()) for label in labels])
    except (TypeError, ValueError):
        return None
    return array.astype(np.int64) if array.dtype.kind in "iu" else None
