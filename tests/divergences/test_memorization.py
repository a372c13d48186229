"""The test for copies: values worked out by hand, its level, its power, and real copies."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import kstest, mannwhitneyu

import otgan
from otgan import costs
from tests.cases import PLAIN_FORMS, mistyped, refused


def draws(seed, n=100, d=5):
    """Training points, held-out points and further points, all of one distribution."""
    return np.random.default_rng(seed).normal(size=(3, n, d))


# ---------------------------------------------------------------- values


def test_distances_on_a_line():
    # held out: 1, 2, 3, 5; generated: 0, .5: all 8 pairs one way, 1 of 15 ways to label them
    found = otgan.memorization_test([0, 9], [1, 7, 12, 14], [0, 9.5])
    assert_allclose(found.pvalue, 1 / 15)
    assert (found.statistic, found.threshold) == (0, 1)
    assert (found.near_fraction, found.held_out_near_fraction) == (1, 0.25)
    assert (found.n_train, found.n_held_out, found.n_generated) == (2, 4, 2)


def test_ties_count_half():
    # held out: 1, 2; generated: 1, 1, 5: of six pairs 5 > 1, 5 > 2, and two ties
    found = otgan.memorization_test([0], [1, -2], [1, -1, 5])
    assert found.statistic == (2 + 2 / 2) / 6
    assert (found.near_fraction, found.held_out_near_fraction) == (2 / 3, 1 / 2)


def test_the_threshold_is_a_quantile_of_held_out_distances():
    found = otgan.memorization_test([0], np.arange(1, 201), np.arange(1, 101) / 10, quantile=0.02)
    assert found.threshold == 4
    assert (found.near_fraction, found.held_out_near_fraction) == (0.4, 0.02)


def test_agrees_with_the_nearest_of_all_pairs():
    train, held_out, generated = draws(0)
    nearest = [
        np.linalg.norm(points[:, None] - train, axis=2).min(axis=1)
        for points in (generated, held_out)
    ]
    expected = mannwhitneyu(*nearest, alternative="less")
    found = otgan.memorization_test(train, held_out, generated)
    assert_allclose(found.pvalue, expected.pvalue, rtol=1e-9)
    assert_allclose(found.statistic, (nearest[0][:, None] > nearest[1]).mean(), rtol=1e-12)


def test_blocks_of_rows_change_nothing(monkeypatch):
    samples = draws(1)
    whole = otgan.memorization_test(*samples)
    monkeypatch.setattr(costs, "BLOCK_ENTRIES", 700)
    assert otgan.memorization_test(*samples) == whole


# ---------------------------------------------------------------- level and power


def test_new_points_give_uniform_pvalues():
    pvalues = [otgan.memorization_test(*draws(seed)).pvalue for seed in range(300)]
    assert kstest(pvalues, "uniform").pvalue > 1e-3


def test_equal_distances_of_few_points_are_counted_exactly():
    # three copies beside three new points: 1 of 20 ways to label them; .023 and .032 by normal ones
    for held_out in ([1, 1, 1], [1, 2, 3]):
        found = otgan.memorization_test([0], held_out, [0, 0, 0])
        assert_allclose(found.pvalue, 1 / 20)
    # 1, 2, 2 beside 2, 2, 3: ranks 1, 3.5, 3.5, the least sum, as 6 of 20 ways to label them give
    assert_allclose(otgan.memorization_test([0], [2, 2, 3], [1, 2, 2]).pvalue, 6 / 20)


def test_pvalues_of_equal_distances_hold_their_level():
    def rounded(rng, count):
        return np.round(2 * rng.normal(size=count))

    sizes, level = (20, 2, 10), 0.05
    pvalues = []
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        pvalues.append(otgan.memorization_test(*(rounded(rng, n) for n in sizes)).pvalue)
    allowed = level + 2 * np.sqrt(level * (1 - level) / 1000)
    assert np.mean(np.array(pvalues) <= level) <= allowed


def test_copies_and_near_copies_are_found():
    train, held_out, _ = draws(2, 200)
    rng = np.random.default_rng(0)
    copies = train[rng.integers(200, size=200)]
    for noise, near in ((0, 1), (0.1, 0.9)):
        found = otgan.memorization_test(train, held_out, copies + noise * rng.normal(size=(200, 5)))
        assert found.pvalue < 1e-10
        assert found.near_fraction >= near and found.held_out_near_fraction == 0.01


def test_a_few_copies_among_bad_points_show_in_the_fraction():
    train, held_out, new = draws(3, 200)
    half = np.concatenate([train[:100], new[:100] + 50])
    found = otgan.memorization_test(train, held_out, half)
    assert found.statistic == 0.5 and found.pvalue > 0.4
    assert (found.near_fraction, found.held_out_near_fraction) == (0.5, 0.01)


def test_points_off_the_data_are_no_copies():
    train, held_out, new = draws(4)
    found = otgan.memorization_test(train, held_out, 3 * new)
    assert found.pvalue > 0.999 and found.statistic > 0.9 and found.near_fraction == 0


def test_real_copies_are_no_evidence():
    # a third of the data repeats training points, and so does a third of the generated points
    train, held_out, new = draws(5, 150)
    held_out[:50], new[:50] = train[:50], train[50:100]
    found = otgan.memorization_test(train, held_out, new)
    assert found.pvalue > 0.05
    assert found.threshold == 0
    assert found.near_fraction == found.held_out_near_fraction == 1 / 3
    # twice as many are
    new[50:100] = train[:50]
    more = otgan.memorization_test(train, held_out, new)
    assert more.pvalue < 1e-3
    assert (more.near_fraction, more.held_out_near_fraction) == (2 / 3, 1 / 3)


@pytest.mark.parametrize("size", [3, 30])
def test_equal_distances_are_no_evidence(size):
    found = otgan.memorization_test([0], np.ones(size), -np.ones(size))
    assert (found.pvalue, found.statistic, found.near_fraction) == (1, 0.5, 1)


# ---------------------------------------------------------------- input and output


def test_every_form_of_points_gives_the_same():
    samples = np.array([[[0.0, 1], [2, 3]], [[5, 4], [2, 2]], [[0, 3], [2, 4]]])
    expected = otgan.memorization_test(*samples)
    for form in PLAIN_FORMS.values():
        assert otgan.memorization_test(*map(form, samples)) == expected


def test_the_result_is_its_pvalue():
    found = otgan.memorization_test([0, 9], [1, 7, 12, 14], [0, 9.5])
    assert float(found) == found.pvalue == found.to_dict()["pvalue"]
    assert found.to_dict()["n_train"] == 2


def test_bad_input_is_refused():
    x = np.arange(6.0)
    with refused("held_out must have 1 columns like train, got 2"):
        otgan.memorization_test(x, np.ones((6, 2)), x)
    with refused("generated must be finite"):
        otgan.memorization_test(x, x, [np.inf, 1])
    with refused("train must hold at least one point"):
        otgan.memorization_test([], x, x)
    for quantile in (0, 1, 1.5):
        with refused("quantile must lie between 0 and 1"):
            otgan.memorization_test(x, x, x, quantile=quantile)
    with refused("quantile must be a number"):
        otgan.memorization_test(x, x, x, quantile=mistyped("1 %"))
