"""Interval: where the distance of two distributions lies, and the estimates that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from otgan.keywords import checks_keywords
from otgan.results import Result

__all__ = ["Interval"]


@checks_keywords
@dataclass(frozen=True)
class Interval(Result):
    """A confidence interval for the distance between two distributions.

    ``value in interval`` is whether it holds a value, ``float(interval)`` is the center,
    ``print(interval.report())`` shows all of it.

    Attributes
    ----------
    low, high : float
        Ends of the interval; `low` is 0 where the samples show no difference of the distributions.
    confidence_level : float
        Level of the interval. Each end alone has the level ``1 - (1 - confidence_level) / 2``.
    lower_estimate, lower_se : float
        In the mean at most the distance, and its standard error: what `low` comes from. It may
        be negative.
    plug_in, plug_in_se : float
        The distance of the samples, in the mean at least that of the distributions, and its
        standard error: what `high` comes from.
    lower_from : {"samples", "potential"}
        Whether `low` comes from potentials of the samples or from one that was given.
    n, m : int
        Sizes of the two samples.

    Examples
    --------
    >>> interval = Interval(0.8, 1.2, 0.95, 0.9, 0.05, 1.1, 0.06, "samples", 100, 80)
    >>> interval
    Interval(95 % in [0.8, 1.2], n=100, m=80)
    >>> 1 in interval, 2 in interval
    (True, False)
    """

    derived: ClassVar[tuple[str, ...]] = ("width", "center", "bias")
    bracket: ClassVar[tuple[str, ...]] = ("low", "high")
    panel: ClassVar[str] = "otgan.inference.plot.interval_picture"

    low: float
    high: float
    confidence_level: float
    lower_estimate: float
    lower_se: float
    plug_in: float
    plug_in_se: float
    lower_from: Literal["samples", "potential"]
    n: int
    m: int

    @property
    def width(self) -> float:
        """Length of the interval."""
        return self.high - self.low

    @property
    def center(self) -> float:
        """Middle of the interval: an estimate whose two biases have opposite signs."""
        return (self.low + self.high) / 2

    @property
    def bias(self) -> float:
        """In the mean at least the bias of `plug_in`: plug_in - lower_estimate."""
        return self.plug_in - self.lower_estimate

    def __float__(self) -> float:
        return self.center

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __repr__(self) -> str:
        return (
            f"Interval({100 * self.confidence_level:g} % in [{self.low:.4g}, {self.high:.4g}], "
            f"n={self.n}, m={self.m})"
        )

    def report(self) -> str:
        """All of it as a table for people.

        Examples
        --------
        >>> interval = Interval(0.8, 1.2, 0.95, 0.9, 0.05, 1.1, 0.06, "samples", 100, 80)
        >>> print(interval.report())
        interval         [0.8, 1.2], 95 %
        lower estimate   0.9 ± 0.05 (held-out potentials)
        upper estimate   1.1 ± 0.06 (W1 of the samples)
        bias             expected bias of the upper estimate: at most 0.2
        points           100 and 80
        """
        potentials = {"samples": "held-out potentials", "potential": "the potential that was given"}
        rows = (
            ("interval", f"[{self.low:.6g}, {self.high:.6g}], {100 * self.confidence_level:g} %"),
            (
                "lower estimate",
                f"{self.lower_estimate:.6g} ± {self.lower_se:.2g} ({potentials[self.lower_from]})",
            ),
            (
                "upper estimate",
                f"{self.plug_in:.6g} ± {self.plug_in_se:.2g} (W1 of the samples)",
            ),
            ("bias", f"expected bias of the upper estimate: at most {self.bias:.6g}"),
            ("points", f"{self.n:,} and {self.m:,}"),
        )
        return "\n".join(f"{name:<17}{text}" for name, text in rows)
