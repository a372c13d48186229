"""What all results have in common: `float`, `to_dict`, and a `repr` on one line."""

from __future__ import annotations

import dataclasses
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

__all__ = ["Result", "plain"]


class Result(ABC):
    """A frozen dataclass whose main number is ``float(result)``.

    `derived` names the properties that belong into `to_dict` beside the fields.
    """

    derived: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def __float__(self) -> float:
        """The main number."""

    def to_dict(self) -> dict[str, Any]:
        """Numbers, flags and text by their names, as JSON can hold them.

        Numbers that are infinite or NaN, which JSON does not have, are None. Fields that `repr`
        leaves out, arrays, and other objects (plans, networks) are left out.
        """
        assert dataclasses.is_dataclass(self)
        names = [field.name for field in dataclasses.fields(self) if field.repr]
        values = {name: plain(getattr(self, name)) for name in [*names, *self.derived]}
        return {name: value for name, value in values.items() if value is not NotImplemented}


def plain(value: Any) -> Any:
    """The value as JSON can hold it, or NotImplemented; infinite numbers and NaN are None.

    Examples
    --------
    >>> plain((np.float64(0.5), {"n": np.int64(3)}))
    [0.5, {'n': 3}]
    >>> plain(np.zeros(3))
    NotImplemented
    >>> plain([1.5, math.inf])
    [1.5, None]
    """
    if isinstance(value, Result):
        return value.to_dict()
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        pairs = {str(key): plain(one) for key, one in value.items()}
        return {key: one for key, one in pairs.items() if one is not NotImplemented}
    if isinstance(value, (list, tuple)):
        items = [plain(one) for one in value]
        return NotImplemented if any(one is NotImplemented for one in items) else items
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain({f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.repr})
    return NotImplemented
