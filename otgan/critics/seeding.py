"""Initial weights from a seed, while torch's global generators stay as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["seeded"]


@contextmanager
def seeded(rng: int, device: torch.device) -> Iterator[None]:
    """Seed the global generators of the CPU and of `device`, and put them back afterwards.

    ``torch.manual_seed`` would seed those of all other devices, too, and leave them seeded.

    Examples
    --------
    >>> before = torch.random.get_rng_state()
    >>> with seeded(0, torch.device("cpu")):
    ...     torch.rand(2)
    tensor([0.4963, 0.7682])
    >>> torch.equal(before, torch.random.get_rng_state())
    True
    """
    on_cuda = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_cuda else []):
        torch.default_generator.manual_seed(rng)
        if on_cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(rng)
        yield
