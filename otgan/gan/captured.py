"""Gradients of a step recorded once on a GPU, and replayed for every batch as one CUDA graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from otgan.critics.kernels.cuda_graph import CapturedStep
from otgan.errors import InvalidInputError
from otgan.gan.config import GANConfig
from otgan.gan.game import Batch, Loss
from otgan.gan.objectives.by_name import OBJECTIVES

__all__ = ["CapturedGradients", "OfBatch", "refuse_capture"]

OfBatch = Callable[[Batch, int], Loss]
"""From a batch, and the steps before it, to its loss; writes gradients."""


class CapturedGradients:
    """Calls a function of batches; on a GPU, one CUDA graph takes its place after a few calls.

    Batches are copied to where the graph reads them, and their random numbers are those that the
    function would have drawn. The loss and the gradients stay in the same memory for
    every call. Drawing, averaging over processes, checks and optimizers are not in the graph.

    Parameters
    ----------
    of_batch : callable
        An `OfBatch`. See :class:`~otgan.critics.kernels.cuda_graph.CapturedStep` for what
        it must not do.
    device : torch.device

    Examples
    --------
    >>> def halved(batch, step):
    ...     return Loss(batch.real.mean() / 2, {})
    >>> captured = CapturedGradients(halved, torch.device("cpu"))
    >>> batch = Batch(torch.full((4, 1), 6.0), torch.zeros(4, 2), torch.Generator())
    >>> captured(batch, 0).total
    tensor(3.)
    """

    def __init__(self, of_batch: OfBatch, device: torch.device) -> None:
        self.of_batch, self.device = of_batch, device
        self._read: Batch | None = None
        self._at = [0]
        self._replayed: CapturedStep[Loss]

    def __call__(self, batch: Batch, step: int) -> Loss:
        """The loss of a batch, of the shape of the first one."""
        read = self._read or self._starting_with(batch)
        self._at[0] = step
        read.real.copy_(batch.real)
        read.latents.copy_(batch.latents)
        read.rng.set_state(batch.rng.get_state())
        loss = self._replayed()
        batch.rng.set_state(read.rng.get_state())
        return loss

    def _starting_with(self, batch: Batch) -> Batch:
        rng = torch.Generator(self.device)
        read = replace(batch, real=batch.real.clone(), latents=batch.latents.clone(), rng=rng)
        # Without `self`: in a cycle, the graph would keep its memory until Python looks for cycles.
        step = partial(_step, self.of_batch, read, self._at)
        self._read, self._replayed = read, CapturedStep(step, self.device, generators=[rng])
        return read


def _step(of_batch: OfBatch, read: Batch, at: list[int]) -> Loss:
    return of_batch(read, at[0])


def refuse_capture(config: GANConfig, device: torch.device, *, own_networks: bool) -> None:
    """Raise unless nothing in a step reads numbers back from the device, or changes in Python.

    Raises
    ------
    InvalidInputError
        With what would have to be another.
    """
    constraint = config.critic_constraint
    forbidden = {
        f"device {device.type!r}": device.type != "cuda",
        "networks of your own": own_networks,
        f"objective {config.objective!r}": not _is_captured(config),
        "a constraint that reads from the device": constraint is not None
        and not constraint.capturable,
        "a constraint that changes": constraint is not None and constraint.at(1.0) != constraint,
        f"stabilizers {config.stabilizers!r}": bool(config.stabilizers),
        "critic_norm 'spectral'": config.critic_norm == "spectral",
        "precision 'float16'": config.precision == "float16",
    }
    for what, there in forbidden.items():
        if there:
            raise InvalidInputError(
                "capture=True must come with a CUDA device, built-in networks and objectives, a "
                "penalty that can be captured or none, no stabilizers, and float32 or bfloat16, "
                f"got {what}; to fix it, pass capture=False"
            )


def _is_captured(config: GANConfig) -> bool:
    objective = config.played_objective
    ours = any(type(objective) is type(known) for known in OBJECTIVES.values())
    return ours and objective.trains_critic and not objective.needs_labels
