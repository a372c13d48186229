"""Results rebuilt from the plain values that JSON holds of them."""

from __future__ import annotations

import dataclasses
import math
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

__all__ = ["rebuilt"]

T = TypeVar("T")


def rebuilt(kind: type[T], stored: Any) -> T:
    """The frozen dataclass whose `to_dict` gave these values; what was no finite number is NaN.

    Parameters
    ----------
    kind : type
        A dataclass of numbers, strings, and mappings, tuples or dataclasses of these.
    stored : dict
        More entries than it has fields are passed over.

    Raises
    ------
    ValueError
        An entry that is missing or of another type.

    Examples
    --------
    >>> rebuilt(int, 3), rebuilt(tuple[float, ...], [1, None])
    (3, (1.0, nan))
    """
    found: T = _rebuilt(kind, stored)
    return found


def _rebuilt(kind: Any, stored: Any) -> Any:
    if kind is float:
        return math.nan if stored is None else float(_checked((int, float), stored))
    if kind in (int, str, bool):
        return _checked((kind,), stored)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is UnionType:  # the only one is X | None
        return None if stored is None else _rebuilt(parts[0], stored)
    if origin is tuple:
        return tuple(_rebuilt(parts[0], one) for one in _checked((list,), stored))
    if origin is not None:
        items = _checked((dict,), stored).items()
        return {name: _rebuilt(parts[1], one) for name, one in items}
    return _object(kind, stored)


def _object(kind: Any, stored: Any) -> Any:
    """A dataclass from its fields by name, or a named tuple from its fields in order."""
    hints = get_type_hints(kind)
    if issubclass(kind, tuple):  # a named one
        values = _checked((list,), stored)
        if len(values) != len(hints):
            raise ValueError(f"{kind.__name__} with {len(values)} values")
        return kind(
            *(_rebuilt(hint, one) for hint, one in zip(hints.values(), values, strict=True))
        )
    fields = [field.name for field in dataclasses.fields(kind)]
    stored = _checked((dict,), stored)
    if missing := [name for name in fields if name not in stored]:
        raise ValueError(f"{kind.__name__} without {missing[0]}")
    return kind(**{name: _rebuilt(hints[name], stored[name]) for name in fields})


def _checked(kinds: tuple[type, ...], stored: Any) -> Any:
    if not isinstance(stored, kinds) or (isinstance(stored, bool) and bool not in kinds):
        raise ValueError(f"{type(stored).__name__} instead of {kinds[0].__name__}")
    return stored
