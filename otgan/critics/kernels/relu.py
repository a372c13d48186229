"""Gradients of a penalized critic's loss without autograd, for ReLU networks.

Between two kinks a ReLU network is linear, so the gradient of a gradient penalty needs no second
pass through a graph: with the masks m of the units that are on,

    forward     h_l = relu(W_l h_{l-1} + b_l)        for points of x, of y and between them
    backward    a_L = m_L * w,  a_l = m_l * (W_{l+1}ᵀ a_{l+1}),  ∇f = W_1ᵀ a_1
    tangent     t_0 = c,  t_l = m_l * (W_l t_{l-1})  between, with c = φ'(|∇f|) ∇f / |∇f|

and the gradient with respect to W_l of ``E f(y) - E f(x) + E φ(|∇f|)`` is the mean over the batch
of ``a_l h_{l-1}ᵀ`` at y, of its negative at x, and of ``a_l t_{l-1}ᵀ`` between. Stacked, the
three are one matrix product for each weight.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from otgan.critics.kernels.matmul import gradient_of, product, rows_of_block, total
from otgan.critics.kernels.supported import all_plain
from otgan.critics.kernels.threads import Workers
from otgan.critics.networks.feedforward import WithRadius, radius
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = [
    "PenalizedStep",
    "SlopePenalty",
    "is_relu_network",
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


def is_relu_network(critic: nn.Module) -> bool:
    """Whether it is ``Sequential(Linear, ReLU, ..., ReLU, Linear(h, 1))``, as `mlp` makes.

    A `WithRadius` may come first, as `networks.radial_mlp` has it. All of its parameters learn, and
    nothing else happens in it (see `all_plain`).

    Examples
    --------
    >>> is_relu_network(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)))
    True
    >>> is_relu_network(nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)))
    False
    """
    if type(critic) is not nn.Sequential:
        return False
    layers = list(critic)[1:] if _has_radius(critic) else list(critic)
    if len(layers) < 3 or len(layers) % 2 == 0:
        return False
    linear, between = layers[::2], layers[1::2]
    # Exact types: a parametrized layer is a subclass, and its weight is no parameter.
    if any(type(layer) is not nn.Linear or layer.bias is None for layer in linear):
        return False
    output = critic[-1]
    one = isinstance(output, nn.Linear) and output.out_features == 1
    relus = all(type(layer) is nn.ReLU for layer in between)
    return one and relus and all_plain(critic, list(critic))


@checks_keywords
class PenalizedStep:
    """The gradients of a critic's loss, as `backward` would leave them, without a graph.

    Parameters
    ----------
    critic : torch.nn.Sequential
        One that `is_relu_network` accepts; its parameters may change between calls.
    penalty : SlopePenalty, optional
        Of the critic's slopes between the distributions; none by default.
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

    On a GPU a batch is one block. Nothing is read back from the device, so a call can be captured
    in a CUDA graph.

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
        threads: int | None = None,
        inner_dtype: torch.dtype | None = None,
    ) -> None:
        if not is_relu_network(critic):
            raise InvalidInputError(
                "critic must alternate nn.Linear with nn.ReLU and end with one output, without "
                f"hooks or frozen parameters, got {type(critic).__name__}; to fix it, use autograd "
                "for this critic"
            )
        assert isinstance(critic, nn.Sequential)
        self.layers: list[nn.Linear] = [m for m in critic if isinstance(m, nn.Linear)]
        self.radius = _has_radius(critic)
        self.penalty = penalty
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
            Where the slope is penalized; needed if there is a penalty.

        Returns
        -------
        gap, penalty : torch.Tensor, shape ()
            E f(x) - E f(y) and E φ(|∇f|). The gradients are those of ``penalty - gap``.
        """
        kinds = [x, y] if self.penalty is None or between is None else [x, y, between]
        if len(kinds) != (2 if self.penalty is None else 3) or any(
            points.shape != x.shape or points.ndim != 2 for points in kinds
        ):
            raise InvalidInputError(
                "x, y and, for a penalty, the points between must be of one shape (n, d), got "
                f"{[tuple(points.shape) for points in kinds]}; to fix it, draw as many of each"
            )
        weights = _Weights.of(self.layers, self.radius, self.inner_dtype)
        blocks = list(zip(*(points.split(rows_of_block(x)) for points in kinds), strict=True))
        sums = self._added(weights, blocks)
        torch._foreach_mul_(sums.flat, 1.0 / len(x))
        self._write(weights, sums)
        return -torch.dot(sums.top, weights.last), sums.penalty

    def _added(self, weights: _Weights, blocks: list[tuple[Tensor, ...]]) -> _Sums:
        """The sums over all blocks: computed side by side, added in order."""
        first, *others = self.workers.map(partial(_sums, weights, self.penalty), blocks)
        for other in others:
            torch._foreach_add_(first.flat, other.flat)
        return first

    def _write(self, weights: _Weights, means: _Sums) -> None:
        *lower, hidden, output = self.layers
        for layer, weight, bias in zip(lower, means.weights, means.biases, strict=False):
            gradient_of(layer.weight).copy_(weight.T)
            gradient_of(layer.bias).copy_(bias)
        # The masks of the last hidden layer were left without the output's weights w.
        weight, bias = means.weights[-1].T, means.biases[-1]
        torch.mul(weight, weights.last[:, None], out=gradient_of(hidden.weight))
        torch.mul(bias, weights.last, out=gradient_of(hidden.bias))
        # And h_L = m_L * (W_L h_{L-1} + b_L), so they hold the gradient of w as well.
        row = torch.sum(hidden.weight * weight, dim=1).addcmul_(hidden.bias, bias)
        gradient_of(output.weight).copy_(row)
        gradient_of(output.bias).zero_()


class _Weights(NamedTuple):
    """A critic's parameters, arranged for the products that are made of them."""

    forward: list[tuple[Tensor, Tensor]]  # W_l and b_l of the hidden layers
    backward: list[Tensor]  # W_lᵀ, the last one W_Lᵀ diag(w)
    last: Tensor  # w
    radius: bool  # whether the network is also given |x|

    @classmethod
    def of(cls, layers: list[nn.Linear], radius: bool, inner: torch.dtype | None) -> _Weights:
        *hidden, output = layers
        last = output.weight[0]
        backward = [layer.weight.T.contiguous() for layer in hidden[:-1]]
        backward.append((hidden[-1].weight * last[:, None]).T.contiguous())
        forward: list[tuple[Tensor, Tensor]] = [(layer.weight, layer.bias) for layer in hidden]
        if inner is not None:  # but for the first layer, which the points enter
            forward[1:] = [(weight.to(inner), bias.to(inner)) for weight, bias in forward[1:]]
            backward[1:] = [weight.to(inner) for weight in backward[1:]]
        return cls(forward, backward, last, radius)


class _Sums(NamedTuple):
    """Sums over the points of a block, before the division by the size of the batch."""

    weights: list[Tensor]  # Σ h_{l-1} a_lᵀ, transposed gradients of W_l
    biases: list[Tensor]  # Σ a_l over y, less those over x
    top: Tensor  # Σ h_L over y, less those over x
    penalty: Tensor

    @property
    def flat(self) -> list[Tensor]:
        return [*self.weights, *self.biases, self.top, self.penalty]


def _sums(weights: _Weights, penalty: SlopePenalty | None, kinds: tuple[Tensor, ...]) -> _Sums:
    n = len(kinds[0])
    points = torch.cat(kinds)
    below = [WithRadius()(points) if weights.radius else points]
    for weight, bias in weights.forward:
        below.append(product(below[-1].to(weight.dtype), weight, bias, relu=True))
    dtype = weights.backward[-1].dtype
    below[1:] = [h.to(dtype) for h in below[1:]]
    masks = below.pop()
    top = total(masks[n : 2 * n]) - total(masks[:n])
    masks.gt_(0.0)
    masks[:n].neg_()  # the sign of x travels down with the masks
    slopes = [masks]
    for weight, activations in zip(weights.backward[:0:-1], below[:0:-1], strict=True):
        slopes.insert(0, _masked(product(slopes[0], weight), activations))
    cost = top.new_zeros(())
    if penalty is not None:
        cost = _replace_by_tangents(weights, slopes[0], below, 2 * n, penalty)
    return _Sums(
        [
            product(h.T, a.T.to(h.dtype)).to(points.dtype)
            for h, a in zip(below, slopes, strict=True)
        ],
        [total(a[: 2 * n]) for a in slopes],
        top,
        cost,
    )


def _replace_by_tangents(
    weights: _Weights, first: Tensor, below: list[Tensor], start: int, penalty: SlopePenalty
) -> Tensor:
    """Put t_l in the place of h_l between the distributions; returns the summed penalty."""
    gradient = product(first[start:].to(weights.backward[0].dtype), weights.backward[0])
    entries = below[0][start:]
    if weights.radius:  # ∇|x| = x / |x|
        outward = entries[:, :-1] / radius(entries[:, :-1])
        gradient = gradient[:, :-1] + gradient[:, -1:] * outward
    # The tiny constant keeps the root differentiable where the gradient vanishes.
    slope = gradient.square().sum(dim=1, keepdim=True).add_(1e-12).sqrt_()
    value, derivative = penalty(slope)
    tangent = torch.mul(gradient, derivative.div_(slope), out=_coordinates(entries, weights))
    if weights.radius:
        torch.sum(tangent * outward, dim=1, out=entries[:, -1])
        tangent = entries
    for (weight, _), activations in zip(weights.forward[:-1], below[1:], strict=True):
        between = activations[start:]
        values = product(tangent.to(weight.dtype), weight).to(between.dtype)
        tangent = _masked(values, between, out=between)
    return value.sum()


def _coordinates(entries: Tensor, weights: _Weights) -> Tensor:
    return entries[:, :-1] if weights.radius else entries


def _has_radius(critic: nn.Module) -> bool:
    return isinstance(critic, nn.Sequential) and len(critic) > 0 and type(critic[0]) is WithRadius


def _masked(values: Tensor, activations: Tensor, out: Tensor | None = None) -> Tensor:
    """The values where the unit is on, else zero; in place by default."""
    out = values if out is None else out
    return torch.ops.aten.threshold_backward.grad_input(values, activations, 0.0, grad_input=out)
