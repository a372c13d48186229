"""Optimizers as settings, and schedules of their learning rates."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from otgan.errors import InvalidInputError, nearest_name
from otgan.inputs.options import as_number, as_positive
from otgan.keywords import checks_keywords
from otgan.named_settings import Registry

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

__all__ = [
    "OPTIMIZERS",
    "OPTIMIZER_REGISTRY",
    "SCHEDULES",
    "SGD",
    "Adam",
    "OptimizerSettings",
    "RMSprop",
    "as_optimizer",
    "schedule_factor",
]

HINT = "change it in the optimizer"


def _check_fraction(value: float, name: str) -> None:
    if not 0.0 <= as_number(value, name, "in [0, 1)", HINT) < 1.0:
        raise InvalidInputError(f"{name} must be in [0, 1), got {value!r}; to fix it, {HINT}")


def _check_non_negative(value: float, name: str) -> None:
    if not 0.0 <= as_number(value, name, "zero or more", HINT) < math.inf:
        raise InvalidInputError(f"{name} must be zero or more, got {value!r}; to fix it, {HINT}")


class OptimizerSettings(ABC):
    """How to make an optimizer. Derive your own from it.

    A class of your own defines `name`, the attribute `learning_rate`, and `build`.
    """

    name: ClassVar[str]
    learning_rate: float

    @abstractmethod
    def build(self, parameters: Iterable[nn.Parameter], learning_rate: float) -> Optimizer:
        """An optimizer of these parameters at that learning rate."""


@checks_keywords
@dataclass(frozen=True)
class Adam(OptimizerSettings):
    """Adam, with decoupled weight decay if there is any.

    The defaults are those of WGAN-GP (Gulrajani et al., NeurIPS 2017).

    References
    ----------
    Kingma and Ba, Adam (ICLR 2015); Loshchilov and Hutter, Decoupled weight decay regularization
    (ICLR 2019).
    """

    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.5, 0.9)
    weight_decay: float = 0.0
    name: ClassVar[str] = "adam"

    def __post_init__(self) -> None:
        as_positive(self.learning_rate, "learning_rate", hint=HINT)
        pair = isinstance(self.betas, (tuple, list)) and len(self.betas) == 2
        if not pair or not all(
            0.0 <= as_number(beta, "betas", "in [0, 1)", HINT) < 1.0 for beta in self.betas
        ):
            raise InvalidInputError(
                f"betas must be two numbers in [0, 1), got {self.betas!r}; to fix it, {HINT}"
            )
        object.__setattr__(self, "betas", tuple(float(beta) for beta in self.betas))
        _check_non_negative(self.weight_decay, "weight_decay")

    def build(self, parameters: Iterable[nn.Parameter], learning_rate: float) -> Optimizer:
        """torch.optim.Adam or AdamW, one call for all parameters."""
        from torch import optim

        settings: dict[str, Any] = {"lr": learning_rate, "betas": self.betas, "fused": True}
        if self.weight_decay:
            return optim.AdamW(parameters, weight_decay=self.weight_decay, **settings)
        return optim.Adam(parameters, **settings)


@checks_keywords
@dataclass(frozen=True)
class RMSprop(OptimizerSettings):
    """RMSProp, by default at the learning rate of the WGAN paper's Algorithm 1.

    References
    ----------
    Tieleman and Hinton, Lecture 6.5: RMSProp (Coursera 2012); Arjovsky, Chintala and Bottou,
    Wasserstein GAN (ICML 2017), Algorithm 1.
    """

    learning_rate: float = 5e-5
    alpha: float = 0.99
    name: ClassVar[str] = "rmsprop"

    def __post_init__(self) -> None:
        as_positive(self.learning_rate, "learning_rate", hint=HINT)
        _check_fraction(self.alpha, "alpha")

    def build(self, parameters: Iterable[nn.Parameter], learning_rate: float) -> Optimizer:
        """torch.optim.RMSprop."""
        from torch import optim

        return optim.RMSprop(parameters, lr=learning_rate, alpha=self.alpha)


@checks_keywords
@dataclass(frozen=True)
class SGD(OptimizerSettings):
    """Stochastic gradient descent, with momentum if there is any.

    References
    ----------
    Robbins and Monro, A stochastic approximation method (1951); Polyak (1964), for momentum.
    """

    learning_rate: float = 1e-2
    momentum: float = 0.0
    name: ClassVar[str] = "sgd"

    def __post_init__(self) -> None:
        as_positive(self.learning_rate, "learning_rate", hint=HINT)
        _check_fraction(self.momentum, "momentum")

    def build(self, parameters: Iterable[nn.Parameter], learning_rate: float) -> Optimizer:
        """torch.optim.SGD."""
        from torch import optim

        return optim.SGD(parameters, lr=learning_rate, momentum=self.momentum)


OPTIMIZERS: dict[str, OptimizerSettings] = {"adam": Adam(), "rmsprop": RMSprop(), "sgd": SGD()}

OPTIMIZER_REGISTRY = Registry("optimizer", OPTIMIZERS)
"""The optimizers that can be rebuilt from plain values."""


def _cosine(done: float) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * done))


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "linear": lambda done: 1.0 - done,
    "cosine": _cosine,
    "cosine-cubed": lambda done: _cosine(done) ** 3,
}
"""Factors of the learning rate, of the fraction of steps that are done."""


def schedule_factor(schedule: str | Callable[[float], float], done: float) -> float:
    """The factor of the learning rates at that fraction of the steps.

    Raises
    ------
    InvalidInputError
        A function of the user's that raises, or returns no number, NaN, an infinite or a negative
        one.

    Examples
    --------
    >>> schedule_factor("linear", 0.25)
    0.75
    """
    if not callable(schedule):
        return SCHEDULES[schedule](done)
    name, wanted = f"schedule({done:g})", "zero or more, and finite"
    try:
        factor = schedule(done)
    except Exception as reason:  # the user's own code, which may raise anything
        raise InvalidInputError(
            f"{name} must be {wanted}, got {type(reason).__name__}: {reason}; to fix it, pass a "
            "function of one number, the fraction of the steps that are done"
        ) from reason
    hint = "return a factor of the learning rates: 1 leaves them as they are"
    if not 0.0 <= as_number(factor, name, wanted, hint) < math.inf:
        raise InvalidInputError(f"{name} must be {wanted}, got {factor!r}; to fix it, {hint}")
    return float(factor)


@checks_keywords
def as_optimizer(given: str | OptimizerSettings | None, name: str) -> OptimizerSettings | None:
    """The settings of that short name, or the object that was given; None is a default of others.

    Examples
    --------
    >>> as_optimizer("rmsprop", "critic_optimizer")
    RMSprop(learning_rate=5e-05, alpha=0.99)
    """
    if given is None or isinstance(given, OptimizerSettings):
        return given
    if isinstance(given, str) and given in OPTIMIZERS:
        return OPTIMIZERS[given]
    names = [repr(known) for known in OPTIMIZERS]
    hint = "pass Adam(learning_rate=..., betas=...) or a name"
    if isinstance(given, str):
        hint = nearest_name(given.lower(), list(OPTIMIZERS), otherwise=hint)
    raise InvalidInputError(
        f"{name} must be {', '.join(names)}, None, or an object of a subclass of "
        f"OptimizerSettings, got {given!r}; to fix it, {hint}"
    )
