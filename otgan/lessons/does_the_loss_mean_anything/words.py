"""The lesson `does-the-loss-mean-anything` as text."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.does_the_loss_mean_anything.numbers import DISTANCES, LOSSES
from otgan.lessons.does_the_loss_mean_anything.records import Curve, LossMeaning
from otgan.lessons.measured import over_seeds
from otgan.lessons.text import page, table

__all__ = ["explain"]

CONDITIONS = (
    "Why a Wasserstein critic's estimate can follow the distance: at its best it is W1, up to the "
    "constant of its slopes. So it follows as long as the critic stays near its best and its "
    "slopes stay what they are. A discriminator's best loss, that is JS less a constant, moves "
    "little once the two can be told apart, and what is trained is never at its best."
)
WHICH_DISTANCE = (
    "Exact W1 of samples holds what even equal distributions show for so few points, and a "
    "generator whose points lie too close together shows less of that. So exact W1 may rise while "
    "the generator gets better; debiased W1 has both parts subtracted."
)
WHEN_TO_STOP = (
    "Where introductions say too much: the loss does not say when to stop. Its scale is that of "
    "the critic's slopes, and nobody knows which value a perfect generator would have. What has a "
    "known zero is debiased W1. Nor does the estimate say how far: it is neither W1 nor debiased "
    "W1, it only goes up and down with them."
)


@checks_keywords
def explain(numbers: LossMeaning) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : LossMeaning

    Returns
    -------
    str
    """
    curves = [f"{curve.name}, trained now\n\n{_curve(curve)}" for curve in numbers.curves]
    measured = [
        f"Spearman's correlation with {DISTANCES[distance]}, several seeds\n\n"
        f"{_measured(numbers, distance)}"
        for distance in DISTANCES
    ]
    live = ", ".join(
        f"{curve.correlations['critic_estimate']:.2f} for the {curve.name}"
        for curve in numbers.curves
    )
    return page(
        f"What a loss says of the distance: {live}",
        "\n\n".join([*curves, *measured]),
        [_finding(numbers), _agreement(numbers), CONDITIONS, WHICH_DISTANCE, WHEN_TO_STOP],
    )


def _curve(curve: Curve) -> str:
    count = len(curve.steps)
    return table(
        ["step", "critic's estimate", "its loss", "generator's loss", "W1", "debiased W1"],
        [
            [
                f"{curve.steps[k]:,}",
                *(
                    f"{values[k]:.3f}"
                    for values in (
                        curve.critic_estimate,
                        curve.critic_loss,
                        curve.generator_loss,
                        curve.exact_w1,
                        curve.debiased_w1,
                    )
                ),
            ]
            for k in [count * part // 5 - 1 for part in range(1, 6)]
        ],
    )


def _measured(numbers: LossMeaning, distance: str) -> str:
    """A row for each objective; a star where a test tells the mean from zero."""
    columns = [numbers.of(loss, distance) for loss in LOSSES]
    return table(
        ["", *LOSSES.values(), "runs"],
        [
            [
                row[0].name,
                *(
                    over_seeds(c.correlations).shown(".2f") + (" *" if c.told_from_zero else "  ")
                    for c in row
                ),
                str(len(row[0].seeds)),
            ]
            for row in zip(*columns, strict=True)
        ],
    )


def _finding(numbers: LossMeaning) -> str:
    """The means of the critic's estimate, from the most to the least telling."""
    rows = {c.name: over_seeds(c.correlations).mean for c in numbers.of("critic_estimate")}
    ranked = sorted(rows, key=lambda name: -rows[name])
    shown = "; ".join(f"{name} {rows[name]:.2f}" for name in ranked)
    return (
        "What a critic estimates goes along with debiased W1, from the most to the least: "
        f"{shown}. A star says that a t-test over seeds tells the mean from zero, at 5 % for all "
        "of them together. The critic's loss has the opposite sign, for it is minimized."
    )


def _agreement(numbers: LossMeaning) -> str:
    """Which generator losses are told from zero."""
    told = [c for c in numbers.of("generator_loss") if c.told_from_zero]
    shown = "; ".join(f"{c.name} ({over_seeds(c.correlations).mean:.2f})" for c in told)
    return (
        "The generator's loss alone says less: it is told from zero only for "
        f"{shown or 'none of them'}. Any constant may be added to the scores of a Wasserstein "
        "critic, and its generator's loss moves with it; a relativistic loss is of differences."
    )
