"""Checks of the methods that a class of the user's defines: names, arguments, returns."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any, NamedTuple

from otgan.errors import InvalidInputError

__all__ = ["HookReturn", "check_complete", "check_definitions", "check_returns"]

NEAR = 0.85
"""Similarity of two names from which one is taken for a misspelling of the other."""


class HookReturn(NamedTuple):
    """What a hook must return: a test of it, the words for it, and an example for messages."""

    holds: Callable[[Any], bool]
    wanted: str
    example: str


def check_complete(cls: type, kind: str, required: Iterable[str]) -> None:
    """Raise if a class lacks what it must define; `kind` is what its objects are, with article."""
    abstract: frozenset[str] = getattr(cls, "__abstractmethods__", frozenset())
    missing = sorted({*abstract, *(name for name in required if not hasattr(cls, name))})
    if missing:
        raise InvalidInputError(
            f"{kind} must define {', '.join(sorted({*required, *missing}))}, got {cls.__name__} "
            f"without {', '.join(missing)}; to fix it, define "
            f"{'that' if len(missing) == 1 else 'them'} in the class"
        )


def check_definitions(cls: type, base: type, hooks: Iterable[str]) -> None:
    """Raise if a class derived from `base` misspells a hook, or defines it in another form."""
    names = list(hooks)
    for name in _own_methods(cls, base):
        _refuse_misspelled(cls, base, name, names)
    for name in names:
        found, wanted = (inspect.getattr_static(c, name) for c in (cls, base))
        if found is wanted:
            continue
        if isinstance(wanted, property):
            if inspect.isroutine(found):
                raise InvalidInputError(
                    f"{cls.__name__}.{name} must be a property, got a method; to fix it, write "
                    "@property above its definition"
                )
        elif not callable(found) and not isinstance(found, (classmethod, staticmethod)):
            raise InvalidInputError(
                f"{cls.__name__}.{name} must be a method, got {found!r}; to fix it, define "
                f"{name}{inspect.signature(wanted)}"
            )
        elif isinstance(found, FunctionType):
            _check_arguments(cls, name, found, wanted)


def check_returns(cls: type, base: type, hooks: Mapping[str, HookReturn]) -> None:
    """Make the methods and properties that a user's class overrides check what they return."""
    for name, hook in hooks.items():
        found = inspect.getattr_static(cls, name)
        if found is inspect.getattr_static(base, name):
            continue
        function = found.fget if isinstance(found, property) else found
        if not isinstance(function, FunctionType) or _needs_no_check(function):
            continue
        checked = _checked(function, name, hook)
        setattr(cls, name, property(checked) if isinstance(found, property) else checked)


def _needs_no_check(function: FunctionType) -> bool:
    """Whether it is otgan's own, or checks what it returns already."""
    return function.__module__.startswith("otgan.") or hasattr(function, "checks_return")


def _own_methods(cls: type, base: type) -> list[str]:
    """Public methods of a class that `base` does not have."""
    own = {
        name
        for parent in cls.__mro__
        if parent not in base.__mro__ and not parent.__module__.startswith("otgan.")
        for name, value in vars(parent).items()
        if isinstance(value, (FunctionType, property))
    }
    return sorted(name for name in own if not name.startswith("_") and not hasattr(base, name))


def _refuse_misspelled(cls: type, base: type, name: str, hooks: list[str]) -> None:
    near = difflib.get_close_matches(name, hooks, n=1, cutoff=NEAR)
    if near and inspect.getattr_static(cls, near[0]) is inspect.getattr_static(base, near[0]):
        raise InvalidInputError(
            f"public methods that are named like a hook of {base.__name__} must be that hook, got "
            f"{cls.__name__}.{name}, which nothing calls; to fix it, rename it to {near[0]!r}, or "
            f"to '_{name}' if it is another method"
        )


def _check_arguments(cls: type, name: str, found: FunctionType, wanted: Any) -> None:
    """Raise unless a method can be called as the base class's."""
    required = inspect.signature(wanted)
    try:
        inspect.signature(found).bind(*required.parameters)
    except TypeError:
        given = ", ".join(inspect.signature(found).parameters)
        raise InvalidInputError(
            f"{cls.__name__}.{name} must take the arguments ({', '.join(required.parameters)}), "
            f"got ({given}); to fix it, define it with these arguments"
        ) from None


def _checked(function: FunctionType, name: str, hook: HookReturn) -> FunctionType:
    """The function, which then raises if it returns anything else than the hook must."""

    @functools.wraps(function)
    def call(self: Any, *arguments: Any, **keywords: Any) -> Any:
        returned = function(self, *arguments, **keywords)
        if hook.holds(returned):
            return returned
        raise InvalidInputError(
            f"{type(self).__name__}.{name} must return {hook.wanted}, got {returned!r}; to fix it, "
            f"return {hook.example}"
        )

    setattr(call, "checks_return", True)  # noqa: B010
    assert isinstance(call, FunctionType)
    return call
