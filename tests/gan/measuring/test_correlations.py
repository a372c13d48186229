"""Rank correlations until the floor is reached."""

import math

from numpy.testing import assert_allclose
from scipy.stats import spearmanr

from otgan.gan.measuring.correlations import rank_correlation, rank_correlations, until_floor
from otgan.gan.records import Record


def records(estimates, debiased, frechet=None, se=0.01):
    rows = zip(estimates, debiased, frechet or debiased, strict=True)
    return [
        Record(step, 0.0, critic_estimate=e, debiased_w1=w, debiased_w1_se=se, frechet=f)
        for step, (e, w, f) in enumerate(rows, start=1)
    ]


def test_records_end_with_the_first_at_the_floor():
    run = records([5, 4, 3, 2, 1], [1.0, 0.5, 0.02, 0.3, 0.0])
    assert [record.step for record in until_floor(run)] == [1, 2, 3]
    assert until_floor(run[:2]) == run[:2]


def test_correlation_is_spearmans_before_the_floor():
    estimates, distances = [4.0, 5.0, 2.0, 3.0, 1.0], [1.0, 0.9, 0.8, 0.5, 0.4]
    expected = spearmanr(estimates, distances).statistic
    assert_allclose(rank_correlation(records(estimates, distances)), expected, rtol=1e-12)
    # what comes after the floor does not count
    after = records([*estimates, 0.0, 9.0, 0.0], [*distances, 0.0, 0.7, 0.6])
    with_floor = spearmanr([*estimates, 0.0], [*distances, 0.0]).statistic
    assert_allclose(rank_correlation(after), with_floor, rtol=1e-12)


def test_too_few_or_constant_columns_have_none():
    assert math.isnan(rank_correlation(records([1, 2, 3], [1, 2, 3])))
    assert math.isnan(rank_correlation(records([1, 1, 1, 1], [1, 2, 3, 4])))
    assert math.isnan(rank_correlation(records([math.nan] * 5, [1, 2, 3, 4, 5])))


def test_all_pairs_of_losses_and_distances_are_there():
    found = rank_correlations(records([1, 2, 3, 4], [1, 2, 3, 4], [4, 3, 2, 1]))
    assert_allclose(found["critic_estimate"]["debiased_w1"], 1)
    assert_allclose(found["critic_estimate"]["frechet"], -1)
    assert math.isnan(found["generator_loss"]["frechet"])
