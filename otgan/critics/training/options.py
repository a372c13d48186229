"""How a critic is trained, apart from its constraint and budget."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from otgan.critics.settings import MOST_POINTS
from otgan.errors import InvalidInputError
from otgan.inputs.options import as_count, as_number, as_seed
from otgan.keywords import checks_keywords
from otgan.progress import Progress, as_progress

__all__ = ["FitOptions"]

WHERE = "change it in the FitOptions"
"""How messages about a wrong setting end."""


@checks_keywords
@dataclass(frozen=True)
class FitOptions:
    """How `estimate_w1` trains. One setting serves all constraints and problems.

    Attributes
    ----------
    batch_size : int
        Points of each distribution in a step.
    matrix_rate, vector_rate : float
        Initial learning rates of weight matrices (Muon) and of everything else (Adam); both fall
        linearly to zero at the end of the budget.
    held_out : float
        Fraction of each array that is kept from training; samplers give new points instead.
    test_points : int
        New points that each sampler gives for the final estimate.
    rng : int
        Seed of the split, the initial weights, the batches and the final test.
    precision : {"float32", "bfloat16"}
        Of the products between hidden layers where gradients are computed without autograd: under
        gradient penalties and for orthogonal critics. ``"bfloat16"`` takes three quarters of the
        time, on processors that support it, at no loss of accuracy that we could measure; points,
        slopes, weights and the estimate itself stay float32.
    progress : bool or callable
        True for a progress bar; or a function of (done, total, message), called at most 50 times:
        steps done of all steps, fewer than all if the seconds end first; seconds of all seconds for
        training, where steps are not limited. The linear program reports once it is solved, 1 of 1,
        or of 2 where a network is then fitted to it.
    checkpoint : path or None
        File that a fit writes now and then, and continues from if it is there. The same call
        resumes the fit; once it has ended, the file gives the same result again. The linear
        program writes none.
    """

    batch_size: int = 1024
    matrix_rate: float = 0.04
    vector_rate: float = 1e-3
    held_out: float = 0.25
    test_points: int = 2**17
    rng: int = 0
    precision: Literal["float32", "bfloat16"] = "float32"
    progress: Progress = False
    checkpoint: str | Path | None = None

    def __post_init__(self) -> None:
        self._set(
            "batch_size", as_count(self.batch_size, "batch_size", most=MOST_POINTS, hint=WHERE)
        )
        for name in ("matrix_rate", "vector_rate"):
            rate = as_number(getattr(self, name), name, "positive", WHERE)
            _check(name, rate, 0 < rate < math.inf, "positive and finite")
            self._set(name, rate)
        fraction = as_number(self.held_out, "held_out", "between 0 and 1", WHERE)
        _check("held_out", fraction, 0 < fraction < 1, "between 0 and 1")
        self._set("held_out", fraction)
        self._set("test_points", as_count(self.test_points, "test_points", least=2, hint=WHERE))
        self._set("rng", as_seed(self.rng, WHERE, "rng"))
        known = isinstance(self.precision, str) and self.precision in ("float32", "bfloat16")
        _check("precision", self.precision, known, "'float32' or 'bfloat16'")
        self._set("progress", as_progress(self.progress))
        named = self.checkpoint is None or (
            isinstance(self.checkpoint, (str, os.PathLike)) and bool(str(self.checkpoint))
        )
        _check("checkpoint", self.checkpoint, named, "a file's name, or None")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _check(name: str, value: object, holds: bool, wanted: str) -> None:
    if not holds:
        raise InvalidInputError(f"{name} must be {wanted}, got {value!r}; to fix it, {WHERE}")
