"""The outcome of a run, as summary.json holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from otgan.gan.evaluation import Evaluation
from otgan.gan.plain_values import rebuilt
from otgan.results import plain

__all__ = ["Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What a run ended with.

    Attributes
    ----------
    evaluation : Evaluation
        Of the generator that was kept.
    verdict : str
        What was measured, in sentences.
    selection_rule : str
        Which generator is kept.
    kept_step : int
        When it was measured.
    rank_correlations : mapping of str to mapping of str to float
        Of each loss with each distance, until the floor was reached.
    seconds : float
        Spent on training and measuring.
    """

    evaluation: Evaluation
    verdict: str
    selection_rule: str
    kept_step: int
    rank_correlations: Mapping[str, Mapping[str, float]]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The numbers of the evaluation first, the rest after them."""
        rest = {name: plain(getattr(self, name)) for name in OUTCOME_FIELDS if name != "evaluation"}
        return {**self.evaluation.to_dict(), **rest}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Outcome:
        """The outcome that `to_dict` gave.

        Raises
        ------
        ValueError
            Anything else.
        """
        return rebuilt(cls, {**stored, "evaluation": dict(stored)})


OUTCOME_FIELDS = tuple(Outcome.__dataclass_fields__)
