"""Several processes that train one GAN: each takes a share of every batch, and learns from all."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

from otgan.errors import InvalidInputError
from otgan.gan.game import Batch, Loss
from otgan.launch import launch

__all__ = ["ALONE", "Processes"]

Value = TypeVar("Value")

PATIENCE = timedelta(days=1)
"""How long the others wait while the first measures. Who dies ends all: its launcher sees to it."""


@dataclass(frozen=True)
class Processes:
    """The processes of a run, of which this is number `rank`; by default it is alone.

    Data parallelism with averaged gradients: the gradient of a mean over a batch is the mean of
    those over its equal shares, so that a step of all is that of one process on the whole batch,
    up to rounding. Gradients are averaged after ``backward``, in one all-reduce of all numbers,
    and not by :class:`torch.nn.parallel.DistributedDataParallel`: that communicates from hooks of
    the first backward pass, and "doesn't work with torch.autograd.grad", by which penalties take
    the slopes that they differentiate again.

    Attributes
    ----------
    rank : int
        The first one, 0, measures, writes and shows progress.
    size : int

    References
    ----------
    PyTorch documentation, DistributedDataParallel, warning on ``torch.autograd.grad``; PyTorch
    issue 47562, for gradients of a penalty that it leaves out.

    Examples
    --------
    >>> alone = Processes()
    >>> alone.is_first, alone.any(False), alone.from_first("value")
    (True, False, 'value')
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def joined(cls, device: torch.device) -> Processes:
        """Those that a launcher has started with this one, by gloo on CPUs and NCCL on GPUs.

        Returns once all have joined. On GPUs, each process takes the one of its local rank.

        Raises
        ------
        InvalidInputError
            Several processes, and the number of a GPU.
        """
        rank, size, local_rank = launch()
        if size == 1:
            return cls()
        if device.type == "cuda":
            if device.index is not None:
                raise InvalidInputError(
                    f"device must be 'cuda' in {size} processes, each of which takes a GPU of its "
                    f"own, got '{device}'; to fix it, leave the number out"
                )
            torch.cuda.set_device(local_rank)
        if not dist.is_initialized():
            backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
            dist.init_process_group(backend, rank=rank, world_size=size, timeout=PATIENCE)
            atexit.register(_leave)  # and not sooner: a group is joined once in a program
        return cls(rank, size)

    @property
    def is_first(self) -> bool:
        """Whether this one measures, writes and shows progress."""
        return self.rank == 0

    @contextmanager
    def sharing(self, batch: Batch, pack: int = 1) -> Iterator[Batch]:
        """The rows of a batch that are this process's, of which there are as many for each.

        Before and after the block, its generator passes over a number for each (pack of) points of
        the others, so that on a CPU a penalty is taken at the same points as in one process.
        """
        n = len(batch.real) // self.size
        _pass_over(batch.rng, n // pack, times=self.rank)
        yield batch if self.size == 1 else batch.rows(slice(self.rank * n, (self.rank + 1) * n))
        _pass_over(batch.rng, n // pack, times=self.size - 1 - self.rank)

    @torch.no_grad()
    def averaged(self, network: nn.Module, loss: Loss) -> Loss:
        """The loss on the whole batch; gradients of the network become those of that loss.

        One all-reduce of all gradients and terms.
        """
        if self.size == 1:
            return loss
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        terms = [loss.total.detach(), *(term.detach() for term in loss.terms.values())]
        total, *means = self._means([*gradients, *terms])[len(gradients) :]
        return Loss(total, dict(zip(loss.terms, means, strict=True)))

    def _means(self, tensors: list[Tensor]) -> list[Tensor]:
        """Replace each by its mean over all processes, in place."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        flat /= self.size
        parts = flat.split([tensor.numel() for tensor in tensors])
        torch._foreach_copy_(tensors, [p.view_as(t) for p, t in zip(parts, tensors, strict=True)])
        return tensors

    @torch.no_grad()
    def start_equal(self, *networks: nn.Module | None) -> None:
        """Give weights and buffers the values that they have in the first process."""
        if self.size > 1:
            for network in networks:
                for tensor in () if network is None else network.state_dict().values():
                    dist.broadcast(tensor, src=0)

    def any(self, flag: bool) -> bool:
        """Whether it is true in some process."""
        if self.size == 1:
            return flag
        flags = torch.tensor([float(flag)])
        dist.all_reduce(flags, dist.ReduceOp.MAX)
        return bool(flags.item())

    def from_first(self, value: Value) -> Value:
        """What the first process gives, in all of them; the others wait for it."""
        if self.size == 1:
            return value
        values = [value if self.is_first else None]
        dist.broadcast_object_list(values, src=0, device=torch.device("cpu"))
        return cast(Value, values[0])


ALONE = Processes()
"""A process that trains by itself."""


def _pass_over(rng: torch.Generator, n: int, times: int) -> None:
    for _ in range(times):  # each as its process draws it, which on a GPU is not one after another
        torch.rand(n, generator=rng, device=rng.device)


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
