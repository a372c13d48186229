"""Settings of runs in words, and those in which runs differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["differing", "setting_in_words", "settings_line"]


def settings_line(settings: Mapping[str, Any]) -> str:
    """All settings on a line."""
    return "Settings: " + ", ".join(
        f"{name.replace('_', ' ')} {setting_in_words(value)}" for name, value in settings.items()
    )


def differing(runs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The settings that are not the same in all runs: by name, in words, one for each run.

    Examples
    --------
    >>> differing([{"steps": 10, "rng": 0}, {"steps": 20, "rng": 0}])
    {'steps': ['10', '20']}
    """
    names = list(dict.fromkeys(name for settings in runs for name in settings))
    words = {name: [setting_in_words(settings.get(name)) for settings in runs] for name in names}
    return {name: values for name, values in words.items() if len(set(values)) > 1}


def setting_in_words(value: Any) -> str:
    """A setting in words instead of Python.

    Examples
    --------
    >>> setting_in_words({"name": "gp", "weight": 10.0}), setting_in_words(None)
    ('gp (weight 10.0)', 'not set')
    """
    if isinstance(value, Mapping):
        inner = {key: part for key, part in value.items() if key != "name"}
        inside = ", ".join(
            f"{key.replace('_', ' ')} {setting_in_words(part)}" for key, part in inner.items()
        )
        name = value.get("name", "")
        return f"{name} ({inside})".strip() if inside else str(name)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(setting_in_words, value)) or "none"
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "none"
