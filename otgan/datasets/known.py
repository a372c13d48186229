"""Two distributions whose W1 is known, with an optimal potential: the type of every such pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from otgan.datasets.distributions import Distribution
from otgan.datasets.potentials import Potential
from otgan.keywords import checks_keywords

__all__ = ["KnownPair", "KnownW1"]


class KnownW1(NamedTuple):
    """A distance, and the standard error of its computation: zero for closed forms."""

    value: float
    se: float = 0.0


@checks_keywords
@dataclass(frozen=True, eq=False)
class KnownPair:
    """Two distributions with known W1, and a function that proves it.

    ``W1 = E f(x) - E f(y)`` for the 1-Lipschitz function f behind `potential`: f is high where x
    has more mass than y, which is what a critic is trained to be.

    Attributes
    ----------
    name : str
    x, y : Distribution
        The two distributions: ``pair.x.sample(n, rng)`` in NumPy or torch.
    f : Potential
        An optimal potential.
    compute : callable
        Returns the `KnownW1`; called once, at first use.
    """

    name: str
    x: Distribution
    y: Distribution
    f: Potential = field(repr=False)
    compute: Callable[[], KnownW1] = field(repr=False)

    @property
    def d(self) -> int:
        """Dimension of the space."""
        return self.x.d

    @cached_property
    def _w1(self) -> KnownW1:
        return self.compute()

    @property
    def w1(self) -> float:
        """The Wasserstein-1 distance of the two distributions."""
        return self._w1.value

    @property
    def w1_se(self) -> float:
        """Standard error of `w1`: zero where a closed form is known."""
        return self._w1.se

    def potential(self, points: Any) -> Any:
        """An optimal potential f, determined up to a constant, with W1 = E f(x) - E f(y).

        Parameters
        ----------
        points : array_like or torch.Tensor, shape (n, d)

        Returns
        -------
        ndarray or torch.Tensor, shape (n,)
            In the library, device and floating dtype of the points; computed in float64.

        Raises
        ------
        InvalidInputError
            Points of another dimension, NaN (in NumPy; tensors are not looked into).
        """
        return self.f(points)

    def gradient(self, points: Any) -> Any:
        """The gradient of f, shape (n, d): of length one, or zero at the apex of a cone.

        On the transport rays (almost every point that the two distributions charge and that moves)
        it is the same for all optimal potentials. Arguments and errors as for `potential`.
        """
        return self.f.gradient(points)

    def __repr__(self) -> str:
        return f"KnownPair({self.name!r}, d={self.d})"
