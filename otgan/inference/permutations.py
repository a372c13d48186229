"""Two-sample tests by permuting labels: exact in finite samples, whatever the statistic."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from tqdm import tqdm

from otgan.errors import InterruptedFit, InvalidInputError, nearest_name
from otgan.inference.classifiers import ClassifierScore
from otgan.inference.kernels import Energy, Mmd
from otgan.inference.neighbors import Knn
from otgan.inference.statistics import (
    BoolArray,
    FunctionOfSamples,
    Prepared,
    Statistic,
)
from otgan.inference.transported import Sliced, Wasserstein
from otgan.inputs.options import as_count, as_rng
from otgan.measures import FloatArray, as_pair

__all__ = ["TestResult", "two_sample_test"]

STATISTICS: dict[str, Statistic] = {
    statistic.name: statistic
    for statistic in (Wasserstein(), Sliced(), Energy(), Mmd(), Knn(), ClassifierScore())
}

ROUNDING = 1e-9
"""Values nearer than this, as a share of the largest, count as equal."""

EXTENTS = (1e-100, 1e100)
"""Extents of the pool for which squared distances stay far from overflow and underflow."""


@dataclass(frozen=True)
class TestResult:
    """What a permutation test found. ``print(result.report())`` says all of it.

    Attributes
    ----------
    value : float
        The statistic of the two samples.
    statistic : str
        Its name.
    exceedances : int
        Permutations whose value reached `value`, ties included.
    permutations : int
        Permutations done.
    n, m : int
        Sizes of the two samples.
    stopped_early : bool
        Whether the test ended because there were enough exceedances.
    null : ndarray, shape (permutations,)
        The values of the permutations, in the order in which they were drawn.

    Examples
    --------
    >>> TestResult(0.51, "energy", 11, 999, 50, 40, False, np.zeros(999))
    TestResult(p_value=0.012, energy=0.51, permutations=999, n=50, m=40)
    """

    __test__: ClassVar[bool] = False  # no test case, though pytest would think so by its name

    value: float
    statistic: str
    exceedances: int
    permutations: int
    n: int
    m: int
    stopped_early: bool
    null: FloatArray = field(repr=False, compare=False)

    @property
    def p_value(self) -> float:
        """At most α with probability at most α if the distributions are equal, for every α.

        ``(1 + exceedances) / (1 + permutations)``; of a test that stopped early,
        ``exceedances / permutations``.
        """
        if self.stopped_early:
            return self.exceedances / self.permutations
        return (1 + self.exceedances) / (1 + self.permutations)

    def __repr__(self) -> str:
        early = ", stopped early" if self.stopped_early else ""
        return (
            f"TestResult(p_value={self.p_value:.4g}, {self.statistic}={self.value:.4g}, "
            f"permutations={self.permutations}, n={self.n}, m={self.m}{early})"
        )

    def report(self) -> str:
        """All of it as a table for people.

        The ± is the standard error of the p-value from the choice of permutations alone.

        Examples
        --------
        >>> print(TestResult(0.51, "energy", 1, 4, 9, 8, False, np.arange(4) / 5).report())
        statistic     energy
        value         0.51
        p-value       0.4 ± 0.24
        permutations  4, of which 1 reached the value
        null          median 0.3, 95 % below 0.57
        points        9 and 8
        """
        p, count = self.p_value, self.permutations
        median, high = np.quantile(self.null, [0.5, 0.95])
        early = ", where the test stopped" if self.stopped_early else ""
        rows = [
            ("statistic", self.statistic),
            ("value", f"{self.value:.6g}"),
            ("p-value", f"{p:.6g} ± {math.sqrt(p * (1 - p) / count):.2g}"),
            ("permutations", f"{count:,}, of which {self.exceedances:,} reached the value{early}"),
            ("null", f"median {median:.6g}, 95 % below {high:.6g}"),
            ("points", f"{self.n:,} and {self.m:,}"),
        ]
        return "\n".join(f"{name:<14}{text}" for name, text in rows)


def two_sample_test(
    x: Any,
    y: Any,
    *,
    statistic: str | Statistic | Callable[[FloatArray, FloatArray], float] = "energy",
    permutations: int = 999,
    stop_after: int | None = None,
    rng: np.random.Generator | int | None = 0,
    progress: bool | Callable[[TestResult], None] = False,
) -> TestResult:
    """Test whether two samples come from one distribution, by permuting which points belong to which.

    If they do, all ways to split the pooled points into n and m are equally likely. The p-value
    ``(1 + #{T_b >= T}) / (1 + B)`` compares the statistic T with that of B random splits. It is at
    most α with probability at most α for any sample sizes, distributions and statistic.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points; torch tensors are allowed.
    statistic : str, object or callable, default "energy"
        What is large where the distributions differ:

        - "energy": the squared energy distance;
        - "mmd" or ``Mmd(bandwidth=)``: squared MMD with a Gaussian kernel, whose bandwidth is the
          median distance in the pool;
        - "wasserstein": exact W1;
        - "sliced" or ``Sliced(directions=)``: W1 averaged over random directions;
        - "knn" or ``Knn(k=)``: the nearest-neighbor estimate of KL(x‖y), which is not symmetric;
        - "classifier" or ``ClassifierScore(model=, share=)``: the difference of the mean scores of
          held-out points under a classifier trained on the others (needs scikit-learn);
        - any function of two arrays, shapes (n, d) and (m, d), that returns a number and does not
          care for the order of the rows.
    permutations : int, default 999
        B. The least possible p-value is 1 / (1 + B).
    stop_after : int, optional
        Stop at the permutation l that is the h-th to reach T, with p-value h / l (Besag and
        Clifford); this spares work where there is nothing to find, and stays exact.
    rng : int or numpy.random.Generator, default 0
        Source of randomness, or its seed: the same seed, the same p-value.
    progress : bool or callable, default False
        True shows a bar; a callable gets the TestResult so far from time to time.

    Returns
    -------
    TestResult

    Raises
    ------
    InvalidInputError
        NaN, infinities, empty samples, dimensions that do not fit, an unknown statistic or a
        function that returns no finite number; too few points, and more than 20,000 under
        "energy", "mmd" and (unless on the line) "wasserstein".
    DuplicateSamplesError
        Repeated points under "knn".
    MissingExtraError
        "classifier" without scikit-learn.
    SolverError
        An exact distance could not be proved.
    InterruptedFit
        Ctrl-C; ``error.estimate`` is the TestResult of the permutations done. It is valid unless
        its own values were the reason to stop.

    Notes
    -----
    With N = n + m, "energy" and "mmd" take O(N² (d + B)) time, "sliced" with L directions
    O(L N (d + log N + B)), "knn" O(k N² B / min(n, m)) and a search for neighbors, "classifier"
    a fit and O(N B), "wasserstein" B exact distances, or O(N B) on the line. "energy", "mmd" and
    "wasserstein" off the line store all distances: 8 N² bytes, and half as much again at first.

    Values that are equal up to rounding (1e-9 of the largest of the first) count as ties, and
    ties as reached. Permutations depend on `rng` alone: more of them continue the fewer.

    References
    ----------
    Phipson and Smyth, Permutation p-values should never be zero (2010); Besag and Clifford,
    Sequential Monte Carlo p-values (1991).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(40, 2)), rng.normal(size=(50, 2))
    >>> print(f"{two_sample_test(x, y + 1, rng=0).p_value:.3f}")
    0.001
    >>> two_sample_test(x, y, statistic="sliced", stop_after=20, rng=0).stopped_early
    True
    >>> two_sample_test(x, y, statistic=lambda x, y: abs(x.var() - y.var()), rng=0).p_value > 0.05
    True
    """
    mu, nu = as_pair(x, y, None, None)
    _check_extent(mu.points, nu.points)
    chosen = _as_statistic(statistic)
    permutations = as_count(permutations, "permutations")
    enough = math.inf if stop_after is None else as_count(stop_after, "stop_after")
    source = as_rng(rng)
    result = None
    with _reporting_to(progress, permutations) as report:
        try:
            prepared = chosen.prepare(mu.points, nu.points, source)
            for value, null, reached in _in_batches(prepared, permutations, enough, source):
                sizes = reached, len(null), mu.n, nu.n
                result = TestResult(value, chosen.name, *sizes, reached >= enough, null)
                report(result)
        except KeyboardInterrupt:
            if result is None:
                raise
            raise InterruptedFit(
                f"interrupted after {result.permutations} of {permutations} permutations, with "
                f"the p-value {result.p_value:.4g} so far; the result is in error.estimate",
                result,
            ) from None
    assert result is not None
    return result


def _in_batches(
    prepared: Prepared, permutations: int, enough: float, rng: np.random.Generator
) -> Iterator[tuple[float, FloatArray, int]]:
    """The observed value, the permuted ones and how many reach it, after every batch."""
    n, m, values, batch = prepared
    observed = np.arange(n + m) < n
    # Ties are exact only if the observed value is computed as the others are: among them.
    first = values(np.vstack([observed, _shuffled(observed, min(batch, permutations), rng)]))
    value, drawn = float(first[0]), first[1:]
    threshold = value - ROUNDING * np.abs(first).max()
    null = np.empty(permutations)
    done = reached = 0
    while True:
        reaching = np.flatnonzero(drawn >= threshold)
        if reached + len(reaching) >= enough:
            reaching = reaching[: int(enough) - reached]
            drawn = drawn[: reaching[-1] + 1]
        null[done : done + len(drawn)] = drawn
        done, reached = done + len(drawn), reached + len(reaching)
        yield value, null[:done], reached
        if done == permutations or reached >= enough:
            return
        drawn = values(_shuffled(observed, min(batch, permutations - done), rng))


def _shuffled(labels: BoolArray, count: int, rng: np.random.Generator) -> BoolArray:
    return rng.permuted(np.tile(labels, (count, 1)), axis=1)


# ---------------------------------------------------------------- the door


def _as_statistic(statistic: Any) -> Statistic:
    if isinstance(statistic, str):
        if statistic not in STATISTICS:
            hint = nearest_name(statistic, STATISTICS)
            names = ", ".join(map(repr, STATISTICS))
            raise InvalidInputError(
                f"statistic must be one of {names}, or a callable, got {statistic!r}; to fix it, "
                f"{hint}"
            )
        return STATISTICS[statistic]
    if hasattr(statistic, "prepare") and not isinstance(statistic, type):
        return statistic
    if callable(statistic) and not hasattr(statistic, "prepare"):
        return FunctionOfSamples(statistic)
    raise InvalidInputError(
        f"statistic must be a name, an object such as Mmd(bandwidth=1.0) or a function of two "
        f"arrays, got {statistic!r}; to fix it, pass one of these (an object, not its class)"
    )


def _check_extent(x: FloatArray, y: FloatArray) -> None:
    least = np.minimum(x.min(axis=0), y.min(axis=0))
    most = np.maximum(x.max(axis=0), y.max(axis=0))
    extent = float((most - least).max())
    if extent and not EXTENTS[0] < extent < EXTENTS[1]:
        raise InvalidInputError(
            f"x and y must spread over {EXTENTS[0]:g} to {EXTENTS[1]:g}, got {extent:.3g}; to fix "
            "it, rescale both by one factor, which changes no p-value"
        )


@contextmanager
def _reporting_to(
    progress: bool | Callable[[TestResult], None], permutations: int
) -> Iterator[Callable[[TestResult], None]]:
    """What to call with every result so far."""
    if callable(progress):
        yield progress
    elif isinstance(progress, bool):
        with tqdm(total=permutations, unit="permutation", disable=not progress) as bar:
            yield lambda result: bar.update(result.permutations - bar.n)
    else:
        raise InvalidInputError(
            f"progress must be True, False or a function, got {progress!r}; to fix it, pass "
            "True for a bar"
        )
