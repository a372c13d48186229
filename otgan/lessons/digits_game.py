"""Small GANs on the 8 x 8 digits, as lessons train them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from otgan.datasets import digits
from otgan.progress import Progress

if TYPE_CHECKING:
    from otgan.gan import TrainResult

__all__ = ["train_on_digits"]


def train_on_digits(
    game: Mapping[str, Any], *, steps: int, rng: int, progress: Progress = False, **measured: Any
) -> TrainResult:
    """Train fully connected networks of three layers of 64 units, without an average of weights.

    Parameters
    ----------
    game : mapping
        Settings of :class:`otgan.GANConfig`: objective, constraint, optimizers.
    steps : int
        Of the generator.
    rng : int
    progress : bool or callable
    **measured
        Settings of what is measured while they train.
    """
    from otgan.gan import GANConfig, train_gan

    config = GANConfig(
        **game,
        **measured,
        network="mlp",
        width=64,
        generator_norm=None,
        average=0.0,
        steps=steps,
        evaluation_points=50,
        features=None,
        rng=rng,
        device="cpu",
    )
    return train_gan(digits().points, config, progress=progress)
