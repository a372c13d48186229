"""Losses that are no numbers any more: what broke, and what to try."""

from __future__ import annotations

import math

from torch import Tensor

from otgan.errors import TrainingDivergedError
from otgan.gan.game import Loss

__all__ = ["LARGEST_LOSS", "refuse_broken_points", "refuse_divergence"]

LARGEST_LOSS = 1e10
"""Of standardized points; nothing returns from there."""

ADVICE = {
    "penalty": "lower the weight of the constraint or the learning rate",
    "loss": "lower learning_rate, pass clip_grad_norm=1.0, or choose another constraint",
}


def refuse_broken_points(fake: Tensor, step: int | None) -> None:
    """Raise if generated points are NaN or infinite, of which no loss can be computed.

    Parameters
    ----------
    fake : torch.Tensor
    step : int or None
        Steps that are done; None in the final evaluation.

    Raises
    ------
    TrainingDivergedError
    """
    if not math.isfinite(fake.detach().sum().item()):
        advice = "lower learning_rate, or pass clip_grad_norm=1.0"
        raise _diverged(fake.detach().abs().max(), "the generated points", step, advice)


def refuse_divergence(loss: Loss, step: int, player: str) -> None:
    """Raise if a loss is NaN, infinite or huge, and name the term that is.

    Raises
    ------
    TrainingDivergedError
    """
    if abs(loss.total.item()) <= LARGEST_LOSS:  # also false for NaN
        return
    what, value, advice = f"the {player}'s loss", loss.total, ADVICE["loss"]
    for name, term in loss.terms.items():
        if not abs(term.item()) <= LARGEST_LOSS:
            what, value = f"the {player}'s {name}", term
            advice = ADVICE.get(name, ADVICE["loss"])
            break
    raise _diverged(value, what, step, advice)


def _diverged(value: Tensor, what: str, step: int | None, advice: str) -> TrainingDivergedError:
    when = "in the final evaluation" if step is None else f"in step {step + 1:,}"
    kept = "" if step is None else " (the last checkpoint is from before)"
    return TrainingDivergedError(
        f"losses and points must stay finite and below {LARGEST_LOSS:.0e}, got "
        f"{float(value.detach()):.3g} for {what} {when}; to fix it, {advice}{kept}"
    )
