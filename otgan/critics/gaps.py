"""What the raw gap of a critic says of a distance: over its slope, or less its penalty's excess."""

from __future__ import annotations

import math

__all__ = ["normalized_gap", "penalized_gap_inverse"]


def normalized_gap(gap: float, lipschitz: float) -> float:
    """The gap over a Lipschitz constant; zero where the constant is zero, infinite or unknown.

    A critic without slope shows nothing, and one whose slope may be anything proves nothing.

    Parameters
    ----------
    gap : float
        E f(x) - E f(y).
    lipschitz : float
        Of f.

    Examples
    --------
    >>> normalized_gap(6.0, 3.0), normalized_gap(6.0, math.inf), normalized_gap(0.0, 0.0)
    (2.0, 0.0, 0.0)
    """
    return gap / lipschitz if 0.0 < lipschitz < math.inf else 0.0


def penalized_gap_inverse(gap: float, weight: float) -> float:
    """The distance d at which a perfect critic under a gradient penalty has this gap.

    Between two point masses the penalized optimum has slope 1 + d / (2 weight), so its gap is
    ``d + d² / (2 weight)``; the penalized objective is ``d + d² / (4 weight)``. A gap that is not
    positive is returned as it is.

    Examples
    --------
    >>> penalized_gap_inverse(15.0, weight=10.0)
    10.0
    """
    return gap if gap <= 0 else weight * (math.sqrt(1.0 + 2.0 * gap / weight) - 1.0)
