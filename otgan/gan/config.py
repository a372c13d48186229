"""Every setting of a training run, in one place."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from otgan.critics.settings import CONSTRAINT_NAMES, MOST_LAYERS, MOST_POINTS, unknown_constraint
from otgan.errors import InvalidInputError, nearest_name
from otgan.gan.networks.names import CRITIC_NORMS, GENERATOR_NORMS, NETWORKS
from otgan.gan.networks.sizes import fits_convolutions
from otgan.gan.optimizers import (
    OPTIMIZER_REGISTRY,
    SCHEDULES,
    OptimizerSettings,
    as_optimizer,
    schedule_factor,
)
from otgan.gan.settings import (
    FEATURE_NAMES,
    LATENTS,
    OBJECTIVE_NAMES,
    PRECISIONS,
    STABILIZER_NAMES,
)
from otgan.inputs.options import as_count, as_flag, as_number, as_seed, as_text
from otgan.keywords import checks_keywords, refuse_unknown

if TYPE_CHECKING:
    from otgan.critics.constraints.base import Constraint
    from otgan.gan.objectives.base import Objective
    from otgan.gan.stabilizers.base import Stabilizer

__all__ = ["CHANGEABLE_SETTINGS", "CONFIG_FORMAT", "GANConfig"]

CHANGEABLE_SETTINGS = (
    "steps",
    "learning_rate",
    "critic_learning_rate",
    "schedule",
    "monitor_every",
    "device",
)
"""Settings that may change when a run is resumed; another value of any other makes another run."""

CONFIG_FORMAT = 3
"""Of config.json; grows when its contents change in a way that other versions cannot read."""

HINT = "change it in the GANConfig"
"""How messages about a wrong setting end."""

MAX_WEIGHTS = 2**30
"""Of one network: 4 GB, of which training holds a dozen copies."""

COUNTS = ("steps", "n_critic", "depth", "monitor_every", "pack")
FLAGS = ("critic_warmup", "capture")
OPTIONAL_COUNTS = ("width", "critic_width", "critic_depth", "latent_dim")
OWN_FUNCTIONS = ("schedule", "features")
"""Settings that may be the user's own functions."""

SIZES = (("batch_size", 1), ("monitor_points", 2), ("evaluation_points", 2))
CHOICES: dict[str, tuple[Any, ...]] = {
    "latent": LATENTS,
    "network": NETWORKS,
    "critic_norm": CRITIC_NORMS,
    "generator_norm": ("auto", *GENERATOR_NORMS),
    "precision": PRECISIONS,
}


@checks_keywords
@dataclass(frozen=True)
class GANConfig:
    """How to train a GAN: the game, the networks, the steps, and what is measured.

    The default is a Wasserstein GAN under the one-sided gradient penalty, with the settings of
    WGAN-GP: batches of 64, five critic steps. :meth:`preset` has those of other papers.

    Attributes
    ----------
    objective : str or Objective
        Losses of critic and generator: wasserstein, minimax, non-saturating, least-squares, hinge,
        relativistic, semi-supervised (for labeled data); ``"exact"`` trains no critic: the
        generator follows the gradient of the exact distance between batches.
    constraint : str, Constraint or None
        What keeps the critic from being steep: clip, gp, lp, spectral, div, orthogonal, cones,
        distilled, zero-centered, or an object such as ``GradientPenalty(weight=1)``. ``"auto"`` is
        the objective's: lp for wasserstein, zero-centered for relativistic, none for the others.
    stabilizers : tuple of str or Stabilizer
        feature-matching, minibatch-discrimination, historical-averaging, label-smoothing,
        virtual-batch-norm, instance-noise, or objects.
    steps : int
        Generator steps.
    batch_size, n_critic : int
        Points in a batch, critic steps for each generator step.
    critic_warmup : bool
        Whether a hundred critic steps come before each of the first 25 generator steps and every
        500th, as in the code of the WGAN paper.
    learning_rate, critic_learning_rate : float or None
        Of both networks; of the critic alone, where it learns on another time scale. None is that
        of the optimizer.
    generator_optimizer, critic_optimizer : str, OptimizerSettings or None
        adam, rmsprop or sgd, or an object such as ``Adam(betas=(0.0, 0.9))``. None is the optimizer
        of the constraint's paper; without a constraint Adam at 2e-4, betas (0.5, 0.999).
    schedule : str or callable
        Factor of the learning rates: constant, linear (to zero), cosine, its third power
        cosine-cubed, or a function of the fraction of steps that are done.
    average : float
        Decay of the running average of the generator's weights, which is what is measured and
        returned; 0 is no average.
    clip_grad_norm : float or None
        Largest norm of the gradient of each network.
    precision : {"float32", "bfloat16", "float16"}
        Of products in forward passes; weights and penalties are in float32. float16 needs a GPU.
    capture : bool
        Whether gradients are computed by CUDA graphs, whose operations start together and not one
        by one; on a GPU alone, for built-in networks without stabilizers.
    latent, latent_dim : str, int or None
        Distribution of the latents, ``"gaussian"`` or ``"uniform"`` on [-1, 1], and their number:
        by default 8, and 64 for images.
    network : {"auto", "mlp", "fourier", "dcgan", "resnet"}
        The built-in networks; ``"auto"`` is dcgan for images with sides from 8 to 64, else
        mlp.
    width, depth : int or None, int
        Units in a hidden layer (128) and hidden layers of an mlp; channels of the widest resolution
        (32) of convolutional networks.
    critic_width, critic_depth : int, optional
        Of the critic, if it is of another size than the generator.
    critic_norm : {None, "layer", "instance", "spectral", "batch"}
    generator_norm : {"auto", None, "batch"}
        ``"auto"`` is batch for dcgan.
    pack : int
        Points that the critic judges together, as in PacGAN.
    monitor_every, monitor_points : int
        Generator steps between measurements, and points of each sample in one.
    evaluation_points : int
        Points of each sample in the final evaluation.
    features : {"auto", "classifier", "autoencoder"}, callable or None
        In what samples are compared besides points: hidden units of a small network that is trained
        on the training points before the run and kept with it, or a torch module or function from
        points of shape ``(n, *shape)``, in the units of the data, to (n, k). ``"auto"`` is none for
        vectors; for images classifier, or autoencoder without labels of two classes or more.
    rng : int
        Seed of everything random: weights, batches, latents and the split of the data.
    device : str
        ``"auto"`` is CUDA if there is any, but for multilayer networks so small that a forward
        pass of the critic over a batch takes less than 2**24 multiply-adds (those of the preset
        toy are), unless `capture` or float16 ask for a GPU.
    """

    objective: str | Objective = "wasserstein"
    constraint: str | Constraint | None = "auto"
    stabilizers: tuple[str | Stabilizer, ...] = ()
    steps: int = 10_000
    batch_size: int = 64
    n_critic: int = 5
    critic_warmup: bool = False
    learning_rate: float | None = None
    critic_learning_rate: float | None = None
    generator_optimizer: str | OptimizerSettings | None = None
    critic_optimizer: str | OptimizerSettings | None = None
    schedule: str | Callable[[float], float] = "constant"
    average: float = 0.99
    clip_grad_norm: float | None = None
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    capture: bool = False
    latent: Literal["gaussian", "uniform"] = "gaussian"
    latent_dim: int | None = None
    network: Literal["auto", "mlp", "fourier", "dcgan", "resnet"] = "auto"
    width: int | None = None
    depth: int = 3
    critic_width: int | None = None
    critic_depth: int | None = None
    critic_norm: Literal["layer", "instance", "spectral", "batch"] | None = None
    generator_norm: Literal["auto", "batch"] | None = "auto"
    pack: int = 1
    monitor_every: int = 250
    monitor_points: int = 512
    evaluation_points: int = 1000
    features: str | Callable[[Any], Any] | None = "auto"
    rng: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in COUNTS:
            self._set(name, as_count(getattr(self, name), name, hint=HINT))
        for name in OPTIONAL_COUNTS:
            if getattr(self, name) is not None:
                self._set(name, as_count(getattr(self, name), name, hint=HINT))
        for name, least in SIZES:
            value = getattr(self, name)
            self._set(name, as_count(value, name, least=least, most=MOST_POINTS, hint=HINT))
        for name, choices in CHOICES.items():
            known = ", ".join(repr(choice) for choice in choices)
            words = [str(choice) for choice in choices]
            hint = nearest_name(str(getattr(self, name)), words, otherwise=HINT)
            self._check(name, _is_one_of(getattr(self, name), choices), f"one of {known}", hint)
        self._set("rng", as_seed(self.rng, HINT))
        self._set("device", as_text(self.device, "device", HINT))
        for name in FLAGS:
            self._set(name, as_flag(getattr(self, name), name, HINT))
        self._check_steps()
        self._check_size()
        self._check_objects()

    def _check_steps(self) -> None:
        """Learning rates, optimizers, schedule and averaging."""
        average = as_number(self.average, "average", "in [0, 1)", HINT)
        self._check("average", 0.0 <= average < 1.0, "in [0, 1)")
        self._set("average", average)
        for name in ("learning_rate", "critic_learning_rate", "clip_grad_norm"):
            if getattr(self, name) is not None:
                value = as_number(getattr(self, name), name, "positive, or None", HINT)
                self._check(name, 0 < value < math.inf, "positive and finite, or None")
                self._set(name, value)
        for name in ("generator_optimizer", "critic_optimizer"):
            as_optimizer(getattr(self, name), name)
        known = callable(self.features) or _is_one_of(self.features, (None, *FEATURE_NAMES))
        wanted = f"one of {', '.join(map(repr, FEATURE_NAMES))}, a function of points, or None"
        self._check("features", known, wanted)
        known = callable(self.schedule) or _is_one_of(self.schedule, SCHEDULES)
        wanted = f"one of {', '.join(map(repr, SCHEDULES))}, or a function of the fraction done"
        self._check("schedule", known, wanted)
        for done in (0.0, 0.5):  # the rest is seen as training goes on
            schedule_factor(self.schedule, done)

    def _check_objects(self) -> None:
        """Objective, constraint and stabilizers; short names are checked without torch."""
        if isinstance(self.objective, str):
            names = list(OBJECTIVE_NAMES)
            hint = nearest_name(str(self.objective).lower(), names, otherwise="pass one of them")
            known = self.objective in OBJECTIVE_NAMES
            self._check("objective", known, f"one of {', '.join(names)}, or an Objective", hint)
        else:
            from otgan.gan.objectives.by_name import as_objective

            as_objective(self.objective)
        self._check_constraint()
        known = isinstance(self.stabilizers, (tuple, list))
        self._check("stabilizers", known, "a tuple of names or Stabilizers")
        self._set("stabilizers", tuple(self.stabilizers))
        if not all(s in STABILIZER_NAMES for s in self.stabilizers if isinstance(s, str)) or not (
            all(isinstance(s, str) for s in self.stabilizers)
        ):
            from otgan.gan.stabilizers.by_name import as_stabilizers

            as_stabilizers(self.stabilizers)

    @classmethod
    def preset(cls, name: str, **changes: Any) -> GANConfig:
        """The settings of a paper, or ``"toy"`` for data in the plane.

        Parameters
        ----------
        name : str
            wgan, wgan-gp, wgan-lp, sn, wgan-div, gan, dcgan, r3gan or toy.
        **changes
            Any attributes, to replace these values.

        Examples
        --------
        >>> GANConfig.preset("wgan", steps=100).n_critic
        5
        """
        from otgan.gan.presets import settings_of

        if not (known := frozenset(cls.__dataclass_fields__)).issuperset(changes):
            refuse_unknown("GANConfig.preset", changes, known)
        return cls(**{**settings_of(name), **changes})

    def for_shape(self, shape: tuple[int, ...]) -> GANConfig:
        """The same with what was left open filled in, for points of shape (d,) or (c, h, w).

        Examples
        --------
        >>> config = GANConfig().for_shape((1, 28, 28))
        >>> config.constraint, config.network, config.width, config.latent_dim
        ('lp', 'dcgan', 32, 64)
        """
        from otgan.gan.objectives.by_name import as_objective

        images = len(shape) == 3
        network = self.network
        if network == "auto":
            network = "dcgan" if images and fits_convolutions(shape) else "mlp"
        norm = self.generator_norm
        if norm == "auto":
            norm = "batch" if network == "dcgan" else None
        constraint = self.constraint
        if constraint == "auto":
            constraint = as_objective(self.objective).default_constraint
        return dataclasses.replace(
            self,
            constraint=constraint,
            network=network,
            generator_norm=norm,
            width=self.width or (128 if network in ("mlp", "fourier") else 32),
            latent_dim=self.latent_dim or (64 if images else 8),
        )

    @property
    def critic_size(self) -> tuple[int | None, int]:
        """Width and depth of the critic."""
        return self.critic_width or self.width, self.critic_depth or self.depth

    @property
    def played_objective(self) -> Objective:
        """The objective as an object, as the stabilizers change it."""
        from otgan.gan.objectives.by_name import as_objective

        objective = as_objective(self.objective)
        for stabilizer in self.chosen_stabilizers:
            objective = stabilizer.adapt_objective(objective)
        return objective

    @property
    def critic_constraint(self) -> Constraint | None:
        """The constraint as an object; None if there is none, or no critic."""
        from otgan.gan.constraints import constraint_of
        from otgan.gan.objectives.by_name import as_objective

        return constraint_of(self.constraint, as_objective(self.objective))

    @property
    def chosen_stabilizers(self) -> tuple[Stabilizer, ...]:
        """The stabilizers as objects."""
        if not self.stabilizers:
            return ()
        from otgan.gan.stabilizers.by_name import as_stabilizers

        return as_stabilizers(self.stabilizers)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON stores them."""
        from otgan.gan.constraints import GAN_CONSTRAINT_REGISTRY
        from otgan.gan.objectives.by_name import OBJECTIVE_REGISTRY, as_objective
        from otgan.gan.stabilizers.by_name import STABILIZER_REGISTRY

        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        described = OBJECTIVE_REGISTRY.described(self.objective)
        plain["objective"] = described
        if isinstance(described, dict) and not OBJECTIVE_REGISTRY.is_known(described):
            # What its critic estimates, which only its own class could say afterwards.
            described["divergence"] = as_objective(self.objective).divergence_name
        if self.constraint is not None:
            plain["constraint"] = GAN_CONSTRAINT_REGISTRY.described(self.constraint)
        plain["stabilizers"] = [STABILIZER_REGISTRY.described(s) for s in self.stabilizers]
        for name in ("generator_optimizer", "critic_optimizer"):
            if plain[name] is not None:
                plain[name] = OPTIMIZER_REGISTRY.described(plain[name])
        for name in OWN_FUNCTIONS:
            if callable(plain[name]):
                plain[name] = {"name": "own", "class": _qualified(plain[name])}
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> GANConfig:
        """The configuration that `to_dict` gave.

        Raises
        ------
        InvalidInputError
            Unknown or unusable settings, or an object of the user's own, which only its own code
            can rebuild.
        """
        from otgan.gan.constraints import GAN_CONSTRAINT_REGISTRY
        from otgan.gan.objectives.by_name import OBJECTIVE_REGISTRY
        from otgan.gan.stabilizers.by_name import STABILIZER_REGISTRY

        _refuse_unknown_settings(plain, [f.name for f in dataclasses.fields(cls)])
        settings = dict(plain)
        registries = {
            "objective": OBJECTIVE_REGISTRY,
            "constraint": GAN_CONSTRAINT_REGISTRY,
            "generator_optimizer": OPTIMIZER_REGISTRY,
            "critic_optimizer": OPTIMIZER_REGISTRY,
        }
        for name, registry in registries.items():
            if settings.get(name) is not None:
                settings[name] = registry.rebuilt(settings[name])
        stored = settings.get("stabilizers", ())
        if isinstance(stored, (list, tuple)):
            settings["stabilizers"] = tuple(STABILIZER_REGISTRY.rebuilt(one) for one in stored)
        for name in OWN_FUNCTIONS:
            if isinstance(settings.get(name), Mapping):
                raise InvalidInputError(
                    f"{name} must be one of those with a name to be rebuilt from a file, got "
                    f"{settings[name].get('class')!r}; to fix it, resume from Python with "
                    "train_gan(data, config, out=..., resume=True)"
                )
        return cls(**settings)

    def _check_constraint(self) -> None:
        if self.constraint is None:
            return
        if isinstance(self.constraint, str):
            if self.constraint == "exact":
                raise InvalidInputError(
                    "constraint must be a penalty or projection of the critic, got 'exact'; to fix "
                    'it, pass objective="exact"'
                )
            if self.constraint not in (*CONSTRAINT_NAMES, "auto", "zero-centered"):
                raise unknown_constraint(
                    self.constraint, also=("auto", "zero-centered"), optional=True
                )
            return
        from otgan.critics.constraints.by_name import as_constraint

        as_constraint(self.constraint)

    def _check_size(self) -> None:
        """Refuse networks that are too large to train, before memory is allocated."""
        for name in ("depth", "critic_depth"):
            self._check(name, (getattr(self, name) or 1) <= MOST_LAYERS, f"at most {MOST_LAYERS}")
        width = max(self.width or 128, self.critic_width or 1)
        depth = max(self.depth, self.critic_depth or 1)
        weights = width * ((self.latent_dim or 64) + (depth - 1) * width)
        if weights > MAX_WEIGHTS:
            raise InvalidInputError(
                f"latent_dim, width and depth must make a network of at most {MAX_WEIGHTS:,} "
                f"weights, got {weights:,}; to fix it, lower them in the GANConfig"
            )
        if self.batch_size % self.pack:
            raise InvalidInputError(
                f"batch_size must be a multiple of pack, got {self.batch_size} for packs of "
                f"{self.pack}; to fix it, {HINT}"
            )

        if self.monitor_points < self.pack:
            raise InvalidInputError(
                f"monitor_points must be at least pack, {self.pack}, for the critic to have a pack "
                f"to judge, got {self.monitor_points}; to fix it, {HINT}"
            )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # as Python's own numbers, for JSON

    def _check(self, name: str, holds: bool, wanted: str, hint: str = HINT) -> None:
        if not holds:
            raise InvalidInputError(
                f"{name} must be {wanted}, got {getattr(self, name)!r}; to fix it, {hint}"
            )


def _is_one_of(value: Any, names: Collection[str | None]) -> bool:
    """Whether it is one of these names, or None if that is among them; an array never is."""
    return (value is None or isinstance(value, str)) and value in names


def _refuse_unknown_settings(plain: Any, known: list[str]) -> None:
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


def _qualified(function: Any) -> str:
    kind = function if hasattr(function, "__qualname__") else type(function)
    return f"{kind.__module__}.{kind.__qualname__}"
