"""GAN and WGAN side by side: what is said of them, and what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from otgan.lessons.digits_game import train_on_digits
from otgan.lessons.gan_and_wgan_side_by_side.records import SideBySide, Trained, measurements
from otgan.lessons.parameters import checks_parameters
from otgan.measures import FloatArray
from otgan.progress import Progress, as_progress, reporting

if TYPE_CHECKING:
    from torch import nn

    from otgan.gan import TrainResult

__all__ = ["CLIPPED_AT", "run"]

CLIPPED_AT = 0.01
N_CRITIC = 5
STEPS, QUICK_STEPS = 2500, 500
"""Critic steps of every game: the same work for the same networks."""

POINTS = 200


@checks_parameters
def run(*, quick: bool = False, rng: int = 0, progress: Progress = False) -> SideBySide:
    """Read the measured claims, and train a GAN, a WGAN and a WGAN-GP to look at their critics.

    All three have the same small fully connected networks, on the 8 x 8 digits, and as many steps
    of the critic.

    Parameters
    ----------
    quick : bool
        Short trainings: some seconds.
    rng : int
        The seed of everything random.
    progress : bool or callable(done, total, message)
        In games.

    Returns
    -------
    SideBySide

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), for clipping; Gulrajani et al.,
    Improved training of Wasserstein GANs (NeurIPS 2017), for the penalty.

    Examples
    --------
    >>> numbers = run(quick=True)  # doctest: +SKIP
    >>> [trained.name for trained in numbers.trained]  # doctest: +SKIP
    ['GAN', 'WGAN', 'WGAN-GP']
    >>> gan, wgan, gp = (trained.largest_weight for trained in numbers.trained)  # doctest: +SKIP
    >>> bool(wgan <= 0.0100001 < gp)  # doctest: +SKIP
    True
    """
    games = _games()
    trained = []
    with reporting(as_progress(progress), len(games), "games", unit="") as report:
        for done, (name, settings) in enumerate(games.items(), 1):
            steps = (QUICK_STEPS if quick else STEPS) // settings["n_critic"]
            trained.append(_train(name, settings, steps, rng))
            report(done, name)
    return SideBySide(**measurements(), trained=tuple(trained))


def _games() -> dict[str, dict[str, Any]]:
    """The three, as in benchmarks/claims.py: rates are ten times those of the papers."""
    from otgan.gan.optimizers import Adam, RMSprop

    def both(optimizer: Any) -> dict[str, Any]:
        return {"generator_optimizer": optimizer, "critic_optimizer": optimizer}

    wasserstein = {"objective": "wasserstein", "n_critic": N_CRITIC}
    return {
        "GAN": {
            "objective": "non-saturating",
            "constraint": None,
            "n_critic": 1,
            **both(Adam(learning_rate=2e-3, betas=(0.5, 0.999))),
        },
        "WGAN": {**wasserstein, "constraint": "clip", **both(RMSprop(learning_rate=5e-4))},
        "WGAN-GP": {
            **wasserstein,
            "constraint": "gp",
            **both(Adam(learning_rate=1e-3, betas=(0.5, 0.9))),
        },
    }


def _train(name: str, settings: dict[str, Any], steps: int, rng: int) -> Trained:
    """Play one game, and look at its critic."""
    result = train_on_digits(
        settings, steps=steps, rng=rng, monitor_every=steps, monitor_points=POINTS
    )
    return _looked_at(name, steps, result)


def _looked_at(name: str, steps: int, result: TrainResult) -> Trained:
    import torch

    from otgan.critics.lipschitz.sampled import sampled_lipschitz

    # The critic in the units of the data is scaled to keep its slopes; its network is not.
    critic, scale, last = result.critic, result.monitor.units.scale, result.records[-1]
    assert critic is not None
    real, generated = (
        torch.as_tensor(points, dtype=torch.float32)
        for points in (result.monitor.real, result.generate(POINTS))
    )
    slope = sampled_lipschitz(critic, real, generated, torch.Generator().manual_seed(0))
    weights = [parameter.detach().abs().max() for parameter in critic.parameters()]
    return Trained(
        name=name,
        steps=steps,
        real_scores=_scores(critic, real) / scale,
        generated_scores=_scores(critic, generated) / scale,
        largest_weight=float(max(weights)),
        steepest=slope,
        debiased_w1=last.debiased_w1,
        debiased_w1_se=last.debiased_w1_se,
    )


def _scores(critic: nn.Module, points: Any) -> FloatArray:
    from otgan.critics.forward import scores

    return np.asarray(scores(critic, points).detach().double())
