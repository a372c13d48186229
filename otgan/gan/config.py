"""Every setting of a training run, in one place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from otgan.gan.config_checks import checked_settings
from otgan.gan.networks.sizes import fits_convolutions
from otgan.gan.optimizers import OptimizerSettings
from otgan.gan.plain_config import plain_settings, rebuilt_settings
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
        for name, value in checked_settings(vars(self)).items():
            object.__setattr__(self, name, value)

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
        return plain_settings(vars(self))

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> GANConfig:
        """The configuration that `to_dict` gave.

        Raises
        ------
        InvalidInputError
            Unknown or unusable settings, or an object of the user's own, which only its own code
            can rebuild.
        """
        return cls(**rebuilt_settings(plain, [f.name for f in dataclasses.fields(cls)]))
