"""Losses of an objective, tried on a few scores before any training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from otgan.errors import InvalidInputError
from otgan.gan.objectives.base import Objective

__all__ = ["check_losses"]

N_TRIED = 4
"""Scores of real and of generated points."""


def check_losses(objective: Objective) -> None:
    """Raise unless both losses of an objective with a critic are numbers that scores change.

    Raises
    ------
    InvalidInputError
        A loss that raises, is no tensor of one number, is NaN or infinite, or does not depend on
        the scores that it is to teach by.

    Examples
    --------
    >>> class Forgetful(Objective):
    ...     name = "forgetful"
    ...     def critic_loss(self, real, fake):
    ...         return fake - real
    ...     def generator_loss(self, real, fake):
    ...         return -fake.mean()
    >>> check_losses(Forgetful())
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: Forgetful.critic_loss must return a tensor of one number, got \
shape (4,); to fix it, take the mean over the points
    """
    if not objective.trains_critic:
        return
    rng = torch.Generator("cpu").manual_seed(0)
    real, fake = (torch.randn(N_TRIED, generator=rng).requires_grad_() for _ in range(2))
    _check(objective, "critic_loss", real, fake)
    _check(objective, "generator_loss", real if objective.uses_real else real[:0], fake)


def _check(objective: Objective, name: str, real: Tensor, fake: Tensor) -> None:
    shown = f"{type(objective).__name__}.{name}"
    try:
        with torch.enable_grad():
            loss = getattr(objective, name)(real, fake)
    except Exception as reason:  # the user's own code, which may raise anything
        line = str(reason).partition("\n")[0]
        raise InvalidInputError(
            f"{shown} must take scores of real and of generated points, shape (n,), got one that "
            f"raised {type(reason).__name__}: {line}; to fix it, try it on such scores"
        ) from reason
    _refuse_no_number(loss, shown)
    if not bool(loss.isfinite()):
        empty = "" if len(real) else " (scores of real points are empty unless uses_real = True)"
        raise InvalidInputError(
            f"{shown} must return a finite number, got {loss.item()} for scores of about one; to "
            f"fix it, look at what it divides by{empty}"
        )
    taught = (real, fake) if name == "critic_loss" else (fake,)
    slopes = torch.autograd.grad(loss, taught, allow_unused=True) if loss.requires_grad else ()
    if all(slope is None for slope in slopes):
        what = "scores" if name == "critic_loss" else "scores of generated points"
        raise InvalidInputError(
            f"{shown} must depend on the {what}, got one without a gradient in them; to fix it, "
            "leave detach(), no_grad() and NumPy out of it"
        )


def _refuse_no_number(loss: Any, shown: str) -> None:
    if isinstance(loss, Tensor) and loss.is_floating_point() and loss.numel() == 1:
        return
    got = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
    raise InvalidInputError(
        f"{shown} must return a tensor of one number, got {got}; to fix it, take the mean over the "
        "points"
    )
