"""The base class of constraints: network, penalty, projection, and estimate of a distance."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from numbers import Real
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from otgan.critics.constraints.hooks import (
    HookReturn,
    check_complete,
    check_definitions,
    check_returns,
)
from otgan.critics.forward import scores
from otgan.critics.kernels.supported import Gradients, PairLoss

__all__ = [
    "DEFAULT_WIDTH",
    "REQUIRED",
    "Constraint",
    "CriticLoss",
    "Gradients",
    "HeldOutGap",
    "Parameters",
]

Parameters = Iterable[nn.Parameter]

DEFAULT_WIDTH = 256
"""Units in each hidden layer of the networks that `estimate_w1` trains by default."""

REQUIRED = ("build", "distance", "name", "optimizer")
"""What every constraint must define; the rest has defaults."""


class HeldOutGap(NamedTuple):
    """What was measured of a critic, in units of the points that it is given.

    `gap` is E f(x) - E f(y) and `penalty` what the constraint adds to the loss, for slopes above
    one alone where it is a penalty around one (NaN if it was not measured), both on points that
    the critic was not trained on. `lipschitz_upper` bounds its Lipschitz constant from above by
    its weights (``inf`` if they prove nothing), `lipschitz_lower` from below by the largest
    norm of a gradient that was found.
    """

    gap: float
    penalty: float
    lipschitz_upper: float
    lipschitz_lower: float


class CriticLoss(NamedTuple):
    """What a step of training minimizes (`total`), and what is recorded of it."""

    total: Tensor
    gap: Tensor
    penalty: Tensor


class Constraint(ABC):
    """What keeps a critic Lipschitz. Derive your own from it, and pass an object of that class.

    A class of your own defines `name`, `build`, `optimizer` and `distance`. All else are hooks
    that by default do nothing, for a critic whose loss is ``penalty - gap``:

    ===================== ==================================== ===================================
    hook                  `estimate_w1` calls it               `train_gan` calls it
    ===================== ==================================== ===================================
    `default_network`     if it is given no network            never (1)
    `scaled_to`           for a short name                     never (2)
    `in_standard_units`   always                               never (2)
    `start`               before the first step, on            before the first step, if
                          `n_start_points` of x and y          `starts_in_gan`, on real and
                                                               generated points
    `optimizer`           if `uses_own_optimizer`, else Muon   always; for the generator as well
                                                               unless the settings name another
    `fused_step`          in each step, unless it is None      with the objective's loss, in each
                                                               step on a CPU, unless it is None
    `loss` (`penalty`)    in each step, otherwise              in each step, otherwise
    `project`             after `start` and after each step    after `start` and after each step
    `finish`              after the last step                  on the critic that is returned
    `above_one`           in the final evaluation              never (3)
    `at`                  never                                before each step of the critic
    `distance`            in the final evaluation              in each measurement, with a penalty
                                                               of NaN
    ===================== ==================================== ===================================

    Both work on standardized points. Where `estimate_w1` solves the linear program (for a class
    with `solves_linear_program`), it calls `default_network` alone. `train_gan` leaves out

    1. `default_network`: the width and depth of its settings hold for generator and critic, and
       are passed to `build`; `default_depth` is that of `estimate_w1`;
    2. `scaled_to` and `in_standard_units`: a weight is that of the paper, for standardized points,
       be it given by name or as an object. The distance to a generator changes as that learns, so
       there is none to scale by;
    3. `above_one`: it corrects the gap of an optimal critic, which none in a game is. So no
       penalty is measured, and `distance` is asked with NaN.

    A subclass that overrides `penalty` or `loss` of a constraint
    with a `fused_step`, and not the latter, has none: autograd takes its place.

    Raises
    ------
    InvalidInputError
        A class that lacks a required method, misspells one or gives it other arguments, when an
        object of it is made; a method that returns what it must not, when it is called.

    Examples
    --------
    >>> class Linear(Constraint):
    ...     name = "linear"
    ...     def build(self, d, width, depth):
    ...         return nn.Linear(d, 1)
    ...     def optimizer(self, parameters, learning_rate):
    ...         return torch.optim.SGD(parameters, lr=learning_rate or 0.1)
    >>> Linear()
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: a constraint must define build, distance, name, optimizer, got \
Linear without distance; to fix it, define that in the class
    """

    uses_own_optimizer: ClassVar[bool] = False
    """Whether `optimizer` serves `estimate_w1` better than Muon does."""

    n_start_points: ClassVar[int] = 0
    """How many points of each distribution `start` is given; none where it does nothing."""

    starts_in_gan: ClassVar[bool] = True
    """Whether a start that fits the points of an untrained generator helps to train it."""

    default_depth: ClassVar[int] = 3
    """Hidden layers of the critic that `estimate_w1` trains by default."""

    estimates_w1: ClassVar[bool] = True
    """Whether a critic under it can estimate W1; if not, it is for GANs alone."""

    builds_own_network: ClassVar[bool] = False
    """Whether it holds by the form of the network that `build` gives, and for no other."""

    needs_pointwise: ClassVar[bool] = False
    """Whether it takes slopes at single points, which a critic that mixes points does not have."""

    solves_linear_program: ClassVar[bool] = False
    """Whether `estimate_w1`, instead of training by batches, fits its `default_network` to the
    potentials of one large sample. Each class says so for itself: it is not inherited."""

    capturable: ClassVar[bool] = False
    """Whether a step with this loss and projection can be captured in a CUDA graph, because it
    reads nothing back from the device. Each class says so for itself: it is not inherited."""

    def __new__(cls, *args: Any, **settings: Any) -> Self:
        """Refuse a class with missing or misspelled methods, in our words."""
        check_definitions(cls, Constraint, HOOKS)
        check_complete(cls, "a constraint", REQUIRED)
        return super().__new__(cls)

    def __init_subclass__(cls) -> None:
        """Do not inherit what holds for the code of the parent class alone."""
        super().__init_subclass__()
        fused, penalty, loss = (
            next(k for k, base in enumerate(cls.__mro__) if name in vars(base))
            for name in ("fused_step", "penalty", "loss")
        )
        if fused > min(penalty, loss):
            cls.fused_step = Constraint.fused_step  # type: ignore[method-assign]
        cls.capturable = vars(cls).get("capturable", False)
        cls.solves_linear_program = vars(cls).get("solves_linear_program", False)
        check_returns(cls, Constraint, RETURNS)

    @property
    @abstractmethod
    def name(self) -> str:
        """Short name, as in reports; a plain class attribute will do."""

    @abstractmethod
    def build(self, d: int, width: int, depth: int) -> nn.Module:
        """A critic for points in d dimensions, with `depth` hidden layers of `width` units."""

    @abstractmethod
    def optimizer(self, parameters: Parameters, learning_rate: float | None) -> Optimizer:
        """The optimizer that the method was published with, by default at its learning rate."""

    @property
    def replaces_loss(self) -> bool:
        """Whether its `loss` is another than that of a Wasserstein critic with a penalty."""
        return type(self).loss is not Constraint.loss

    @abstractmethod
    def distance(self, held_out: HeldOutGap) -> float:
        """The estimate of W1 that follows from what was measured of a critic."""

    @property
    def penalty_weight(self) -> float | None:
        """The weight that `scaled_to` and `in_standard_units` change, in units of length."""
        return None

    @property
    def above_one(self) -> Constraint:
        """The constraint whose penalty `distance` corrects a gap by: that of slopes above one."""
        return self

    def scaled_to(self, length: float) -> Constraint:
        """The same constraint, its weight for distributions about `length` apart."""
        return self

    def in_standard_units(self, length: float) -> Constraint:
        """The same constraint for points that are divided by `length`."""
        return self

    def at(self, done: float) -> Constraint:
        """The constraint when that fraction of a GAN's steps is done; by default the same.

        One that changes is of the same class, with other numbers.
        """
        return self

    def default_network(self, d: int) -> nn.Module:
        """The critic that `estimate_w1` trains if it is given none."""
        return self.build(d, DEFAULT_WIDTH, self.default_depth)

    def start(self, critic: nn.Module, x: Tensor, y: Tensor) -> None:
        """Initialize a new critic, in place, from points of the two distributions."""
        return None

    def penalty(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> Tensor:
        """What is added to the critic's loss for a batch; zero by default."""
        return real.new_zeros(())

    def loss(
        self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> CriticLoss:
        """What a step of the critic minimizes: the penalty less E f(real) - E f(fake)."""
        f_real, f_fake = scores(critic, torch.cat([real, fake])).split(len(real))
        gap = f_real.mean() - f_fake.mean()
        penalty = self.penalty(critic, real, fake, rng)
        return CriticLoss(penalty - gap, gap, penalty)

    def fused_step(
        self, critic: nn.Module, inner_dtype: torch.dtype | None, loss: PairLoss | None = None
    ) -> Gradients | None:
        """The gradients of a critic's loss without autograd, for networks that allow it; else None.

        They are those of the method `loss`; or, if a `loss` of real and generated scores is given,
        of its sum with `penalty`. Products between hidden layers are of `inner_dtype`, by default
        of the weights' own.
        """
        return None

    def project(self, critic: nn.Module) -> None:
        """Put the critic back into its family, in place, after a step."""
        return None

    def finish(self, critic: nn.Module) -> None:
        """Change a trained critic, in place, before it is evaluated."""
        return None


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_scalar(value: object) -> bool:
    return isinstance(value, Tensor) and value.ndim == 0


def _is_loss(value: object) -> bool:
    return isinstance(value, CriticLoss) and all(map(_is_scalar, value))


_CONSTRAINT = HookReturn(lambda value: isinstance(value, Constraint), "a constraint", "self")
_MODULE = HookReturn(lambda value: isinstance(value, nn.Module), "a torch module", "a critic")

RETURNS = {
    "penalty_weight": HookReturn(
        lambda value: value is None or _is_number(value), "a finite number or None", "one of them"
    ),
    "above_one": _CONSTRAINT,
    "scaled_to": _CONSTRAINT,
    "in_standard_units": _CONSTRAINT,
    "at": _CONSTRAINT,
    "build": _MODULE,
    "default_network": _MODULE,
    "optimizer": HookReturn(
        lambda value: isinstance(value, Optimizer),
        "a torch optimizer",
        "one, such as torch.optim.Adam(parameters, lr=learning_rate or 1e-4)",
    ),
    "penalty": HookReturn(_is_scalar, "a tensor with a single number", "a mean over the points"),
    "loss": HookReturn(
        _is_loss,
        "a CriticLoss of three tensors with a single number",
        "CriticLoss(total, gap, penalty)",
    ),
    "fused_step": HookReturn(
        lambda value: value is None or callable(value), "a function or None", "one of them"
    ),
    "distance": HookReturn(_is_number, "a finite number", "a float, such as held_out.gap"),
}
"""What the hooks must return, whose value is used."""

HOOKS = ("start", "project", "finish", *RETURNS)
