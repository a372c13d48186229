"""Muon: steps of orthogonal matrices, for weights that are matrices; Adam for everything else.

`torch.optim.Muon` (since torch 2.9) takes the same steps in the same time on the CPU: 12 to 14 ms
for two networks of five hidden layers of 256. This one is kept since torch 2.6 is supported, and
since that one rounds matrices of float64 to bfloat16, converts a learning rate in a tensor to a
Python number in each step, which a CUDA graph would record as a constant, and leaves vectors to a
second optimizer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.adam import adam

from otgan.critics.kernels.orthogonalize import nearly_polar, quick_dtype
from otgan.critics.kernels.threads import Workers
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = ["Muon", "is_matrix"]


def is_matrix(parameter: Tensor) -> bool:
    """Whether Muon orthogonalizes it: two axes, each longer than one.

    A single row or column, such as the weights of a critic's output, has but one singular value:
    its polar factor would only be its direction, and all sense of the gradient's size be lost.

    Examples
    --------
    >>> is_matrix(torch.zeros(3, 2)), is_matrix(torch.zeros(1, 2)), is_matrix(torch.zeros(3))
    (True, False, False)
    """
    return parameter.ndim == 2 and min(parameter.shape) > 1


@checks_keywords
class Muon(Optimizer):
    """Momentum made orthogonal for matrices, Adam for vectors and single rows.

    A matrix W moves by ``matrix_lr * sqrt(max(1, rows / columns))`` times the polar factor of its
    momentum: all its singular directions at one pace, however small some gradients are. Matrices
    and the rest lie in parameter groups of their own, each with its ``lr``, which schedulers
    scale alike.

    Parameters
    ----------
    params : iterable of torch.nn.Parameter
    lr : float or torch.Tensor
        Of Adam; a 0-d tensor on the parameters' device may change inside a CUDA graph.
    matrix_lr : float or torch.Tensor
        Of the matrices: the spectral norm of a step.
    momentum : float
        Weight of the past in the (Nesterov) momentum of matrices.
    betas, eps
        Of Adam.
    iterations : int
        Of `nearly_polar`.

    Notes
    -----
    A step reads nothing back from the device, so it can be captured in a CUDA graph after one
    step outside of it.

    References
    ----------
    Jordan et al., Muon: an optimizer for hidden layers in neural networks (2024),
    https://kellerjordan.github.io/posts/muon/.

    Examples
    --------
    >>> layer = nn.Linear(2, 2)
    >>> optimizer = Muon(layer.parameters(), lr=1e-3, matrix_lr=0.02)
    >>> layer(torch.ones(1, 2)).sum().backward()
    >>> optimizer.step()
    >>> [(len(group["params"]), group["lr"]) for group in optimizer.param_groups]
    [(1, 0.02), (1, 0.001)]
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        *,
        lr: float | Tensor = 1e-3,
        matrix_lr: float | Tensor = 0.02,
        momentum: float = 0.9,
        betas: tuple[float, float] = (0.5, 0.9),
        eps: float = 1e-8,
        iterations: int = 5,
    ) -> None:
        for name, decay in (("momentum", momentum), ("betas", betas[0]), ("betas", betas[1])):
            if not 0.0 <= decay < 1.0:
                raise InvalidInputError(
                    f"{name} must be at least 0 and below 1, got {decay}; to fix it, try 0.9"
                )
        params = list(params)
        both = (
            {"params": [p for p in params if is_matrix(p)], "lr": matrix_lr, "matrices": True},
            {"params": [p for p in params if not is_matrix(p)], "lr": lr, "matrices": False},
        )
        defaults: dict[str, Any] = {
            "momentum": momentum,
            "betas": betas,
            "eps": eps,
            "iterations": iterations,
            "fused": True,  # tells load_state_dict to keep step counts on the device
        }
        super().__init__([group for group in both if group["params"]] or params, defaults)
        self._workers = Workers()

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            moving = [p for p in group["params"] if p.grad is not None]
            if moving and group["matrices"]:
                self._move_matrices(moving, group)
            elif moving:
                self._move_others(moving, group)
        return loss

    def _move_matrices(self, matrices: list[Tensor], group: dict[str, Any]) -> None:
        momentum, lr = group["momentum"], group["lr"]
        for p in matrices:
            if not self.state[p]:
                self.state[p]["momentum"] = torch.zeros_like(p)
        past = [self.state[p]["momentum"] for p in matrices]
        gradients = _gradients(matrices)
        torch._foreach_lerp_(past, gradients, 1.0 - momentum)
        ahead = torch._foreach_lerp(gradients, past, momentum)
        alike = defaultdict(list)
        for p, direction in zip(matrices, ahead, strict=True):
            alike[p.shape, p.dtype, p.device].append((p, direction))
        for (shape, _, device), pairs in alike.items():
            some, directions = zip(*pairs, strict=True)
            # On the CPU one by one, on threads; elsewhere as one stack.
            stacks = (
                [d[None] for d in directions] if device.type == "cpu" else [torch.stack(directions)]
            )
            quick = [s.to(quick_dtype(s)) for s in stacks]
            polar = self._workers.map(partial(nearly_polar, iterations=group["iterations"]), quick)
            pace = lr * max(1.0, shape[0] / shape[1]) ** 0.5
            torch._foreach_sub_(some, (torch.cat(polar).to(some[0].dtype) * pace).unbind())

    def _move_others(self, others: list[Tensor], group: dict[str, Any]) -> None:
        for p in others:
            if not self.state[p]:
                self.state[p] = {
                    "step": torch.zeros((), dtype=torch.float32, device=p.device),
                    "exp_avg": torch.zeros_like(p),
                    "exp_avg_sq": torch.zeros_like(p),
                }
        adam(
            others,
            _gradients(others),
            [self.state[p]["exp_avg"] for p in others],
            [self.state[p]["exp_avg_sq"] for p in others],
            [],
            [self.state[p]["step"] for p in others],
            fused=True,
            amsgrad=False,
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            lr=group["lr"],
            weight_decay=0.0,
            eps=group["eps"],
            maximize=False,
        )


def _gradients(parameters: list[Tensor]) -> list[Tensor]:
    return [p.grad for p in parameters if p.grad is not None]
