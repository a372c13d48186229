"""Gradients of a penalized critic's loss without autograd, for ReLU networks.

Between two kinks a ReLU network is linear, so the gradient of a gradient penalty needs no second
pass through a graph: with the masks m of the units that are on,

    forward     h_l = relu(W_l h_{l-1} + b_l)        for points of x, of y and between them
    backward    a_L = m_L * w,  a_l = m_l * (W_{l+1}ᵀ a_{l+1}),  ∇f = W_1ᵀ a_1
    tangent     t_0 = c,  t_l = m_l * (W_l t_{l-1})  between, with c = φ'(|∇f|) ∇f / |∇f|

and the gradient with respect to W_l of ``E f(y) - E f(x) + E φ(|∇f|)`` is the mean over the batch
of ``a_l h_{l-1}ᵀ`` at y, of its negative at x, and of ``a_l t_{l-1}ᵀ`` between. Stacked, the
three are one matrix product for each weight.

Any other loss of the scores has its derivative σ by each score in the place of -1 at x and 1 at y.
Slopes that are penalized at x or y themselves need no points of their own: the gradient is the
mean of ``a_l (σ h_{l-1} + t_{l-1})ᵀ``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from otgan.critics.kernels.matmul import gradient_of, product, rows_of_block, total
from otgan.critics.kernels.relu_passes import (
    Weights,
    features_of,
    is_relu_critic,
    is_thin,
    linear_layers,
    masked,
)
from otgan.critics.kernels.supported import PairLoss
from otgan.critics.kernels.threads import Workers
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = [
    "PenalizedStep",
    "SlopePenalty",
    "penalty_around_one",
    "power_penalty",
]

SlopePenalty = Callable[[Tensor], tuple[Tensor, Tensor]]
"""φ of the slopes |∇f| and its derivative φ', entry by entry."""


def penalty_around_one(weight: float = 10.0, *, one_sided: bool = False) -> SlopePenalty:
    """``weight * (slope - 1)²``, or of the positive part of the difference if `one_sided`.

    References
    ----------
    Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), equation (3);
    Petzka, Fischer and Lukovnikov, On the regularization of Wasserstein GANs (ICLR 2018).

    Examples
    --------
    >>> penalty_around_one(10.0, one_sided=True)(torch.tensor([0.5, 2.0]))
    (tensor([ 0., 10.]), tensor([ 0., 20.]))
    """

    def penalty(slopes: Tensor) -> tuple[Tensor, Tensor]:
        excess = slopes - 1.0
        if one_sided:
            excess = excess.clamp(min=0.0)
        return weight * excess.square(), (2.0 * weight) * excess

    return penalty


def power_penalty(weight: float = 2.0, exponent: float = 6.0) -> SlopePenalty:
    """``weight * slope ** exponent``: no slope is right, steep ones cost most.

    References
    ----------
    Wu et al., Wasserstein divergence for GANs (ECCV 2018), equation (7).

    Examples
    --------
    >>> power_penalty(2.0, 6.0)(torch.tensor([1.0, 2.0]))
    (tensor([  2., 128.]), tensor([ 12., 384.]))
    """

    def penalty(slopes: Tensor) -> tuple[Tensor, Tensor]:
        lower = weight * slopes ** (exponent - 1.0)
        return lower * slopes, exponent * lower

    return penalty


@checks_keywords
class PenalizedStep:
    """The gradients of a critic's loss, as `backward` would leave them, without a graph.

    Parameters
    ----------
    critic : torch.nn.Sequential
        One that `is_relu_critic` accepts; its parameters may change between calls.
    penalty : SlopePenalty, optional
        Of the critic's slopes at some points; none by default.
    loss : PairLoss, optional
        Of the critic's scores; by default ``E f(y) - E f(x)``.
    penalized : {"between", "x", "y", "both"}
        The points where slopes are penalized. At both, the mean penalties of x and y are added.
    threads : int, optional
        On the CPU; as many as torch may use by default.
    inner_dtype : torch.dtype, optional
        Of the products between hidden layers; that of the weights by default.

    Notes
    -----
    On the CPU a batch is cut into blocks, and each thread works on blocks of its own with
    single-threaded operations: nothing waits for the slowest thread after every operation, as it
    would if the operations themselves were split. Blocks are added up in their order, so the bits
    do not depend on the number of threads. The rest of a training loop has only small operations,
    which are fastest inside of `otgan.critics.kernels.threads.single_threaded`.

    With a `loss`, which may depend on all scores together, a batch is one block, as on a GPU.
    Nothing is read back from the device, so a call can be captured in a CUDA graph.

    Examples
    --------
    >>> critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> step = PenalizedStep(critic, penalty_around_one(10.0, one_sided=True))
    >>> x, y = torch.randn(64, 2), torch.randn(64, 2)
    >>> gap, penalty = step.gradients(x, y, torch.lerp(x, y, torch.rand(64, 1)))
    >>> bool(torch.isclose(gap, (critic(x) - critic(y)).mean()))
    True
    >>> critic[0].weight.grad.shape
    torch.Size([8, 2])
    """

    def __init__(
        self,
        critic: nn.Module,
        penalty: SlopePenalty | None = None,
        *,
        loss: PairLoss | None = None,
        penalized: Literal["between", "x", "y", "both"] = "between",
        threads: int | None = None,
        inner_dtype: torch.dtype | None = None,
    ) -> None:
        if not is_relu_critic(critic):
            raise InvalidInputError(
                "critic must alternate nn.Linear with nn.ReLU and end with one output, without "
                f"hooks or frozen parameters, got {type(critic).__name__}; to fix it, use autograd "
                "for this critic"
            )
        self.layers, self.features = linear_layers(critic), features_of(critic)
        self.penalty = penalty
        self.loss = loss
        self.penalized = penalized
        self.workers = Workers(threads)
        self.inner_dtype = inner_dtype

    @torch.no_grad()
    def gradients(self, x: Tensor, y: Tensor, between: Tensor | None = None) -> tuple[Tensor, ...]:
        """Write the loss's gradients into ``.grad``, over what was there.

        Parameters
        ----------
        x, y : torch.Tensor, shape (n, d)
            Batches of the two distributions.
        between : torch.Tensor, shape (n, d), optional
            Where the slope is penalized; needed if there is a penalty, and it is penalized there.

        Returns
        -------
        gap, penalty : torch.Tensor, shape ()
            E f(x) - E f(y), or the value of `loss`, and ``E φ(|∇f|)``. The gradients are those of
            ``penalty - gap``, or ``loss + penalty``.
        """
        kinds = [x, y]
        needs_between = self.penalty is not None and self.penalized == "between"
        if needs_between and between is not None:
            kinds.append(between)
        if len(kinds) != (3 if needs_between else 2) or any(
            points.shape != x.shape or points.ndim != 2 for points in kinds
        ):
            raise InvalidInputError(
                "x, y and, for a penalty, the points between must be of one shape (n, d), got "
                f"{[tuple(points.shape) for points in kinds]}; to fix it, draw as many of each"
            )
        weights = Weights.of_critic(
            self.layers,
            features=self.features,
            inner=self.inner_dtype,
            thin=self.loss is not None and is_thin(self.layers),  # gaps keep oneDNN's rounding
        )
        rows = len(x) if self.loss is not None else rows_of_block(x)
        blocks = list(zip(*(points.split(rows) for points in kinds), strict=True))
        sums = self._added(weights, blocks)
        torch._foreach_mul_(sums.flat, 1.0 / len(x))
        self._write(sums)
        if self.loss is not None:
            return sums.value, sums.penalty
        return -torch.dot(sums.value, weights.output[0][0]), sums.penalty

    def _added(self, weights: Weights, blocks: list[tuple[Tensor, ...]]) -> _Sums:
        """The sums over all blocks: computed side by side, added in order."""
        work = partial(_sums, weights, self.loss, self.penalty, self.penalized)
        first, *others = self.workers.map(work, blocks)
        for other in others:
            torch._foreach_add_(first.flat, other.flat)
        return first

    def _write(self, means: _Sums) -> None:
        *lower, hidden, output = self.layers
        for layer, weight, bias in zip(lower, means.weights, means.biases, strict=False):
            gradient_of(layer.weight).copy_(weight.T)
            gradient_of(layer.bias).copy_(bias)
        # The masks of the last hidden layer were left without the output's weights w.
        weight, bias = means.weights[-1].T, means.biases[-1]
        last = output.weight[0]
        torch.mul(weight, last[:, None], out=gradient_of(hidden.weight))
        torch.mul(bias, last, out=gradient_of(hidden.bias))
        # And h_L = m_L * (W_L h_{L-1} + b_L), so they hold the gradient of w as well.
        row = torch.sum(hidden.weight * weight, dim=1).addcmul_(hidden.bias, bias)
        gradient_of(output.weight).copy_(row)
        gradient_of(output.bias).copy_(means.output_bias)


class _Sums(NamedTuple):
    """Sums over the points of a block, before the division by the size of the batch."""

    weights: list[Tensor]  # Σ h_{l-1} a_lᵀ, transposed gradients of W_l
    biases: list[Tensor]  # Σ σ a_l over x and y
    output_bias: Tensor  # Σ σ
    value: Tensor  # of the loss; without one, Σ h_L over y, less those over x
    penalty: Tensor

    @property
    def flat(self) -> list[Tensor]:
        return [*self.weights, *self.biases, self.output_bias, self.value, self.penalty]


def _sums(
    weights: Weights,
    loss: PairLoss | None,
    penalty: SlopePenalty | None,
    penalized: str,
    kinds: tuple[Tensor, ...],
) -> _Sums:
    n = len(kinds[0])
    *below, masks = weights.activations(torch.cat(kinds))
    value, sigma = _loss_of(weights, masks, n, loss)
    masks.gt_(0.0)
    alone = penalty is None or penalized == "between"
    if alone:  # σ travels down with the masks; else it is multiplied in after the tangents
        masks[: 2 * n].mul_(sigma)
    slopes = weights.slopes(masks, below)
    cost = sigma.new_zeros(())
    if penalty is not None:
        rows = {"x": slice(n), "y": slice(n, 2 * n), "both": slice(2 * n)}
        between = rows.get(penalized, slice(2 * n, None))
        cost = _put_tangents(weights, slopes[0], below, between, penalty, None if alone else sigma)
    return _Sums(
        [
            product(h.T, a.T.to(h.dtype), thin=weights.thin and h is below[0]).to(below[0].dtype)
            for h, a in zip(below, slopes, strict=True)
        ],
        [total(a[: 2 * n] if alone else a * sigma) for a in slopes],
        sigma.sum(),
        value,
        cost,
    )


def _loss_of(weights: Weights, top: Tensor, n: int, loss: PairLoss | None) -> tuple[Tensor, Tensor]:
    """`_Sums.value`, and the derivative σ of the loss by each score, shape (2 n, 1)."""
    if loss is None:
        difference = total(top[n : 2 * n]) - total(top[:n])
        sigma = difference.new_ones(2 * n, 1)
        sigma[:n] = -1.0
        return difference, sigma
    value, *slopes = loss(*weights.outputs(top[: 2 * n])[:, 0].split(n))
    return value * n, torch.cat(slopes)[:, None] * n


def _put_tangents(
    weights: Weights,
    first: Tensor,
    below: list[Tensor],
    rows: slice,
    penalty: SlopePenalty,
    sigma: Tensor | None,
) -> Tensor:
    """Put t_l in the place of h_l at the penalized rows, or with σ: σ h_l + t_l.

    Returns the penalty, summed over these rows.
    """
    to_points = weights.backward[0]
    gradient = product(first[rows].to(to_points.dtype), to_points, thin=weights.thin)
    features = below[0][rows]
    if weights.features is not None:
        gradient = weights.features.pullback(features, gradient)
    # The tiny constant keeps the root differentiable where the gradient vanishes.
    slope = gradient.square().sum(dim=1, keepdim=True).add_(1e-12).sqrt_()
    value, derivative = penalty(slope)
    tangent = gradient * derivative.div_(slope)
    if weights.features is not None:
        tangent = weights.features.pushforward(features, tangent)
    _put(tangent, below[0], rows, sigma)
    thin = weights.thin
    for (weight, _), activations in zip(weights.forward[:-1], below[1:], strict=True):
        part = activations[rows]
        values = product(tangent.to(weight.dtype), weight, thin=thin).to(part.dtype)
        thin = False
        if sigma is None:
            tangent = masked(values, part, out=part)
        else:
            tangent = masked(values, part)
            _put(tangent, activations, rows, sigma)
    return value.sum()


def _put(tangent: Tensor, activations: Tensor, rows: slice, sigma: Tensor | None) -> None:
    if sigma is None:
        activations[rows] = tangent
    else:
        activations.mul_(sigma)
        activations[rows].add_(tangent)
