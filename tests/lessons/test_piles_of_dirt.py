import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from otgan import emd, emd_linprog
from otgan.errors import InvalidInputError, UnequalMassError
from otgan.lessons.piles_of_dirt import draw, explain, run
from otgan.plot import save

WHOLE = st.integers(0, 20)
HEIGHTS = st.floats(0, 20).map(lambda height: round(height, 6))


@st.composite
def piles(draw, heights=WHOLE):
    """Two rows of the same length and total: Q takes from P's piles what it puts on others."""
    P = np.array(draw(st.lists(heights, min_size=1, max_size=7)), dtype=float)
    P[draw(st.integers(0, len(P) - 1))] += 1
    moved_to = draw(st.lists(st.integers(0, len(P) - 1), min_size=len(P), max_size=len(P)))
    return P, np.bincount(moved_to, weights=P, minlength=len(P))


def test_classic_numbers():
    n = run()
    assert_array_equal(n.flow, [2, 2, -1, 0])
    assert_allclose([n.work, n.primal, n.dual, n.distance], [5, 5, 5, 0.5], rtol=1e-14)
    assert_allclose(n.prices, [0, -1, -2, -1], atol=1e-14)
    assert_allclose(
        [n.kl, n.kl_reversed, n.js, n.tv], [0.30602708, 0.35835189, 0.07793227, 0.3], atol=5e-9
    )
    assert_allclose(n.plan, [[1, 2, 0, 0], [0, 0, 2, 0], [0, 0, 1, 0], [0, 0, 1, 3]], atol=1e-14)


def test_the_three_moves_of_figure_7():
    moves = run().moves
    assert [(m.amount, m.row, m.pile) for m in moves] == [(2, "P", 1), (2, "P", 2), (1, "Q", 3)]
    assert_array_equal([m.P for m in moves], [[1, 4, 1, 4], [1, 2, 3, 4], [1, 2, 3, 4]])
    assert_array_equal([m.Q for m in moves], [[1, 2, 4, 3], [1, 2, 4, 3], [1, 2, 3, 4]])
    assert [m.work for m in moves] == [2, 4, 5]


@settings(max_examples=60, deadline=None)
@given(piles() | piles(HEIGHTS))
def test_moves_make_both_rows_alike_with_the_least_work(rows):
    P, Q = rows
    n = run(P=P, Q=Q)
    dust = 1e-9 * P.sum()
    for move in n.moves:
        assert move.amount > 0
        assert move.P.min() >= -dust and move.Q.min() >= -dust  # no pile gives what it has not
        assert_allclose(move.P[: move.pile], move.Q[: move.pile], atol=dust)
    last = n.moves[-1] if n.moves else n
    assert_allclose(last.P, last.Q, atol=dust)
    assert_allclose(sum(move.amount for move in n.moves), n.primal, rtol=1e-9, atol=dust)


@settings(max_examples=60, deadline=None)
@given(piles() | piles(HEIGHTS))
def test_four_ways_agree(rows):
    P, Q = rows
    n = run(P=P, Q=Q)
    place = np.arange(len(P))
    steps = np.abs(place[:, None] - place)
    total = P.sum()
    close = {"rtol": 1e-9, "atol": 1e-9 * total}
    assert_allclose(n.primal, n.work, **close)
    assert_allclose(n.dual, n.work, **close)
    assert_allclose(n.distance * total, n.work, **close)
    heights = np.concatenate([P, Q])
    if heights[heights > 0].min() > 1e-6 * total:  # HiGHS takes less for none
        assert_allclose(emd_linprog(steps, P, Q).cost * total, n.work, **close)
    assert_allclose(emd(place, place, P, Q).cost * total, n.work, **close)


@settings(max_examples=60, deadline=None)
@given(piles() | piles(HEIGHTS))
def test_plan_and_prices_are_feasible_and_optimal(rows):
    P, Q = rows
    n = run(P=P, Q=Q)
    steps = np.abs(np.subtract.outer(np.arange(len(P)), np.arange(len(P))))
    close = {"rtol": 1e-9, "atol": 1e-9 * P.sum()}
    assert_allclose(n.plan.sum(axis=1), P, **close)
    assert_allclose(n.plan.sum(axis=0), Q, **close)
    assert_allclose((n.plan * steps).sum(), n.work, **close)
    assert np.abs(np.diff(n.prices)).max(initial=0) <= 1 + 1e-12
    assert_allclose(n.prices @ (P - Q), n.work, **close)


@settings(max_examples=30, deadline=None)
@given(piles())
def test_prices_fall_where_dirt_flows(rows):
    n = run(P=rows[0], Q=rows[1])
    carried = n.flow[:-1] != 0
    assert_allclose(np.diff(n.prices)[carried], -np.sign(n.flow[:-1][carried]), atol=1e-9)


def test_any_piles_can_be_drawn(tmp_path):
    for P, Q in (([1], [1]), ([2, 0], [0, 2]), ([0.5, 1.5, 0], [0.5, 1.5, 0])):
        save(draw(run(P=P, Q=Q)), tmp_path / "piles.png")


def test_text_holds_the_numbers():
    text = explain(run())
    for number in (
        "1 from Q3 to Q4",
        "1, 2, 3, 4",
        "5 shovel-steps",
        "0.30602708",
        "0.35835189",
        "0.077932273",
        "0.5",
    ):
        assert number in text


@pytest.mark.parametrize(
    ("P", "Q", "error", "message"),
    [
        ([1, 2], [1, 3], UnequalMassError, "differ by 1"),
        ([1, 2], [1, 1, 1], InvalidInputError, r"Q must have shape \(2,\)"),
        ([1, -2], [1, -2], InvalidInputError, "P must be non-negative"),
        ([1, np.nan], [1, 2], InvalidInputError, "P must be finite"),
        ([4e-180, 1], [0, 1], InvalidInputError, "work of at least 1e-11 of their total"),
        ([1, 1], [1 - 1e-13, 1 + 1e-13], InvalidInputError, "to fix it, round them"),
        ([], [], InvalidInputError, "P must hold at least one"),
    ],
)
def test_refuses_what_has_no_answer(P, Q, error, message):
    with pytest.raises(error, match=message):
        run(P=P, Q=Q)
