"""The scores of a generator beside those of real data, as rows of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from otgan.gan.evaluation import Evaluation
from otgan.gan.records import COLUMN_PREFIXES, Record

__all__ = ["Score", "scores_of_evaluation", "scores_of_record", "shown"]


class Score(NamedTuple):
    """A score in words.

    Attributes
    ----------
    name : str
    value : str
        Of generated points, with its standard error where there is one.
    floor : str
        Of real points: what a perfect generator shows.
    meaning : str
    """

    name: str
    value: str
    floor: str
    meaning: str


def shown(value: float, se: float = math.nan) -> str:
    """A number to four digits, with its standard error to two.

    Examples
    --------
    >>> shown(0.123456, 0.00123), shown(12.0), shown(float("nan"))
    ('0.1235 ± 0.0012', '12', 'not defined')
    """
    if math.isnan(value):
        return "not defined"
    if not math.isfinite(se):
        return f"{value:.4g}"
    digits = 0 if se <= 0 else max(0, 1 - math.floor(math.log10(se)))
    return f"{value:.{digits}f} ± {se:.{digits}f}" if se > 0 else f"{value:.4g}"


def scores_of_evaluation(evaluation: Evaluation) -> list[Score]:
    """Every score of the final evaluation that is defined, distances first."""
    rows = []
    for name in COLUMN_PREFIXES:
        if name not in evaluation.spaces:
            continue
        distance = evaluation.spaces[name]
        rows += [
            Score(
                f"debiased W1 of {name}",
                shown(distance.debiased, distance.debiased_se),
                "0",
                "W1 less what real points and what generated ones show among themselves",
            ),
            Score(
                f"exact W1 of {name}",
                shown(distance.w1, distance.w1_se),
                shown(distance.floor, distance.floor_se),
                "generated against held-out real; the floor is real against real",
            ),
        ]
    return rows + _feature_scores(evaluation) + _tests(evaluation) + _modes(evaluation)


def _feature_scores(evaluation: Evaluation) -> list[Score]:
    where = f"of {evaluation.scored_in}"
    meanings = {
        "frechet": f"squared Fréchet distance {where}; smaller is better",
        "precision": f"fraction of generated {evaluation.scored_in} where real ones lie",
        "recall": f"fraction of real {evaluation.scored_in} where generated ones lie",
        "density": "as precision, counted by real neighbors; may exceed 1",
        "coverage": f"fraction of real {evaluation.scored_in} with a generated neighbor",
    }
    values = {name: getattr(evaluation.scores, name) for name in meanings}
    return [
        Score(
            "Fréchet distance" if name == "frechet" else name,
            shown(value),
            shown(getattr(evaluation.floor_scores, name)),
            meanings[name],
        )
        for name, value in values.items()
        if not math.isnan(value)
    ]


def _tests(evaluation: Evaluation) -> list[Score]:
    rows = [
        Score(
            "told from real",
            f"p = {evaluation.test.pvalue:.2g}",
            "p uniform",
            f"a test of {evaluation.test.n:,} points each, corrected for the number of statistics",
        )
    ]
    copies = evaluation.memorization
    if copies is not None:
        rows.append(
            Score(
                "memorization",
                f"{copies.near_fraction:.1%}",
                f"{copies.held_out_near_fraction:.1%}",
                f"points very near to a training point, and held-out ones; p = {copies.pvalue:.2g}",
            )
        )
    return rows


def _modes(evaluation: Evaluation) -> list[Score]:
    found = evaluation.mode_coverage
    if found is None:
        return []
    n = evaluation.points * evaluation.draws * 2
    kl = "infinite" if found.modes == 0 else f"{found.reverse_kl:.4f}"
    rows = [
        Score("modes", f"{found.modes} of {found.of}", str(found.of), "with a generated point"),
        Score("reverse KL", kl, f"{(found.of - 1) / (2 * n):.4f}", "unevenness of modes, nats"),
    ]
    if not math.isnan(found.narrowest):
        widths = f"{found.narrowest:.2f} to {found.widest:.2f}"
        meaning = "within 3 σ of a mode; more than the floor means modes drawn too narrow"
        rows.insert(1, Score("high quality", f"{found.high_quality:.1%}", "98.9%", meaning))
        rows.append(Score("widths of modes", widths, "1", "standard deviations over the true one"))
    return rows


def scores_of_record(record: Record) -> list[Score]:
    """The scores of one measurement, for a run that has not ended."""
    rows = []
    for name, prefix in COLUMN_PREFIXES.items():
        debiased = getattr(record, f"{prefix}debiased_w1")
        if math.isnan(debiased):
            continue
        se = getattr(record, f"{prefix}debiased_w1_se")
        w1, floor = getattr(record, f"{prefix}w1" if prefix else "exact_w1"), f"{prefix}floor"
        meaning = f"at step {record.step:,}, the last measurement"
        rows += [
            Score(f"debiased W1 of {name}", shown(debiased, se), "0", meaning),
            Score(f"exact W1 of {name}", shown(w1), shown(getattr(record, floor)), meaning),
        ]
    return rows + _scored(record)


def _scored(record: Record) -> list[Score]:
    names: Sequence[str] = ("precision", "recall", "density", "coverage")
    floor, rows = shown(record.frechet_floor), []
    if not math.isnan(record.frechet):
        rows.append(Score("Fréchet distance", shown(record.frechet), floor, "squared"))
    return rows + [Score(name, shown(getattr(record, name)), "", "") for name in names]
