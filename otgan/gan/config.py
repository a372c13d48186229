"""Every setting of a training run, in one place."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from otgan.critics.settings import CONSTRAINT_NAMES, MOST_LAYERS, MOST_POINTS, unknown_constraint
from otgan.errors import InvalidInputError, nearest_name
from otgan.inputs.options import as_count, as_flag, as_number, as_seed, as_text
from otgan.keywords import checks_keywords, refuse_unknown

if TYPE_CHECKING:
    from otgan.critics.constraints.base import Constraint

__all__ = ["CHANGEABLE_SETTINGS", "CONFIG_FORMAT", "GANConfig"]

GENERATOR_OPTIMIZERS = ("adam", "rmsprop")

CHANGEABLE_SETTINGS = ("steps", "learning_rate", "decay", "monitor_every", "device")
"""Settings that may change when a run is resumed; another value of any other makes another run."""

CONFIG_FORMAT = 2
"""Of config.json; grows when its contents change in a way that other versions cannot read."""

HINT = "change it in the GANConfig"
"""How messages about a wrong setting end."""

MAX_WEIGHTS = 2**30
"""Of one network: 4 GB, of which training holds a dozen copies."""


@checks_keywords
@dataclass(frozen=True)
class GANConfig:
    """How to train a GAN. The defaults are those of WGAN papers: batches of 64, five critic steps.

    ``GANConfig(constraint="clip")`` is Algorithm 1 of the WGAN paper (RMSProp, 5e-5, weights
    clipped to 0.01); ``GANConfig(constraint="gp")`` is that of WGAN-GP (Adam, 1e-4, betas
    (0.5, 0.9), penalty weight 10).

    Attributes
    ----------
    constraint : str or Constraint
        One of clip, gp, lp, spectral, div, orthogonal, cones, distilled; an object such as
        ``GradientPenalty(weight=1)``; or ``"exact"``: without a critic (`n_critic` is not used),
        the generator follows the gradient of the exact distance between minibatches. The default
        is the one-sided penalty with the settings of WGAN-GP: under the two-sided one, generators
        circle on toy data, and collapse.
    steps : int
        Generator steps.
    batch_size, n_critic : int
        Points in a batch, critic steps for each generator step.
    learning_rate : float or None
        None is that of the constraint's paper.
    generator_optimizer : {"adam", "rmsprop"} or None
        Adam with betas (0.5, 0.9), at 1e-4 without a learning rate; or RMSProp, at 5e-5. None is
        the optimizer of the constraint's paper, which also trains the critic; without a critic,
        Adam at 1e-3.
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
    rng : int
        Seed of everything random: weights, batches, latents and the split of the data.
    device : str
        ``"auto"`` is CUDA if there is any.
    """

    constraint: str | Constraint = "lp"
    steps: int = 10_000
    batch_size: int = 64
    n_critic: int = 5
    learning_rate: float | None = None
    generator_optimizer: Literal["adam", "rmsprop"] | None = None
    decay: bool = False
    average: float = 0.99
    latent_dim: int = 8
    width: int = 128
    depth: int = 3
    monitor_every: int = 250
    monitor_points: int = 512
    evaluation_points: int = 1000
    rng: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in ("steps", "n_critic", "latent_dim", "width", "depth", "monitor_every"):
            self._set(name, as_count(getattr(self, name), name, hint=HINT))
        for name, least in (("batch_size", 1), ("monitor_points", 2), ("evaluation_points", 2)):
            value = getattr(self, name)
            self._set(name, as_count(value, name, least=least, most=MOST_POINTS, hint=HINT))
        self._set("rng", as_seed(self.rng, HINT))
        average = as_number(self.average, "average", "in [0, 1)", HINT)
        self._check("average", 0.0 <= average < 1.0, "in [0, 1)")
        self._set("average", average)
        if self.learning_rate is not None:
            rate = as_number(self.learning_rate, "learning_rate", "positive, or None", HINT)
            self._check("learning_rate", 0 < rate < math.inf, "positive and finite, or None")
            self._set("learning_rate", rate)
        known = self.generator_optimizer in (None, *GENERATOR_OPTIMIZERS)
        self._check("generator_optimizer", known, "'adam', 'rmsprop' or None")
        self._set("decay", as_flag(self.decay, "decay", HINT))
        self._set("device", as_text(self.device, "device", HINT))
        self._check_size()
        if not (isinstance(self.constraint, str) and self.constraint == "exact"):
            self._check_constraint()

    @classmethod
    def toy(cls, **changes: Any) -> GANConfig:
        """Settings that learn toy data in the plane well, within a minute or so.

        A weak penalty (0.1, as in the WGAN-GP paper's toy code) lets the critic be steep where
        clusters are narrow; the learning rate is large and decays to zero.

        Parameters
        ----------
        **changes
            Any attributes, to replace these values.

        Examples
        --------
        >>> GANConfig.toy(steps=100).learning_rate
        0.003
        """
        from otgan.critics.constraints.penalties import GradientPenalty

        if not (known := frozenset(cls.__dataclass_fields__)).issuperset(changes):
            refuse_unknown("GANConfig.toy", changes, known)
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
    def critic_constraint(self) -> Constraint | None:
        """The constraint as an object; None for ``"exact"``, which trains no critic."""
        from otgan.critics.constraints.by_name import as_constraint

        return None if self.constraint == "exact" else as_constraint(self.constraint)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON stores them."""
        from otgan.critics.constraints.serialization import described

        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {**plain, "constraint": described(self.constraint)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> GANConfig:
        """The configuration that `to_dict` gave.

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
                f"settings must be a dict, got {type(plain).__name__}; to fix it, pass the result "
                "of to_dict()"
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
        from otgan.critics.constraints.by_name import as_constraint

        as_constraint(self.constraint)

    def _check_size(self) -> None:
        """Refuse networks that are too large to train, before memory is allocated."""
        self._check("depth", self.depth <= MOST_LAYERS, f"at most {MOST_LAYERS}")
        weights = self.width * (self.latent_dim + (self.depth - 1) * self.width)
        if weights > MAX_WEIGHTS:
            raise InvalidInputError(
                f"latent_dim, width and depth must make a network of at most {MAX_WEIGHTS:,} "
                f"weights, got {weights:,}; to fix it, lower them in the GANConfig"
            )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # as Python's own numbers, for JSON

    def _check(self, name: str, holds: bool, wanted: str) -> None:
        if not holds:
            raise InvalidInputError(
                f"{name} must be {wanted}, got {getattr(self, name)!r}; to fix it, change it in "
                "the GANConfig"
            )
