"""Points that are equal: counted, dropped, jittered, refused."""

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st
from numpy.testing import assert_array_equal

import otgan
from otgan.divergences.ties import check_ties, count_ties, hold_copies, settle_ties
from otgan.errors import DuplicateSamplesError, InvalidInputError
from tests.cases import refused

RNG = np.random.default_rng(0)
grids = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12).map(
    lambda rows: np.array(rows, dtype=float)
)


@given(grids, grids)
def test_counts_are_those_of_sets(x, y):
    of_x, of_y = {tuple(row) for row in x}, {tuple(row) for row in y}
    assert count_ties(x, y) == (len(x) - len(of_x), len(y) - len(of_y), len(of_x & of_y))
    assert count_ties(x[:, :1], y[:, :1])[2] == len(set(x[:, 0]) & set(y[:, 0]))


@given(grids, grids)
def test_dropping_keeps_one_of_each_in_its_order_and_none_that_both_hold(x, y):
    assume(any(count_ties(x, y)))
    of_x, of_y = {tuple(row) for row in x}, {tuple(row) for row in y}
    if len(of_x - of_y) < 2 or len(of_y - of_x) < 2:
        with pytest.raises(DuplicateSamplesError, match="at least two points each"):
            settle_ties(x, y, "drop", RNG)
        return
    kept_x, kept_y, done = settle_ties(x, y, "drop", RNG)
    first = [row for k, row in enumerate(map(tuple, x)) if row not in map(tuple, x[:k])]
    assert [tuple(row) for row in kept_x] == [row for row in first if row not in of_y]
    assert {tuple(row) for row in kept_y} == of_y - of_x
    assert done["dropped"] == len(x) + len(y) - len(kept_x) - len(kept_y)


def test_distinct_points_come_back_as_they_are():
    x, y = RNG.normal(size=(5, 2)), RNG.normal(size=(4, 2))
    for ties in ("raise", "drop", "jitter"):
        back = settle_ties(x, y, ties, RNG)
        assert back[0] is x and back[1] is y and back[2] == {}


def test_jitter_is_as_wide_as_the_grid_of_each_sample():
    x, y = RNG.integers(0, 9, (500, 2)) * [0.5, 3.0], RNG.integers(0, 9, (400, 2)) * [2.0, 3.0]
    noisy_x, noisy_y, done = settle_ties(x, y, "jitter", RNG)
    for noise, steps in ((noisy_x - x, [0.5, 3.0]), (noisy_y - y, [2.0, 3.0])):
        assert (np.abs(noise) <= np.array(steps) / 2).all()
        assert (np.abs(noise).max(axis=0) > 0.48 * np.array(steps)).all()
    assert done == {"jitter": 3.0}
    assert count_ties(noisy_x, noisy_y) == (0, 0, 0)


def test_constant_columns_stay_constant():
    x = np.column_stack([RNG.integers(0, 5, 60) * 1.0, np.full(60, 7.0)])
    noisy, _, _ = settle_ties(x, np.empty((0, 2)), "jitter", RNG)
    assert_array_equal(noisy[:, 1], 7.0)


def test_ties_are_refused_with_every_way_out():
    with pytest.raises(DuplicateSamplesError, match="1 repeated rows in x, 0 in y, and 1") as error:
        settle_ties(np.array([[0.0], [0.0]]), np.array([[0.0], [1.0]]), "raise", RNG)
    for word in ("discrete", "jitter", "drop"):
        assert f'ties="{word}"' in str(error.value)
    with pytest.raises(InvalidInputError, match="did you mean 'jitter'"):
        check_ties("jiter")


def test_copies_are_points_that_hardly_repeat():
    x = RNG.normal(size=(20, 2))
    assert hold_copies(x, np.vstack([x[:1], RNG.normal(size=(9, 2))]))
    assert not hold_copies(x, RNG.normal(size=(9, 2)))
    assert not hold_copies(np.repeat(x[:3], 10, axis=0), x[:3])


@pytest.mark.parametrize("wrong", ["count", None, np.zeros(2)])
def test_what_is_no_word_about_ties_is_refused(wrong):
    for function in (otgan.kl_from_samples, otgan.js_from_samples, otgan.compare):
        with refused("ties must be one of"):
            function([0.0, 1, 2], [0.5, 1.5, 3], ties=wrong)
