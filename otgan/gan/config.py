"""Every choice of a training run, in one place."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from otgan.critics.constraints import CONSTRAINTS, Constraint, GradientPenalty, as_constraint
from otgan.errors import InvalidInputError

__all__ = ["TrainConfig"]


@dataclass(frozen=True)
class TrainConfig:
    """How to train. The defaults are those of the papers: batches of 64, five critic steps.

    ``TrainConfig(constraint="clip")`` is Algorithm 1 of the WGAN paper (RMSProp, 5e-5, weights
    clipped to 0.01); ``TrainConfig(constraint="gp")`` is that of WGAN-GP (Adam, 1e-4, betas
    (0.5, 0.9), penalty weight 10).

    Attributes
    ----------
    constraint : str or Constraint
        One of clip, gp, lp, spectral, div, orthogonal, cones, distilled; an object such as
        ``GradientPenalty(weight=1)``;
        or ``"exact"``: no critic (and no use for `n_critic`), the generator follows the
        gradient of the exact distance between minibatches. The default is the one-sided penalty
        with the settings of WGAN-GP: the two-sided one makes generators circle on toy data, and
        collapse.
    steps : int
        Generator steps.
    batch_size, n_critic : int
        Points in a batch, critic steps for each generator step.
    learning_rate : float or None
        None is the constraint's own (that of its paper).
    decay : bool
        Whether the learning rate falls linearly to zero.
    average : float
        Decay of the running average of the generator's weights, which is what is measured and
        returned; 0 is no average.
    latent_dim, width, depth : int
        Gaussian latent dimensions, and hidden layers of generator and critic.
    monitor_every, monitor_points : int
        Generator steps between measurements, and points of each sample in one.
    evaluation_points : int
        Points of each sample in the final evaluation.
    seed : int
    device : str
        ``"auto"`` is CUDA if there is any.
    """

    constraint: str | Constraint = "lp"
    steps: int = 10_000
    batch_size: int = 64
    n_critic: int = 5
    learning_rate: float | None = None
    decay: bool = False
    average: float = 0.99
    latent_dim: int = 8
    width: int = 128
    depth: int = 3
    monitor_every: int = 250
    monitor_points: int = 512
    evaluation_points: int = 1000
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "n_critic", "latent_dim", "width", "depth"):
            self._check(name, getattr(self, name) >= 1, "at least 1")
        self._check("seed", self.seed >= 0, "at least 0")
        self._check("monitor_every", self.monitor_every >= 1, "at least 1")
        for name in ("monitor_points", "evaluation_points"):
            self._check(name, getattr(self, name) >= 2, "at least 2")
        self._check("average", 0.0 <= self.average < 1.0, "in [0, 1)")
        rate = self.learning_rate
        self._check("learning_rate", rate is None or rate > 0, "positive, or None")
        if self.constraint != "exact":
            as_constraint(self.constraint, also=("exact",))

    @classmethod
    def toy(cls, **changes: Any) -> TrainConfig:
        """Settings that draw the plane's toy data well within a minute or so.

        A weak penalty (0.1, as in the WGAN-GP paper's toy code) lets the critic be steep where
        clusters are narrow; a large step that decays to zero does the rest.

        Parameters
        ----------
        **changes
            Any attribute, to have it otherwise.

        Examples
        --------
        >>> TrainConfig.toy(steps=100).learning_rate
        0.003
        """
        settings: dict[str, Any] = {
            "constraint": GradientPenalty(weight=0.1),
            "steps": 5000,
            "batch_size": 256,
            "n_critic": 2,
            "learning_rate": 3e-3,
            "decay": True,
            "average": 0.995,
            "latent_dim": 2,
            "monitor_every": 100,
        }
        return cls(**{**settings, **changes})

    @property
    def rule(self) -> Constraint | None:
        """The constraint as an object; None for ``"exact"``, which trains no critic."""
        return None if self.constraint == "exact" else as_constraint(self.constraint)

    @property
    def constraint_name(self) -> str:
        """Short name of the constraint."""
        return "exact" if self.rule is None else self.rule.name

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON stores them."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        rule = self.rule
        if rule is not None and not isinstance(self.constraint, str):
            settings: dict[str, Any] = vars(rule) if dataclasses.is_dataclass(rule) else {}
            plain["constraint"] = {"name": rule.name, **settings}
        return plain

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> TrainConfig:
        """The configuration that `to_dict` described.

        Raises
        ------
        InvalidInputError
            A constraint of the user's own, which only its own code can rebuild.
        """
        stored = plain["constraint"]
        if isinstance(stored, dict):
            settings = {key: value for key, value in stored.items() if key != "name"}
            if stored["name"] not in CONSTRAINTS:
                raise InvalidInputError(
                    f"the constraint must be one of {', '.join(CONSTRAINTS)} to be rebuilt from a "
                    f"file, got {stored['name']!r}; to fix it, resume from Python with "
                    "train_wgan(data, config, out=..., resume=True)"
                )
            stored = type(CONSTRAINTS[stored["name"]])(**settings)
        return cls(**{**plain, "constraint": stored})

    def _check(self, name: str, holds: bool, wanted: str) -> None:
        if not holds:
            raise InvalidInputError(
                f"{name} must be {wanted}, got {getattr(self, name)!r}; to fix it, change it in "
                "the TrainConfig"
            )
