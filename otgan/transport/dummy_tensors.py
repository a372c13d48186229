"""Mass that may stay unmatched, in tensors: weights of dummy points, and costs of their arcs.

The problem with a dummy point after the points of each side is balanced, so that its derivatives
are those of any balanced problem; prices are costs of the dummies' arcs, and the mass that moves
is what their weights lack.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from otgan.errors import InvalidInputError
from otgan.transport.batched.unmatched import Terms
from otgan.transport.tensors import as_tensor, entries

__all__ = ["DummyTensors"]


class DummyTensors(NamedTuple):
    """Prices (n,) and (m,), or the mass that moves (), or any of them with a first axis B."""

    u: Tensor | None
    v: Tensor | None
    moved: Tensor | None

    @classmethod
    def of(cls, terms: Terms, like: Tensor, n: int, m: int) -> DummyTensors:
        """The terms of a user, on the device of a tensor."""
        if terms.mass is not None:
            mass = as_tensor(terms.mass, like, "mass")
            if mass.ndim > 1:
                raise InvalidInputError(
                    "mass must be a number, or one for each problem of a stack, got shape "
                    f"{tuple(mass.shape)}; to fix it, pass how much shall move in each"
                )
            return cls(None, None, mass)
        return cls(_prices(terms.u, like, n, "x"), _prices(terms.v, like, m, "y"), None)

    def weights(
        self, a: Tensor | None, b: Tensor | None, n: int, m: int, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """Those of the points as they are, and of the dummies: what the other side may leave."""
        of_x, of_y = (
            torch.full((k,), 1.0 / k, dtype=torch.float64, device=device) if w is None else w
            for w, k in ((a, n), (b, m))
        )
        of_x, of_y = of_x.double(), of_y.double()
        moved = 0.0 if self.moved is None else self.moved.double()
        of_dummies = of_y.sum(-1) - moved, of_x.sum(-1) - moved
        return _with_last(of_x, of_dummies[0]), _with_last(of_y, of_dummies[1])

    def on_arcs(self, costs: Tensor, i: Tensor, j: Tensor, n: int, m: int) -> Tensor:
        """The costs of arcs, those of dummies included, where `costs` has any numbers."""
        prices = torch.zeros_like(costs)
        if self.u is not None and self.v is not None:
            free = costs.new_zeros(())
            prices = entries(_with_last(self.u.double(), free), i)
            prices = prices + entries(_with_last(self.v.double(), free), j)
        return torch.where((i < n) & (j < m), costs, prices)


def _prices(given: Any, like: Tensor, size: int, name: str) -> Tensor:
    prices = as_tensor(given, like, f"unmatched (prices of {name})")
    if prices.ndim > 2 or (prices.ndim > 0 and prices.shape[-1] != size):
        raise InvalidInputError(
            f"unmatched must hold a number, or one price for each of the {size} points of {name}, "
            f"got shape {tuple(prices.shape)}; to fix it, give as many prices as points"
        )
    return prices if prices.ndim else prices.expand(size)


def _with_last(values: Tensor, last: Tensor) -> Tensor:
    """One more value after those along the last axis."""
    stack = torch.broadcast_shapes(values.shape[:-1], last.shape)
    return torch.cat([values.expand(*stack, -1), last.expand(stack)[..., None]], -1)
