"""Whether a critic scores every point by itself, and always alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from otgan.critics.forward import refuse_batch_norm, scores
from otgan.errors import InvalidInputError

__all__ = ["mixes_points", "perturb", "refuse_unless_pointwise", "restored", "standard_points"]

N_POINTS = 8
"""Points that are scored together and alone."""

PERTURBATION = 0.05
"""Deviation of the noise that is added to weights: a last layer of zeros would hide all."""

SPREAD_TOLERANCE = 1e-3
"""Difference of values, relative to their spread, beyond which it is not rounding."""

VALUE_TOLERANCE = 1e-4
"""The same, relative to the values themselves: some thousand roundings of float32."""


def refuse_unless_pointwise(critic: nn.Module, shape: Sequence[int], why: str = "") -> None:
    """Raise unless the critic is a differentiable function of one point of this shape.

    It is tried on a few points in evaluation and in training mode, with weights that are changed a
    little, and left as it was. `why` follows "must score every point by itself" in the message.

    Raises
    ------
    InvalidInputError
        It normalizes over the batch, scores a point differently alone and beside others, or twice
        differently, or returns no finite number for each point with a gradient.
    """
    refuse_batch_norm(critic, why)
    rng = torch.Generator("cpu").manual_seed(0)
    points = standard_points(critic, (N_POINTS, *shape), rng)
    with torch.enable_grad(), restored(critic):
        _set_training(critic, False)
        _refuse_other_values(critic, points)
        perturb(critic, rng)
        with torch.no_grad():  # buffers that count are a state, too
            first, second = (scores(critic, points).double() for _ in range(2))
        if _differ(first, second):
            raise InvalidInputError(
                "a critic must give a point the same score each time, got two that differ by "
                f"{float((first - second).abs().max()):.3g} in evaluation mode; to fix it, leave "
                "randomness and counters out of its forward, or make them depend on self.training"
            )
        if mixes_points(critic, points):
            raise InvalidInputError(
                f"a critic must score every point by itself{why and ' ' + why}, got one that "
                "scores a point differently alone and beside others, as normalization over the "
                "batch or minibatch statistics do; to fix it, use nn.LayerNorm, and statistics of "
                "one point only"
            )


def mixes_points(critic: nn.Module, points: Tensor) -> bool:
    """Whether a module scores a point differently alone and beside others, in either mode.

    It is left as it was; dropout is off, and a module that is random in training mode for another
    reason is only tried in evaluation mode.

    Parameters
    ----------
    critic : torch.nn.Module
    points : torch.Tensor, shape (n, ...)
        As the critic takes them; a single point shows nothing.

    Examples
    --------
    >>> points = torch.randn(8, 2)
    >>> mixes_points(nn.Linear(2, 1), points)
    False
    >>> mixes_points(nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1)).eval(), points)
    True
    """
    if len(points) < 2:
        return False
    with restored(critic):
        for training in (False, True):
            _set_training(critic, training)
            together = _together(critic, points)
            if training and _differ(together, _together(critic, points)):
                return False
            try:
                alone = torch.cat([_together(critic, point[None]) for point in points])
            except Exception:  # batch normalization in training mode refuses a single point
                return True
            if _differ(together, alone):
                return True
    return False


def _together(critic: nn.Module, points: Tensor) -> Tensor:
    """Scores in float64; the critic's buffers are as they were before, also in training mode."""
    with torch.no_grad(), _buffers_restored(critic):
        return critic(points).reshape(len(points)).double().cpu()


def _refuse_other_values(critic: nn.Module, points: Tensor) -> None:
    """Raise unless the critic returns one finite number for each point, with a gradient."""
    points = points.clone().requires_grad_()
    values = critic(points)
    if not isinstance(values, Tensor) or not values.is_floating_point():
        got = str(values.dtype) if isinstance(values, Tensor) else type(values).__name__
        raise InvalidInputError(
            f"a critic must return a tensor of floating-point numbers, got {got}; to fix it, end "
            "it with a linear layer of one output, and return its values alone"
        )
    values = scores(critic, points)
    if not bool(values.isfinite().all()):
        raise InvalidInputError(
            "a critic must return finite numbers, got NaN or inf before any training; to fix it, "
            "look for a root or logarithm of what may be zero, and check its initial weights"
        )
    if not values.requires_grad:
        raise InvalidInputError(
            "a critic must be differentiable, got values without a gradient; to fix it, leave "
            "detach(), no_grad() and NumPy out of its forward"
        )


def _differ(one: Tensor, other: Tensor) -> bool:
    """Whether two sets of scores differ by more than rounding; NaN, as a spread of one, does."""
    spread = float(one.std()) + float((one - one.mean()).abs().max())
    rounding = VALUE_TOLERANCE * float(one.abs().max())
    return not bool(((one - other).abs() <= SPREAD_TOLERANCE * spread + rounding).all())


def _set_training(critic: nn.Module, training: bool) -> None:
    """The mode of every layer, set one by one since exported programs refuse .eval()."""
    for module in critic.modules():
        module.training = training and not isinstance(module, nn.modules.dropout._DropoutNd)


@torch.no_grad()
def perturb(critic: nn.Module, rng: torch.Generator) -> None:
    """Add noise to all weights, of the deviation `PERTURBATION`."""
    for weight in critic.parameters():
        if weight.is_floating_point():
            noise = _noise(tuple(weight.shape), rng)
            weight.add_(PERTURBATION * noise.to(weight.device, weight.dtype))


def standard_points(network: nn.Module, shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Standard normal points of this shape (n, ...), in the network's dtype and on its device."""
    like = next((p for p in network.parameters() if p.is_floating_point()), torch.zeros(0))
    return _noise(shape, rng).to(like.device, like.dtype)


def _noise(shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    # The same on every device, and whatever the default ones of torch are.
    return torch.randn(shape, generator=rng, dtype=torch.float64, device="cpu")


@contextmanager
def restored(critic: nn.Module) -> Iterator[None]:
    """Keep modes, weights, buffers and torch's generators as they are now, whatever happens."""
    modes = [(module, module.training) for module in critic.modules()]
    weights = [(weight, weight.detach().clone()) for weight in critic.parameters()]
    try:
        devices = {weight.device for weight, _ in weights if weight.is_cuda}
        with torch.random.fork_rng(devices=list(devices)), _buffers_restored(critic):
            yield
    finally:
        for module, training in modes:
            module.training = training
        with torch.no_grad():
            for weight, before in weights:
                weight.copy_(before)


@contextmanager
def _buffers_restored(critic: nn.Module) -> Iterator[None]:
    """Buffers, which training mode changes: power iterations, running statistics."""
    buffers = [(buffer, buffer.detach().clone()) for buffer in critic.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
