"""Where networks are trained, and what is said where a batch does not fit into a GPU's memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from otgan.errors import DeviceMemoryError, InvalidInputError, require
from otgan.keywords import checks_keywords

if TYPE_CHECKING:
    import torch

__all__ = ["auto_device", "naming_the_batch_size", "pick_device"]

LEAST_WORK = 2**24
"""Multiply-adds of a forward pass over a batch, below which ``"auto"`` stays on the CPU.

This is a choice, and no measurement; ``benchmarks/on_gpu.py`` measures steps of several sizes on
both.
"""

Outcome = TypeVar("Outcome")


def auto_device(work: float, *, gpu: bool) -> Literal["cpu", "cuda"]:
    """What ``"auto"`` means for networks of this size.

    Parameters
    ----------
    work : float
        Multiply-adds of a forward pass over a batch; infinite where it is not known.
    gpu : bool
        Whether there is one.

    Examples
    --------
    >>> auto_device(64 * 128 * 128, gpu=True), auto_device(1024 * 256 * 256, gpu=True)
    ('cpu', 'cuda')
    >>> auto_device(math.inf, gpu=False)
    'cpu'
    """
    return "cuda" if gpu and work >= LEAST_WORK else "cpu"


@checks_keywords
def pick_device(
    device: Literal["auto"] | str | torch.device, *, work: float = math.inf
) -> torch.device:
    """The device requested; ``"auto"`` is CUDA if there is any, and enough work for it.

    CUDA is not asked for anything where the work is too small for it.

    Parameters
    ----------
    device : "auto", str or torch.device
    work : float
        As in :func:`auto_device`.

    Raises
    ------
    InvalidInputError
        The device is unknown, or not usable here.
    MissingExtraError
        PyTorch is not installed.

    Examples
    --------
    >>> pick_device("auto", work=1000)
    device(type='cpu')
    """
    require("torch", extra="torch", purpose="choosing a device")
    import torch

    if isinstance(device, str) and device == "auto":
        return torch.device(auto_device(work, gpu=work >= LEAST_WORK and torch.cuda.is_available()))
    try:
        found = torch.empty(0, device=device).device
        if found.type == "meta":
            raise RuntimeError("it holds no numbers")
        return found
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as reason:
        raise InvalidInputError(
            f"device must be one that this PyTorch can use, got {str(device)!r} ({reason}); to fix "
            "it, pass 'auto' or 'cpu'"
        ) from None


def naming_the_batch_size(
    run: Callable[[], Outcome],
    batch_size: int,
    try_step: Callable[[int], Any],
    *,
    multiple_of: int = 1,
) -> Outcome:
    """The outcome of `run`; if the device has no memory for it, say which batch size it has.

    Parameters
    ----------
    run : callable
    batch_size : int
        Of the steps that it makes.
    try_step : callable
        Makes a step of another batch size, whatever becomes of the networks.
    multiple_of : int
        Of which batch sizes must be multiples.

    Raises
    ------
    DeviceMemoryError
        With the largest of half the batch size, a quarter, ... of which a step was made.
    torch.OutOfMemoryError
        Steps of the batch size itself can be made: something else takes the memory.
    """
    import torch

    try:
        return run()
    except torch.OutOfMemoryError as error:
        caught, reason = error.with_traceback(None), str(error).partition(". ")[0]
    # Only here, for the traceback kept the tensors of the step.
    if _fits(try_step, batch_size):
        raise caught
    fitting = next(
        (size for size in _halves(batch_size, multiple_of) if _fits(try_step, size)), None
    )
    hint = "take smaller networks or device='cpu'" if fitting is None else f"pass {fitting:,}"
    found = "no smaller one does" if fitting is None else f"a step of {fitting:,} fits"
    raise DeviceMemoryError(
        f"batch_size must fit into the memory of the device, got {batch_size:,}, and {found} "
        f"({reason}); to fix it, {hint}",
        fitting,
    )


def _halves(batch_size: int, multiple_of: int) -> Iterator[int]:
    while batch_size >= 2 * multiple_of:
        batch_size = batch_size // (2 * multiple_of) * multiple_of
        yield batch_size


def _fits(try_step: Callable[[int], Any], batch_size: int) -> bool:
    import torch

    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    try:
        try_step(batch_size)
    except torch.OutOfMemoryError:
        return False
    return True
