"""Feature matching: the generator matches means of the critic's features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from otgan.gan.networks.features import critic_features, features_of
from otgan.gan.stabilizers.base import Stabilizer
from otgan.keywords import checks_keywords

__all__ = ["FeatureMatching"]


@checks_keywords
@dataclass(frozen=True)
class FeatureMatching(Stabilizer):
    """The generator minimizes ``|E f(real) - E f(fake)|²`` instead of the objective's loss.

    f are the features of the critic, what its last layer takes. The critic's loss stays as it is,
    so that it keeps looking for features whose means differ. Each step costs the critic's forward
    pass on real points as well.

    References
    ----------
    Salimans et al., Improved techniques for training GANs (NeurIPS 2016), section 3.1.

    Examples
    --------
    >>> critic = nn.Sequential(nn.Identity(), nn.Linear(2, 1))  # the features are the points
    >>> real, fake = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[0.0, 0.0], [0.0, 2.0]])
    >>> FeatureMatching().generator_loss(critic, real, fake)  # |(2, 3) - (0, 1)|²
    tensor(8.)
    """

    name: ClassVar[str] = "feature-matching"
    replaces_generator_loss: ClassVar[bool] = True

    def adapt_critic(self, critic: nn.Module) -> nn.Module:
        """The critic as it is.

        Raises
        ------
        InvalidInputError
            A critic that shows no features.
        """
        features_of(critic)
        return critic

    def generator_loss(self, critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """The squared distance of the two means."""
        with torch.no_grad():
            target = critic_features(critic, real).mean(dim=0)
        return (critic_features(critic, fake).mean(dim=0) - target).square().sum()
