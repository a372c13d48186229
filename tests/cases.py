"""Transport problems with their known answers, and one check for any solution.

Nothing here calls otgan: costs, marginals, bounds and closed forms are plain dense NumPy, so that
a mistake in otgan's own certificate cannot excuse itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from otgan.errors import InvalidInputError

if TYPE_CHECKING:
    from otgan.transport.result import TransportResult

EPS = np.finfo(float).eps
EXACT_RTOL = 1e-9  # what the documentation promises


class Optional:
    """A package that is loaded where a test first uses it; without it, that test is skipped."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(pytest.importorskip(self._name), attribute)


torch = Optional("torch")


def made(value: Any) -> Any:
    """What a function of no arguments makes, so that parameters of tests need not load torch."""
    return value() if callable(value) else value


def mistyped(value: object) -> Any:
    """A value of a type that the parameter it goes to does not take, on purpose."""
    return value


NAMED_METRICS = ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine")


@dataclass(frozen=True)
class Case:
    """A transport problem; `cost` is its known optimal cost, metric ** p, if it has one."""

    name: str
    x: Any
    y: Any
    a: Any = None
    b: Any = None
    p: float = 1
    metric: str | Callable = "euclidean"
    cost: float | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def args(self) -> tuple[Any, Any, Any, Any]:
        return self.x, self.y, self.a, self.b

    @property
    def options(self) -> dict[str, Any]:
        return {"p": self.p, "metric": self.metric}


# ---------------------------------------------------------------- one check for all


def check_transport(
    result: TransportResult,
    x: Any,
    y: Any,
    a: Any = None,
    b: Any = None,
    *,
    p: float = 1,
    metric: str | Callable = "euclidean",
    cost: float | None = None,
) -> None:
    """Hold a TransportResult between two clouds against the definition."""
    C = dense_cost(x, y, metric, p)
    blur = 0.0
    if metric == "cosine":
        # The unit vectors are known to a few ulps of one, so their difference d to 8 ulps of one,
        # however small it is; the cost is (d²/2) ** p.
        d = np.sqrt(2 * C.max() ** (1 / p))
        blur = ((d + 8 * EPS) ** 2 / 2) ** p - (d**2 / 2) ** p
    check_plan_and_potentials(result, C, a, b, cost=cost, blur=blur)
    assert result.p == p
    assert_allclose(result.distance, result.cost ** (1 / p), rtol=2 * EPS)  # one rounding of pow
    assert float(result) == result.distance


def check_plan_and_potentials(
    result: TransportResult,
    C: Any,
    a: Any = None,
    b: Any = None,
    *,
    cost: float | None = None,
    blur: float = 0.0,
) -> None:
    """Hold a TransportResult for the cost matrix C, known to `blur`, against the definition."""
    C = np.asarray(C, dtype=float)
    n, m = C.shape
    a, b = probabilities(a, n), probabilities(b, m)
    plan, f, g = result.plan.toarray(), result.f, result.g
    assert plan.shape == (n, m) and f.shape == (n,) and g.shape == (m,)

    # Marginals: each is a sum of at most n + m - 1 masses of a total of one, from which at most
    # that many shares of 1e-14 were dropped as dust.
    assert (plan >= 0).all()
    assert_allclose(plan.sum(axis=1), a, rtol=m * 1e-14, atol=(n + m) * EPS)
    assert_allclose(plan.sum(axis=0), b, rtol=n * 1e-14, atol=(n + m) * EPS)

    # The rounding term. C here and C in otgan differ by a few units in the last place, and so
    # do potentials, which are differences of costs: 16 ulps of the largest cost that exists.
    allowed = np.isfinite(C)
    least = (n + m) * np.finfo(float).smallest_subnormal  # each number is rounded by at least half
    rounding = 16 * EPS * np.abs(C[allowed]).max() + blur + least
    assert not plan[~allowed].any()
    with np.errstate(invalid="ignore"):  # inf - inf, on forbidden arcs only
        excess = (f[:, None] + g - C)[allowed]
    assert (excess <= rounding).all()
    assert np.isfinite(f[a > 0]).all() and np.isfinite(g[b > 0]).all()

    primal = math.fsum(plan[allowed] * C[allowed])
    dual = math.fsum(a[a > 0] * f[a > 0]) + math.fsum(b[b > 0] * g[b > 0])
    assert_allclose(result.cost, primal, rtol=(n + m) * EPS, atol=rounding)
    assert_allclose(result.lower, dual, rtol=(n + m) * EPS, atol=rounding)
    assert result.lower <= result.cost == result.upper
    assert result.gap == result.upper - result.lower
    assert result.gap <= EXACT_RTOL * abs(result.cost) + rounding
    if cost is not None:
        assert_allclose(result.cost, cost, rtol=EXACT_RTOL, atol=rounding)


def dense_cost(x: Any, y: Any, metric: str | Callable = "euclidean", p: float = 1) -> np.ndarray:
    """metric(x_i, y_j) ** p, from the definition."""
    x, y = as_columns(x), as_columns(y)
    if callable(metric):
        distances = np.array([[metric(u, v) for v in y] for u in x], dtype=float)
    elif metric == "cosine":
        x, y = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (x, y))
        distances = 0.5 * np.square(x[:, None] - y).sum(axis=2)
    else:
        difference = np.abs(x[:, None] - y)
        distances = {
            "euclidean": lambda: np.sqrt(np.square(difference).sum(axis=2)),
            "sqeuclidean": lambda: np.square(difference).sum(axis=2),
            "cityblock": lambda: difference.sum(axis=2),
            "chebyshev": lambda: difference.max(axis=2),
        }[metric]()
    return distances**p


def as_columns(points: Any) -> np.ndarray:
    array = np.asarray(points, dtype=float)
    return array[:, None] if array.ndim == 1 else array


def points_of(sample: Any) -> Any:
    """The points of a sampler that is a sample."""
    return sample.points


def probabilities(weights: Any, n: int) -> np.ndarray:
    if weights is None:
        return np.full(n, 1 / n)
    array = np.asarray(weights, dtype=float)
    return array / array.sum()


@contextmanager
def refused(
    *fragments: str, error: type[Exception] = InvalidInputError
) -> Iterator[pytest.ExceptionInfo[Any]]:
    """The call must raise, and say what must be, what came, how to fix it, and `fragments`."""
    with pytest.raises(error) as caught:
        yield caught
    message = str(caught.value)
    for fragment in (" must ", " got ", "; to fix it, ", *fragments):
        assert fragment in message, message


# ---------------------------------------------------------------- closed forms


def circle(radius: float, n: int, center: Sequence[float] = (0.0, 0.0)) -> np.ndarray:
    angle = 2 * np.pi * np.arange(n) / n
    return np.array(center) + radius * np.column_stack([np.cos(angle), np.sin(angle)])


def grid(*sizes: int) -> np.ndarray:
    return np.stack(np.meshgrid(*map(np.arange, sizes)), axis=-1).reshape(-1, len(sizes))


def unequal(u: np.ndarray, v: np.ndarray) -> float:
    """The discrete metric, for which optimal transport is total variation."""
    return float((u != v).any())


HERE, THERE = [[0.0, 0.0]], [[3.0, 4.0]]
SPREAD = np.random.default_rng(0).normal(size=(7, 2))
CENTERS = [[-2.0, 0.0], [0.0, 0.0], [2.0, 0.0]]
HEIGHTS = [3, 2, 1, 4], [1, 2, 4, 3]
BINS = np.arange(4)

CLOSED_FORMS = [
    *(
        Case(f"two Diracs, {name}, p={p}", HERE, THERE, p=p, metric=metric, cost=distance**p)
        for name, metric, distance in (
            ("euclidean", "euclidean", 5.0),
            ("sqeuclidean", "sqeuclidean", 25.0),
            ("cityblock", "cityblock", 7.0),
            ("chebyshev", "chebyshev", 4.0),
            ("unequal", unequal, 1.0),
        )
        for p in (1, 1.5, 2, 3)
    ),
    Case("cosine at right angles", [[1, 0]], [[0, 5]], metric="cosine", cost=1.0),
    Case("cosine of opposites, p=2", [[1, 0]], [[-7, 0]], p=2, metric="cosine", cost=4.0),
    Case("cosine of multiples", [[1, 2], [3, 4]], [[6, 8], [2, 4]], metric="cosine", cost=0.0),
    # cos t = 1 - t**2 / 2 would be a difference of equal numbers
    Case("cosine of nearly parallel", [[1, 0]], [[1, 1e-8]], metric="cosine", cost=0.5e-16),
    Case("piles of dirt, on the line", BINS, BINS, *HEIGHTS, cost=0.5),
    Case("piles of dirt, in the plane", grid(4, 1), grid(4, 1), *HEIGHTS, cost=0.5),
    Case("piles of dirt, total variation", BINS, BINS, *HEIGHTS, metric=unequal, cost=0.3),
    Case("one against two, p=2", [[0, 0], [3, 0]], [[1, 0]], p=2, cost=2.5),
    Case("one against two on the line, p=2", [0, 3], [1], p=2, cost=2.5),
    Case("Dirac against a circle", HERE, circle(2.5, 9), [45], np.arange(1, 10), cost=2.5),
    Case(
        "three Diracs against three circles",
        CENTERS,
        np.concatenate([circle(1.0, 6, center) for center in CENTERS]),
        cost=1.0,
    ),
    *(
        Case(f"a shift, p={p}", SPREAD, SPREAD + [0.6, 0.8], p=p, cost=1.0)
        for p in (1, 1.5, 2)
    ),
    Case("a shifted grid full of ties", grid(3, 3), grid(3, 3) + 1, metric="cityblock", cost=2.0),
    Case("equal clouds", SPREAD, SPREAD[::-1], cost=0.0),
    Case("coincident points", np.zeros((3, 2)), np.zeros((4, 2)), p=2, cost=0.0),
    Case("equal clouds on the line", [3, 1, 2], [2, 3, 1], p=2, cost=0.0),
    Case("duplicates", [[0, 0]] * 3, [[1, 0]] * 2 + [[0, 0]], cost=2 / 3),
    Case("weightless outlier", [[0, 0], [1e6, 0]], [[0, 1], [0, -1e6]], [1, 0], [1, 0], cost=1.0),
    Case("weightless outlier on the line", [0, 1e6], [1, -1e6], [1, 0], [1, 0], cost=1.0),
    Case("weights 12 orders apart", [[0, 0], [1, 0]], HERE, [1, 1e-12], cost=1e-12 / (1 + 1e-12)),
    Case("coordinates of 1e-12", np.multiply(HERE, 1e-12), np.multiply(THERE, 1e-12), cost=5e-12),
    Case("coordinates of 1e8, p=2", HERE, np.multiply(THERE, 1e8), p=2, cost=25e16),
    Case("an offset of 1e8", grid(3, 2) + 1e8, grid(3, 2) + 1e8 + np.array([0, 1]), cost=1.0),
    Case("an offset of 1e8 on the line", [1e8, 1e8 + 2], [1e8 + 1], p=3, cost=1.0),
    Case("many columns", np.zeros((2, 50)), np.ones((3, 50)), cost=math.sqrt(50)),
]  # fmt: skip


def reversed_twice(array: np.ndarray) -> np.ndarray:
    """The same numbers behind negative strides."""
    return np.ascontiguousarray(array[::-1])[::-1]


def read_only(array: np.ndarray) -> np.ndarray:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


# How the same numbers may come: every one of these must give the same answer.
FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "list": lambda array: array.tolist(),
    "int": lambda array: array.astype(int),
    "uint8": lambda array: array.astype(np.uint8),
    "float16": lambda array: array.astype(np.float16),
    "float32": lambda array: array.astype(np.float32),
    "longdouble": lambda array: array.astype(np.longdouble),
    "byte-swapped": lambda array: array.astype(">f8"),
    "Fortran order": np.asfortranarray,
    "reversed": reversed_twice,
    "every other": lambda array: np.repeat(array, 2, axis=0)[::2],
    "read-only": read_only,
    "torch float32": lambda array: torch.tensor(array.tolist(), dtype=torch.float32),
    "torch bfloat16": lambda array: torch.tensor(array.tolist(), dtype=torch.bfloat16),
    "torch int": lambda array: torch.tensor(array.astype(int).tolist()),
    "torch grad": lambda array: torch.tensor(array.tolist(), requires_grad=True),
}

PLAIN_FORMS = {name: form for name, form in FORMS.items() if name != "torch grad"}
"""Without the tensor that requires gradients, which functions that have none refuse."""


# ---------------------------------------------------------------- Hypothesis

Measure = tuple[np.ndarray, np.ndarray]

sizes = st.integers(1, 8)
dimensions = st.integers(1, 3)
orders = st.sampled_from([1, 1.5, 2, 3])
true_metrics = st.sampled_from(["euclidean", "cityblock", "chebyshev"])
norm_metrics = st.sampled_from(["euclidean", "sqeuclidean", "cityblock", "chebyshev"])


@st.composite
def clouds(
    draw: st.DrawFn, d: int, n: int | st.SearchStrategy[int] = sizes, span: int = 3
) -> np.ndarray:
    """Points on a small integer grid: duplicates and tied distances are the rule."""
    count = n if isinstance(n, int) else draw(n)
    entries = st.integers(-span, span)
    rows = st.lists(entries, min_size=d, max_size=d)
    return np.array(draw(st.lists(rows, min_size=count, max_size=count)), dtype=float)


@st.composite
def weights(draw: st.DrawFn, n: int) -> np.ndarray:
    """Probabilities: uniform, tied, with zeros, or over twelve orders of magnitude."""
    masses = st.one_of(
        st.just([1.0] * n),
        st.lists(st.integers(0, 3).map(float), min_size=n, max_size=n),
        st.lists(st.floats(-12, 0).map(lambda e: 10**e), min_size=n, max_size=n),
    )
    return probabilities(draw(masses.filter(any)), n)


@st.composite
def measures(draw: st.DrawFn, d: int, span: int = 3) -> Measure:
    x = draw(clouds(d, span=span))
    return x, draw(weights(len(x)))


@st.composite
def problems(
    draw: st.DrawFn,
    count: int = 2,
    d: int | st.SearchStrategy[int] = dimensions,
    min_d: int = 1,
) -> list[Measure]:
    """`count` measures (x, a) on one space of small integer points."""
    dimension = max(min_d, d if isinstance(d, int) else draw(d))
    return [draw(measures(dimension)) for _ in range(count)]


@st.composite
def adversarial_cases(draw: st.DrawFn) -> Case:
    """A Case of any metric and order, at any scale and offset that float64 can bear."""
    (x, a), (y, b) = draw(problems())
    metrics: list[str | Callable] = [*NAMED_METRICS, unequal]
    metric = draw(st.sampled_from(metrics))
    scale, offset = draw(st.sampled_from([(1, 0), (1e-12, 0), (1e8, 0), (1, 1e8), (0.1, 0)]))
    if metric == "cosine":  # no zero vectors
        x, y = np.where(x == 0, 4, x), np.where(y == 0, 4, y)
    x, y = x * scale + offset, y * scale + offset
    return Case("drawn", x, y, a, b, draw(orders), metric)


@st.composite
def cost_matrices(draw: st.DrawFn, forbidden: bool = False) -> np.ndarray:
    """Small matrices, full of ties, of any sign; with `forbidden`, inf off a feasible diagonal."""
    n = draw(st.integers(1, 6))
    m = n if forbidden else draw(st.integers(1, 6))
    entries = st.one_of(st.integers(-3, 3).map(float), st.floats(-1, 1))
    rows = st.lists(entries, min_size=m, max_size=m)
    C = np.array(draw(st.lists(rows, min_size=n, max_size=n)))
    if forbidden:
        pattern = st.lists(st.booleans(), min_size=n * m, max_size=n * m)
        closed = np.array(draw(pattern)).reshape(n, m) & ~np.eye(n, dtype=bool)
        C = np.where(closed, np.inf, C)
    return C
