"""Lipschitz constants that layers prove: the product of the constants of each, nothing sampled."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.nn.functional import conv2d
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from otgan.critics.forward import evaluating
from otgan.critics.lipschitz.convolution import convolution_norm
from otgan.critics.lipschitz.fx_graph import Unproved, bound_along_graph
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray

__all__ = [
    "LipschitzProof",
    "lipschitz_from_weights",
    "prove_lipschitz",
]


MATRIX_SIDE = 1024
"""Values of an input up to which a convolution is written as a matrix: a second, or less."""


@checks_keywords
@dataclass(frozen=True)
class LipschitzProof:
    """An upper bound of a Lipschitz constant, and where it comes from.

    Attributes
    ----------
    value : float
        In the Euclidean norm of the input; ``inf`` if the layers prove nothing.
    reason : str
        The factors of the bound, or what stood in its way.
    """

    value: float
    reason: str


@checks_keywords
def lipschitz_from_weights(critic: nn.Module, shape: Sequence[int] | None = None) -> float:
    """An upper bound for the Lipschitz constant, proved by the weights; ``inf`` if unknown.

    The product over the layers, in evaluation mode, of the Lipschitz constant of each; for
    ordinary networks a loose bound, for orthogonal ones 1 to rounding.

    Parameters
    ----------
    critic : torch.nn.Module
        Layers in sequence, or any module that ``torch.fx`` can trace.
    shape : sequence of int, optional
        Of one point; needed where values are added to each other or to arrays. Small convolutions
        are then bounded at their own input size, which zeros at the border make less steep.

    Returns
    -------
    float
        In the Euclidean norm of the input.

    References
    ----------
    Szegedy et al., Intriguing properties of neural networks (ICLR 2014), section 4.3.

    Examples
    --------
    >>> layer = nn.Linear(2, 1, bias=False)
    >>> _ = nn.init.constant_(layer.weight, 3.0)
    >>> round(lipschitz_from_weights(nn.Sequential(layer, nn.ReLU())), 6)
    4.242641
    """
    return prove_lipschitz(critic, shape).value


@checks_keywords
def prove_lipschitz(critic: nn.Module, shape: Sequence[int] | None = None) -> LipschitzProof:
    """The same bound with its factors, or with the layer that has none.

    Linear and convolutional layers count by their largest singular value, converged in float64,
    also under spectral, orthogonal or weight parametrizations; activations by their steepest
    slope; sums of branches by the sum of their bounds. A layer of yours may state its own
    constant by an attribute ``lipschitz``: a number, or a module that has the same constant.

    Parameters
    ----------
    critic : torch.nn.Module
    shape : sequence of int, optional
        Of one point.

    Returns
    -------
    LipschitzProof

    Examples
    --------
    >>> prove_lipschitz(nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.Linear(4, 1)))
    LipschitzProof(value=inf, reason="layer '1' (LayerNorm) has no useful bound")
    """
    factors: list[str] = []
    example = None if shape is None else _example(critic, shape)
    try:
        with torch.no_grad(), evaluating(critic):
            value = _of_module(factors, critic, "", example)
    except Unproved as reason:
        return LipschitzProof(math.inf, str(reason))
    return LipschitzProof(value, " × ".join(factors) or "the operations of its forward")


def _of_module(
    factors: list[str], module: nn.Module, name: str = "", example: Tensor | None = None
) -> float:
    """The bound of one module; `factors` grows by what it consists of."""
    _refuse_hooks(module, name)
    declared = _declared(module)
    if isinstance(declared, nn.Module):
        return _of_module(factors, declared, _join(name, "critic"), example)
    if declared is not None:
        return _recorded(declared, module, factors)
    kind = _kind(module)
    label = f"layer {name!r} ({getattr(module, 'original_name', type(module).__name__)})"
    if kind in LAYERS:
        try:
            return _recorded(_of_layer(kind, module, example), module, factors)
        except AttributeError:  # a traced layer that forgot its settings
            raise Unproved(f"{label} does not say how it was set up") from None
    if kind in UNBOUNDED:
        raise Unproved(f"{label} has no useful bound")
    if kind is nn.Sequential:
        return _of_sequence(factors, module, name, example)
    if isinstance(module, torch.jit.ScriptModule):
        raise Unproved(f"{label} is compiled, and no layer of torch.nn")
    if "forward" in vars(module):
        raise Unproved(f"{label} has a forward of its own, which tracing would not see")
    for key, child in module.named_modules():
        _refuse_hooks(child, _join(name, key))
    return bound_along_graph(module, _Tracer(), partial(_of_module, factors), example)


def _of_layer(kind: Any, layer: nn.Module, example: Tensor | None) -> float:
    """The bound of a layer of torch.nn: of small convolutions at this input size, and exactly."""
    bound = LAYERS[kind](layer)
    if kind is nn.Conv2d and example is not None and example[0].numel() <= MATRIX_SIDE:
        return min(bound, _convolution_matrix_norm(layer, tuple(example.shape[1:])))
    return bound


def _of_sequence(factors: list[str], module: nn.Module, name: str, example: Tensor | None) -> float:
    bound = 1.0
    for key, child in module.named_children():
        bound *= _of_module(factors, child, _join(name, key), example)
        example = None if example is None else _passed_on(child, example)
    return bound


def _passed_on(layer: nn.Module, example: Tensor) -> Tensor | None:
    """What a layer makes of the example; nothing if it does not take points of that shape."""
    try:
        return layer(example)
    except Exception:  # whatever the layer raises: the bound then does without shapes
        return None


def _declared(module: nn.Module) -> float | nn.Module | None:
    """The constant that a layer declares, or the module that has the same."""
    if isinstance(module, torch.jit.ScriptModule):
        return None
    if type(module).__name__ == "OptimizedModule":  # what torch.compile returns
        return module._orig_mod  # type: ignore[return-value]
    declared = getattr(module, "lipschitz", None)
    return declared if isinstance(declared, (int, float, nn.Module)) else None


def _recorded(value: float, module: nn.Module, factors: list[str]) -> float:
    if value != 1.0:
        label = getattr(module, "original_name", type(module).__name__)
        factors.append(f"{label.removeprefix('Parametrized')} {value:.4g}")
    return value


def _join(name: str, key: str) -> str:
    return f"{name}.{key}".lstrip(".")


def _kind(module: nn.Module) -> Any:
    """The class of torch.nn whose forward this module runs, whatever was made of it since."""
    if isinstance(module, torch.jit.ScriptModule):
        try:
            full = module._c._type().qualified_name()
        except (AttributeError, RuntimeError):
            return None
        return BY_NAME.get(re.sub(r"\.___torch_mangle_\d+", "", full))
    if "forward" in vars(module):  # replaced on this very object
        return None
    return BY_FORWARD.get(type(module).forward)


def _refuse_hooks(module: nn.Module, name: str) -> None:
    """Hooks may change anything, except those of torch that set weights or check inputs."""
    found = [
        hook
        for kind in ("_forward_pre_hooks", "_forward_hooks")
        for hook in (getattr(module, kind, None) or {}).values()
    ]
    for hook in found:
        checks = getattr(hook, "__module__", "") == "torch.export._unlift"
        if not (checks or isinstance(hook, (SpectralNorm, WeightNorm))):
            raise Unproved(f"layer {name!r} has a hook, which may change what it returns")


def _weight(layer: nn.Module) -> FloatArray:
    """The weight that the layer multiplies by, in float64."""
    weight = layer.weight
    for hook in (getattr(layer, "_forward_pre_hooks", {}) or {}).values():
        # The attribute is as old as the last call; the hook would renew it at the next one.
        if isinstance(hook, SpectralNorm):
            weight = hook.compute_weight(layer, do_power_iteration=False)
        elif isinstance(hook, WeightNorm):
            weight = hook.compute_weight(layer)
    assert isinstance(weight, Tensor)
    return weight.detach().double().cpu().numpy()


def _linear(layer: nn.Module) -> float:
    return float(np.linalg.norm(_weight(layer), 2))


def _convolution(layer: Any) -> float:
    if getattr(layer, "padding_mode", "zeros") not in ("zeros", "circular"):
        raise Unproved(f"padding {layer.padding_mode!r} repeats pixels, which is not bounded here")
    return convolution_norm(_weight(layer), layer.stride, layer.dilation, layer.groups)


def _convolution_matrix_norm(layer: Any, shape: tuple[int, ...]) -> float:
    """The norm of a convolution at one input size, written as a matrix."""
    if layer.padding_mode != "zeros":
        return math.inf
    units = torch.eye(math.prod(shape), dtype=torch.float64).reshape(-1, *shape)
    kernel = torch.from_numpy(_weight(layer))
    settings = layer.stride, layer.padding, layer.dilation, layer.groups
    return float(torch.linalg.matrix_norm(conv2d(units, kernel, None, *settings).flatten(1), 2))


def _batch_norm(layer: Any) -> float:
    """In evaluation mode an affine map of each channel."""
    if layer.running_var is None:
        raise Unproved("batch normalization without running statistics mixes the batch")
    scale = (layer.running_var.double() + layer.eps).rsqrt()
    return float((scale if layer.weight is None else scale * layer.weight.double()).abs().max())


def _max_pool(layer: Any) -> float:
    """An input pixel may win in all windows that it lies in."""
    windows = 1
    axes = int(type(layer).__name__[-2])
    size, step = _tuple(layer.kernel_size, axes), _tuple(layer.stride, axes)
    if _tuple(layer.dilation, axes) != (1,) * axes:
        raise Unproved("dilated pooling is not bounded here")
    for k, s in zip(size, step, strict=True):
        windows *= -(-k // s)
    return math.sqrt(windows)


def _average_pool(layer: Any) -> float:
    """A convolution of every channel by a constant kernel."""
    axes = int(type(layer).__name__[-2])
    size, step = _tuple(layer.kernel_size, axes), _tuple(layer.stride, axes)
    padded = any(_tuple(layer.padding, axes)) and not layer.count_include_pad
    if padded or layer.ceil_mode or getattr(layer, "divisor_override", None):
        raise Unproved("pooling with divisors that change at the border is not bounded here")
    return convolution_norm(np.full((1, 1, *size), 1.0 / math.prod(size)), step, [1] * axes)


def _tuple(value: Any, length: int) -> tuple[int, ...]:
    return (value,) * length if isinstance(value, int) else tuple(value)


def _constant(value: float) -> Callable[[Any], float]:
    return lambda layer: value


LAYERS: dict[Any, Callable[[Any], float]] = {
    nn.Linear: _linear,
    **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), _convolution),
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d), _batch_norm),
    **dict.fromkeys((nn.MaxPool1d, nn.MaxPool2d), _max_pool),
    **dict.fromkeys((nn.AvgPool1d, nn.AvgPool2d), _average_pool),
    **dict.fromkeys((nn.ReLU, nn.ReLU6, nn.Tanh, nn.Softplus, nn.Hardtanh), _constant(1.0)),
    **dict.fromkeys((nn.Softsign, nn.LogSigmoid, nn.Tanhshrink, nn.Softshrink), _constant(1.0)),
    **dict.fromkeys((nn.Identity, nn.Flatten, nn.Unflatten, nn.Softmax), _constant(1.0)),
    **dict.fromkeys((nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout), _constant(1.0)),
    nn.Sigmoid: _constant(0.25),
    # The steepest slopes of smooth activations, rounded up.
    nn.GELU: _constant(1.1290),
    nn.SiLU: _constant(1.0999),
    nn.Mish: _constant(1.0885),
    nn.SELU: _constant(1.7581),
    nn.LeakyReLU: lambda layer: max(1.0, abs(layer.negative_slope)),
    nn.ELU: lambda layer: max(1.0, abs(layer.alpha)),
    nn.PReLU: lambda layer: max(1.0, float(layer.weight.abs().max())),
}

UNBOUNDED = (
    *(nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.MultiheadAttention),
)
"""Layers without a useful bound."""

BY_FORWARD: dict[Any, Any] = {kind.forward: kind for kind in (*LAYERS, *UNBOUNDED, nn.Sequential)}
BY_NAME: dict[str, Any] = {
    f"__torch__.{kind.__module__}.{kind.__qualname__}": kind for kind in BY_FORWARD.values()
}


class _Tracer(fx.Tracer):
    """Stops at layers whose bound is known, and looks into all others."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether to treat the module as one step."""
        kind = _kind(m)
        return kind in LAYERS or kind in UNBOUNDED or _declared(m) is not None


def _example(critic: nn.Module, shape: Sequence[int]) -> Tensor:
    """Two points of zeros on the critic's device."""
    first = next(critic.parameters(), torch.zeros(0))
    return torch.zeros(2, *shape, dtype=first.dtype, device=first.device)
