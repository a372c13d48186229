"""Networks of the user's own: taken over, and tried before any training."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from otgan.critics.forward import refuse_inference
from otgan.critics.pointwise import mixes_points, perturb, restored, standard_points
from otgan.critics.seeding import seeded
from otgan.errors import InvalidInputError
from otgan.gan.networks.packing import packed_shape
from otgan.keywords import checks_keywords
from otgan.torch_modes import float32_by_default

__all__ = [
    "as_module",
    "check_critic",
    "check_generator",
    "refuse_probabilities",
    "scores_mix_points",
]

N_TRIED = 3
"""Points that a module is tried on: batch normalization needs two, and three tell n from c."""

UNCHANGING = (
    *("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Select", "Slice"),
    *("Alias", "Clone", "ToCopy", "TBackward", "Transpose", "Permute"),
)
"""Beginnings of what autograd calls operations that leave every number as it is."""

N_MIXED = 8
"""Points that are scored together and alone."""


@checks_keywords
def as_module(given: Any, name: str, *, rng: int, device: torch.device) -> nn.Module:
    """A network to train: a copy of a module, or what a factory returns under the seed.

    Parameters
    ----------
    given : torch.nn.Module or callable
        A module, which is left as it is; or a class or function without arguments.
    name : str
        What it is called in errors: ``"generator"`` or ``"critic"``.
    rng : int
        Seed of the weights that a factory draws.
    device : torch.device
        Where the network goes.

    Returns
    -------
    torch.nn.Module
        In float32.

    Raises
    ------
    InvalidInputError
        Anything else; modules that cannot be copied, have no weights to learn, weights of
        another dtype than float32, or weights from inside ``torch.inference_mode``.

    Examples
    --------
    >>> layer = nn.Linear(2, 1)
    >>> module = as_module(layer, "critic", rng=0, device=torch.device("cpu"))
    >>> module is layer, torch.equal(module.weight, layer.weight)
    (False, True)
    """
    if isinstance(given, torch.jit.ScriptModule):
        raise InvalidInputError(
            f"{name} must be a module whose copy learns, got one that torch.jit.script compiled; "
            "to fix it, pass the module that was compiled"
        )
    if isinstance(given, nn.Module):
        module = _copied(given, name)
    elif callable(given):
        with seeded(rng, device), float32_by_default():
            module = _called(given, name)
    else:
        raise _no_module(name, given)
    _refuse_untrainable(module, name)
    return module.to(device)


def _copied(given: nn.Module, name: str) -> nn.Module:
    try:
        return copy.deepcopy(given)
    except Exception as reason:  # whatever the module's own parts raise
        raise InvalidInputError(
            f"{name} must be a module that can be copied, got one that cannot: {_first(reason)}; "
            f"to fix it, pass {name}= a function without arguments that builds it"
        ) from reason


def _called(factory: Callable[[], Any], name: str) -> nn.Module:
    try:
        module = factory()
    except Exception as reason:  # the user's own code, which may raise anything
        raise InvalidInputError(
            f"{name} must be a module, or a function without arguments that returns one, got a "
            f"function that raised {_first(reason)}; to fix it, wrap it: lambda: Network(...)"
        ) from reason
    if not isinstance(module, nn.Module):
        raise _no_module(name, module)
    return module


def _no_module(name: str, given: Any) -> InvalidInputError:
    return InvalidInputError(
        f"{name} must be a torch.nn.Module, or a function without arguments that returns one, "
        f"got {type(given).__name__}; to fix it, pass one of them, or None for a built-in one"
    )


def _refuse_untrainable(module: nn.Module, name: str) -> None:
    """Raise unless it has weights that can learn, all of them float32."""
    parameters = dict(module.named_parameters())
    for key, weight in parameters.items():
        if weight.is_meta:
            raise InvalidInputError(
                f"{name} must hold its weights, got {key!r} on the device 'meta', which has none; "
                "to fix it, build it on the CPU"
            )
        if is_lazy(weight):
            raise InvalidInputError(
                f"{name} must know its sizes, got the uninitialized parameter {key!r}; to fix it, "
                "call it on a batch once, or leave lazy layers out"
            )
    refuse_inference(module)
    if not any(weight.requires_grad for weight in parameters.values()):
        what = "all of them frozen" if parameters else "none"
        raise InvalidInputError(
            f"{name} must have parameters that learn, got {what}; to fix it, call "
            "requires_grad_(True) on it, or pass another network"
        )
    for key, weight in parameters.items():
        if weight.dtype != torch.float32:
            cure = "call .float() on it (precision= sets what training computes in)"
            if weight.is_complex():
                cure = "hold real and imaginary parts, and join them in forward (torch.complex)"
            raise InvalidInputError(
                f"{name} must have parameters of torch.float32, got {weight.dtype} in {key!r}; to "
                f"fix it, {cure}"
            )


@checks_keywords
def check_generator(module: nn.Module, latent_dim: int, shape: tuple[int, ...]) -> None:
    """Raise unless a generator turns latents into points of the data's shape; leave it as it was.

    Parameters
    ----------
    module : torch.nn.Module
    latent_dim : int
    shape : tuple of int
        Of one point, (d,) or (c, h, w).

    Raises
    ------
    InvalidInputError
        It does not take latents of shape (n, latent_dim); returns another shape, NaN, or values
        that no weight has a gradient of.

    Examples
    --------
    >>> check_generator(nn.Linear(8, 3), 8, (2,))
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: generator must give shape (n, 2) for latents of shape (n, 8), \
got (n, 3); to fix it, change its last layer, or reshape what it returns
    """
    rng = torch.Generator("cpu").manual_seed(0)
    latents = standard_points(module, (N_TRIED, latent_dim), rng)
    with torch.enable_grad(), restored(module):
        module.train()
        points = _tried(module, latents, "generator", "latents")
        if tuple(points.shape) != (N_TRIED, *shape):
            raise InvalidInputError(
                f"generator must give shape {_of_n(shape)} for latents of shape (n, {latent_dim}), "
                f"got {_shape_of_n(points)}; to fix it, change its last layer, or reshape what it "
                "returns"
            )
        _refuse_useless(points, "generator")


@checks_keywords
def check_critic(module: nn.Module, shape: tuple[int, ...], *, pack: int = 1) -> None:
    """Raise unless a critic turns packs of points into scores with a gradient; leave it as it was.

    Whether it scores every point by itself is another question, see `scores_mix_points`.

    Parameters
    ----------
    module : torch.nn.Module
    shape : tuple of int
        Of one point, (d,) or (c, h, w).
    pack : int
        Points that it scores at once.

    Raises
    ------
    InvalidInputError
        It does not take packs of points; returns another shape than (n,) or (n, 1); returns NaN;
        or its values have no gradient in its weights or in the points.

    Examples
    --------
    >>> check_critic(nn.Linear(2, 1), (2,))
    """
    packs = packed_shape(shape, pack)
    rng = torch.Generator("cpu").manual_seed(0)
    points = standard_points(module, (N_TRIED, *packs), rng).requires_grad_()
    with torch.enable_grad(), restored(module):
        module.train()
        scores = _tried(module, points, "critic", "points")
        if tuple(scores.shape) not in ((N_TRIED, 1), (N_TRIED,)):
            raise InvalidInputError(
                f"critic must give shape (n, 1) or (n,) for points of shape {_of_n(packs)}, got "
                f"{_shape_of_n(scores)}; to fix it, end it with nn.Flatten and a linear layer of "
                "one output"
            )
        _refuse_useless(scores, "critic")
        (slope,) = torch.autograd.grad(scores.sum(), points, allow_unused=True)
        if slope is None:
            raise InvalidInputError(
                "critic must be differentiable in the points, got scores that do not depend on "
                "them; to fix it, leave detach(), no_grad() and NumPy out of its forward"
            )


@checks_keywords
def refuse_probabilities(module: nn.Module, shape: tuple[int, ...]) -> None:
    """Raise if the scores of a critic come from a sigmoid, which some losses apply once more.

    Parameters
    ----------
    module : torch.nn.Module
        Left as it was.
    shape : tuple of int
        Of what it scores: one point, or one pack.

    Raises
    ------
    InvalidInputError
        The last operation of its forward, but for copies and changes of shape, is a sigmoid.

    Examples
    --------
    >>> refuse_probabilities(nn.Linear(2, 1), (2,))
    """
    points = standard_points(module, (N_TRIED, *shape), torch.Generator("cpu").manual_seed(0))
    with torch.enable_grad(), restored(module):
        node = _tried(module, points, "critic", "points").grad_fn
        while node is not None and node.name().startswith(UNCHANGING):
            node = node.next_functions[0][0]
        ends_in_sigmoid = node is not None and node.name().startswith("SigmoidBackward")
    if ends_in_sigmoid:
        raise InvalidInputError(
            "critic must give logits for this objective, whose losses apply the sigmoid, got "
            "probabilities: its forward ends in a sigmoid; to fix it, leave that out"
        )


def _tried(module: nn.Module, inputs: Tensor, name: str, what: str) -> Tensor:
    """What the module returns: a tensor of floating-point numbers."""
    shape = _shape_of_n(inputs)
    try:
        values = module(inputs)
    except Exception as reason:  # the user's own code, which may raise anything
        raise InvalidInputError(
            f"{name} must take {what} of shape {shape}, got one that raised {_first(reason)}; to "
            "fix it, change its first layers, or reshape what it is given in its forward"
        ) from reason
    if not isinstance(values, Tensor) or not values.is_floating_point():
        got = str(values.dtype) if isinstance(values, Tensor) else type(values).__name__
        raise InvalidInputError(
            f"{name} must return a tensor of floating-point numbers, got {got}; to fix it, return "
            "its values alone"
        )
    return values


def _refuse_useless(values: Tensor, name: str) -> None:
    """Raise for NaN, and for values that no weight has a gradient of."""
    if not bool(values.isfinite().all()):
        raise InvalidInputError(
            f"{name} must return finite numbers, got NaN or inf before any training; to fix it, "
            "look for a root or logarithm of what may be zero, and check its initial weights"
        )
    if not values.requires_grad:
        raise InvalidInputError(
            f"{name} must be differentiable in its parameters, got values without a gradient; to "
            "fix it, leave detach(), no_grad() and NumPy out of its forward"
        )


@checks_keywords
def scores_mix_points(critic: nn.Module, shape: tuple[int, ...]) -> bool:
    """Whether a critic's score of a point depends on the other points of the batch.

    Parameters
    ----------
    critic : torch.nn.Module
        Left as it was.
    shape : tuple of int
        Of what it scores: one point, or one pack.

    Returns
    -------
    bool
        As of batch normalization, and of statistics of the batch; real and generated points
        are then not to be scored in one batch.

    Examples
    --------
    >>> scores_mix_points(nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.Linear(4, 1)), (2,))
    False
    """
    rng = torch.Generator("cpu").manual_seed(0)
    points = standard_points(critic, (N_MIXED, *shape), rng)
    with restored(critic):
        perturb(critic, rng)  # a last layer of zeros would hide all
        return mixes_points(critic, points)


def _first(reason: Exception) -> str:
    """The kind of an error and the first line of its message."""
    line = str(reason).partition("\n")[0]
    return f"{type(reason).__name__}: {line}"


def _of_n(shape: tuple[int, ...]) -> str:
    return f"(n, {', '.join(map(str, shape))})"


def _shape_of_n(values: Tensor) -> str:
    """The shape with n for the number of points, where it is the first axis."""
    if values.ndim > 1 and len(values) == N_TRIED:
        return _of_n(tuple(values.shape[1:]))
    return "(n,)" if tuple(values.shape) == (N_TRIED,) else str(tuple(values.shape))
