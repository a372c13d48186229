"""What intervals of estimates hold."""

from otgan import Estimate


def held(estimate: Estimate, value: float) -> bool:
    low, high = estimate.interval
    return low <= value <= high
