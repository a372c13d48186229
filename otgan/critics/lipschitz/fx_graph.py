"""A Lipschitz bound along the operations of a traced forward, where layers alone prove nothing."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from otgan.critics.lipschitz.convolution import convolution_norm
from otgan.measures import FloatArray

__all__ = ["Unproved", "bound_along_graph"]

OfModule = Callable[[nn.Module, str, Tensor | None], float]


class Unproved(Exception):  # noqa: N818 - an answer, not an error
    """A layer or operation about which nothing is known; its message says which."""


@dataclass(frozen=True)
class LipschitzBound:
    """A value that depends on the network's input, with this Lipschitz constant at most."""

    bound: float


_SIZE = object()  # a size that was read from a tensor: it never changes with the values

NONEXPANSIVE = {
    *("flatten", "view", "reshape", "squeeze", "unsqueeze", "unflatten", "contiguous", "permute"),
    *("transpose", "t", "clone", "to", "float", "double", "type_as", "alias", "detach", "select"),
    *("getitem", "slice", "narrow", "chunk", "split", "unbind", "amax", "amin", "max", "min"),
    *("sort", "relu", "relu6", "tanh", "hardtanh", "clamp", "clamp_min", "clamp_max", "abs"),
    *("neg", "sin", "cos", "softplus", "logsigmoid", "log_sigmoid", "softmax", "identity"),
    "_to_copy",
}
"""Operations that bring no two inputs further apart, in the Euclidean norm of whole arrays."""

STEEPEST_SLOPES = {"sigmoid": 0.25, "gelu": 1.1290, "silu": 1.0999, "mish": 1.0885, "selu": 1.7581}
"""Of smooth activations, rounded up."""

SIZES = {"size", "dim", "numel", "len"}


def bound_along_graph(
    module: nn.Module, tracer: fx.Tracer, of_module: OfModule, example: Tensor | None
) -> float:
    """Follow the input through every operation of a module's forward.

    Parameters
    ----------
    module : torch.nn.Module
    tracer : torch.fx.Tracer
        Stops at the layers that `of_module` knows.
    of_module : callable
        The bound of a layer, from the layer, its name and an example of its input.
    example : torch.Tensor or None
        An input, from which shapes are learned: broadcasting repeats values, which raises norms.

    Returns
    -------
    float

    Raises
    ------
    Unproved
        With the operation that has no bound.
    """
    try:
        graph = module.graph if isinstance(module, fx.GraphModule) else tracer.trace(module)
        if example is not None:
            ShapeProp(fx.GraphModule(module, graph)).propagate(example)
    except Exception as reason:  # tracing runs the critic's own code, which may raise anything
        first = str(reason).partition("\n")[0]
        raise Unproved(f"{type(module).__name__} cannot be traced: {first}") from None
    try:
        return _GraphBound(module, of_module).of(graph)
    except (AttributeError, TypeError, ValueError, RuntimeError) as reason:
        raise Unproved(f"{type(module).__name__} calls something unforeseen: {reason}") from None


class _GraphBound:
    """Bounds a graph node by node; every result is a `LipschitzBound`, `_SIZE` or a constant."""

    def __init__(self, module: nn.Module, of_module: OfModule) -> None:
        self.module, self.of_module = module, of_module
        self.found: dict[fx.Node, Any] = {}

    def of(self, graph: fx.Graph) -> float:
        inputs = [node for node in graph.nodes if node.op == "placeholder"]
        if not inputs or any(not node.args for node in inputs[1:]):
            raise Unproved("a critic must take the points alone")
        for node in graph.nodes:
            if node.op == "output":
                break
            self.found[node] = self._of_node(node, is_input=node is inputs[0])
        result = self._read(node.args[0])
        if isinstance(result, (tuple, list)) and len(result) == 1:  # as exported programs return
            result = result[0]
        return result.bound if isinstance(result, LipschitzBound) else 0.0

    def _of_node(self, node: fx.Node, *, is_input: bool) -> Any:
        if node.op == "placeholder":
            return LipschitzBound(1.0) if is_input else node.args[0]
        if node.op == "get_attr":
            return operator.attrgetter(str(node.target))(self.module)
        arguments = [self._read(argument) for argument in node.args]
        keywords = {key: self._read(value) for key, value in node.kwargs.items()}
        if node.op == "call_module":
            return self._layer(node, arguments)
        name = _name(node)
        given = [*arguments, *keywords.values()]
        if name in SIZES or (name == "getattr" and arguments[1] in ("shape", "ndim", "dtype")):
            return _SIZE
        if any(_depends_on_input(value) for value in given):
            return LipschitzBound(_Operation(node, name, arguments, keywords).bound())
        if any(_is_size(value) for value in given):
            return _SIZE
        return _constant(node, arguments, keywords)

    def _layer(self, node: fx.Node, arguments: list[Any]) -> Any:
        if not node.users:  # the guards of exported programs
            return None
        if not arguments or not isinstance(arguments[0], LipschitzBound):
            raise Unproved(
                f"layer {node.target!r} is not called with something computed from the points"
            )
        child = self.module.get_submodule(str(node.target))
        example = _zeros_like(node.args[0], child)
        return LipschitzBound(arguments[0].bound * self.of_module(child, str(node.target), example))

    def _read(self, argument: Any) -> Any:
        if isinstance(argument, fx.Node):
            return self.found[argument]
        if isinstance(argument, (tuple, list)):
            return type(argument)(self._read(part) for part in argument)
        return argument


@dataclass(frozen=True)
class _Operation:
    """One operation on something that depends on the input."""

    node: fx.Node
    name: str
    arguments: list[Any]
    keywords: dict[str, Any]

    def bound(self) -> float:
        """The bound of its result."""
        if self.name in ("cat", "concat", "stack"):
            parts = self.arguments[0]
            if isinstance(parts, LipschitzBound):  # the pieces of what was cut before
                return parts.bound
            return math.hypot(*(part.bound for part in parts if _depends_on_input(part)))
        if self.name in ("add", "sub", "maximum", "minimum", "mul", "div", "truediv"):
            return self._of_two()
        first = self.arguments[0] if self.arguments else None
        if not isinstance(first, LipschitzBound) or any(
            _depends_on_input(other) for other in self._others()
        ):
            raise self._unknown()
        return first.bound * self._factor()

    def _of_two(self) -> float:
        """Sums of branches, and products with constants; broadcasting may repeat no values."""
        if self.keywords or len(self.arguments) != 2:
            raise self._unknown()
        self._refuse_broadcasting()
        bounds = [a.bound for a in self.arguments if isinstance(a, LipschitzBound)]
        if self.name in ("add", "sub"):
            return math.fsum(bounds)
        if self.name in ("maximum", "minimum"):
            return math.hypot(*bounds)
        constant = self.arguments[1]
        if len(bounds) == 2 or (self.name != "mul" and _depends_on_input(constant)):
            raise self._unknown()
        if _depends_on_input(constant):
            constant = self.arguments[0]
        if _is_size(constant):
            raise self._unknown()
        size = torch.as_tensor(constant).double().abs()
        return bounds[0] * float(size.max() if self.name == "mul" else 1.0 / size.min())

    def _refuse_broadcasting(self) -> None:
        result = _shape(self.node)
        for node, value in zip(self.node.args, self.arguments, strict=True):
            others = [other for other in self.arguments if other is not value]
            if not isinstance(value, LipschitzBound) or all(_is_single(other) for other in others):
                continue
            if result is None:
                raise Unproved(f"{self.name!r} may repeat values; give the shape of a point")
            if _shape(node) != result:
                raise Unproved(f"{self.name!r} repeats values, which is not bounded here")

    def _factor(self) -> float:
        """The Lipschitz constant of an operation of one argument that depends on the input."""
        name = self.name.removesuffix("_")
        if name == "getitem" and any(isinstance(k, (Tensor, list)) for k in self._indices()):
            raise self._unknown()  # such an index may pick a value more than once
        if name in NONEXPANSIVE:
            if name != "type_as" and any(isinstance(other, Tensor) for other in self._others()):
                raise self._unknown()  # broadcasting against it may repeat values
            return 1.0
        if name != self.name:  # in place, which would change what was bounded before
            raise self._unknown()
        if name in STEEPEST_SLOPES:
            return STEEPEST_SLOPES[name]
        rule = {
            "leaky_relu": self._largest_slope,
            "elu": self._largest_slope,
            "linear": self._linear,
            "matmul": self._matmul,
            "mm": self._matmul,
            "sum": lambda: math.sqrt(self._shrinkage()),
            "mean": lambda: 1.0 / math.sqrt(self._shrinkage()),
            "dropout": self._dropout,
            **dict.fromkeys(("conv1d", "conv2d", "conv3d"), self._convolution),
            **dict.fromkeys(("norm", "linalg_vector_norm", "linalg_norm"), self._norm),
        }.get(name)
        if rule is None:
            raise self._unknown()
        return rule()

    def _others(self) -> list[Any]:
        """All that is given besides the first argument."""
        return [*self.arguments[1:], *self.keywords.values()]

    def _indices(self) -> tuple[Any, ...]:
        index = self.arguments[1]
        return index if isinstance(index, tuple) else (index,)

    def _given(self, position: int, keyword: str, default: Any) -> Any:
        if len(self.arguments) > position:
            return self.arguments[position]
        return self.keywords.get(keyword, default)

    def _largest_slope(self) -> float:
        leaky = self.name == "leaky_relu"
        slope = self._given(1, "negative_slope" if leaky else "alpha", 0.01 if leaky else 1.0)
        return max(1.0, abs(slope))

    def _linear(self) -> float:
        return float(np.linalg.norm(_array(self._given(1, "weight", None)), 2))

    def _matmul(self) -> float:
        matrix = _array(self._given(1, "other", None))
        if matrix.ndim > 2:
            raise self._unknown()
        return float(np.linalg.norm(matrix, 2))

    def _convolution(self) -> float:
        kernel = _array(self._given(1, "weight", None))
        axes = kernel.ndim - 2
        stride, dilation = (self._given(3, "stride", 1), self._given(5, "dilation", 1))
        strides, dilations = ([s] * axes if isinstance(s, int) else s for s in (stride, dilation))
        return convolution_norm(kernel, strides, dilations, self._given(6, "groups", 1))

    def _dropout(self) -> float:
        if self._given(2, "training", self._given(2, "train", True)):
            raise Unproved("dropout that stays on in evaluation mode makes the critic random")
        return 1.0

    def _norm(self) -> float:
        order = self._given(1, "p", self.keywords.get("ord", 2))
        if order not in (2, 2.0, None, "fro"):
            raise self._unknown()
        return 1.0

    def _shrinkage(self) -> float:
        """How many values are reduced to one."""
        before, after = _shape(self.node.args[0]), _shape(self.node)
        if before is None or after is None:
            raise Unproved(f"{self.name!r} needs sizes; give the shape of a point")
        return math.prod(before) / math.prod(after)

    def _unknown(self) -> Unproved:
        return Unproved(f"the operation {self.name!r} in its forward has no bound here")


def _name(node: fx.Node) -> str:
    """The operation, whether it was called as a function, a method or an overload of ATen."""
    target: Any = node.target
    if isinstance(target, str):
        return target
    if isinstance(target, torch._ops.OpOverload):
        return target._schema.name.rpartition("::")[2]
    home = getattr(target, "__module__", None) or "torch"
    if target is getattr or home.partition(".")[0] in ("torch", "_operator"):
        return target.__name__
    raise Unproved(f"the function {target.__name__!r} of {home} has no bound here")


def _constant(node: fx.Node, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """The result of an operation that does not depend on the points."""
    if node.op == "call_method":
        return getattr(arguments[0], str(node.target))(*arguments[1:], **keywords)
    target: Any = node.target
    return target(*arguments, **keywords)


def _depends_on_input(value: object) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_depends_on_input(part) for part in value)
    return isinstance(value, LipschitzBound)


def _is_single(value: object) -> bool:
    """Whether this can be broadcast to anything, and nothing to it."""
    return isinstance(value, (int, float)) or (isinstance(value, Tensor) and value.numel() == 1)


def _is_size(value: object) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_is_size(part) for part in value)
    return value is _SIZE


def _shape(node: object) -> tuple[int, ...] | None:
    """The shape that a trial run saw."""
    meta = node.meta.get("tensor_meta") if isinstance(node, fx.Node) else None
    return tuple(meta.shape) if meta is not None and hasattr(meta, "shape") else None


def _zeros_like(node: Any, layer: nn.Module) -> Tensor | None:
    """An input for a layer like the one that it got in the trial run."""
    shape = _shape(node)
    if shape is None:
        return None
    device = next(layer.parameters(), torch.zeros(0)).device
    return torch.zeros(shape, dtype=node.meta["tensor_meta"].dtype, device=device)


def _array(value: object) -> FloatArray:
    if not isinstance(value, Tensor):
        raise Unproved("a layer whose weights depend on the points has no bound here")
    return value.detach().double().cpu().numpy()
