"""What the numbers of all lessons have in common: `to_dict`, and a `repr` on one line."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from otgan.results import plain
from otgan.text import shortened

__all__ = ["Record"]


class Record:
    """A frozen dataclass, with ``repr=False``, of numbers, arrays and other records."""

    def to_dict(self) -> dict[str, Any]:
        """All of it by name, as JSON can hold it; arrays as lists."""
        assert dataclasses.is_dataclass(self)
        values = {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if value is not NotImplemented}

    def __repr__(self) -> str:
        assert dataclasses.is_dataclass(self)
        shown = (_shown(f.name, getattr(self, f.name)) for f in dataclasses.fields(self))
        return f"{type(self).__name__}({', '.join(shown)})"


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return plain(value)


def _shown(name: str, value: Any) -> str:
    """Numbers and words; of what is longer, its size."""
    if isinstance(value, (float, np.floating)):
        return f"{name}={value:.6g}"
    if isinstance(value, np.ndarray):
        return f"{name}[{'×'.join(map(str, value.shape))}]"
    if isinstance(value, (tuple, dict)):
        return f"{name}[{len(value)}]"
    if isinstance(value, str):
        return f"{name}={shortened(value, 40)!r}"
    return f"{name}={value!r}"
