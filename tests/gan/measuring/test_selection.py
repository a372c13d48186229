"""The generator that is kept fulfills the stated rule, whatever the order of measurements."""

import numpy as np
from hypothesis import given, strategies as st

from otgan.gan.measuring.selection import Selection

VALUES = st.floats(-1, 1).map(lambda value: round(value, 2))
MEASUREMENTS = st.lists(st.tuples(VALUES, st.floats(0, 0.5)), min_size=1, max_size=12)


@given(MEASUREMENTS)
def test_the_last_within_one_error_of_the_smallest_is_kept(measured):
    selection = Selection()
    for step, (value, se) in enumerate(measured, start=1):
        selection.keeps(step, value, se)
    values = np.array([value for value, _ in measured])
    smallest = values.argmin()  # the first of equal ones, whose error counts
    near = np.flatnonzero(values <= values[smallest] + measured[smallest][1])
    assert selection.kept_step == near[-1] + 1


@given(MEASUREMENTS)
def test_a_selection_goes_on_from_its_plain_values(measured):
    whole, parts = Selection(), Selection()
    for step, (value, se) in enumerate(measured, start=1):
        whole.keeps(step, value, se)
        parts = Selection.from_dict(parts.to_dict())
        parts.keeps(step, value, se)
    assert parts == whole


def test_what_was_not_measured_is_not_kept():
    selection = Selection()
    assert not selection.keeps(1, float("nan"), float("nan"))
    assert selection.kept_step == 0
