"""Sentences about runs whose numbers are given."""

import dataclasses
import math

import pytest

from otgan.divergences.memorization import MemorizationTest
from otgan.gan.evaluation import DistanceInSpace, Evaluation
from otgan.gan.measuring.feature_scores import FeatureScores
from otgan.gan.measuring.two_sample import RealDataTest, StatisticFound
from otgan.gan.records import Record
from otgan.gan.verdict import verdict

SCORES = FeatureScores(1.0, 0.9, 0.9, 1.0, 0.9)
GOOD = DistanceInSpace(1.02, 0.02, 1.0, 0.02, 0.01, 0.02, 1.0)
BLURRED = DistanceInSpace(0.8, 0.02, 1.0, 0.02, 0.3, 0.02, 0.5)
RECORDS = [
    Record(100, 1.0, debiased_w1=2.0, debiased_w1_se=0.1),
    Record(200, 2.0, debiased_w1=0.02, debiased_w1_se=0.1),
    Record(300, 3.0, debiased_w1=0.5, debiased_w1_se=0.1),
]


def evaluation(distance=GOOD, pvalue=0.4, memorization=None):
    statistics = (
        StatisticFound("bins of points", 1.5, pvalue),
        StatisticFound("energy distance of points", 0.1, 0.9),
    )
    test = RealDataTest(statistics, 1000, 199)
    return Evaluation(
        points=1000,
        draws=8,
        spaces={"points": distance},
        scored_in="points",
        scores=SCORES,
        floor_scores=SCORES,
        test=test,
        memorization=memorization,
        mode_coverage=None,
    )


def test_a_good_run():
    assert verdict(evaluation(), RECORDS, 200) == (
        "Of 1,000 points each, generated ones are not told from real ones by any of 2 statistics "
        "(p = 0.4, corrected for their number). Debiased W1 of points fell from 2 ± 0.1 (step 100) "
        "to 0.02 ± 0.1 (step 200); it is 0.01 ± 0.02 in the final evaluation, which is not told "
        "from zero."
    )


@pytest.mark.parametrize(("n", "few"), [(2, True), (4, True), (5, False), (2000, False)])
def test_points_too_few_for_any_test_are_not_called_good(n, few):
    """Four and four points are split in 35 ways, so that no p-value is below 1 / 35."""
    found = evaluation()
    test = RealDataTest(found.test.statistics, n, 499)
    text = verdict(dataclasses.replace(found, test=test), RECORDS, 200)
    assert text.startswith(f"{n} points each are too few to tell") == few
    assert ("are not told from real ones" in text) != few


def test_a_ratio_below_one_is_called_a_defect():
    text = verdict(evaluation(BLURRED, pvalue=0.005), RECORDS, 200)
    assert "are told from real ones by 1 of 2 statistics (p = 0.005" in text
    assert "most clearly by the bins of points, 1.5 standard deviations" in text
    assert "0.80 times the floor" in text and "blurred or repeated points" in text
    assert "That is no sign of quality" in text and "0.50 times as far from each other" in text
    assert "which is not told from zero" not in text


@pytest.mark.parametrize(
    ("last", "word"), [(1.95, "did not change measurably, from 2"), (3.0, "rose from 2")]
)
def test_a_distance_that_did_not_fall_is_not_said_to(last, word):
    records = [RECORDS[0], RECORDS[1]._replace(debiased_w1=last)]
    text = verdict(evaluation(), records, 200)
    assert word in text and "fell" not in text


def test_one_record_shows_no_change():
    assert "Debiased W1 of points is 0.01 ± 0.02" in verdict(evaluation(), RECORDS[:1], 100)
    unknown = [record._replace(debiased_w1=math.nan) for record in RECORDS]
    assert "fell" not in verdict(evaluation(), unknown, 200)


def test_copies_are_named():
    copies = MemorizationTest(1e-9, 0.1, 0.4, 0.01, 0.3, 1000, 500, 500)
    assert "40.0% are as near as the nearest 1.0% of these" in verdict(
        evaluation(memorization=copies), RECORDS, 200
    )
    real = MemorizationTest(0.3, 0.5, 0.01, 0.01, 0.3, 1000, 500, 500)
    assert "copies" not in verdict(evaluation(memorization=real), RECORDS, 200)
