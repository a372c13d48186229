"""Every choice of a training run, in one place."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from otgan.critics.settings import CONSTRAINT_NAMES, MOST_LAYERS, MOST_POINTS, unknown_constraint
from otgan.errors import InvalidInputError, nearest_name
from otgan.inputs.options import as_count, as_flag, as_number, as_seed, as_text

if TYPE_CHECKING:
    from otgan.critics.constraints.base import Constraint

__all__ = ["CHANGEABLE", "GANConfig"]

CHANGEABLE = ("steps", "learning_rate", "decay", "monitor_every", "device")
"""What a run may be resumed with otherwise than it began; all else makes another run."""

WHERE = "change it in the GANConfig"
"""How messages about a wrong setting end."""

MOST_WEIGHTS = 2**30
"""Weights of one network: 4 GB, of which training holds a dozen copies."""


@dataclass(frozen=True)
class GANConfig:
    """How to train. The defaults are those of the papers: batches of 64, five critic steps.

    ``GANConfig(constraint="clip")`` is Algorithm 1 of the WGAN paper (RMSProp, 5e-5, weights
    clipped to 0.01); ``GANConfig(constraint="gp")`` is that of WGAN-GP (Adam, 1e-4, betas
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
        for name in ("steps", "n_critic", "latent_dim", "width", "depth", "monitor_every"):
            self._set(name, as_count(getattr(self, name), name, hint=WHERE))
        for name, least in (("batch_size", 1), ("monitor_points", 2), ("evaluation_points", 2)):
            self._set(
                name, as_count(getattr(self, name), name, least=least, most=MOST_POINTS, hint=WHERE)
            )
        self._set("seed", as_seed(self.seed, WHERE, "seed"))
        average = as_number(self.average, "average", "in [0, 1)", WHERE)
        self._check("average", 0.0 <= average < 1.0, "in [0, 1)")
        self._set("average", average)
        if self.learning_rate is not None:
            rate = as_number(self.learning_rate, "learning_rate", "positive, or None", WHERE)
            self._check("learning_rate", 0 < rate < math.inf, "positive and finite, or None")
            self._set("learning_rate", rate)
        self._set("decay", as_flag(self.decay, "decay", WHERE))
        self._set("device", as_text(self.device, "device", WHERE))
        self._check_size()
        if not (isinstance(self.constraint, str) and self.constraint == "exact"):
            self._check_constraint()

    @classmethod
    def toy(cls, **changes: Any) -> GANConfig:
        """Settings that draw the plane's toy data well within a minute or so.

        A weak penalty (0.1, as in the WGAN-GP paper's toy code) lets the critic be steep where
        clusters are narrow; a large step that decays to zero does the rest.

        Parameters
        ----------
        **changes
            Any attribute, to have it otherwise.

        Examples
        --------
        >>> GANConfig.toy(steps=100).learning_rate
        0.003
        """
        from otgan.critics.constraints.base import GradientPenalty

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
        from otgan.critics.constraints.base import as_constraint

        return None if self.constraint == "exact" else as_constraint(self.constraint)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON stores them."""
        from otgan.critics.constraints.serialization import described

        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {**plain, "constraint": described(self.constraint)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> GANConfig:
        """The configuration that `to_dict` described.

        Raises
        ------
        InvalidInputError
            Unknown or unusable settings, or a constraint of the user's own, which only its own
            code can rebuild.
        """
        from otgan.critics.constraints.serialization import constraint_from

        known = [f.name for f in dataclasses.fields(cls)]
        if not isinstance(plain, Mapping):
            raise InvalidInputError(
                f"settings must be a dict, got {type(plain).__name__}; to fix it, pass what "
                "to_dict() gave"
            )
        for name in plain:
            if name not in known:
                raise InvalidInputError(
                    f"a setting must be one of {', '.join(known)}, got {name!r}; to fix it, "
                    f"{nearest_name(str(name), known, otherwise='leave it out')}"
                )
        stored = plain.get("constraint", cls.constraint)
        return cls(**{**plain, "constraint": constraint_from(stored)})

    def _check_constraint(self) -> None:
        if isinstance(self.constraint, str):
            if self.constraint not in CONSTRAINT_NAMES:
                raise unknown_constraint(self.constraint, also=("exact",))
            return
        from otgan.critics.constraints.base import as_constraint

        as_constraint(self.constraint)

    def _check_size(self) -> None:
        """Refuse networks that no machine trains, before memory is asked for."""
        self._check("depth", self.depth <= MOST_LAYERS, f"at most {MOST_LAYERS}")
        weights = self.width * (self.latent_dim + (self.depth - 1) * self.width)
        if weights > MOST_WEIGHTS:
            raise InvalidInputError(
                f"latent_dim, width and depth must make a network of at most {MOST_WEIGHTS:,} "
                f"weights, got {weights:,}; to fix it, lower them in the GANConfig"
            )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # NumPy's numbers as Python's: JSON knows no others

    def _check(self, name: str, holds: bool, wanted: str) -> None:
        if not holds:
            raise InvalidInputError(
                f"{name} must be {wanted}, got {getattr(self, name)!r}; to fix it, change it in "
                "the GANConfig"
            )
