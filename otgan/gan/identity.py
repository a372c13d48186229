"""The data, scale and settings that identify a run, and which of them may change on resuming."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from otgan.errors import DamagedFileError, InvalidInputError, warn_user
from otgan.gan.config import CHANGEABLE_SETTINGS, CONFIG_FORMAT, GANConfig
from otgan.gan.data import TrainingData
from otgan.gan.data_record import DataRecord
from otgan.gan.optimizers import OPTIMIZER_REGISTRY
from otgan.gan.units import Units

__all__ = ["RunIdentity"]

SETTINGS = tuple(GANConfig.__dataclass_fields__)
"""The settings that every checkpoint holds."""


@dataclass(frozen=True)
class RunIdentity:
    """The data and settings of a run, as its checkpoint and its config.json hold them.

    Attributes
    ----------
    data : DataRecord
    settings : dict
        Those of its GANConfig, in plain values.
    center : tuple of float
    scale : float
        Networks see (x - center) / scale.
    changes : tuple of dict
        For each resumption that changed settings: the step, and each setting before and after.
    networks : dict of str to str
        The classes of the user's own generator and critic; empty for those built in.
    """

    data: DataRecord
    settings: Mapping[str, Any]
    center: tuple[float, ...]
    scale: float
    changes: tuple[Mapping[str, Any], ...] = ()
    networks: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, data: TrainingData, config: GANConfig, networks: Mapping[str, str] | None = None
    ) -> RunIdentity:
        """The identity of a new run; `networks` are those of the user's own."""
        center = tuple(float(c) for c in data.center)
        return cls(data.record, config.to_dict(), center, data.scale, networks=dict(networks or {}))

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], path: Path) -> RunIdentity:
        """The identity of a run that is resumed, from its checkpoint.

        Raises
        ------
        DamagedFileError
            The checkpoint holds none.
        """
        try:
            return cls(
                data=DataRecord(**stored["data"]),
                settings={name: stored["settings"][name] for name in SETTINGS},
                center=tuple(stored["center"]),
                scale=stored["scale"],
                changes=tuple(stored["changes"]),
                networks=dict(stored["networks"]),
            )
        except (KeyError, TypeError):
            raise DamagedFileError(
                f"{path} must hold the data and settings of its run, got a checkpoint without "
                "them; to fix it, start the run anew"
            ) from None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as a checkpoint holds them."""
        plain = dataclasses.asdict(self)
        return {**plain, "center": list(self.center), "changes": list(self.changes)}

    def to_json(self) -> dict[str, Any]:
        """The contents of config.json: the settings first, the data and changes after them."""
        names = ("path", "n", "d", "shape", "names", "fingerprint", "reading")
        source = {name: getattr(self.data, name) for name in names}
        stored = {"data": self.data.name, **self.settings, "source": source}
        rest = {"networks": dict(self.networks), "changes": list(self.changes)}
        return {**stored, **rest, "format": CONFIG_FORMAT}

    def scaled_as_stored(self, data: TrainingData) -> TrainingData:
        """The data with the stored center and scale: sums may differ on another machine."""
        return dataclasses.replace(data, center=np.array(self.center), scale=self.scale)

    @property
    def is_named(self) -> bool:
        """Whether names alone give the run again: no array, network or object of the user's own."""
        try:
            GANConfig.from_dict(self.settings)
        except InvalidInputError:
            return False
        return bool(self.data.name) and not self.networks

    @property
    def units(self) -> Units:
        """Between the data and the networks."""
        return Units(np.array(self.center), self.scale, self.data.shape)

    def check_config_file(self, config: GANConfig, path: Path, given: Iterable[str]) -> None:
        """Raise if config.json holds other settings than the checkpoint, except those `given`."""
        found = config.to_dict()
        for name in found:
            if name not in given and self._differs(name, found):
                stored = self.settings[name]
                raise DamagedFileError(
                    f"{path / 'config.json'} must hold the settings of the run, got {name} "
                    f"{_shown(found[name])} where the checkpoint has {_shown(stored)}; to fix it, "
                    "put that back, or pass what may change to resume_gan or otgan resume"
                )

    def continued(
        self,
        data: TrainingData,
        config: GANConfig,
        step: int,
        path: Path,
        networks: Mapping[str, str] | None = None,
    ) -> RunIdentity:
        """The same run from that step on, with the settings that may change as they are now.

        Raises
        ------
        InvalidInputError
            Other data, or another value of a setting that may not change.
        """
        changed = self.check_settings(config, path)
        if config.steps < step:
            raise InvalidInputError(
                f"steps must be at least the {step:,} that the run in {path} has done, got "
                f"{config.steps:,}; to fix it, resume with more"
            )
        self._check_networks(networks or {}, path)
        self._check_data(data.record, path)  # after the seed, by which they are split
        changes = (*self.changes, {"at_step": step, **changed}) if changed else self.changes
        return dataclasses.replace(
            self, data=data.record, settings=config.to_dict(), changes=changes
        )

    def check_settings(self, config: GANConfig, path: Path) -> dict[str, list[Any]]:
        """The settings that differ, each with its value before and now, if all of them may.

        Raises
        ------
        InvalidInputError
            Another value of a setting that may not change.
        """
        now = config.to_dict()
        changed = {
            name: [self.settings[name], now[name]] for name in now if self._differs(name, now)
        }
        for name, (old, new) in changed.items():
            if name not in CHANGEABLE_SETTINGS:
                raise InvalidInputError(
                    f"{name} must be that of the run in {path}, {_shown(old)}, got {_shown(new)}; "
                    f"to fix it, pass that {name} or start anew in another folder (what may "
                    f"change is {', '.join(CHANGEABLE_SETTINGS)})"
                )
        return changed

    def _check_networks(self, given: Mapping[str, str], path: Path) -> None:
        for name in ("generator", "critic"):
            before, now = (networks.get(name) for networks in (self.networks, given))
            if before != now:
                raise InvalidInputError(
                    f"{name} must be that of the run in {path}, {before or 'the built-in one'}, "
                    f"got {now or 'none of your own'}; to fix it, call train_gan(data, config, "
                    f"out=..., resume=True) {f'with {name}=' if before else f'without {name}='}"
                )

    def _check_data(self, given: DataRecord, path: Path) -> None:
        if given.why_not_resumable:
            raise InvalidInputError(
                "a run that is resumed must be on data that can be given again, got a stream in "
                f"{path}: {given.why_not_resumable}; to fix it, train it in one go, or pass a "
                "Dataset with a length"
            )
        difference = self.data.difference(given)
        if difference is not None:
            known = self.data.path or self.data.name or "given by the program that started it"
            raise InvalidInputError(
                f"the data must be those of the run in {path} ({known}), got {difference}; to fix "
                "it, resume with the same data in the same order, or start a new run in another "
                "folder"
            )
        if not given.checkable:
            warn_user(
                f"the data of the run in {path} come from a sampler that gives other points each "
                "time it is called; they look like those of before, and are taken to be of the "
                "same distribution"
            )

    def _differs(self, name: str, now: Mapping[str, Any]) -> bool:
        return bool(_normalized(name, self.settings[name]) != _normalized(name, now[name]))


def _normalized(name: str, setting: Any) -> Any:
    """A setting with its defaults spelled out."""
    from otgan.gan.constraints import GAN_CONSTRAINT_REGISTRY
    from otgan.gan.objectives.by_name import OBJECTIVE_REGISTRY
    from otgan.gan.stabilizers.by_name import STABILIZER_REGISTRY

    registries = {
        "constraint": GAN_CONSTRAINT_REGISTRY,
        "objective": OBJECTIVE_REGISTRY,
        "stabilizers": STABILIZER_REGISTRY,
        "generator_optimizer": OPTIMIZER_REGISTRY,
        "critic_optimizer": OPTIMIZER_REGISTRY,
    }
    if name not in registries:
        return setting
    if isinstance(setting, list):
        return [registries[name].normalized(one) for one in setting]
    return registries[name].normalized(setting)


def _shown(value: Any) -> str:
    """A setting as text for a message."""
    if not isinstance(value, Mapping):
        return repr(value)
    settings = ", ".join(f"{key}={item}" for key, item in value.items() if key != "name")
    return f"{value.get('name')!r} ({settings})" if settings else repr(value.get("name"))
