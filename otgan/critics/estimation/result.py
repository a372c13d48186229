"""What a critic's number is worth: the result of `estimate_w1`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from torch import nn

from otgan.critics.potentials.bounds import skill_score
from otgan.critics.training.loop import CriticRecord
from otgan.keywords import checks_keywords
from otgan.results import Result

__all__ = ["DualEstimate"]


@checks_keywords
@dataclass(frozen=True)
class DualEstimate(Result):
    """A neural estimate of W1 between two distributions, and what bounds it.

    ``float(estimate)`` is the value, ``print(estimate.report())`` says what it is. Distances are in
    the units of the data. A name with ``lower`` or ``upper`` is a bound that is proved; ``low`` and
    ``high`` are ends of confidence intervals; ``sample_`` is about two samples, ``population_``
    about their distributions.

    Attributes
    ----------
    value : float
        The estimate of W1 between the distributions, from points that the critic was not trained
        on: the raw gap, read as the constraint says; zero, which a constant critic shows, where
        that is less.
    se : float
        Standard error of `value` from the number of these points, the critic held fixed; for the
        linear program also from what is left between its two estimates.
    interval : tuple of float
        95 % confidence interval, of numbers that are not negative. For a critic it is ``value ±
        1.96 se`` and says how well `value` is known, not how far the critic is from optimal; of one
        that is known to be under-trained (or too steep) it reaches up to `population_high` (down
        to `population_low`). For the linear program (``"exact"``) it holds for W1 itself.
    raw_gap : float
        E f(x) - E f(y) on these points, before any correction.
    penalty : float
        What the constraint adds to the loss, on these points, for slopes above one where it is a
        penalty around one; `value` corrects `raw_gap` by it.
        Of an ensemble, what its members agree on: their noise is taken out, and it may fall below
        zero by what is left.
    population_low : float
        W1 of the distributions is at least this, with 95 % confidence: a critic that is provably
        Lipschitz cannot show more than W1 on fresh points. The better of what the weights prove and
        what the potentials of a sample show; at least zero.
    population_high : float
        W1 of the distributions is at most this, with 95 % confidence: samples lie further apart
        than their distributions, in the mean.
    sample_lower : float
        Proved lower bound of `sample_distance`, from the critic alone.
    sample_lower_zero : float
        The same from a critic that is zero everywhere: in many dimensions nearly as much.
    sample_distance : float
        W1 between two samples, exactly: the arrays themselves, or points of each distribution.
    sample_sizes : tuple of int
        How many points of x and of y these samples hold.
    lipschitz_lower : float
        The largest gradient norm at sampled points: the Lipschitz constant is no less.
    lipschitz_upper : float
        Upper bound of the critic's Lipschitz constant, proved by its weights; ``inf`` if unknown.
    converged : bool
        Of a critic: False if its value is known to be wrong, or its training to have stopped too
        early. Of the linear program: False if its two estimates are too far apart to say much. True
        is no proof.
    verdict : str
        The same in a sentence.
    constraint : str
        Short name of the constraint.
    reason : str
        Why this constraint.
    steps : int
    seconds : float
        Spent in training.
    n_held_out : int
        Points behind `value`, of x and y together.
    history : tuple of CriticRecord
        The training curve.
    critic : torch.nn.Module
        The trained critic, as a function of points in their own units.
    """

    derived: ClassVar[tuple[str, ...]] = ("skill",)
    bracket: ClassVar[tuple[str, ...]] = ("population_low", "population_high")
    figure: ClassVar[str] = "otgan.critics.estimation.plot.estimate_with_bounds"

    value: float
    se: float
    interval: tuple[float, float]
    raw_gap: float
    penalty: float
    population_low: float
    population_high: float
    sample_lower: float
    sample_lower_zero: float
    sample_distance: float
    sample_sizes: tuple[int, int]
    lipschitz_lower: float
    lipschitz_upper: float
    converged: bool
    verdict: str
    constraint: str
    reason: str
    steps: int
    seconds: float
    n_held_out: int
    history: tuple[CriticRecord, ...] = field(repr=False)
    critic: nn.Module = field(repr=False)

    def __float__(self) -> float:
        return self.value

    @property
    def skill(self) -> float:
        """Fraction that the critic proves of what a critic of zero leaves of `sample_distance`.

        Zero for a critic that is zero everywhere, one for an optimal one; NaN where the former
        proves all.
        """
        return skill_score(self.sample_lower, self.sample_lower_zero, self.sample_distance)

    def __repr__(self) -> str:
        return (
            f"DualEstimate(value={self.value:.4g} ± {self.se:.2g}, W1 of the distributions in "
            f"[{self.population_low:.4g}, {self.population_high:.4g}], samples "
            f"{self.sample_lower:.4g} <= {self.sample_distance:.4g}, constraint={self.constraint!r}"
            f"{'' if self.converged else self._objection()})"
        )

    def report(self) -> str:
        """All of it as a table for people."""
        n, m = self.sample_sizes
        low, high = self.interval
        rows = [
            ("W1 between the distributions", f"{self.value:.5g} ± {self.se:.2g}"),
            ("  95 % interval", f"[{low:.5g}, {high:.5g}] {self._meaning()}"),
            ("  at least, at most", f"{self.population_low:.5g}, {self.population_high:.5g} "
             "(95 % confidence each, whatever the critic)"),
            ("raw gap of the critic", f"{self.raw_gap:.5g} (penalty {self.penalty:.3g})"),
            ("two samples", f"exact {self.sample_distance:.5g} ({n:,} and {m:,} points), the "
             f"critic proves {self.sample_lower:.5g}, one that is zero everywhere "
             f"{self.sample_lower_zero:.5g}"),
            ("Lipschitz constant", f"between {self.lipschitz_lower:.4g} (at sampled points) and "
             f"{self.lipschitz_upper:.4g} (proved by the weights)"),
            ("constraint", f"{self.constraint}: {self.reason}"),
            ("training", f"{self.steps:,} steps, {self.seconds:.1f} s, evaluated on "
             f"{self.n_held_out:,} points{self._which()}"),
            ("verdict", self.verdict),
        ]  # fmt: skip
        return "\n".join(f"{name:<22} {text}" for name, text in rows)

    def _objection(self) -> str:
        known = ("under-trained", "over-trained", "too large")
        words = [word for word in known if self.verdict.startswith(word)]
        return f", {words[0] if words else 'wide bracket'}"

    def _which(self) -> str:
        return "" if self.constraint == "exact" else " that it was not trained on"

    def _meaning(self) -> str:
        if self.constraint == "exact":
            return "of W1"
        if not self.converged:
            return "from what this critic shows to what holds without it"
        return "of what this critic shows, not of its distance from an optimal one"
