"""What training a GAN returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from otgan.gan.evaluation import Evaluation
from otgan.gan.generator import Generator
from otgan.gan.monitor import Monitor
from otgan.gan.records import Record
from otgan.inputs.options import as_count, as_seed
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.results import Result, plain

__all__ = ["TrainResult"]


@checks_keywords
@dataclass(frozen=True)
class TrainResult(Result):
    """A trained generator and its evaluation.

    ``float(result)`` is its exact W1 to held-out real points.

    Attributes
    ----------
    evaluation : Evaluation
        The best generator on new draws: exact W1, floor, modes.
    rank_correlation : float
        Spearman's correlation of the critic's estimate and exact W1 over the run; without a
        critic, one by construction.
    records : tuple of Record
        Every measurement of the run.
    generator : torch.nn.Module
        The averaged generator with the smallest exact W1 measured; among those that W1 cannot tell
        from perfect samples, the last. It maps latents, shape (n, latent_dim), to points in the
        units of the data.
    critic : torch.nn.Module or None
        The last critic, as a function of points in the units of the data; None for the exact
        constraint.
    monitor : Monitor
        What measured the run.
    out : Path or None
        The run directory.
    """

    evaluation: Evaluation
    rank_correlation: float
    records: tuple[Record, ...] = field(repr=False)
    generator: Generator = field(repr=False)
    critic: nn.Module | None = field(repr=False)
    monitor: Monitor = field(repr=False)
    out: Path | None = None

    def __float__(self) -> float:
        return self.evaluation.exact_w1

    def to_dict(self) -> dict[str, Any]:
        """The outcome in plain values, as summary.json holds it."""
        return {
            **self.evaluation.to_dict(),
            "rank_correlation": plain(self.rank_correlation),
            "seconds": plain(self.records[-1].seconds),
        }

    def generate(self, n: int, *, rng: int | np.random.Generator = 0) -> FloatArray:
        """Draw points from the trained generator.

        Parameters
        ----------
        n : int
        rng : int or numpy.random.Generator
            Which latents; an equal integer gives the same points again.

        Returns
        -------
        ndarray, shape (n, d) or (n, c, h, w)
            In the units of the data.
        """
        n = as_count(n, "n")
        seed = int(rng.integers(2**62)) if isinstance(rng, np.random.Generator) else as_seed(rng)
        points = self.monitor.generate(self.generator.network, n, seed, "user")
        return points.reshape(n, *self.monitor.data.shape)
