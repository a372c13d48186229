"""The published objectives of two players: Wasserstein, the classical ones, hinge, relativistic."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import relu, softplus

from otgan.errors import InvalidInputError
from otgan.gan.objectives.base import Objective
from otgan.inputs.options import as_number
from otgan.keywords import checks_keywords

__all__ = ["Hinge", "LeastSquares", "Minimax", "NonSaturating", "Relativistic", "Wasserstein"]

HINT = "change it in the objective"


@checks_keywords
@dataclass(frozen=True)
class Wasserstein(Objective):
    """The critic maximizes E f(real) - E f(fake), the generator E f(fake).

    Over 1-Lipschitz f the maximum is the Wasserstein distance W1; the constraint sees to that.

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), equation (2).

    Examples
    --------
    >>> import torch
    >>> Wasserstein().critic_loss(torch.tensor([3.0, 1.0]), torch.tensor([0.0, 0.0]))
    tensor(-2.)
    """

    name: ClassVar[str] = "wasserstein"
    divergence_name: ClassVar[str] = "W1"
    default_constraint: ClassVar[str | None] = "lp"
    bounded_without_constraint: ClassVar[bool] = False

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """E f(fake) - E f(real)."""
        return -(real.mean() - fake.mean())

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E f(fake)."""
        return -fake.mean()

    def divergence(self, real: Tensor, fake: Tensor) -> float:
        """E f(real) - E f(fake), which the constraint's `distance` corrects."""
        return float(real.mean() - fake.mean())


@dataclass(frozen=True)
class _Discriminator(Objective):
    """What Minimax and NonSaturating share: the discriminator's cross-entropy."""

    real_label: float = 1.0
    divergence_name: ClassVar[str] = "Jensen-Shannon divergence"
    scores_are_logits: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_label(self.real_label)

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E[a log D(real) + (1 - a) log(1 - D(real))] - E log(1 - D(fake)), a = `real_label`."""
        loss = softplus(-real).mean() + softplus(fake).mean()
        # softplus(-s) = softplus(s) - s, so that a target below one adds (1 - a) E score.
        return loss if self.real_label == 1.0 else loss + (1.0 - self.real_label) * real.mean()

    def divergence(self, real: Tensor, fake: Tensor) -> float:
        """JS >= log 2 - loss / 2 (in nats), equal for the best discriminator; NaN if smoothed."""
        if self.real_label != 1.0:
            return math.nan
        return math.log(2.0) - 0.5 * float(self.critic_loss(real, fake))

    def with_real_label(self, label: float) -> Objective:
        """The same, its real points labeled so."""
        return replace(self, real_label=label)


@checks_keywords
@dataclass(frozen=True)
class Minimax(_Discriminator):
    """The two-player game of the first GAN: the generator minimizes E log(1 - D(fake)).

    Where D tells generated points with certainty, that loss is flat and the generator stops
    learning: it saturates.

    Attributes
    ----------
    real_label : float
        The discriminator's target for real points; less than one is one-sided label smoothing.

    References
    ----------
    Goodfellow et al., Generative adversarial nets (NeurIPS 2014), equation (1).

    Examples
    --------
    >>> import torch
    >>> undecided = torch.zeros(4)
    >>> Minimax().critic_loss(undecided, undecided)  # 2 log 2
    tensor(1.3863)
    """

    name: ClassVar[str] = "minimax"

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """E log(1 - D(fake))."""
        return -softplus(fake).mean()


@checks_keywords
@dataclass(frozen=True)
class NonSaturating(_Discriminator):
    """The discriminator of `Minimax`, and a generator that minimizes -E log D(fake).

    Attributes
    ----------
    real_label : float
        The discriminator's target for real points; less than one is one-sided label smoothing.

    References
    ----------
    Goodfellow et al., Generative adversarial nets (NeurIPS 2014), section 3.

    Examples
    --------
    >>> import torch
    >>> NonSaturating().generator_loss(torch.zeros(0), torch.zeros(4))  # log 2
    tensor(0.6931)
    """

    name: ClassVar[str] = "non-saturating"

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log D(fake)."""
        return softplus(-fake).mean()


@checks_keywords
@dataclass(frozen=True)
class LeastSquares(Objective):
    """Half the squared distance of scores from labels: one for real points, zero for generated.

    Attributes
    ----------
    real_label : float
        The critic's target for real points; the generator's for its own is always one.

    References
    ----------
    Mao et al., Least squares generative adversarial networks (ICCV 2017), equation (9).

    Examples
    --------
    >>> import torch
    >>> LeastSquares().critic_loss(torch.ones(2), torch.full((2,), 2.0))
    tensor(2.)
    """

    real_label: float = 1.0
    name: ClassVar[str] = "least-squares"
    divergence_name: ClassVar[str] = "triangular discrimination"

    def __post_init__(self) -> None:
        check_label(self.real_label)

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """E (f(real) - a)² / 2 + E f(fake)² / 2, a = `real_label`."""
        return 0.5 * ((real - self.real_label).square().mean() + fake.square().mean())

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """E (f(fake) - 1)² / 2."""
        return 0.5 * (fake - 1.0).square().mean()

    def divergence(self, real: Tensor, fake: Tensor) -> float:
        """∫ (p - q)² / (p + q) >= 2 - 8 loss, equal for the best critic; NaN if smoothed.

        The best critic is p / (p + q), and its loss half the integral of p q / (p + q).
        """
        return 2.0 - 8.0 * float(self.critic_loss(real, fake)) if self.real_label == 1 else math.nan

    def with_real_label(self, label: float) -> Objective:
        """The same, its real points labeled so."""
        return replace(self, real_label=label)


@checks_keywords
@dataclass(frozen=True)
class Hinge(Objective):
    """The hinge loss: only scores within the margin count for the critic.

    References
    ----------
    Lim and Ye, Geometric GAN (arXiv 2017); Miyato et al., Spectral normalization for generative
    adversarial networks (ICLR 2018), equations (16) and (17).

    Examples
    --------
    >>> import torch
    >>> Hinge().critic_loss(torch.tensor([0.0, 2.0]), torch.tensor([-3.0, -0.5]))
    tensor(0.7500)
    """

    name: ClassVar[str] = "hinge"
    divergence_name: ClassVar[str] = "total variation"

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """E max(0, 1 - f(real)) + E max(0, 1 + f(fake))."""
        return relu(1.0 - real).mean() + relu(1.0 + fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E f(fake)."""
        return -fake.mean()

    def divergence(self, real: Tensor, fake: Tensor) -> float:
        """TV >= 1 - loss / 2, equal for the best critic: its loss is 2 ∫ min(p, q)."""
        return 1.0 - 0.5 * float(self.critic_loss(real, fake))


@checks_keywords
@dataclass(frozen=True)
class Relativistic(Objective):
    """Each real point against a generated one: the critic is to score it higher (RpGAN).

    References
    ----------
    Jolicoeur-Martineau, The relativistic discriminator (ICLR 2019), equations (9) and (10);
    Huang et al., The GAN is dead; long live the GAN! (NeurIPS 2024), equation (2), with R1 + R2.

    Examples
    --------
    >>> import torch
    >>> Relativistic().critic_loss(torch.tensor([5.0, 1.0]), torch.tensor([5.0, 1.0]))
    tensor(0.6931)
    """

    name: ClassVar[str] = "relativistic"
    divergence_name: ClassVar[str] = "relativistic divergence"
    default_constraint: ClassVar[str | None] = "zero-centered"
    scores_are_logits: ClassVar[bool] = True
    uses_real: ClassVar[bool] = True

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log sigmoid(f(real) - f(fake)), over pairs."""
        return softplus(fake - real).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log sigmoid(f(fake) - f(real)), over pairs."""
        return softplus(real - fake).mean()

    def divergence(self, real: Tensor, fake: Tensor) -> float:
        """Log 2 - loss over all pairs: 0 for equal distributions, log 2 for disjoint ones."""
        return math.log(2.0) - float(softplus(fake[None, :] - real[:, None]).mean())


def check_label(label: float) -> None:
    """Raise unless it is in (0, 1]."""
    if not 0.0 < as_number(label, "real_label", "in (0, 1]", HINT) <= 1.0:
        raise InvalidInputError(f"real_label must be in (0, 1], got {label!r}; to fix it, {HINT}")
