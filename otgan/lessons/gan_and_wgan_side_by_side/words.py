"""The lesson `gan-and-wgan-side-by-side` as text."""

from __future__ import annotations

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.gan_and_wgan_side_by_side.numbers import CLIPPED_AT
from otgan.lessons.gan_and_wgan_side_by_side.records import Claim, SideBySide, Trained
from otgan.lessons.measured import over_seeds
from otgan.lessons.text import page, table
from otgan.measures import FloatArray

__all__ = ["NUMBERS", "explain"]

NUMBERS = {
    "relative_w1": "rel. W1",
    "seconds_to_half": "s to half",
    "cost": "s a step",
    "reverse_kl": "reverse KL",
    "spread": "spread",
}
VERDICTS = ("held", "not held", "not told apart")

OF_THE_TABLE = (
    "The table GAN / WGAN of the introductions, line by line. Probabilities against real numbers: "
    "both networks give real numbers, and a GAN has the sigmoid in its loss. No constraint against "
    "clipping or a penalty: clipping keeps weights in the window, which bounds slopes by a number "
    "of widths and depth that may be far from one; a penalty asks for slopes of one, and enforces "
    "nothing."
)
OF_THE_CLAIMS = (
    "A claim says that a number is less in some runs than in others. It is held, or not held, "
    "where Welch's test over seeds tells them apart that way, at 5 % for all claims together "
    "(Holm's correction); else these seeds do not decide. Relative W1 is debiased W1 as a fraction "
    "of its start, spread its standard deviation over four pairs of networks, s to half the "
    "processor seconds until it was half of its start. Runs had the same time, on small images: "
    "other data and longer runs may end otherwise."
)


@checks_keywords
def explain(numbers: SideBySide) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : SideBySide

    Returns
    -------
    str
    """
    count = ", ".join(f"{len(numbers.with_verdict(said))} {said}" for said in VERDICTS)
    parts = [
        _trained_table(numbers),
        *(_claims_table(said, numbers.with_verdict(said)) for said in VERDICTS),
        _clothes_table(numbers),
    ]
    return page(
        f"GAN and WGAN side by side: of {len(numbers.claims)} claims, {count}",
        "\n\n".join(part for part in parts if part),
        [OF_THE_TABLE, _of_critics(numbers), OF_THE_CLAIMS, _of_time(numbers)],
    )


def _trained_table(numbers: SideBySide) -> str:
    return table(
        ["trained now", "scores", "as probabilities", "largest weight", "steepest", "debiased W1"],
        [
            [
                trained.name,
                _range(_all_scores(trained)),
                _range(1 / (1 + np.exp(-_all_scores(trained)))),
                f"{trained.largest_weight:.3g}",
                f"{trained.steepest:.3g}",
                f"{trained.debiased_w1:.2f} ± {trained.debiased_w1_se:.2f}",
            ]
            for trained in numbers.trained
        ],
    )


def _all_scores(trained: Trained) -> FloatArray:
    return np.concatenate([trained.real_scores, trained.generated_scores])


def _range(values: FloatArray) -> str:
    return f"{values.min():.3g} to {values.max():.3g}"


def _claims_table(verdict: str, claims: tuple[Claim, ...]) -> str:
    if not claims:
        return ""
    return table(
        [verdict.upper(), "number", "to be less", "to be more"],
        [
            [
                claim.text,
                NUMBERS[claim.number],
                over_seeds(np.concatenate(claim.less_values)).shown(".2g"),
                over_seeds(np.concatenate(claim.more_values)).shown(".2g"),
            ]
            for claim in claims
        ],
    )


def _clothes_table(numbers: SideBySide) -> str:
    if not numbers.clothes:
        return ""
    return table(
        ["Fashion-MNIST", "Fréchet distance", "coverage", "runs"],
        [
            [
                game.name,
                over_seeds(game.frechet).shown(".1f"),
                over_seeds(game.coverage).shown(".2f"),
                str(len(game.seeds)),
            ]
            for game in numbers.clothes
        ],
    )


def _of_critics(numbers: SideBySide) -> str:
    """What the three critics of this run show."""
    gan, wgan, penalized = numbers.trained
    return (
        f"Here the scores of the GAN lie in {_range(_all_scores(gan))}, which the sigmoid turns "
        f"into probabilities, and its critic is as steep as {gan.steepest:.3g}. Clipped at "
        f"{CLIPPED_AT:g}, the WGAN's critic has slopes up to {wgan.steepest:.2g}, and that of "
        f"WGAN-GP up to {penalized.steepest:.3g}, where the penalty asks for 1."
    )


def _of_time(numbers: SideBySide) -> str:
    """How many times as long a step takes, and whether that makes the training longer."""
    costs = {game.networks: game.milliseconds.mean() for game in numbers.played("GAN")}
    ratios = sorted(
        game.milliseconds.mean() / costs[game.networks]
        for name in ("WGAN", "WGAN-GP")
        for game in numbers.played(name)
        if game.networks in costs
    )
    longer = [claim for claim in numbers.claims if "takes longer than GAN" in claim.text]
    said = "; ".join(
        f"{claim.more} {over_seeds(np.concatenate(claim.more_values)).mean:.1f} s, GAN "
        f"{over_seeds(np.concatenate(claim.less_values)).mean:.1f} s ({claim.verdict})"
        for claim in longer
    )
    if not (ratios and longer):
        return "How much longer a WGAN takes has not been measured yet."
    return (
        f'"Longer to train" is right of a step alone: with five critic steps it takes '
        f"{ratios[0]:.1f} to {ratios[-1]:.1f} times as long. Until debiased W1 has halved: {said}."
    )
