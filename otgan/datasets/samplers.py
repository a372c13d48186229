"""Arrays, data sets, samplers of other packages and functions of k, under one protocol."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan.datasets.distributions import Distribution, ImageShape, Sample
from otgan.datasets.torch_data import (
    Stream,
    is_dataset,
    is_of,
    is_stream,
    lent_dataset,
    read_items,
)
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, IntArray, as_float64, as_points, is_torch

__all__ = ["CheckedSampler", "as_sampler", "holds_points", "unwrap_dataset"]

TRIAL_POINTS = 64
"""Points that are drawn twice, to check a sampler."""

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

DrawFunction = Callable[[int, np.random.Generator], Any]
"""Takes a number of points and a generator."""

HINT = "to fix it, pass a function of k that returns k fresh points, one a row"


@dataclass(frozen=True)
class CheckedSampler:
    """A sampler of another package or of the user's, its points checked at every draw.

    Attributes
    ----------
    name : str
        For messages.
    draw : callable
        ``draw(n, rng)`` gives n points in its own kind of array.
    d : int
        Numbers of a point.
    image_shape : tuple of int, or None
        Channels, height and width, where each point is an image.
    is_stream : bool
        Whether points come in an order of their own, which cannot be repeated.
    """

    name: str
    draw: DrawFunction
    d: int
    image_shape: ImageShape | None = None
    is_stream: bool = False

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw `n` points, shape (n, d), float64.

        Raises
        ------
        InvalidInputError
            Another number of points than requested, points of another shape than before, NaN or
            infinities.
        """
        points = _flattened(_checked_draw(self.draw, self.name, n, rng))
        if points.shape[1] != self.d:
            raise InvalidInputError(
                f"{self.name} must give points of {self.d} numbers as before, got "
                f"{points.shape[1]}; {HINT}"
            )
        return as_points(points, f"{self.name}, {n} points of it,")


def as_sampler(data: Any, name: str, rng: np.random.Generator) -> Distribution | CheckedSampler:
    """Anything that gives points, with its dimension ``d`` and ``sample(n, rng)``.

    Parameters
    ----------
    data : object
        - points: an array, list, data frame or tensor, images of shape (n, c, h, w) included;
        - a data set of PyTorch: a point is an item, or the first part of an item (point, label);
          an `IterableDataset` gives its items in their order; a `DataLoader` lends its data set;
        - a distribution of torch.distributions, whose batch and event are the numbers of a point;
        - a frozen distribution of SciPy, of one or several variables;
        - an object with a method ``sample(k)``, ``sample(k, rng)`` or ``sample((k,))``, where rng
          is a NumPy generator, also by the names rng, random_state and seed;
        - a function of k, or of k and such a generator.
    name : str
        For messages.
    rng : numpy.random.Generator
        Draws the points that check a sampler.

    Returns
    -------
    Distribution or CheckedSampler
        A finite set of points becomes a `Sample`.

    Raises
    ------
    InvalidInputError
        It gives no points, points of changing shape, NaN, or the same points each time.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> as_sampler(lambda k: np.random.default_rng().normal(size=(k, 3)), "x", rng).d
    3
    >>> from scipy.stats import norm
    >>> as_sampler(norm(2.0, 1.0), "x", rng).sample(2, rng).shape
    (2, 1)
    >>> as_sampler([[0.0, 1.0], [2.0, 3.0]], "x", rng).points.shape
    (2, 2)
    """
    if isinstance(data, Distribution):
        return data
    data, labels = _read_dataset(data, name)
    draw = _draw_function(data, name, rng)
    if draw is None:
        array = as_float64(data, name)
        points = as_points(_flattened(array) if array.ndim == 4 else array, name)
        return Sample(points, labels, _image_shape(array))
    array = _checked_draw(draw, name, TRIAL_POINTS, rng)
    first = as_points(_flattened(array), f"{name}, {TRIAL_POINTS} points of it,")
    _refuse_another_dimension(data, name, first.shape[1])
    image_shape = _image_shape(array)
    sampler = CheckedSampler(name, draw, first.shape[1], image_shape, isinstance(draw, Stream))
    second = sampler.sample(TRIAL_POINTS, rng)
    if np.array_equal(first, second) and len(np.unique(first, axis=0)) > 1:
        raise InvalidInputError(
            f"{name} must give fresh points each time, got the same {TRIAL_POINTS} twice; to fix "
            "it, seed its generator once, before the function that draws, or pass the points as an "
            "array"
        )
    return sampler


def _refuse_another_dimension(data: Any, name: str, drawn: int) -> None:
    """Raise if a sampler says that it has another dimension than its points have."""
    d = getattr(data, "d", drawn)
    if isinstance(d, (int, np.integer)) and int(d) != drawn:
        raise InvalidInputError(
            f"{name} must give points of d={d} numbers, as it says, got {drawn}; to fix it, "
            "correct its attribute d or what its sample returns"
        )


def unwrap_dataset(data: Any, name: str) -> Any:
    """The points of a data set as an array, images as images; anything else, or a stream of it."""
    return _read_dataset(data, name)[0]


def holds_points(data: Any) -> bool:
    """Whether it is an array, a list, a data frame or a tensor, and not a sampler or a data set.

    Examples
    --------
    >>> holds_points([[0.0], [1.0]]), holds_points(lambda k: np.zeros((k, 1)))
    (True, False)
    """
    return hasattr(data, "__array__") or isinstance(data, (list, tuple))


# ---------------------------------------------------------------- how to draw


def _draw_function(data: Any, name: str, rng: np.random.Generator) -> DrawFunction | None:
    """A function that draws from this object; None for what holds points itself."""
    if holds_points(data):
        return None
    if isinstance(data, Stream):
        return data
    if is_of("torch.distributions", "Distribution", data):
        return _of_torch(data)
    if isinstance(data, type):
        raise InvalidInputError(
            f"{name} must be points or a sampler, got the class {data.__name__}; to fix it, pass "
            "an object of it"
        )
    if callable(getattr(data, "rvs", None)):
        return _of_scipy(data)
    if callable(getattr(data, "sample", None)):
        return _first_working_call(data.sample, f"{name}.sample", rng)
    if callable(data):
        return _first_working_call(data, name, rng)
    return None


def _of_torch(distribution: Any) -> DrawFunction:
    """torch.distributions draw from torch's own generator, which is put back as it was."""

    def draw(n: int, rng: np.random.Generator) -> Any:
        torch = sys.modules["torch"]
        cuda = torch.cuda.device_count() if torch.cuda.is_initialized() else 0
        with torch.random.fork_rng(devices=range(cuda)), torch.no_grad():
            torch.manual_seed(int(rng.integers(2**63)))
            return distribution.sample((n,))

    return draw


def _of_scipy(distribution: Any) -> DrawFunction:
    """Frozen distributions of SciPy, whose parameters may be arrays: a number of a point for each.

    Multivariate ones return a single point without its row, so two are drawn.
    """
    one = hasattr(distribution, "args") and hasattr(distribution, "kwds")
    given = (*distribution.args, *distribution.kwds.values()) if one else ()
    shape = np.broadcast_shapes(*(np.shape(parameter) for parameter in given))

    def draw(n: int, rng: np.random.Generator) -> Any:
        count = max(n, 2)
        return distribution.rvs(size=(count, *shape) if shape else count, random_state=rng)[:n]

    return draw


def _first_working_call(
    function: Callable[..., Any], name: str, rng: np.random.Generator
) -> DrawFunction:
    """The call that the signature allows; else with k alone, else with a shape."""
    calls = _calls(function)
    failures: list[Exception] = []
    for call in calls:
        try:
            _rows(name, call(TRIAL_POINTS, rng), TRIAL_POINTS)
        except Exception as reason:  # the user's code may raise anything
            failures.append(reason)
        else:
            return call
    if isinstance(failures[0], InvalidInputError):  # it says already what was drawn
        raise failures[0]
    first = str(failures[0]).partition("\n")[0] or type(failures[0]).__name__
    raise InvalidInputError(
        f"{name}({TRIAL_POINTS}) must give an array of shape ({TRIAL_POINTS}, d), got "
        f"{first}; {HINT}"
    )


def _calls(function: Callable[..., Any]) -> list[DrawFunction]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # written in C
        parameters = []
    named = {p.name for p in parameters[1:]}
    if "rng" in named:
        return [lambda n, rng: function(n, rng=rng)]
    if "random_state" in named:
        return [lambda n, rng: function(n, random_state=int(rng.integers(2**31)))]
    if "seed" in named:
        return [lambda n, rng: function(n, seed=int(rng.integers(2**31)))]
    second = parameters[1] if len(parameters) > 1 else None
    if second is not None and second.default is second.empty and second.kind in POSITIONAL:
        return [lambda n, rng: function(n, rng)]
    return [lambda n, rng: function(n), lambda n, rng: function((n,))]


# ---------------------------------------------------------------- what was drawn


def _checked_draw(draw: DrawFunction, name: str, n: int, rng: np.random.Generator) -> FloatArray:
    """`n` points in float64, shape (n, ...), or an :class:`InvalidInputError`."""
    try:
        return as_float64(_rows(name, draw(n, rng), n), name)
    except InvalidInputError:
        raise
    except Exception as reason:  # the user's code may raise anything
        first = str(reason).partition("\n")[0]
        raise InvalidInputError(
            f"{name} must give {n} points for k={n}, got a "
            f"{type(reason).__name__} ({first}); {HINT}"
        ) from reason


def _rows(name: str, given: Any, n: int) -> Any:
    """Points in their own kind of array, shape (n, ...), or an error that says what was drawn."""
    if isinstance(given, (list, tuple)):
        given = as_float64(given, name)
    shape = tuple(getattr(given, "shape", ()))
    if not shape or shape[0] != n or 0 in shape:
        got = f"shape {shape}" if hasattr(given, "shape") else f"a {type(given).__name__}"
        raise InvalidInputError(f"{name} must give {n} points for k={n}, got {got}; {HINT}")
    return given if is_torch(given) else as_float64(given, name)


def _flattened(array: Any) -> Any:
    return array.reshape(len(array), math.prod(array.shape[1:]))


def _image_shape(array: Any) -> ImageShape | None:
    """Channels, height and width of images, shape (n, c, h, w); None for other points."""
    return tuple(array.shape[1:]) if array.ndim == 4 else None


def _read_dataset(data: Any, name: str) -> tuple[Any, IntArray | None]:
    """The points of a data set and their labels; anything else, or its stream, without labels."""
    if not is_dataset(data):
        return data, None
    dataset = lent_dataset(data, name)
    if is_stream(dataset):
        return Stream(dataset, name), None
    array, labels = read_items(dataset, name)
    return array if array.ndim == 4 or not array.size else _flattened(array), labels
