"""Gradients without autograd: what they are, and whether layers do no more than they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

__all__ = ["Gradients", "PairLoss", "all_plain", "differentiated"]

Gradients = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, ...]]
"""Writes the gradients of a batch's loss into the parameters; returns gap and penalty."""

PairLoss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
"""The loss of a batch, from the scores of real and of generated points, shape (n,) each; and its
derivatives by them."""

HOOKS = (
    "_forward_pre_hooks",
    "_forward_hooks",
    "_backward_pre_hooks",
    "_backward_hooks",
)


def differentiated(loss: Callable[[Tensor, Tensor], Tensor]) -> PairLoss:
    """A loss of the scores of real and of generated points, with its derivatives by autograd.

    Examples
    --------
    >>> loss = differentiated(lambda real, fake: (fake - real).square().sum())
    >>> loss(torch.tensor([1.0, 1.0]), torch.tensor([0.0, 3.0]))
    (tensor(5.), tensor([ 2., -4.]), tensor([-2.,  4.]))
    """

    def with_derivatives(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with torch.enable_grad():
            real, fake = (scores.detach().requires_grad_() for scores in (real, fake))
            value = loss(real, fake)
            by_real, by_fake = torch.autograd.grad(value, (real, fake), materialize_grads=True)
        return value.detach(), by_real, by_fake

    return with_derivatives


def all_plain(critic: nn.Module, layers: Sequence[nn.Module]) -> bool:
    """Whether every parameter of the layers learns, and no hook or parametrization is attached.

    A frozen or shared parameter, a hook on a layer or on a parameter (weight normalization and
    pruning of old are hooks), a weight that is computed, another forward on the object itself, or
    parameters of several dtypes: only autograd handles all of these.

    Examples
    --------
    >>> layer = nn.Linear(2, 1)
    >>> all_plain(layer, [layer])
    True
    >>> layer.bias.requires_grad = False
    >>> all_plain(layer, [layer])
    False
    """
    modules = [critic, *layers]
    if _has_any_global_hook() or any("forward" in vars(module) for module in modules):
        return False
    if any(getattr(module, kind, None) for module in modules for kind in HOOKS):
        return False
    parts = [
        getattr(layer, name, None)
        for layer in layers
        if isinstance(layer, nn.Linear)
        for name in ("weight", "bias")
    ]
    parameters = [part for part in parts if isinstance(part, nn.Parameter)]
    return (
        len(parameters) == len(parts) == len(set(map(id, parameters)))
        and len({(p.dtype, p.device) for p in parameters}) == 1
        and all(p.requires_grad and p.is_leaf for p in parameters)
        and not any(p._backward_hooks or p._post_accumulate_grad_hooks for p in parameters)
    )
