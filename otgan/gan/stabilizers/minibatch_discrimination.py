"""Minibatch discrimination: the critic sees how near a point is to the others of its batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from otgan.errors import InvalidInputError
from otgan.gan.objectives.semi_supervised import ClassScores
from otgan.gan.stabilizers.base import Stabilizer, StabilizerState
from otgan.inputs.options import as_count, as_flag
from otgan.keywords import checks_keywords

__all__ = ["MinibatchDiscrimination", "MinibatchFeatures"]

INITIAL_STD = 0.05
"""Deviation of initial weights, as in the published code."""

NEAREST = 2.0
"""Mean distance of nearest neighbors, to which `MinibatchFeatures.scale_to` scales weights."""


@checks_keywords
class MinibatchFeatures(nn.Module):
    """Features of each point, and beside them its nearness to the rest of the batch.

    With features f(x) of shape (A,) and weights T of shape (A, B, C), M_i = f(x_i) T has shape
    (B, C), and what is appended is ``o(x_i)_b = Σ_j exp(-|M_ib - M_jb|_1)``, over all j with i, so
    that equal points give n. It grows with the batch: score batches of one size. Costs n² B numbers
    of memory.

    Parameters
    ----------
    in_features : int
        A.
    n_kernels : int
        B.
    kernel_dim : int
        C.
    exclude_self : bool
        Sum over j ≠ i, which is less by one.

    References
    ----------
    Salimans et al., Improved techniques for training GANs (NeurIPS 2016), section 3.2.

    Examples
    --------
    >>> MinibatchFeatures(3, n_kernels=2)(torch.ones(4, 3)).detach()
    tensor([[1., 1., 1., 4., 4.],
            [1., 1., 1., 4., 4.],
            [1., 1., 1., 4., 4.],
            [1., 1., 1., 4., 4.]])
    """

    def __init__(
        self,
        in_features: int,
        *,
        n_kernels: int = 100,
        kernel_dim: int = 5,
        exclude_self: bool = False,
    ) -> None:
        super().__init__()
        shape = (as_count(in_features, "in_features"), *_kernel_shape(n_kernels, kernel_dim))
        self.exclude_self = as_flag(exclude_self, "exclude_self", "pass one of them")
        self.weight = nn.Parameter(torch.empty(shape))
        nn.init.normal_(self.weight, std=INITIAL_STD)

    @property
    def out_features(self) -> int:
        """A + B."""
        return self.weight.shape[0] + self.weight.shape[1]

    def forward(self, features: Tensor) -> Tensor:
        """From shape (n, A) to (n, A + B)."""
        nearness = torch.exp(-self._distances(features)).sum(dim=2).T
        if self.exclude_self:
            nearness = nearness - 1.0
        return torch.cat([features, nearness.to(features.dtype)], dim=1)

    @torch.no_grad()
    def scale_to(self, features: Tensor) -> None:
        """Scale weights so that nearest neighbors of these are two apart, for each kernel."""
        distances = self._distances(features)
        alone = torch.eye(len(features), device=features.device, dtype=torch.bool)
        nearest = distances.masked_fill(alone, math.inf).amin(dim=2).mean(dim=1)
        known = (nearest > 0.0) & nearest.isfinite()  # not where all points are equal, or one
        scale = torch.where(known, NEAREST / nearest, 1.0)
        self.weight.mul_(scale[:, None].to(self.weight.dtype))

    def _distances(self, features: Tensor) -> Tensor:
        """|M_ib - M_jb|_1, shape (B, n, n), in the precision of the weights."""
        with torch.autocast(features.device.type, enabled=False):
            exact = features.to(self.weight.dtype)
            kernels = torch.tensordot(exact, self.weight, dims=1).transpose(0, 1)
            return torch.cdist(kernels, kernels, p=1.0)


@checks_keywords
@dataclass(frozen=True)
class MinibatchDiscrimination(Stabilizer):
    """Put `MinibatchFeatures` before the critic's last layer, scaled to the first real batch.

    A generator whose points are all alike is then told by that. Real and generated points are in
    batches of their own.

    Attributes
    ----------
    n_kernels : int
        B, as in the published code.
    kernel_dim : int
        C.
    exclude_self : bool
        Whether sums are over the other points only.

    References
    ----------
    Salimans et al., Improved techniques for training GANs (NeurIPS 2016), section 3.2; their code,
    for sizes and the scale at the start.

    Examples
    --------
    >>> critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> MinibatchDiscrimination(n_kernels=4).adapt_critic(critic)[-1]
    Linear(in_features=12, out_features=1, bias=True)
    """

    n_kernels: int = 100
    kernel_dim: int = 5
    exclude_self: bool = False
    name: ClassVar[str] = "minibatch-discrimination"
    mixes_points: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _kernel_shape(self.n_kernels, self.kernel_dim)
        as_flag(self.exclude_self, "exclude_self", "pass one of them")

    def adapt_critic(self, critic: nn.Module) -> nn.Module:
        """The critic with such a layer, unless it has one; its last layer is made anew.

        Raises
        ------
        InvalidInputError
            A critic of another form than layers in a row, the last one linear; or with spectral
            normalization, which does not bound the slopes of the new layer.
        """
        if any(isinstance(layer, MinibatchFeatures) for layer in critic.modules()):
            return critic
        if isinstance(critic, ClassScores):
            return ClassScores(self.adapt_critic(critic.network))
        last = critic[-1] if isinstance(critic, nn.Sequential) and len(critic) else None
        if type(last) is not nn.Linear:
            raise InvalidInputError(_other_form(critic, last))
        assert isinstance(critic, nn.Sequential)
        settings: dict[str, Any] = vars(self)
        nearness = MinibatchFeatures(last.in_features, **settings)
        wider = nn.Linear(nearness.out_features, last.out_features, bias=last.bias is not None)
        before = list(critic)[:-1]
        return nn.Sequential(*before, nearness.to(last.weight), wider.to(last.weight))

    def start(
        self, generator: nn.Module, critic: nn.Module, real: Tensor, latents: Tensor
    ) -> StabilizerState:
        """Scale the layer to a batch of real points."""
        layers = [layer for layer in critic.modules() if isinstance(layer, MinibatchFeatures)]
        hooks = [layer.register_forward_pre_hook(_scale_to_input) for layer in layers]
        with torch.no_grad():
            critic(real)
        for hook in hooks:
            hook.remove()
        return {}


def _scale_to_input(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    assert isinstance(layer, MinibatchFeatures)
    layer.scale_to(inputs[0])


def _kernel_shape(n_kernels: int, kernel_dim: int) -> tuple[int, int]:
    return as_count(n_kernels, "n_kernels"), as_count(kernel_dim, "kernel_dim")


def _other_form(critic: nn.Module, last: nn.Module | None) -> str:
    """Why that critic cannot carry the layer."""
    if isinstance(last, nn.Linear):
        return (
            "minibatch discrimination must come with a critic whose last layer is a plain "
            f"nn.Linear, got {type(last).__name__} with normalized weights, which do not bound "
            "the slopes of the layer to be put before it; to fix it, pass critic_norm=None"
        )
    return (
        "minibatch discrimination must come with a critic that is an nn.Sequential ending in "
        f"nn.Linear, got {type(critic).__name__}; to fix it, make it one, or put the layer "
        "otgan.gan.stabilizers.MinibatchFeatures before its last layer yourself"
    )
