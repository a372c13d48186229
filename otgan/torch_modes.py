"""How torch works while otgan trains: as it does by default, whatever the caller has set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["float32_by_default", "gradients_on"]


@contextmanager
def gradients_on() -> Iterator[None]:
    """Record what gradients need, in full precision.

    A surrounding ``torch.no_grad``, ``torch.inference_mode`` or ``torch.autocast`` does not reach
    inside; other threads are left alone.

    Examples
    --------
    >>> import torch
    >>> with torch.inference_mode(), gradients_on():
    ...     torch.ones(1, requires_grad=True).exp().requires_grad
    True
    """
    import torch

    plain = [torch.autocast(kind, enabled=False) for kind in ("cpu", "cuda")]
    with torch.inference_mode(False), torch.enable_grad(), plain[0], plain[1]:
        yield


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
