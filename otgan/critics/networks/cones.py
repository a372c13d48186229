"""Networks made of cones: 1-Lipschitz whatever their parameters, and of slope one everywhere.

A minimum of cones |x - a_k| + b_k is 1-Lipschitz, and every 1-Lipschitz function is the limit of
such minima (McShane 1934). So there is nothing to clip, penalize or project: apexes and heights
are trained freely, and the gap E f(x) - E f(y) is at most W1 of the distributions at every step, up
to the noise of its means.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from otgan.critics.potentials.mcshane import cone_values, exact_critic, nearest_cones
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = ["ConeNetwork"]


@checks_keywords
class ConeNetwork(nn.Module):
    """A critic of K cones: ``f(x) = sign * min_k (|x - a_k| + b_k)``.

    With sign +1 cones open upwards, and their apexes belong at points where f is low, those of y;
    with sign -1 they hang down from apexes at points of x. Better start with `from_points`, or
    `place` it on points, than with the random apexes of the constructor.

    In training mode the lowest cone is looked for by matrix products, which may confuse cones
    that are nearly equal there; in evaluation mode by differences, so that the function is
    1-Lipschitz to rounding. Value and gradients are those of the cone that was found, from
    differences in either mode.

    Parameters
    ----------
    d : int
        Dimension of the points.
    count : int
        Cones K.
    sign : {1, -1}

    Raises
    ------
    InvalidInputError
        No cone, or another sign.

    References
    ----------
    McShane, Extension of range of functions (Bulletin of the AMS 1934), Theorem 1. Korotin,
    Kolesov and Burnaev, Kantorovich strikes back! (NeurIPS 2022), whose "MinFunnels" these are.

    Examples
    --------
    >>> critic = ConeNetwork(2, count=3)
    >>> critic(torch.zeros(5, 2)).shape
    torch.Size([5])
    """

    lipschitz = 1.0

    sign: Tensor

    def __init__(self, d: int, count: int = 512, *, sign: float = -1.0) -> None:
        super().__init__()
        if d < 1 or count < 1:
            raise InvalidInputError(
                f"d and count must be at least 1, got {d} and {count}; to fix it, pass the "
                "dimension of the points and a number of cones"
            )
        if sign not in (1, -1):
            raise InvalidInputError(
                f"sign must be 1 or -1, got {sign}; to fix it, pass one of these"
            )
        # As far out as standardized points are, whose squared lengths have mean one.
        self.apexes = nn.Parameter(torch.randn(count, d) / math.sqrt(d))
        self.heights = nn.Parameter(torch.zeros(count))
        self.register_buffer("sign", torch.tensor(float(sign)))

    @classmethod
    def from_points(cls, x: Tensor, y: Tensor, count: int = 512, *, rng: int = 0) -> ConeNetwork:
        """A network that starts from the optimal potential of some of these points.

        Parameters
        ----------
        x, y : torch.Tensor, shapes (n, d) and (m, d)
            Samples, f to be high on x.
        count : int
            Cones.
        rng : int
            Seed of the choice of points.

        Examples
        --------
        >>> x, y = torch.randn(99, 3), torch.randn(99, 3) + 2
        >>> critic = ConeNetwork.from_points(x, y, 20)
        >>> bool(critic(x).mean() - critic(y).mean() > 2)
        True
        """
        critic = cls(x.shape[1], count).to(x)
        critic.place(x, y, rng=rng)
        return critic

    @torch.no_grad()
    def place(self, x: Tensor, y: Tensor, *, rng: int = 0) -> None:
        """Move apexes, heights and sign, in place, to the optimal potential of some points.

        The linear program is solved between as many points of x and of y as there are cones;
        its potential, extended by McShane's theorem, is a network of this form, and a better start
        than any random one. Cones stand on the points that lie more densely (see `exact_critic`).

        Parameters
        ----------
        x, y : torch.Tensor, shapes (n, d) and (m, d)
            Of fewer points than cones, some carry several.
        rng : int
            Seed of the choice of points.
        """
        count = len(self.heights)
        generator = torch.Generator().manual_seed(rng)
        chosen = [
            points[
                torch.randperm(len(points), generator=generator, device="cpu")[:count].to(
                    points.device
                )
            ]
            for points in (x, y)
        ]
        potential = exact_critic(*chosen).potential
        self.sign.fill_(1.0 if potential.largest else -1.0)
        index = torch.arange(count, device=potential.heights.device) % len(potential.heights)
        heights = potential.heights[index] * self.sign.to(potential.heights)
        self.apexes.copy_(potential.anchors[index])
        self.heights.copy_(heights)

    def forward(self, points: Tensor) -> Tensor:
        """Values at points of shape (n, d): shape (n,)."""
        points = points.flatten(1)
        if points.shape[1] != self.apexes.shape[1]:
            raise InvalidInputError(
                f"points must have {self.apexes.shape[1]} coordinates like the apexes, got "
                f"{points.shape[1]}; to fix it, build the network with their dimension"
            )
        nearest = self._nearest(points.detach())
        return self.sign * cone_values(points, self.apexes[nearest], self.heights[nearest])

    @torch.no_grad()
    def _nearest(self, points: Tensor) -> Tensor:
        if not self.training:
            return nearest_cones(points, self.apexes, self.heights)
        # In half precision, differences of squares would not tell which cone is nearest.
        with torch.autocast(points.device.type, enabled=False):
            return self._heights_above(points).argmin(dim=1)

    def _heights_above(self, points: Tensor) -> Tensor:
        """|x_i - a_k| + b_k for all pairs, shape (n, K), by matrix products."""
        # From the mean apex, so that a common offset does not cancel the digits of the products.
        center = self.apexes.detach().mean(dim=0)
        points, apexes = points - center, self.apexes - center
        of_points, of_apexes = points.square().sum(dim=1), apexes.square().sum(dim=1)
        squared = torch.addmm(of_apexes, points, apexes.T, alpha=-2.0) + of_points[:, None]
        # What is below the rounding of these sums is noise, and its root has no bounded gradient.
        scale = of_points.detach().max() + of_apexes.detach().max()
        least = scale * torch.finfo(scale.dtype).eps + torch.finfo(scale.dtype).tiny
        return squared.clamp(min=least).sqrt() + self.heights

    def extra_repr(self) -> str:
        """Sizes, as in the representation of other modules."""
        count, d = self.apexes.shape
        return f"d={d}, count={count}, sign={float(self.sign):+g}"
