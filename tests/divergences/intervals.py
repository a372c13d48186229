"""What intervals of estimates hold."""


def held(estimate, value):
    low, high = estimate.interval
    return low <= value <= high
