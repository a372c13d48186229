"""What can go wrong, named. Every message says what was wanted, what came, and the mend."""

from __future__ import annotations

import importlib.util
from typing import Any

__all__ = [
    "InfeasibleError",
    "InvalidInputError",
    "MissingExtraError",
    "OtganError",
    "SolverError",
    "TrainingDivergedError",
    "UnequalMassError",
    "require",
]


class OtganError(Exception):
    """Root of all errors raised by otgan."""


class InvalidInputError(OtganError, ValueError):
    """An argument that has no right answer: wrong shape, NaN, negative weight, unknown name."""


class UnequalMassError(InvalidInputError):
    """Two measures or histograms whose total masses differ by more than rounding."""


class InfeasibleError(InvalidInputError):
    """No transport plan exists, because forbidden arcs cut some mass off."""


class SolverError(OtganError, RuntimeError):
    """A solver stopped before its certificate closed.

    Attributes
    ----------
    partial : object
        What had been computed, with its (too wide) bracket; ``None`` if nothing was.
    """

    def __init__(self, message: str, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


class TrainingDivergedError(OtganError, RuntimeError):
    """A loss or a weight became NaN or infinite during training."""


class MissingExtraError(OtganError, ImportError):
    """An optional dependency that the call needs is not installed."""


def require(module: str, *, extra: str, purpose: str) -> None:
    """Raise :class:`MissingExtraError` unless `module` can be imported.

    Parameters
    ----------
    module : str
        Import name of the optional dependency.
    extra : str
        The extra of otgan that installs it.
    purpose : str
        What the caller wanted it for, as it should stand in the sentence.

    Examples
    --------
    >>> require("math", extra="torch", purpose="training a critic")
    >>> require("no_such_module", extra="torch", purpose="training a critic")
    Traceback (most recent call last):
    ...
    otgan.errors.MissingExtraError: training a critic needs the package 'no_such_module', which \
is not installed; to fix it, run: pip install "otgan[torch]"
    """
    if importlib.util.find_spec(module) is None:
        raise MissingExtraError(
            f"{purpose} needs the package '{module}', which is not installed; "
            f'to fix it, run: pip install "otgan[{extra}]"'
        )
