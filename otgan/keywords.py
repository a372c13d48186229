"""Unknown keywords of public functions and classes: the error names the nearest option."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, TypeVar, cast

from otgan.errors import UnexpectedKeywordError

__all__ = ["checks_keywords", "checks_keywords_of", "nearest_option", "refuse_unknown"]

Target = TypeVar("Target", bound=Callable[..., Any])

SYNONYMS = {
    "alpha": ("confidence_level", "reg", "weight"),
    "blur": ("reg",),
    "bootstraps": ("n_resamples",),
    "bw": ("bandwidth",),
    "callback": ("progress",),
    "confidence": ("confidence_level",),
    "critic_iters": ("n_critic",),
    "critic_steps": ("n_critic",),
    "decay": ("schedule", "average"),
    "directions": ("n_projections",),
    "ema": ("average",),
    "epochs": ("steps",),
    "eps": ("reg",),
    "epsilon": ("reg",),
    "extra_mass_penalty": ("unmatched",),
    "gamma": ("bandwidth",),
    "generator": ("rng",),
    "internal_p": ("q",),
    "lambda_": ("weight", "reg"),
    "lambda_gp": ("weight",),
    "loss": ("objective",),
    "m": ("mass",),
    "lr": ("learning_rate",),
    "max_iter": ("max_iterations", "steps"),
    "n_boot": ("n_resamples",),
    "n_iter": ("max_iterations", "steps"),
    "n_neighbors": ("k",),
    "n_perm": ("n_resamples",),
    "n_permutations": ("n_resamples",),
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
    "tolerance": ("rtol",),
    "tqdm": ("progress",),
    "u_weights": ("a",),
    "v_weights": ("b",),
    "verbose": ("progress",),
    "weights_x": ("a",),
    "weights_y": ("b",),
    "workers": ("n_jobs",),
    "z_dim": ("latent_dim",),
}
"""What SciPy, POT, scikit-learn and others call such options, in lower case, and our names."""

SETTINGS = {
    "estimate_w1": (
        "options=FitOptions({}=...)",
        "batch_size checkpoint held_out matrix_rate precision progress rng test_points vector_rate",
    ),
    "train_gan": (
        "config=GANConfig({}=...)",
        "average batch_size capture clip_grad_norm constraint critic_depth critic_learning_rate "
        "critic_norm critic_optimizer critic_warmup critic_width depth device evaluation_points "
        "features generator_norm generator_optimizer latent latent_dim learning_rate "
        "monitor_every monitor_points n_critic network objective pack precision rng schedule "
        "stabilizers steps width",
    ),
    "kl_from_samples": ("method=NearestNeighbors({}=...)", "k"),
    "js_from_samples": ("method=NearestNeighbors({}=...)", "k"),
}
"""Functions whose other options are fields of an object: how to pass it, and these fields."""

UNBIASED_SQUARES = {"energy_distance": "energy_distance_squared", "mmd": "mmd_squared"}
"""Functions that are another function where peers have the option `squared` or `unbiased`."""


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
    refuse = refuse_unknown

    def checked(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not options.issuperset(kwargs):
            refuse(name, kwargs, options)
        return function(*args, **kwargs)

    # In the namespace of the function's own module, where doctest and pickle look for it.
    moved = FunctionType(checked.__code__, function.__globals__, name, None, checked.__closure__)
    return functools.wraps(function)(moved)


def refuse_unknown(name: str, given: Iterable[str], options: frozenset[str]) -> None:
    """Raise on the first of these keywords that is no option of the function."""
    wrong = next(option for option in given if option not in options)
    raise UnexpectedKeywordError(f"{name}() has no option {wrong!r}; {_hint(name, wrong, options)}")


def _hint(name: str, wrong: str, options: frozenset[str]) -> str:
    if name in UNBIASED_SQUARES and wrong in ("squared", "unbiased"):
        return f"call {UNBIASED_SQUARES[name]}, which is the unbiased square"
    form, fields = SETTINGS.get(name, ("", ""))
    meant = {wrong, *SYNONYMS.get(wrong.lower(), ())}
    if not meant & options and (moved := meant & set(fields.split())):
        return f"pass {form.format(min(moved))}"
    if near := nearest_option(wrong, options):
        return f"did you mean {near!r}?"
    return f"its options are: {', '.join(sorted(options)) or 'none'}"


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
    """Whether one is made of words of the other, or of the initials of several."""
    ours, theirs = wrong.split("_"), option.split("_")
    initials = "".join(word[:1] for word in theirs)
    short = wrong == initials and len(theirs) > 1
    return set(ours) <= set(theirs) or set(theirs) <= set(ours) or short
