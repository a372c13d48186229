"""What contradicts a value, and the interval that is left of it."""

import math

import pytest
from numpy.testing import assert_allclose

from otgan.critics.estimation.bracket import population_high
from otgan.critics.estimation.verdict import (
    Objection,
    contradiction,
    interval_of,
    late_growth,
    unsettled,
)
from otgan.critics.training.loop import WARM_UP, CriticRecord
from tests.critics.estimation.problems import bracket

HALF_WIDTH = 1.959963984540054 * 0.1
"""Of a 95 % interval for a value with the standard error 0.1."""


def curve(*gaps):
    return [CriticRecord(step, 0.0, gap, gap, 0.0) for step, gap in enumerate(gaps, start=WARM_UP)]


def rising(start, end, count=32):
    return curve(*(start + (end - start) * k / (count - 1) for k in range(count)))


# ---------------------------------------------------------------- contradictions


@pytest.mark.parametrize("value", [4.61, 5.0, 5.35])
def test_a_value_inside_the_bracket_is_not_contradicted(value):
    assert contradiction(value, 0.1, bracket(5.0, 5.0)) is None


@pytest.mark.parametrize(
    ("value", "lower", "words", "too_large"),
    [
        (4.5, 5.0, "under-trained: the potentials of a sample already show 4.8", False),
        (-0.3, 0.0, "under-trained: on held-out points it shows -0.3, less than a", False),
        (5.4, 5.0, "too large: samples of the distributions are no more than 5.183 apart", True),
    ],
)
def test_a_value_outside_of_it_is(value, lower, words, too_large):
    found = contradiction(value, 0.1, bracket(lower, 5.0))
    assert found is not None
    assert found.sentence.startswith(words) and found.too_large == too_large


# ---------------------------------------------------------------- training curves


def test_growth_is_that_from_the_middle_to_the_end():
    growth, gained = late_growth(curve(*[1.0] * 16, *[2.0] * 16), upper=1.0)
    assert (growth, gained) == (0.0, 0.0)  # all of the second half is alike
    growth, gained = late_growth(curve(*[1.0] * 24, *[2.0] * 8), upper=1.0)
    assert_allclose([growth, gained], [0.5, 1.0])
    assert late_growth(curve(*[1.0] * 7), upper=1.0) == (math.inf, math.inf)


def test_growth_of_next_to_nothing_is_held_against_the_distance():
    growth, _ = late_growth(curve(*[0.001] * 24, *[0.002] * 8), upper=1.0)
    assert_allclose(growth, 0.01)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (rising(1.0, 2.0), "under-trained: the held-out gap grew by"),
        (rising(2.0, 1.0), "over-trained: the held-out gap fell by"),
        (curve(1.0, 2.0), "under-trained: its training has 2 records, too few"),
    ],
)
def test_a_curve_that_still_moves_is_unsettled(history, words):
    found = unsettled(0.01, history, bracket(1.0, 2.0))
    assert found is not None and found.sentence.startswith(words)


def test_a_training_that_ends_in_its_warm_up_is_unsettled():
    early = [record._replace(step=record.step - WARM_UP) for record in curve(*[1.0] * WARM_UP)]
    found = unsettled(0.01, early, bracket(1.0, 2.0))
    assert found is not None and f"ended at step {WARM_UP - 1}, while" in found.sentence
    full = [*early, CriticRecord(WARM_UP, 0.0, 1.0, 1.0, 0.0)]
    assert unsettled(0.01, full, bracket(1.0, 2.0)) is None


def test_a_curve_that_moves_less_than_its_noise_is_settled():
    assert unsettled(1.0, rising(1.0, 2.0), bracket(1.0, 2.0)) is None
    assert unsettled(0.01, rising(1.0, 1.0), bracket(1.0, 2.0)) is None


# ---------------------------------------------------------------- intervals


def test_the_interval_of_a_value_reaches_to_the_bound_beyond_w1():
    half = HALF_WIDTH
    assert_allclose(interval_of(4.0, 0.1, (1.0, 9.0), None), (4 - half, 4 + half))
    too_small, too_large = Objection("under-trained"), Objection("too large", too_large=True)
    assert_allclose(interval_of(4.0, 0.1, (1.0, 9.0), too_small), (4 - half, 9.0))
    assert_allclose(interval_of(4.0, 0.1, (1.0, 9.0), too_large), (1.0, 4 + half))


def test_it_is_not_negative_and_never_a_point():
    assert_allclose(interval_of(-3.0, 0.1, (0.0, 9.0), None), (0.0, HALF_WIDTH))
    assert population_high(bracket(0.0, 0.0)) > 0
