"""Two-sample tests by permuting labels: exact in finite samples, whatever the statistic."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np

from otgan.errors import InterruptedFit, InvalidInputError
from otgan.inference.statistics import as_statistic
from otgan.inputs.options import as_count, as_rng
from otgan.keywords import checks_keywords
from otgan.label_statistic import BoolArray, LabelStatistic, Statistic
from otgan.measures import FloatArray, as_pair, refuse_gradients
from otgan.pooled_null import ROUNDING
from otgan.progress import Progress, as_progress, reporting
from otgan.results import Result

__all__ = ["TestResult", "two_sample_test"]

EXTENTS = (1e-100, 1e100)
"""Extents of the pool for which squared distances stay far from overflow and underflow."""


@checks_keywords
@dataclass(frozen=True)
class TestResult(Result):
    """What a permutation test found, with the names of SciPy's `permutation_test`.

    ``float(result)`` is the p-value, ``print(result.report())`` shows all of it.

    Attributes
    ----------
    statistic : float
        The statistic of the two samples.
    statistic_name : str
        What it is called.
    exceedances : int
        Permutations whose statistic reached that of the samples, ties included.
    n_resamples : int
        Permutations done.
    n, m : int
        Sizes of the two samples.
    stopped_early : bool
        Whether the test ended because there were enough exceedances.
    null_distribution : ndarray, shape (n_resamples,)
        The statistic under permuted labels, in the order in which they were drawn.

    Examples
    --------
    >>> TestResult(0.51, "energy", 11, 999, 50, 40, False, np.zeros(999))
    TestResult(pvalue=0.012, energy=0.51, n_resamples=999, n=50, m=40)
    """

    __test__: ClassVar[bool] = False  # no test case, though pytest would think so by its name
    derived: ClassVar[tuple[str, ...]] = ("pvalue",)
    bracket: ClassVar[tuple[str, ...]] = ("pvalue",)
    panel: ClassVar[str] = "otgan.inference.plot.null_distribution"

    statistic: float
    statistic_name: str
    exceedances: int
    n_resamples: int
    n: int
    m: int
    stopped_early: bool
    null_distribution: FloatArray = field(repr=False, compare=False)

    @property
    def pvalue(self) -> float:
        """At most α with probability at most α if the distributions are equal, for every α.

        ``(1 + exceedances) / (1 + n_resamples)``; of a test that stopped early,
        ``exceedances / n_resamples``.
        """
        if self.stopped_early:
            return self.exceedances / self.n_resamples
        return (1 + self.exceedances) / (1 + self.n_resamples)

    def __float__(self) -> float:
        return self.pvalue

    def __repr__(self) -> str:
        early = ", stopped early" if self.stopped_early else ""
        return (
            f"TestResult(pvalue={self.pvalue:.4g}, {self.statistic_name}={self.statistic:.4g}, "
            f"n_resamples={self.n_resamples}, n={self.n}, m={self.m}{early})"
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
        p, count = self.pvalue, self.n_resamples
        median, high = np.quantile(self.null_distribution, [0.5, 0.95])
        early = ", where the test stopped" if self.stopped_early else ""
        rows = [
            ("statistic", self.statistic_name),
            ("value", f"{self.statistic:.6g}"),
            ("p-value", f"{p:.6g} ± {math.sqrt(p * (1 - p) / count):.2g}"),
            ("permutations", f"{count:,}, of which {self.exceedances:,} reached the value{early}"),
            ("null", f"median {median:.6g}, 95 % below {high:.6g}"),
            ("points", f"{self.n:,} and {self.m:,}"),
        ]
        return "\n".join(f"{name:<14}{text}" for name, text in rows)


@checks_keywords
def two_sample_test(
    x: Any,
    y: Any,
    *,
    statistic: str | Statistic | Callable[[FloatArray, FloatArray], float] = "energy",
    n_resamples: int = 999,
    stop_after: int | None = None,
    rng: np.random.Generator | int | None = 0,
    progress: Progress = False,
) -> TestResult:
    """Test whether two samples come from one distribution, by permuting the labels of the points.

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
        - "mmd" or ``MMD(kernel=, bandwidth=)``: squared MMD, with a Gaussian kernel whose bandwidth
          is the median distance in the pool;
        - "wasserstein": exact W1;
        - "sliced" or ``SlicedWasserstein(n_projections=)``: W1 averaged over random directions;
        - "knn": the nearest-neighbor estimate of KL(x‖y), which is not symmetric, by
          ``NearestNeighbors(k=10, start="none", whiten=False)``; or any such object;
        - "classifier" or ``Classifier(model=, train_fraction=)``: the difference of the mean scores
          of held-out points under a classifier trained on the others (needs scikit-learn);
        - any function of two arrays, shapes (n, d) and (m, d), that returns a number and does not
          depend on the order of the rows.
    n_resamples : int, default 999
        B. The least possible p-value is 1 / (1 + B).
    stop_after : int, optional
        Stop at the permutation l that is the h-th to reach T, with p-value h / l (Besag and
        Clifford); this spares work where there is nothing to find, and stays exact.
    rng : int or numpy.random.Generator, default 0
        Source of randomness, or its seed: the same seed, the same p-value.
    progress : bool or callable, default False
        True shows a bar; a callable gets from time to time how many permutations are done and how
        many there are, and a message with the p-value so far.

    Returns
    -------
    TestResult

    Raises
    ------
    InvalidInputError
        NaN, infinities, empty samples, dimensions that do not fit, tensors that require gradients,
        an unknown statistic or a function that returns no finite number; too few points, and more
        than 20,000 under "mmd" and, unless on the line, "energy" and "wasserstein".
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
    With N = n + m, "mmd" and "energy" take O(N² (d + B)) time, "sliced" with L projections
    O(L N (d + log N + B)), "knn" O(k N² B / min(n, m)) and a search for neighbors, "classifier"
    a fit and O(N B), "wasserstein" B exact distances; "energy" and "wasserstein" on the line
    O(N (log N + B)). Off the line these two and "mmd" store all distances: 8 N² bytes, and half as
    much again at first.

    Values that are equal up to rounding (1e-9 of the largest of the first) count as ties, and
    ties as reached. Permutations depend on `rng` alone: the first of many are those of few.

    References
    ----------
    Phipson and Smyth, Permutation p-values should never be zero (2010); Besag and Clifford,
    Sequential Monte Carlo p-values (1991).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(40, 2)), rng.normal(size=(50, 2))
    >>> print(f"{two_sample_test(x, y + 1, rng=0).pvalue:.3f}")
    0.001
    >>> two_sample_test(x, y, statistic="sliced", stop_after=20, rng=0).stopped_early
    True
    >>> two_sample_test(x, y, statistic=lambda x, y: abs(x.var() - y.var()), rng=0).pvalue > 0.05
    True
    """
    refuse_gradients("two_sample_test", x, y)
    mu, nu = as_pair(x, y, None, None)
    _check_extent(mu.points, nu.points)
    chosen = as_statistic(statistic)
    n_resamples = as_count(n_resamples, "n_resamples")
    enough = math.inf if stop_after is None else as_count(stop_after, "stop_after")
    source = as_rng(rng)
    result = None
    with reporting(
        as_progress(progress), n_resamples, "two-sample test", unit="permutation"
    ) as report:
        try:
            prepared = chosen.prepare(mu.points, nu.points, source)
            for drawn in _in_batches(prepared, n_resamples, enough, source):
                result = drawn.result(chosen.name, mu.n, nu.n)
                report(result.n_resamples, f"p-value {result.pvalue:.4g} so far")
        except KeyboardInterrupt:
            if result is None:
                raise
            raise InterruptedFit(
                f"interrupted after {result.n_resamples} of {n_resamples} permutations, with "
                f"the p-value {result.pvalue:.4g} so far; the result is in error.estimate",
                result,
            ) from None
    assert result is not None
    return result


class _Drawn(NamedTuple):
    """The statistic of the samples, those of the permutations so far, and how many reach it."""

    statistic: float
    null: FloatArray
    exceedances: int
    stopped_early: bool

    def result(self, name: str, n: int, m: int) -> TestResult:
        return TestResult(
            statistic=self.statistic,
            statistic_name=name,
            exceedances=self.exceedances,
            n_resamples=len(self.null),
            n=n,
            m=m,
            stopped_early=self.stopped_early,
            null_distribution=self.null,
        )


def _in_batches(
    prepared: LabelStatistic, n_resamples: int, enough: float, rng: np.random.Generator
) -> Iterator[_Drawn]:
    """What was drawn so far, after every batch."""
    n, m, values, batch = prepared
    observed = np.arange(n + m) < n
    # Ties are exact only if the observed value is computed as the others are: among them.
    first = values(np.vstack([observed, _shuffled(observed, min(batch, n_resamples), rng)]))
    value, drawn = float(first[0]), first[1:]
    threshold = value - ROUNDING * np.abs(first).max()
    null = np.empty(n_resamples)
    done = reached = 0
    while True:
        reaching = np.flatnonzero(drawn >= threshold)
        if reached + len(reaching) >= enough:
            reaching = reaching[: int(enough) - reached]
            drawn = drawn[: reaching[-1] + 1]
        null[done : done + len(drawn)] = drawn
        done, reached = done + len(drawn), reached + len(reaching)
        yield _Drawn(value, null[:done], reached, reached >= enough)
        if done == n_resamples or reached >= enough:
            return
        drawn = values(_shuffled(observed, min(batch, n_resamples - done), rng))


def _shuffled(labels: BoolArray, count: int, rng: np.random.Generator) -> BoolArray:
    return rng.permuted(np.tile(labels, (count, 1)), axis=1)


def _check_extent(x: FloatArray, y: FloatArray) -> None:
    least = np.minimum(x.min(axis=0), y.min(axis=0))
    most = np.maximum(x.max(axis=0), y.max(axis=0))
    extent = float((most - least).max())
    if extent and not EXTENTS[0] < extent < EXTENTS[1]:
        raise InvalidInputError(
            f"x and y must spread over {EXTENTS[0]:g} to {EXTENTS[1]:g}, got {extent:.3g}; to fix "
            "it, rescale both by one factor, which changes no p-value"
        )
