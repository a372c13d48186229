"""Scores as rows of text: the numbers of an evaluation, each beside its floor."""

import math

import pytest

from otgan.gan.records import Record
from otgan.gan.report.scores import scores_of_evaluation, scores_of_record, shown


@pytest.mark.parametrize(
    ("value", "se", "text"),
    [
        (0.123456, 0.0344, "0.123 ± 0.034"),
        (-0.5, 0.01, "-0.500 ± 0.010"),
        (1234.5, 56.0, "1234 ± 56"),
        (0.25, 0.0, "0.25"),
        (0.25, math.nan, "0.25"),
        (math.nan, 0.1, "not defined"),
    ],
)
def test_numbers_have_as_many_digits_as_their_error_allows(value, se, text):
    assert shown(value, se) == text


def test_each_score_stands_beside_its_floor(trained):
    evaluation = trained("lp").evaluation
    rows = {score.name: score for score in scores_of_evaluation(evaluation)}
    assert rows["exact W1 of points"].floor == shown(evaluation.floor, evaluation.floor_se)
    assert rows["precision"].value == shown(evaluation.scores.precision)
    assert rows["precision"].floor == shown(evaluation.floor_scores.precision)
    assert rows["modes"].value == f"{evaluation.modes} of 8"
    assert "memorization" not in rows  # of a sampler: no two of its points are alike


def test_a_measurement_shows_only_what_was_measured():
    record = Record(7, 0.1, exact_w1=1.5, floor=1.0, debiased_w1=0.25, debiased_w1_se=0.5)
    rows = {score.name: score for score in scores_of_record(record)}
    assert rows["debiased W1 of points"].value == "0.25 ± 0.50"
    assert rows["exact W1 of points"][1:3] == ("1.5", "1")
    assert not any("features" in name or "Fréchet" in name for name in rows)
