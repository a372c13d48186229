"""Which generator of a run is kept: a rule on debiased distances."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["SELECTION_RULE", "Selection"]

SELECTION_RULE = (
    "The generator with the smallest debiased W1 is kept (of features where there are some, else "
    "of points); among those within one standard error of the smallest, the last."
)


@dataclass
class Selection:
    """What the rule has to remember.

    Attributes
    ----------
    smallest : float
        The smallest debiased W1 so far.
    smallest_se : float
        Its standard error.
    kept_step : int
        When the generator that is kept was measured; 0 before the first measurement.

    Examples
    --------
    >>> selection = Selection()
    >>> [selection.keeps(step, w1, 0.1) for step, w1 in enumerate([1.0, 0.5, 0.55, 0.7], start=1)]
    [True, True, True, False]
    >>> selection.kept_step
    3
    """

    smallest: float = math.inf
    smallest_se: float = 0.0
    kept_step: int = 0

    def keeps(self, step: int, debiased_w1: float, se: float) -> bool:
        """Take note of a measurement, and say whether its generator replaces the one that is kept.

        A new smallest one always does: it is the last of those near it. So the generator that is
        kept fulfills the rule at any time, and earlier ones need not be remembered.
        """
        if debiased_w1 < self.smallest:
            self.smallest, self.smallest_se = debiased_w1, se
        if not debiased_w1 <= self.smallest + self.smallest_se:
            return False
        self.kept_step = step
        return True

    def to_dict(self) -> dict[str, float]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Selection:
        """The selection that `to_dict` gave."""
        return cls(**stored)
