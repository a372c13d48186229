"""What an audit of a critic found, its verdict, and its report."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from otgan.critics.audit.adapter import CriticFunction
from otgan.critics.audit.diagnosis import Diagnosis
from otgan.critics.audit.gradients import Rays, SteepestPair
from otgan.critics.gaps import normalized_gap
from otgan.critics.potentials.bounds import skill_score
from otgan.estimates import shown, standard_error_of_gap
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.results import Result
from otgan.transport.result import TransportResult

__all__ = ["CriticAudit"]

GOOD_RTOL = 0.05
"""Relative error up to which a number may be read as W1."""

LEARNED_FRACTION = 0.3
"""Fraction of W1, and of what the zero critic leaves unproved of it, below which both gap and bound
show nothing that a critic has learned."""


@checks_keywords
@dataclass(frozen=True, eq=False)
class CriticAudit(Result):
    """A critic beside the exact dual on the same points.

    ``float(audit)`` is W1 of the two samples, ``str(audit)`` the whole report. Distances and values
    are in the units of the data. A name with ``lower`` or ``upper`` is a bound that is proved.

    Attributes
    ----------
    gap : float
        The raw gap, mean f(x) - mean f(y): what is usually printed as W1.
    sample_distance : float
        W1 of the two samples, certified to rounding by `transport`.
    sample_lower : float
        What the critic's values prove of it: c-transforms of f, or of -f if the gap is negative.
    sample_lower_zero : float
        What the critic that is zero everywhere proves of it: on images nearly all.
    lipschitz_lower : float
        The largest slope found, that of `steepest`: no Lipschitz constant of f is smaller.
    lipschitz_upper : float
        An upper bound of the Lipschitz constant from the layers; ``inf`` if they prove nothing.
    proof : str
        The factors of that bound, or the layer that has none.
    cosine_x, cosine_middle, cosine_y : float
        Cosine between the gradient of f and the direction y to x along the rays of the exact plan,
        averaged with its mass: near x, half way, near y. NaN if no mass moves.
    slope_mean, slope_sd : float
        Of the gradient norms at points between independent x and y.
    steepest : SteepestPair
        Where f breaks the Lipschitz condition most, or comes nearest to it.
    floor : float
        W1 between two halves of x, or of y, on average: distances up to about this size are what
        samples show of equal distributions. Zero for single points.
    reported, penalty_weight, batch_size : float, float, int
        As they were passed; NaN, NaN and 0 if they were not.
    n, m, n_given, m_given, d : int
        Points that were used of x and of y, those that were given, and their dimension.
    diagnoses : tuple of Diagnosis
        Mistakes that the critic shows signs of, each with a name, a finding and a fix.
    transport : TransportResult
        The exact plan and potentials.
    x, y, f_x, f_y : ndarray
        The points that were used, one a row, and the critic's values there.
    rays : Rays
        The rays with the slopes and cosines on them.
    slopes : ndarray
        The gradient norms at points between the samples.
    function : CriticFunction
        The critic as a function of rows of numbers.
    """

    bracket: ClassVar[tuple[str, ...]] = ("sample_lower", "sample_distance")
    figure: ClassVar[str] = "otgan.critics.audit.plot.critic_audit"
    derived: ClassVar[tuple[str, ...]] = (
        "normalized_gap",
        "sample_lower_layers",
        "skill",
        "cosine",
        "verdict",
    )

    gap: float
    sample_distance: float
    sample_lower: float
    sample_lower_zero: float
    lipschitz_lower: float
    lipschitz_upper: float
    proof: str
    cosine_x: float
    cosine_middle: float
    cosine_y: float
    slope_mean: float
    slope_sd: float
    steepest: SteepestPair
    floor: float
    reported: float
    penalty_weight: float
    batch_size: int
    n: int
    m: int
    n_given: int
    m_given: int
    d: int
    diagnoses: tuple[Diagnosis, ...]
    transport: TransportResult = field(repr=False)
    x: FloatArray = field(repr=False)
    y: FloatArray = field(repr=False)
    f_x: FloatArray = field(repr=False)
    f_y: FloatArray = field(repr=False)
    rays: Rays = field(repr=False)
    slopes: FloatArray = field(repr=False)
    function: CriticFunction = field(repr=False)

    @property
    def normalized_gap(self) -> float:
        """The gap over the largest slope found: an estimate, too large only by steeper slopes."""
        return normalized_gap(self.gap, self.lipschitz_lower)

    @property
    def sample_lower_layers(self) -> float:
        """The gap over the Lipschitz constant that the layers prove: at most W1 of the samples.

        For points the critic was not trained on, an unbiased estimate of a lower bound for W1 of
        the distributions.
        """
        return normalized_gap(self.gap, self.lipschitz_upper)

    @property
    def skill(self) -> float:
        """Fraction that the values prove of what the critic that is zero everywhere leaves of W1.

        Zero for that critic, one for an optimal one; NaN where it proves all of W1.
        """
        return skill_score(self.sample_lower, self.sample_lower_zero, self.sample_distance)

    @property
    def cosine(self) -> float:
        """Mean of the three cosines."""
        return (self.cosine_x + self.cosine_middle + self.cosine_y) / 3.0

    @property
    def diagnosis_names(self) -> tuple[str, ...]:
        """The names of the diagnoses."""
        return tuple(diagnosis.name for diagnosis in self.diagnoses)

    @property
    def verdict(self) -> str:
        """What to make of the critic, in one sentence."""
        return _verdict(self)

    def __float__(self) -> float:
        return self.sample_distance

    def report(self) -> str:
        """All numbers as a table with units, the diagnoses with their fixes, and the verdict."""
        return _report(self)

    def __str__(self) -> str:
        return self.report()

    def __repr__(self) -> str:
        return (
            f"CriticAudit(gap={self.gap:.4g}, sample_distance={self.sample_distance:.4g}, "
            f"sample_lower={self.sample_lower:.4g}, "
            f"lipschitz=[{self.lipschitz_lower:.4g}, {self.lipschitz_upper:.4g}], "
            f"cosine={self.cosine:.3f}, diagnoses={list(self.diagnosis_names)})"
        )


def _verdict(audit: CriticAudit) -> str:
    exact, gap = audit.sample_distance, audit.gap
    if exact <= 1e-9 * (float(np.abs(audit.x).max()) or 1.0):
        return "The two samples are the same points, so there is nothing for a critic to find."
    if "constant critic" in audit.diagnosis_names:
        return f"Useless as it stands: the critic is constant, and W1 is {exact:.4g}."
    proves = _proves(audit)
    if audit.diagnoses:
        return f"Do not read {gap:.4g} as W1 ({', '.join(audit.diagnosis_names)}); {proves}."
    near = abs(gap - exact) <= GOOD_RTOL * exact
    if not _steepness(audit) and min(gap, audit.sample_lower) >= 0.99 * exact:
        return f"As good as the exact potential: the gap is {gap:.4g}, and {proves}."
    if near:
        return (
            f"Healthy: the raw gap {gap:.4g} may be read as W1 to {GOOD_RTOL:.0%}; "
            f"{_steepness(audit)}{proves}."
        )
    if gap > exact:
        return (
            f"Nearly healthy: the raw gap {gap:.4g} is {gap / exact - 1:.1%} too large; {proves}."
        )
    if audit.skill < LEARNED_FRACTION and gap < LEARNED_FRACTION * exact and not _gap_counts(audit):
        return (
            f"Nothing shows that it learned anything: {proves}, and its raw gap is {gap:.4g}; "
            f"equal distributions show {audit.floor:.4g} with so many points: there may be no more "
            "to see."
        )
    return (
        f"No mistake is visible, but the raw gap is {gap / exact:.1%} of the exact W1, and "
        f"these samples do not tell whether it should be more: equal distributions show "
        f"{audit.floor:.4g}; {_steepness(audit)}{proves}."
    )


def _gap_counts(audit: CriticAudit) -> bool:
    """Whether the gap is beyond noise, of a critic with about the slopes of a trained one."""
    noise = standard_error_of_gap(audit.f_x, audit.f_y)
    return audit.gap > 4.0 * noise and audit.slope_mean > 0.5


def _proves(audit: CriticAudit) -> str:
    """What the values prove, beside what no values prove."""
    exact = audit.sample_distance
    return (
        f"its values prove {audit.sample_lower / exact:.1%} of the exact W1, {exact:.4g}, where a "
        f"critic that is zero everywhere proves {audit.sample_lower_zero / exact:.1%}"
    )


def _steepness(audit: CriticAudit) -> str:
    """A remark on slopes that no 1-Lipschitz function has, if there are any."""
    steepest = audit.lipschitz_lower
    return "" if steepest <= 1.0 + GOOD_RTOL else f"somewhere it reaches slope {steepest:.3g}; "


def _report(audit: CriticAudit) -> str:
    """The table, the diagnoses, the verdict."""
    lines = [f"{'number':<24}{'value':>12}  what it is"]
    for name, value, meaning in _rows(audit):
        lines.append(f"{name:<24}{value:>12}  {meaning}".rstrip())
    lines += ["", f"steepest pair   {audit.steepest}"]
    if (audit.n, audit.m) != (audit.n_given, audit.m_given):
        lines.append(
            f"points          random {audit.n:,} of {audit.n_given:,} and {audit.m:,} of "
            f"{audit.m_given:,}, for an exact W1 in time; all numbers are of these"
        )
    for diagnosis in audit.diagnoses:
        texts = (diagnosis.finding, f"To fix it: {diagnosis.fix}")
        lines += ["", f"! {diagnosis.name}", *(_wrapped(text, "  ") for text in texts)]
    return "\n".join([*lines, "", _wrapped(audit.verdict)])


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=indent)


def _rows(audit: CriticAudit) -> list[tuple[str, str, str]]:
    """Name, value and meaning of every number."""
    points = f"{audit.n:,} and {audit.m:,} points in {audit.d:,} dimension" + (
        "s" if audit.d > 1 else ""
    )
    gap = audit.transport.gap
    certified = "to rounding" if gap <= 1e-12 * audit.sample_distance else f"to {gap:.1g}"

    def distance(value: float) -> str:
        return shown(value, audit.sample_distance + audit.floor + abs(audit.gap))

    rows = [
        ("exact W1", distance(audit.sample_distance), f"certified {certified}; {points}"),
        ("raw gap", distance(audit.gap), "mean f(x) - mean f(y), as usually printed"),
        ("gap / sampled slope", distance(audit.normalized_gap), "conservative, not certified"),
        ("gap / proved slope", distance(audit.sample_lower_layers), "certified: at most W1"),
        (
            "lower bound by values",
            distance(audit.sample_lower),
            "from the critic's values (c-transform), whatever its scale",
        ),
        (
            "  by the zero critic",
            distance(audit.sample_lower_zero),
            "the same from f = 0, which is not trained",
        ),
        (
            "floor",
            distance(audit.floor),
            "between two halves of one sample: equal distributions show this",
        ),
        *_rows_of_slopes(audit),
    ]
    if not math.isnan(audit.reported):
        rows.insert(1, ("reported", f"{audit.reported:.6g}", "the number that was printed as W1"))
    return rows


def _rows_of_slopes(audit: CriticAudit) -> list[tuple[str, str, str]]:
    top = audit.lipschitz_lower
    upper = "none" if math.isinf(audit.lipschitz_upper) else f"{audit.lipschitz_upper:.6g}"
    spread = f"± {shown(audit.slope_sd, top, digits=2)}; optimal is 1"
    cosines = (audit.cosine_x, audit.cosine_middle, audit.cosine_y)
    near_x, middle, near_y = ("-" if math.isnan(c) else f"{c:.4f}" for c in cosines)
    return [
        ("slope, largest found", shown(top, 1.0), "the Lipschitz constant is no less"),
        ("slope, upper bound", upper, audit.proof),
        ("slope between", shown(audit.slope_mean, top, digits=4), spread),
        ("cosine near x", near_x, "gradient against the exact rays; optimal is 1"),
        ("cosine half way", middle, ""),
        ("cosine near y", near_y, ""),
    ]
