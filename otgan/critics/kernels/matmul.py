"""Matrix products of a training step, by the fastest library for this processor."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["gradient_of", "knows_bfloat16", "product", "rows_of_block", "total"]

BLOCK = 512
"""Most points of each kind in a block on the CPU."""

_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
"""oneDNN's products are twice as fast as MKL's on processors of other makers than Intel."""


def knows_bfloat16(device: torch.device) -> bool:
    """Whether products of bfloat16 are faster there than those of float32.

    Examples
    --------
    >>> knows_bfloat16(torch.device("meta"))
    False
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    asked = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return device.type == "cpu" and asked is not None and bool(asked())


def product(
    left: Tensor,
    right: Tensor,
    bias: Tensor | None = None,
    *,
    relu: bool = False,
    thin: bool = False,
) -> Tensor:
    """The product left rightᵀ + bias, or its positive part. No graph is kept.

    Where one of the sizes is below ten or so, `thin` is faster.

    Examples
    --------
    >>> product(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, -2.0], [0.0, 1.0]]), relu=True)
    tensor([[0., 2.]])
    """
    quick = left.dtype == torch.float32 or (
        left.dtype == torch.bfloat16 and knows_bfloat16(left.device)
    )
    if quick and left.device.type == "cpu" and _ONEDNN and not thin:
        values = torch.ops.mkldnn._linear_pointwise(left, right, bias, "none", [], "")
    else:
        values = functional.linear(left, right, bias)
    return values.relu_() if relu else values  # oneDNN's own relu makes zero of NaN


def total(values: Tensor) -> Tensor:
    """The sum over rows, in no less than float32.

    Examples
    --------
    >>> total(torch.ones(1000, 1, dtype=torch.bfloat16))
    tensor([1000.])
    """
    return values.sum(0, dtype=torch.float64 if values.dtype == torch.float64 else torch.float32)


def rows_of_block(x: Tensor) -> int:
    """Points of each kind in a block: few blocks, but two where a second thread is worth it."""
    if x.device.type != "cpu" or len(x) < BLOCK // 2:
        return len(x)
    return min(BLOCK, -(-len(x) // 2))


def gradient_of(parameter: Tensor) -> Tensor:
    """Where the parameter's gradient is to be written."""
    if parameter.grad is None:
        parameter.grad = torch.empty_like(parameter)
    return parameter.grad
