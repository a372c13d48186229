"""The critic in a checkpoint of a run, as a function of points in the units of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from otgan.critics.constraints.by_name import as_constraint
from otgan.critics.constraints.serialization import constraint_from
from otgan.critics.networks.feedforward import OnOriginalScale
from otgan.critics.seeding import seeded
from otgan.critics.settings import MOST_LAYERS
from otgan.critics.training.checkpoint import checked_checkpoint, kind_of
from otgan.errors import DamagedFileError, InvalidInputError

__all__ = ["critic_of_checkpoint", "is_checkpoint"]


def is_checkpoint(content: Any) -> bool:
    """Whether these contents of a file are a checkpoint of a run or a fit, of any version."""
    earlier = {"generator", "averaged", "best_w1"}
    return kind_of(content) is not None or (isinstance(content, dict) and earlier <= content.keys())


def critic_of_checkpoint(content: dict[str, Any], path: Path) -> nn.Module:
    """The critic of a run, built anew from its settings and weights, on the CPU.

    Parameters
    ----------
    content : dict
        What the file holds, for which `is_checkpoint` is true.
    path : Path
        The file, for messages.

    Raises
    ------
    DamagedFileError
        It was altered after it was written.
    InvalidInputError
        A run without a critic, or with a constraint of the user's own; or the checkpoint of a fit,
        which holds no network but its weights.
    """
    if kind_of(content) == "fit":
        raise InvalidInputError(
            f"{path} must be a critic or the checkpoint of a run, got that of a fit, which does "
            "not say how its network is built; to fix it, take `critic` of what estimate_w1 returns"
        )
    stored = checked_checkpoint(content, path, "run", "start the run anew")
    settings = stored["settings"]
    if settings["objective"] == "exact":
        raise InvalidInputError(
            f"{path} must be of a run that trains a critic, got one of the exact objective; to fix "
            "it, train with another"
        )
    name = "lp" if settings["constraint"] == "auto" else settings["constraint"]
    rule = as_constraint(constraint_from(name))
    sizes = len(stored["center"]), settings["width"], min(settings["depth"], MOST_LAYERS)
    with seeded(0, torch.device("cpu")), torch.device("meta"):
        wanted = rule.build(*sizes)  # its shapes, without memory
    if _shapes(wanted.state_dict()) != _shapes(stored["critic"]):
        raise DamagedFileError(
            f"{path} must hold the critic that its settings describe, got another one; to fix it, "
            "start the run anew"
        )
    with seeded(0, torch.device("cpu")):
        critic = rule.build(*sizes)
    critic.to(next(value.dtype for value in stored["critic"].values() if value.is_floating_point()))
    critic.load_state_dict(stored["critic"])
    rule.finish(critic)  # as train_gan does with the critic that it returns
    center = torch.tensor(stored["center"], dtype=torch.float64)
    return OnOriginalScale(critic.eval(), center, stored["scale"])


def _shapes(state: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items()}
