"""The K+1-class discriminator: K classes of real points, and one of generated ones."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from otgan.errors import InvalidInputError
from otgan.gan.networks.features import critic_features
from otgan.gan.objectives.base import Objective
from otgan.inputs.options import as_count
from otgan.keywords import checks_keywords

__all__ = ["ClassScores", "SemiSupervised"]


class ClassScores(nn.Module):
    """A network with K logits as a critic: its score is the log of the sum of their exponentials.

    Parameters
    ----------
    network : torch.nn.Module
        Maps points to logits, shape (n, K).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, points: Tensor) -> Tensor:
        """Scores, shape (n,): the logit of real against generated."""
        return self.logits(points).logsumexp(dim=1)

    def logits(self, points: Tensor) -> Tensor:
        """Logits of the K classes, shape (n, K)."""
        logits: Tensor = self.network(points)
        return logits

    def features(self, points: Tensor) -> Tensor:
        """What the last layer of the network takes."""
        return critic_features(self.network, points)


@checks_keywords
@dataclass(frozen=True)
class SemiSupervised(Objective):
    """A discriminator that also tells the classes of labeled real points.

    The logit of the class "generated" is fixed at zero, so that D(x) = Z / (Z + 1) with
    Z = Σ_k exp(l_k(x)). Classes are learned from labels, real against generated from all points.
    Meant with feature matching, as published.

    Attributes
    ----------
    n_classes : int
        K; labels are 0, ..., K - 1.

    References
    ----------
    Salimans et al., Improved techniques for training GANs (NeurIPS 2016), section 5.

    Examples
    --------
    >>> import torch
    >>> critic = SemiSupervised(3).adapt_critic(nn.Sequential(nn.Linear(2, 8), nn.Linear(8, 1)))
    >>> critic(torch.zeros(5, 2)).shape, critic.logits(torch.zeros(5, 2)).shape
    (torch.Size([5]), torch.Size([5, 3]))
    """

    n_classes: int = 10
    name: ClassVar[str] = "semi-supervised"
    divergence_name: ClassVar[str] = "Jensen-Shannon divergence"
    needs_labels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        as_count(self.n_classes, "n_classes", least=2, hint="pass the number of classes")

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log D(real) - E log(1 - D(fake)); what labels add is `label_loss`."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log D(fake)."""
        return softplus(-fake).mean()

    def divergence(self, real: Tensor, fake: Tensor) -> float:
        """JS >= log 2 - loss / 2, in nats, equal for the best discriminator."""
        return math.log(2.0) - 0.5 * float(self.critic_loss(real, fake))

    def adapt_critic(self, critic: nn.Module) -> nn.Module:
        """The critic with K logits instead of one score.

        Raises
        ------
        InvalidInputError
            A critic of another form than layers in a row, the last one linear with one output or K.
        """
        if isinstance(critic, ClassScores):
            return critic
        last = critic[-1] if isinstance(critic, nn.Sequential) and len(critic) else None
        if type(last) is not nn.Linear:
            raise InvalidInputError(
                "a critic that tells classes must be an nn.Sequential that ends in nn.Linear, or "
                f"ClassScores(network) of one with {self.n_classes} logits, got "
                f"{type(critic).__name__} that ends in {type(last or critic).__name__}; to fix it, "
                "wrap a network of your own in ClassScores, or choose another constraint and "
                "critic_norm"
            )
        if last.out_features == self.n_classes:
            return ClassScores(critic)
        if last.out_features != 1:
            raise InvalidInputError(
                f"a critic that tells {self.n_classes} classes must end in as many logits, or in "
                f"one score, which they replace, got {last.out_features}; to fix it, change its "
                "last layer (generated points have no logit of their own), or pass "
                f"SemiSupervised(n_classes={last.out_features})"
            )
        wider = copy.deepcopy(critic)
        assert isinstance(wider, nn.Sequential)
        wider[-1] = nn.Linear(last.in_features, self.n_classes).to(last.weight)
        return ClassScores(wider)

    def label_loss(self, critic: nn.Module, real: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of the labels among the K classes of real points.

        Raises
        ------
        InvalidInputError
            Another number of logits than K.
        """
        assert isinstance(critic, ClassScores)
        logits = critic.logits(real)
        if logits.shape[1] != self.n_classes:
            raise InvalidInputError(
                f"a critic that tells {self.n_classes} classes must have as many logits, got "
                f"{logits.shape[1]}; to fix it, change its last layer, or pass "
                f"SemiSupervised(n_classes={logits.shape[1]})"
            )
        return cross_entropy(logits, labels)
