"""What makes a run that run: its data, their scale, and its settings; and what may be changed."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from otgan.errors import DamagedFileError, InputWarning, InvalidInputError
from otgan.gan.config import CHANGEABLE, GANConfig
from otgan.gan.data import DataRecord, Source

__all__ = ["Identity"]

SETTINGS = tuple(GANConfig.__dataclass_fields__)
"""What every checkpoint tells of its run."""


@dataclass(frozen=True)
class Identity:
    """A run's data and settings, as its checkpoint and its config.json hold them.

    Attributes
    ----------
    data : DataRecord
    settings : dict
        Those of its GANConfig, in plain values.
    center : tuple of float
    scale : float
        Networks see (x - center) / scale.
    changes : tuple of dict
        For each resumption that changed settings: at which step, and each setting before and after.
    """

    data: DataRecord
    settings: Mapping[str, Any]
    center: tuple[float, ...]
    scale: float
    changes: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, source: Source, config: GANConfig) -> Identity:
        """That of a new run."""
        center = tuple(float(c) for c in source.center)
        return cls(source.record, config.to_dict(), center, source.scale)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], path: Path) -> Identity:
        """That of a run that is resumed, from its checkpoint.

        Raises
        ------
        DamagedFileError
            The checkpoint tells none.
        """
        try:
            return cls(
                data=DataRecord(**stored["data"]),
                settings={name: stored["settings"][name] for name in SETTINGS},
                center=tuple(stored["center"]),
                scale=stored["scale"],
                changes=tuple(stored["changes"]),
            )
        except (KeyError, TypeError):
            raise DamagedFileError(
                f"{path} must say what data and settings its run had, got a checkpoint that does "
                "not; to fix it, start the run anew"
            ) from None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as a checkpoint holds them."""
        plain = dataclasses.asdict(self)
        return {**plain, "center": list(self.center), "changes": list(self.changes)}

    def to_json(self) -> dict[str, Any]:
        """What config.json tells people and `resume_gan`: settings first, the rest below."""
        source = {
            name: getattr(self.data, name) for name in ("path", "n", "d", "fingerprint", "reading")
        }
        told = {"data": self.data.name, **self.settings, "source": source}
        return {**told, "changes": list(self.changes), "format": 1}

    def place(self, source: Source) -> Source:
        """The data as this run scales them: sums may end otherwise on another machine."""
        return dataclasses.replace(source, center=np.array(self.center), scale=self.scale)

    def check_told(self, config: GANConfig, path: Path, given: Mapping[str, Any]) -> None:
        """Raise where config.json tells other settings than the checkpoint, but for those given."""
        told = config.to_dict()
        for name in told:
            if name not in given and self._differs(name, told):
                raise DamagedFileError(
                    f"{path / 'config.json'} must tell the settings of the run, got {name} "
                    f"{_shown(told[name])} where the checkpoint has {_shown(self.settings[name])}; "
                    "to fix it, put that back, or say what may change to resume_gan or otgan "
                    "resume"
                )

    def continued(self, source: Source, config: GANConfig, step: int, path: Path) -> Identity:
        """The same run from that step on, with the settings that may change as they are now.

        Raises
        ------
        InvalidInputError
            Other data, or another setting than those that may change.
        """
        now = config.to_dict()
        changed = {
            name: [self.settings[name], now[name]] for name in now if self._differs(name, now)
        }
        for name, (old, new) in changed.items():
            if name not in CHANGEABLE:
                raise InvalidInputError(
                    f"{name} must be that of the run in {path}, {_shown(old)}, got {_shown(new)}; "
                    f"to fix it, resume with that {name} or start anew in another folder (what may "
                    f"change is {', '.join(CHANGEABLE)})"
                )
        if config.steps < step:
            raise InvalidInputError(
                f"steps must be at least the {step:,} that the run in {path} has done, got "
                f"{config.steps:,}; to fix it, resume with more"
            )
        self._check_data(source.record, path)  # after the seed, by which they are split
        changes = (*self.changes, {"at_step": step, **changed}) if changed else self.changes
        return dataclasses.replace(self, data=source.record, settings=now, changes=changes)

    def _check_data(self, given: DataRecord, path: Path) -> None:
        difference = self.data.difference(given)
        if difference is not None:
            known = self.data.path or self.data.name or "given by the program that started it"
            raise InvalidInputError(
                f"the data must be those of the run in {path} ({known}), got {difference}; to fix "
                "it, resume with the same data in the same order, or start a new run in another "
                "folder"
            )
        if not given.checkable:
            warnings.warn(
                f"the data of the run in {path} come from a sampler that gives other points each "
                "time it is asked; they look like those of before, and are taken to be of the same "
                "distribution",
                InputWarning,
                stacklevel=5,
            )

    def _differs(self, name: str, now: Mapping[str, Any]) -> bool:
        from otgan.critics.constraints.serialization import normalized

        before, after = self.settings[name], now[name]
        if name == "constraint":
            return normalized(before) != normalized(after)
        return bool(before != after)


def _shown(value: Any) -> str:
    """A setting as people write it."""
    if not isinstance(value, Mapping):
        return repr(value)
    settings = ", ".join(f"{key}={item}" for key, item in value.items() if key != "name")
    return f"{value.get('name')!r} ({settings})" if settings else repr(value.get("name"))
