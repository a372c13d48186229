"""Objects with a name and settings as plain values, as JSON and checkpoints hold them, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan.errors import InvalidInputError

__all__ = ["Registry"]

PLAIN = (bool, int, float, str)


@dataclass(frozen=True)
class Registry:
    """The objects of one kind that can be rebuilt from plain values, by their names.

    Attributes
    ----------
    kind : str
        What they are called in messages.
    objects : mapping of str to object
        Frozen dataclasses with their default settings; one class may stand under several names.

    Examples
    --------
    >>> from otgan.critics.constraints.serialization import CONSTRAINT_REGISTRY
    >>> CONSTRAINT_REGISTRY.described(CONSTRAINT_REGISTRY.objects["gp"])
    {'name': 'gp', 'weight': 10.0, 'one_sided': False, 'endpoint_fraction': 0.0}
    """

    kind: str
    objects: Mapping[str, Any]

    def described(self, given: Any) -> str | dict[str, Any]:
        """A short name as it is; of an object its name and settings, and its class if not ours."""
        if isinstance(given, str):
            return given
        settings: dict[str, Any] = vars(given) if dataclasses.is_dataclass(given) else {}
        plain = {key: _plain(value) for key, value in settings.items() if _is_plain(value)}
        name = str(getattr(given, "name", type(given).__name__))
        if type(given) is not type(self.objects.get(name)):  # a subclass is the user's own, too
            plain["class"] = f"{type(given).__module__}.{type(given).__qualname__}"
        return {"name": name, **plain}

    def rebuilt(self, stored: Any) -> Any:
        """What `described` described; names are looked up, nothing is executed.

        Raises
        ------
        InvalidInputError
            An object of the user's own, which only its own code can rebuild, or none.
        """
        if isinstance(stored, str):
            return stored
        if not self.is_known(stored):
            name = stored.get("class") or stored.get("name") if _is_mapping(stored) else None
            raise InvalidInputError(
                f"the {self.kind} must be one of {', '.join(self.objects)} to be rebuilt from a "
                f"file, got {name!r}; to fix it, resume from Python with train_gan(data, config, "
                "out=..., resume=True)"
            )
        name = stored["name"]
        known = self.objects[name]
        fields = {field.name: getattr(known, field.name) for field in dataclasses.fields(known)}
        settings = {key: value for key, value in stored.items() if key != "name"}
        for key, value in settings.items():
            if key not in fields or not _fits(value, fields[key]):
                raise InvalidInputError(
                    f"the settings of the {self.kind} {name!r} must be as otgan writes them, got "
                    f"{key}={value!r}; to fix it, restore what stood there"
                )
        # Without them it is what stands under that name, which may differ from the class's own.
        return type(known)(**{**fields, **{k: _like(v, fields[k]) for k, v in settings.items()}})

    def is_known(self, stored: Any) -> bool:
        """Whether the class is otgan's, and not the user's own, of what `described` gave."""
        if _is_mapping(stored):
            name = stored.get("name")
            return isinstance(name, str) and name in self.objects and not stored.get("class")
        return isinstance(stored, str)

    def normalized(self, stored: Any) -> Any:
        """Name and settings of what `described` gave, even if that was the name alone."""
        known = isinstance(stored, str) and stored in self.objects
        return self.described(self.objects[stored]) if known else stored


def _is_mapping(stored: Any) -> bool:
    return isinstance(stored, Mapping)


def _is_plain(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (*PLAIN, np.generic))


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _like(value: Any, default: Any) -> Any:
    """JSON has no tuples."""
    return tuple(value) if isinstance(default, tuple) else value


def _fits(value: Any, default: Any) -> bool:
    """Whether it is of the kind of the default."""
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, tuple):
        same = isinstance(value, Sequence) and len(value) == len(default)
        return same and all(map(_fits, value, default))
    if default is None or value is None:
        return value is None or isinstance(value, PLAIN)
    if isinstance(default, (int, float)):
        return isinstance(value, (int, float))
    return isinstance(value, type(default))
