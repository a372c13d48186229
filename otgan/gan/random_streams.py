"""Random numbers as a function of seed, step and purpose, so that there is no state to store."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from otgan.critics.seeding import seeded

__all__ = ["RandomStreams"]


@dataclass(frozen=True)
class RandomStreams:
    """New generators for every step of a run.

    A resumed run asks for the same steps and gets the same numbers; measuring more or less often
    does not change training.

    Examples
    --------
    >>> a, b = RandomStreams(0), RandomStreams(0)
    >>> bool(a.numpy(7, "batch").random() == b.numpy(7, "batch").random())
    True
    >>> bool(a.numpy(7, "batch").random() == a.numpy(8, "batch").random())
    False
    """

    rng: int

    def numpy(self, step: int, purpose: str) -> np.random.Generator:
        """A NumPy generator."""
        return np.random.default_rng(self._entropy(step, purpose))

    def seeding(
        self, step: int, purpose: str, device: torch.device
    ) -> AbstractContextManager[None]:
        """Torch's global generators seeded, for layers that draw from them, such as dropout."""
        return seeded(self._seed(step, purpose), device)

    def torch(self, step: int, purpose: str, device: torch.device) -> torch.Generator:
        """A torch generator on that device."""
        return torch.Generator(device).manual_seed(self._seed(step, purpose))

    def _seed(self, step: int, purpose: str) -> int:
        state = np.random.SeedSequence(self._entropy(step, purpose)).generate_state(1)
        return int(state[0])

    def _entropy(self, step: int, purpose: str) -> NDArray[np.uint32]:
        """The words that NumPy makes of [rng, step, *purpose], for which it takes its time."""
        words = [*_words(self.rng), *_words(step), *purpose.encode()]
        return np.array(words, dtype=np.uint32)


def _words(number: int) -> list[int]:
    """A whole number of any size as words of 32 bits, the lowest first."""
    words = [number % 2**32]
    while rest := number >> 32 * len(words):
        words.append(rest % 2**32)
    return words
