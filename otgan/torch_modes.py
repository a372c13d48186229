"""Modes of torch for training, and whether torch transforms or records a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from otgan.errors import require

__all__ = ["float32_by_default", "gradients_on", "is_recorded", "is_wrapped"]


@contextmanager
def gradients_on() -> Iterator[None]:
    """Record what gradients need, in full precision.

    A surrounding ``torch.no_grad``, ``torch.inference_mode`` or ``torch.autocast`` has no effect
    inside; other threads are not changed.

    Examples
    --------
    >>> import torch
    >>> with torch.inference_mode(), gradients_on():
    ...     torch.ones(1, requires_grad=True).exp().requires_grad
    True
    """
    require("torch", extra="torch", purpose="training a network")
    import torch

    plain = [torch.autocast(kind, enabled=False) for kind in ("cpu", "cuda")]
    with torch.inference_mode(False), torch.enable_grad(), plain[0], plain[1]:
        yield


def is_recorded(tensor: Any) -> bool:
    """Whether torch transforms or records a call with this tensor, besides computing it.

    So it is under `torch.func` and `torch.vmap`, while `torch.compile` or `torch.export` traces
    the code, and under `torch.jit.trace`.

    Examples
    --------
    >>> import torch
    >>> is_recorded(torch.ones(1))
    False
    >>> torch.vmap(lambda row: row + is_recorded(row))(torch.zeros(2))
    tensor([1., 1.])
    """
    import torch

    return torch.compiler.is_compiling() or torch.jit.is_tracing() or is_wrapped(tensor)


def is_wrapped(tensor: Any) -> bool:
    """Whether it is a tensor inside of `torch.func` or `torch.vmap`, whose numbers are hidden."""
    import torch

    wrapped: bool = torch._C._functorch.is_functorch_wrapped_tensor(tensor)
    return wrapped


@contextmanager
def float32_by_default() -> Iterator[None]:
    """Build networks of float32 on the CPU, to the same bits whatever ``torch`` defaults to.

    The default dtype belongs to the whole process, so keep this short.

    Examples
    --------
    >>> import torch
    >>> with float32_by_default():
    ...     torch.zeros(1).dtype
    torch.float32
    """
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(before)
