"""Historical averaging: each player stays near the mean of its past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from otgan.gan.stabilizers.base import Stabilizer, StabilizerState
from otgan.inputs.options import as_positive
from otgan.keywords import checks_keywords

__all__ = ["HistoricalAveraging"]


@checks_keywords
@dataclass(frozen=True)
class HistoricalAveraging(Stabilizer):
    """Add ``weight * |θ - (1/t) Σ_{i≤t} θ[i]|²`` to the losses of both players.

    θ[1], ..., θ[t] are the parameters of generator or critic at the start and after each step of
    the generator; their mean is held fixed while the loss is differentiated. Costs memory for the
    two means.

    Attributes
    ----------
    weight : float
        One, as published.

    References
    ----------
    Salimans et al., Improved techniques for training GANs (NeurIPS 2016), section 3.3.

    Examples
    --------
    >>> point = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.constant_(point.weight, 1.0)
    >>> averaging = HistoricalAveraging()
    >>> state = averaging.start(point, point, torch.zeros(1, 1), torch.zeros(1, 1))
    >>> _ = nn.init.constant_(point.weight, 4.0)
    >>> averaging.update(point, point, state)  # the mean is 2.5 now
    >>> averaging.generator_term(point, state)
    tensor(2.2500, grad_fn=<MulBackward0>)
    """

    weight: float = 1.0
    name: ClassVar[str] = "historical-averaging"

    def __post_init__(self) -> None:
        as_positive(self.weight, "weight", hint="leave the stabilizer out for none")

    def start(
        self, generator: nn.Module, critic: nn.Module, real: Tensor, latents: Tensor
    ) -> StabilizerState:
        """The means of one value, and how many they are of: ``"steps"``."""
        means = {"generator": _parameters(generator), "critic": _parameters(critic)}
        return {**means, "steps": torch.ones((), device=means["generator"].device)}

    @torch.no_grad()
    def update(self, generator: nn.Module, critic: nn.Module, state: StabilizerState) -> None:
        """Take the present parameters into the means."""
        state["steps"] += 1
        for player, network in (("generator", generator), ("critic", critic)):
            mean = state[player]
            mean += (_parameters(network) - mean) / state["steps"]

    def critic_term(self, critic: nn.Module, state: StabilizerState) -> Tensor:
        """Weight times the squared distance of the critic from its mean."""
        return self._term(critic, state["critic"])

    def generator_term(self, generator: nn.Module, state: StabilizerState) -> Tensor:
        """Weight times the squared distance of the generator from its mean."""
        return self._term(generator, state["generator"])

    def _term(self, network: nn.Module, mean: Tensor) -> Tensor:
        distance: Tensor = parameters_to_vector(network.parameters()) - mean
        return distance.square().sum() * self.weight


def _parameters(network: nn.Module) -> Tensor:
    """All of them in a row, as a copy."""
    vector: Tensor = parameters_to_vector(network.parameters())
    return vector.detach().clone()
