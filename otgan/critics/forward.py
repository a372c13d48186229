"""Calling a critic: one score for each point, in evaluation mode, and by that point alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from otgan.errors import InvalidInputError

__all__ = ["evaluating", "refuse_batch_norm", "refuse_inference", "scores"]


def scores(critic: nn.Module, points: Tensor) -> Tensor:
    """One number for each point, whether the critic returns shape (n,) or (n, 1)."""
    values = critic(points)
    if not isinstance(values, Tensor):
        raise InvalidInputError(
            f"a critic must return one number for each point, got a {type(values).__name__}; to "
            "fix it, return a tensor of shape (n,) or (n, 1) alone"
        )
    if values.numel() != len(points):
        raise InvalidInputError(
            f"a critic must return one number for each point, got shape {tuple(values.shape)} "
            f"for {len(points)} points; to fix it, end it with a layer of one output"
        )
    return values.reshape(len(points))


@contextmanager
def evaluating(critic: Any) -> Iterator[None]:
    """Evaluation mode for the time being: no dropout, no power iterations, no running statistics.

    Examples
    --------
    >>> layer = nn.Dropout()
    >>> with evaluating(layer):
    ...     print(layer.training)
    False
    >>> layer.training
    True
    """
    modules = list(critic.modules()) if isinstance(critic, nn.Module) else []
    # Set one by one, not by .eval(): exported programs refuse that, and children may differ.
    training = [module for module in modules if getattr(module, "training", False)]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True


def refuse_batch_norm(critic: nn.Module, why: str = "") -> None:
    """Raise if the critic normalizes over the batch: it is then no function of one point.

    `why` follows "must score every point by itself" in the message.
    """
    for name, layer in critic.named_modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            raise InvalidInputError(
                f"a critic must score every point by itself{why and ' ' + why}, got batch "
                f"normalization in layer {name!r}, which mixes the points of a batch; to fix it, "
                "use nn.LayerNorm"
            )


def refuse_inference(network: nn.Module) -> None:
    """Raise if the network was made in inference mode: its parameters can never learn."""
    for name, parameter in network.named_parameters():
        if parameter.is_inference():
            raise InvalidInputError(
                f"a network that is to learn must be made outside of torch.inference_mode, got the "
                f"parameter {name!r} from inside; to fix it, make it under "
                "torch.inference_mode(False)"
            )
