"""What training a GAN returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from torch import nn

from otgan.gan.evaluation import Evaluation
from otgan.gan.generator import Generator, generated_points
from otgan.gan.measuring.selection import SELECTION_RULE
from otgan.gan.monitor import Monitor
from otgan.gan.outcome import Outcome
from otgan.gan.records import Record
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.results import Result

__all__ = ["TrainResult"]


@checks_keywords
@dataclass(frozen=True, eq=False)
class TrainResult(Result):
    """A trained generator and its evaluation.

    ``float(result)`` is its debiased W1 to held-out real points.

    Attributes
    ----------
    evaluation : Evaluation
        The generator that was kept, on new draws.
    verdict : str
        What was measured, in sentences.
    kept_step : int
        When that generator was measured.
    rank_correlations : mapping of str to mapping of str to float
        Spearman's correlation of the critic's estimate and of either loss with debiased W1 and with
        the Fréchet distance, over the run until it reached the floor.
    records : tuple of Record
        Every measurement of the run.
    generator : torch.nn.Module
        The averaged generator with the smallest debiased W1 measured (of features where there are
        some, else of points); among those within one standard error of it, the last. It maps
        latents, shape (n, latent_dim), to points in the units of the data.
    critic : torch.nn.Module or None
        The last critic, as a function of points in the units of the data; None for the exact
        constraint.
    monitor : Monitor
        What measured the run.
    out : Path or None
        The run directory.
    """

    bracket: ClassVar[tuple[str, ...]] = ("evaluation",)
    figure: ClassVar[str] = "otgan.gan.result_plot.run_curves"

    evaluation: Evaluation
    verdict: str = field(repr=False)
    kept_step: int
    rank_correlations: Mapping[str, Mapping[str, float]] = field(repr=False)
    records: tuple[Record, ...] = field(repr=False)
    generator: Generator = field(repr=False)
    critic: nn.Module | None = field(repr=False)
    monitor: Monitor = field(repr=False)
    out: Path | None = None

    def __float__(self) -> float:
        return float(self.evaluation)

    def to_dict(self) -> dict[str, Any]:
        """The outcome in plain values, as summary.json holds it."""
        return Outcome(
            evaluation=self.evaluation,
            verdict=self.verdict,
            selection_rule=SELECTION_RULE,
            kept_step=self.kept_step,
            rank_correlations=self.rank_correlations,
            seconds=self.records[-1].seconds,
        ).to_dict()

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
        return generated_points(self.generator, self.monitor.config, n, rng)
