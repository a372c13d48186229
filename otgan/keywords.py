"""Unknown keywords of public functions and classes: the error names the nearest option."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, TypeVar, cast

from otgan.errors import UnexpectedKeywordError

__all__ = ["checks_keywords", "checks_keywords_of", "nearest_option"]

Target = TypeVar("Target", bound=Callable[..., Any])

SYNONYMS = {
    "alpha": ("confidence_level", "reg", "weight"),
    "bootstraps": ("n_resamples",),
    "callback": ("progress",),
    "confidence": ("confidence_level",),
    "directions": ("n_projections",),
    "epochs": ("steps",),
    "eps": ("reg",),
    "epsilon": ("reg",),
    "generator": ("rng",),
    "lambda_": ("weight", "reg"),
    "lambda_gp": ("weight",),
    "lr": ("learning_rate",),
    "max_iter": ("max_iterations", "steps"),
    "n_boot": ("n_resamples",),
    "n_iter": ("max_iterations", "steps"),
    "numitermax": ("max_iterations", "steps"),
    "numthreads": ("n_jobs",),
    "order": ("p",),
    "penalty": ("weight",),
    "permutations": ("n_resamples",),
    "random_state": ("rng",),
    "regularization": ("reg",),
    "seed": ("rng",),
    "share": ("train_fraction", "endpoint_fraction"),
    "sigma": ("bandwidth",),
    "slices": ("n_projections",),
    "threads": ("n_jobs",),
    "tol": ("rtol", "tolerance"),
    "tqdm": ("progress",),
    "verbose": ("progress",),
    "workers": ("n_jobs",),
}
"""What SciPy, POT, scikit-learn and others call such options, in lower case, and our names."""


def checks_keywords(target: Target) -> Target:
    """Decorate a function or a class so that an unknown keyword names the nearest one.

    Parameters
    ----------
    target : function or class
        Of a class, its own ``__init__`` is decorated, which a dataclass has.

    Returns
    -------
    function or class
        With the same signature and documentation; a class is the same object. A call takes
        half a microsecond longer.

    Examples
    --------
    >>> @checks_keywords
    ... def area(*, width, height=1.0):
    ...     return width * height
    >>> area(widht=2.0)
    Traceback (most recent call last):
    ...
    otgan.errors.UnexpectedKeywordError: area() has no option 'widht'; did you mean 'width'?
    """
    if not isinstance(target, type):
        return cast(Target, _checked(target, target.__name__, ()))
    decorated: Any = target
    decorated.__init__ = _checked(decorated.__init__, target.__name__, ())
    return target


def checks_keywords_of(options: type) -> Callable[[Target], Target]:
    """The same for a function with ``**options``, whose keywords are those of a TypedDict."""

    def decorate(function: Target) -> Target:
        return cast(Target, _checked(function, function.__name__, options.__annotations__))

    return decorate


def _checked(function: Any, name: str, also: Iterable[str]) -> Any:
    code = inspect.unwrap(function).__code__
    count = code.co_argcount + code.co_kwonlyargcount
    own = [name for name in code.co_varnames[code.co_posonlyargcount : count] if name != "self"]
    if code.co_flags & inspect.CO_VARKEYWORDS and not also:
        raise TypeError(f"{name} takes any keywords; to fix it, use checks_keywords_of")
    options = frozenset([*own, *also])
    refuse = _refuse

    def checked(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not options.issuperset(kwargs):
            refuse(name, kwargs, options)
        return function(*args, **kwargs)

    # In the namespace of the function's own module, where doctest and pickle look for it.
    moved = FunctionType(checked.__code__, function.__globals__, name, None, checked.__closure__)
    return functools.wraps(function)(moved)


def _refuse(name: str, given: Iterable[str], options: frozenset[str]) -> None:
    wrong = next(option for option in given if option not in options)
    near = nearest_option(wrong, options)
    listed = ", ".join(sorted(options)) or "none"
    hint = f"did you mean {near!r}?" if near else f"its options are: {listed}"
    raise UnexpectedKeywordError(f"{name}() has no option {wrong!r}; {hint}")


def nearest_option(wrong: str, options: Iterable[str]) -> str | None:
    """The option that was probably meant: by a synonym, by its spelling, or by its parts.

    Examples
    --------
    >>> options = ["learning_rate", "rng", "confidence_level"]
    >>> [nearest_option(wrong, options) for wrong in ("lr", "seed", "level", "foo")]
    ['learning_rate', 'rng', 'confidence_level', None]
    """
    known = {option.lower(): option for option in sorted(options)}
    wrong = wrong.lower()
    for synonym in SYNONYMS.get(wrong, ()):
        if synonym in known:
            return known[synonym]
    near = difflib.get_close_matches(wrong, known, n=1, cutoff=0.6)
    parts = [option for option in known if _shares_words(wrong, option)]
    found = near or parts
    return known[found[0]] if found else None


def _shares_words(wrong: str, option: str) -> bool:
    """Whether one is made of words of the other, or of their initials."""
    ours, theirs = wrong.split("_"), option.split("_")
    initials = "".join(word[:1] for word in theirs)
    return set(ours) <= set(theirs) or set(theirs) <= set(ours) or wrong == initials
