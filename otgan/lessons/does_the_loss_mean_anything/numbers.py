"""Does a loss tell how good the samples are? Rank correlations, measured, and two trainings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from otgan.lessons.digits_game import train_on_digits
from otgan.lessons.does_the_loss_mean_anything.records import Curve, LossMeaning, correlations
from otgan.lessons.parameters import checks_parameters
from otgan.progress import Progress, as_progress, reporting

__all__ = ["DISTANCES", "GAMES", "LOSSES", "run"]

GAMES: Mapping[str, Mapping[str, Any]] = {
    "non-saturating GAN": {"objective": "non-saturating", "constraint": None, "n_critic": 1},
    "WGAN-LP": {"objective": "wasserstein", "constraint": "lp", "n_critic": 5},
}
LOSSES = {
    "critic_estimate": "critic's estimate",
    "critic_loss": "critic's loss",
    "generator_loss": "generator's loss",
}
DISTANCES = {"debiased_w1": "debiased W1", "frechet": "Fréchet distance of features"}

MEASUREMENTS = 20
STEPS, QUICK_STEPS = (2400, 600), (800, 200)
"""Of the generator, for both games: a step with five of the critic takes that much longer."""


@checks_parameters
def run(*, quick: bool = False, rng: int = 0, progress: Progress = False) -> LossMeaning:
    """Read measured correlations of losses with distances, and train two GANs to see the curves.

    Both are small fully connected networks on the 8 x 8 digits.

    Parameters
    ----------
    quick : bool
        Short trainings: some seconds.
    rng : int
        The seed of everything random.
    progress : bool or callable(done, total, message)
        In generator steps.

    Returns
    -------
    LossMeaning

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), section 4.2, for the claim.

    Examples
    --------
    >>> numbers = run(quick=True)  # doctest: +SKIP
    >>> gan, wgan = (c.correlations["critic_estimate"] for c in numbers.curves)  # doctest: +SKIP
    >>> bool(gan < 0.5 < 0.9 < wgan)  # doctest: +SKIP
    True
    """
    lengths = QUICK_STEPS if quick else STEPS
    curves = []
    with reporting(as_progress(progress), sum(lengths), "steps") as report:

        def tell(before: int, name: str, done: int, *_: Any) -> None:
            report(before + done, name)

        for k, (name, steps) in enumerate(zip(GAMES, lengths, strict=True)):
            curves.append(_train(name, steps, rng, partial(tell, sum(lengths[:k]), name)))
    return LossMeaning(correlations(), tuple(curves))


def _train(name: str, steps: int, rng: int, tell: Callable[..., None]) -> Curve:
    """Train one generator, and keep its curves."""
    from otgan.gan.measuring.correlations import until_floor
    from otgan.gan.optimizers import Adam

    adam = Adam(learning_rate=1e-3, betas=(0.5, 0.9))
    result = train_on_digits(
        {**GAMES[name], "generator_optimizer": adam, "critic_optimizer": adam},
        steps=steps,
        rng=rng,
        progress=tell,
        monitor_every=steps // MEASUREMENTS,
        monitor_points=100,
    )
    records = result.records
    columns = ("critic_estimate", "critic_loss", "generator_loss", "exact_w1", "debiased_w1")
    return Curve(
        name=name,
        steps=np.array([record.step for record in records]),
        **{column: np.array([getattr(r, column) for r in records]) for column in columns},
        debiased_w1_se=np.array([record.debiased_w1_se for record in records]),
        floor=records[0].floor,
        until_floor=len(until_floor(records)),
        correlations={loss: result.rank_correlations[loss]["debiased_w1"] for loss in LOSSES},
    )
