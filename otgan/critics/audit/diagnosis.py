"""A mistake that a critic shows signs of: its name, what was found, and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass

from otgan.keywords import checks_keywords

__all__ = ["Diagnosis"]


@checks_keywords
@dataclass(frozen=True)
class Diagnosis:
    """A mistake that the critic shows signs of.

    Attributes
    ----------
    name : str
        Short, the same for every critic, for programs to look for.
    finding : str
        What was measured, with its numbers.
    fix : str
        What to do about it.
    """

    name: str
    finding: str
    fix: str

    def __str__(self) -> str:
        return f"{self.name}: {self.finding} To fix it: {self.fix}"
