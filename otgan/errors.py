"""Errors and warnings, whose messages say what must be, what came, and how to fix it."""

from __future__ import annotations

import difflib
import importlib.util
import sys
import warnings
from collections.abc import Iterable
from typing import Any

from otgan.text import printable, shortened

__all__ = [
    "DamagedFileError",
    "DeviceMemoryError",
    "DuplicateSamplesError",
    "InfeasibleError",
    "InputWarning",
    "InterruptedFit",
    "InvalidInputError",
    "MissingExtraError",
    "OtganError",
    "OutputError",
    "SampleTooSmallError",
    "SolverError",
    "TrainingDivergedError",
    "UnequalMassError",
    "UnexpectedKeywordError",
    "is_installed",
    "nearest_name",
    "require",
    "warn_user",
]


class _OneLine:
    """A message on one line of bounded length, without control characters, whatever it quotes."""

    def __str__(self) -> str:
        return shortened(printable(super().__str__()))


class OtganError(_OneLine, Exception):
    """Root of all errors raised by otgan: ``except otgan.OtganError`` catches all of them."""


class InvalidInputError(OtganError, ValueError):
    """An argument that has no right answer: wrong shape, NaN, negative weight, unknown name."""


class DamagedFileError(InvalidInputError):
    """A file that is truncated, was altered, or is of another kind than its name says."""


class OutputError(OtganError, OSError):
    """A result that cannot be written: no such folder, no permission, no space, in use."""


class InputWarning(_OneLine, UserWarning):
    """Input that can be read in several ways; the message says how it was read, and why."""


class DuplicateSamplesError(InvalidInputError):
    """Equal points where a method needs distributions with densities, which have none."""


class UnequalMassError(InvalidInputError):
    """Two measures or histograms whose total masses differ by more than rounding."""


class UnexpectedKeywordError(OtganError, TypeError):
    """A keyword that a function or class does not have; the message names the nearest one."""


class InfeasibleError(InvalidInputError):
    """No transport plan exists, because forbidden arcs cut some mass off."""


class SolverError(OtganError, RuntimeError):
    """A solver stopped before its certificate was tight enough.

    Attributes
    ----------
    partial : object
        The result so far, with its (too wide) bracket; ``None`` if there is none.
    """

    def __init__(self, message: str, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


class TrainingDivergedError(OtganError, RuntimeError):
    """A loss or a weight became NaN or infinite in training; the message says at which step."""


class SampleTooSmallError(OtganError, RuntimeError):
    """A result that samples of these sizes cannot confirm.

    Attributes
    ----------
    partial : object
        The estimate that was refused.
    """

    def __init__(self, message: str, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


class DeviceMemoryError(OtganError, RuntimeError):
    """A batch that the memory of the device does not hold; the message says which one it does.

    Attributes
    ----------
    batch_size : int or None
        One of which a step was made; None if the device holds not even a batch of one point.
    """

    def __init__(self, message: str, batch_size: int | None = None) -> None:
        super().__init__(message)
        self.batch_size = batch_size


class InterruptedFit(KeyboardInterrupt):
    """Ctrl-C ended a computation, whose result so far is kept.

    It is a :class:`KeyboardInterrupt` and not an :class:`Exception`, so that ``except Exception``
    does not swallow it, and scripts stop as usual.

    Attributes
    ----------
    estimate : object
        The result so far: of a fit, with the best critic.
    """

    def __init__(self, message: str, estimate: Any) -> None:
        super().__init__(message)
        self.estimate = estimate


class MissingExtraError(OtganError, ImportError):
    """An optional dependency that the call needs is not installed; the message says how to."""


def warn_user(message: str, category: type[Warning] = InputWarning) -> None:
    """Warn, with the line outside of otgan that called it as the place."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_ours(module: str) -> bool:
    """Whether a frame is of otgan, or of the decorators on its functions."""
    return module.partition(".")[0] in ("otgan", "contextlib")


LEAST_LIKENESS = 0.65
"""Words that are less alike are not taken for each other."""

OTHER_WORDS = {
    "gradient_penalty": ("gp",),
    "l1": ("cityblock",),
    "l2": ("euclidean",),
    "linf": ("chebyshev",),
    "manhattan": ("cityblock",),
    "nearest_neighbors": ("knn",),
    "neighbors": ("knn",),
    "neighbours": ("knn",),
    "one_sided": ("lp",),
    "rbf": ("gaussian",),
    "spectral_norm": ("spectral",),
    "weight_clipping": ("clip",),
    "wgan-gp": ("gp",),
}
"""What SciPy, scikit-learn and the papers call some choices."""


def nearest_name(
    wrong: str, names: Iterable[str], *, otherwise: str = "choose one of these"
) -> str:
    """The end of an error message: the name that was probably meant, if one is near.

    Names that begin alike are preferred, and words of other packages are known.

    Examples
    --------
    >>> nearest_name("spectre", ["gp", "spectral"])
    "did you mean 'spectral'?"
    >>> nearest_name("rbf", ["laplacian", "gaussian"])
    "did you mean 'gaussian'?"
    >>> nearest_name("foo", ["gp", "spectral"])
    'choose one of these'
    """
    known = list(names)
    given = wrong.lower()
    likeness = {name: _likeness(given, name.lower()) for name in known}
    likeness |= dict.fromkeys(set(OTHER_WORDS.get(given, ())) & set(known), 1.0)
    near = max(known, key=lambda name: likeness[name], default="")
    alike = near in likeness and likeness[near] >= LEAST_LIKENESS
    return f"did you mean {near!r}?" if alike else otherwise


def _likeness(wrong: str, name: str) -> float:
    """How alike two words are: the ratio of equal letters, and more for a common beginning."""
    ends = range(1, 1 + min(3, len(wrong), len(name)))
    beginning = sum(wrong[:end] == name[:end] for end in ends)
    beginning += 3 * (len(wrong) > 1 and name.startswith(wrong))  # all of it
    return difflib.SequenceMatcher(None, wrong, name).ratio() + 0.1 * beginning


def is_installed(module: str) -> bool:
    """Whether `module` can be imported; it is not imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # a module that was loaded without a spec
        return True


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
    if not is_installed(module):
        raise MissingExtraError(
            f"{purpose} needs the package '{module}', which is not installed; "
            f'to fix it, run: pip install "otgan[{extra}]"',
            name=module,
        )
