"""Any critic as a function of points: values and gradients in float64, however it computes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from otgan.critics.forward import evaluating
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, is_torch

__all__ = ["CriticFunction"]

BATCH_NUMBERS = 2**21
"""Coordinates that are given to the critic at once."""

Kind = Literal["autograd", "tensors", "arrays"]


@dataclass(frozen=True)
class CriticFunction:
    """A critic, evaluated on its own device and in its own dtype, one row of numbers a point.

    Modules are evaluated in evaluation mode, and left in the mode they were in.

    Attributes
    ----------
    critic : callable
        A torch module, or a function of tensors or of NumPy arrays.
    shape : tuple of int
        Of one point as the critic takes it.
    kind : {"autograd", "tensors", "arrays"}
        What it computes with; without autograd, gradients are central differences.
    dtype, device : torch.dtype, torch.device
    """

    critic: Callable[[Any], Any]
    shape: tuple[int, ...]
    kind: Kind
    dtype: torch.dtype
    device: torch.device

    @classmethod
    def of(
        cls, critic: Any, points: FloatArray, shape: tuple[int, ...], like: Any
    ) -> CriticFunction:
        """Find out what the critic computes with, by trying it on two points.

        Parameters
        ----------
        critic : callable
        points : ndarray, shape (n, d)
        shape : tuple of int
            Of one point.
        like : object
            The points as they were given: a plain function gets tensors of their device and dtype.

        Raises
        ------
        InvalidInputError
            It is no function, or fails on all of these.
        """
        if not callable(critic):
            raise InvalidInputError(
                f"critic must be a torch module or a function of points, got {critic!r}; to fix "
                "it, load it first (otgan.critics.audit.load_critic reads files)"
            )
        failures = []
        for kind, dtype, device in _candidates(critic, like):
            attempt = cls(critic, shape, kind, dtype, device)
            try:
                with evaluating(critic):
                    values = attempt._evaluate(points[:2], track=kind == "autograd")
            except Exception as reason:  # whatever the critic raises
                failures.append(f"{type(reason).__name__}: {str(reason).partition(chr(10))[0]}")
                continue
            if kind == "autograd" and not (is_torch(values) and values.requires_grad):
                continue
            attempt._one_per_point(values, min(2, len(points)))
            return attempt
        raise InvalidInputError(
            f"critic must take points of shape {shown_shape(shape)}, got an error from it "
            f"({failures[0] if failures else 'no numbers'}); to fix it, give the points the shape "
            "that the critic was trained on"
        )

    @property
    def module(self) -> nn.Module | None:
        """The critic if it is a torch module."""
        return self.critic if isinstance(self.critic, nn.Module) else None

    @property
    def precision(self) -> float:
        """Relative rounding error of one number."""
        if self.kind == "arrays":
            return float(np.finfo(float).eps)
        dtypes = {tensor.dtype for tensor in _floating(self.critic)} | {self.dtype}
        return max(torch.finfo(dtype).eps for dtype in dtypes)

    def values(self, points: FloatArray) -> FloatArray:
        """The critic at points of shape (n, d): shape (n,), float64, checked to be finite."""
        with evaluating(self.critic):
            parts = [
                _numpy(self._one_per_point(self._evaluate(part), len(part)))
                for part in self._batches(points)
            ]
        return _finite(np.concatenate(parts), points, "value")

    def gradients(self, points: FloatArray) -> FloatArray:
        """Its gradients at points of shape (n, d), in the same shape."""
        if self.kind != "autograd":
            return self._differences(points)
        parts = []
        with evaluating(self.critic):
            for part in self._batches(points):
                tensor = self.tensor(part).requires_grad_()
                with torch.enable_grad():
                    total = self._one_per_point(self.critic(tensor), len(part)).sum()
                    (gradient,) = torch.autograd.grad(total, tensor)
                parts.append(_numpy(gradient.reshape(len(part), -1)))
        return _finite(np.concatenate(parts), points, "gradient")

    def evaluations_for_gradient(self, d: int) -> int:
        """How many values a gradient costs."""
        return 2 if self.kind == "autograd" else 2 * d

    def _differences(self, points: FloatArray) -> FloatArray:
        """Central differences; the step balances rounding against the third derivative."""
        scale = float(np.abs(points).max()) or 1.0
        step = scale * self.precision ** (1.0 / 3.0)
        gradients = np.empty_like(points)
        for k in range(points.shape[1]):
            ahead, behind = points.copy(), points.copy()
            ahead[:, k] += step
            behind[:, k] -= step
            width = ahead[:, k] - behind[:, k]
            gradients[:, k] = (self.values(ahead) - self.values(behind)) / width
        return gradients

    def _batches(self, points: FloatArray) -> Iterator[FloatArray]:
        size = max(1, min(8192, BATCH_NUMBERS // points.shape[1]))
        for start in range(0, len(points), size):
            yield points[start : start + size]

    def _evaluate(self, points: FloatArray, *, track: bool = False) -> Any:
        if self.kind == "arrays":
            return self.critic(points.reshape(len(points), *self.shape))
        with torch.set_grad_enabled(track):
            return self.critic(self.tensor(points).requires_grad_(track))

    def tensor(self, points: FloatArray) -> Tensor:
        """Points of shape (n, d) as a tensor that the critic takes."""
        tensor = torch.as_tensor(points.reshape(len(points), *self.shape), device="cpu")
        return tensor.to(device=self.device, dtype=self.dtype, copy=True)

    def _one_per_point(self, values: Any, n: int) -> Any:
        """One number a point, whether they came in shape (n,) or (n, 1)."""
        shape = tuple(np.shape(values))
        squeezed = n == 1 and shape == ()
        if not squeezed and (math.prod(shape) != n or shape[:1] != (n,)):
            raise InvalidInputError(
                f"a critic must return one number for each point, got shape {shape} for {n} "
                "points; to fix it, end it with a layer of one output, and return no scalar loss"
            )
        if values.is_complex() if is_torch(values) else np.iscomplexobj(values):
            raise InvalidInputError(
                "a critic must return real numbers, got complex ones; to fix it, return their real "
                "part"
            )
        return values.reshape(n) if hasattr(values, "reshape") else np.reshape(values, n)


def shown_shape(shape: tuple[int, ...]) -> str:
    """The shape of n such points, for messages.

    Examples
    --------
    >>> shown_shape((3, 8, 8))
    '(n, 3, 8, 8)'
    """
    return f"(n, {', '.join(map(str, shape))})"


def _candidates(critic: Any, like: Any) -> list[tuple[Kind, torch.dtype, torch.device]]:
    """What the critic may compute with, most likely first."""
    cpu = torch.device("cpu")
    if isinstance(critic, nn.Module):
        floating = _floating(critic)
        if not floating:
            return [("autograd", torch.float64, cpu), ("tensors", torch.float64, cpu)]
        # The widest first: a network of float32 may keep its center in float64.
        widest = max((t.dtype for t in floating), key=lambda dtype: torch.finfo(dtype).bits)
        dtypes = dict.fromkeys([widest, floating[0].dtype])
        device = floating[0].device
        return [(kind, t, device) for kind in ("autograd", "tensors") for t in dtypes]
    found: list[tuple[Kind, torch.dtype, torch.device]] = []
    if is_torch(like) and like.is_floating_point():
        found.append(("autograd", like.dtype, like.device))
    found += [("autograd", torch.float64, cpu), ("autograd", torch.float32, cpu)]
    found.append(("arrays", torch.float64, cpu))
    return found + [("tensors", dtype, device) for kind, dtype, device in found[:-1]]


def _floating(critic: Any) -> list[Tensor]:
    """The floating tensors that a module owns, parameters first."""
    if not isinstance(critic, nn.Module):
        return []
    owned = [*critic.parameters(), *critic.buffers()]
    return [tensor for tensor in owned if tensor.is_floating_point()]


def _numpy(values: Any) -> FloatArray:
    if is_torch(values):
        values = values.detach().double().cpu().numpy()
    return np.asarray(values, np.float64)


def _finite(numbers: FloatArray, points: FloatArray, what: str) -> FloatArray:
    bad = np.logical_not(np.isfinite(numbers)).reshape(len(numbers), -1).any(axis=1)
    if bad.any():
        first = int(bad.argmax())
        place = np.array2string(points[first], precision=4, threshold=6, edgeitems=2)
        number = numbers.reshape(len(numbers), -1)[first]
        raise InvalidInputError(
            f"the critic's {what}s must be finite, got {number[~np.isfinite(number)][0]} at the "
            f"point {place} ({int(bad.sum())} of {len(numbers)} points); to fix it, look for a "
            "diverged training or a root of zero, whose gradient is infinite"
        )
    return numbers
