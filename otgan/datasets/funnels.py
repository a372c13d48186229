"""Pairs of distributions in any dimension with known W1: mass slides along the rays of a MinFunnel.

Take a 1-Lipschitz u and move every point y along the transport ray of u through it, downhill, to
T(y) with u(y) - u(T(y)) = ‖y - T(y)‖. For any coupling the left side has the same mean, and no
coupling can cost less than it. So the move is optimal, W1 = E ‖y - T(y)‖, and -u is an optimal
potential that is high on the moved distribution.

Source of all formulas: Korotin, Kolesov and Burnaev, Kantorovich strikes back! Wasserstein GANs
are not optimal transport? (NeurIPS 2022). Here lengths are measured from the apex of each ray and
as reciprocals, which needs no case distinctions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from otgan.datasets.array_backend import NUMPY, Backend, DeviceConstant, as_backend_points
from otgan.datasets.distributions import Cube, Distribution
from otgan.datasets.known import KnownPair, KnownW1
from otgan.datasets.potentials import MinFunnel, Nearest, Negative, in_blocks, unit
from otgan.datasets.random_source import RandomSource
from otgan.errors import InvalidInputError, SolverError
from otgan.estimates import standard_error_of_mean
from otgan.inputs.options import as_count, as_positive, seed_from
from otgan.keywords import checks_keywords
from otgan.measures import as_float64, as_points

__all__ = ["FunnelTruth", "Funnelled", "RayMove", "funnel_pair", "funnel_pair_from", "integrate"]

SOBOL_DIMENSIONS = 21201
"""As many have direction numbers in SciPy."""


@dataclass(frozen=True, eq=False)
class RayMove:
    """The map T that slides the points of a cube along the rays of a MinFunnel to their apexes.

    The ray through y starts at the apex of the funnel that y lies in, and ends where it leaves the
    cube or reaches another funnel. A point at the fraction t of the ray's length goes to t^power.

    Attributes
    ----------
    funnels : MinFunnel
    power : float
        At least one.
    box : float
        The cube is [-box, box]^d.
    """

    funnels: MinFunnel
    power: float
    box: float

    def __call__(self, points: Any) -> Any:
        """The moved points.

        Parameters
        ----------
        points : array_like or torch.Tensor, shape (n, d)
            In the cube.

        Returns
        -------
        ndarray or torch.Tensor, shape (n, d)
            In the library, device and floating dtype of the points; computed in float64.
        """
        backend, checked, dtype = as_backend_points(points, self.funnels.d)
        return backend.cast(self.moved(backend, checked), dtype)

    def moved(self, backend: Backend, points: Any) -> Any:
        """The moved points, from checked points in the working precision of `backend`."""

        def block(rows: Any) -> Any:
            near = self.funnels.nearest(backend, rows)
            # From the apex: t^power times the length of the ray, where t times it is the distance.
            shrink = self.fraction(backend, near) ** (self.power - 1.0)
            return rows - near.offset * (1.0 - shrink)[:, None]

        return in_blocks(block, backend, points, self.funnels.rows())

    def fraction(self, backend: Backend, near: Nearest) -> Any:
        """How far along its ray each point is, 0 at the apex and 1 at the end; shape (n,).

        With v the direction of the ray and a* its apex, the ray meets funnel k where

            ‖a* + r v - a_k‖ + b_k = r + b*,   that is   1/r = 2 (β - ⟨v, c⟩) / (‖c‖² - β²),

        c = a* - a_k, β = b* - b_k; and a face of the cube where 1/r = ± v_i / (box ∓ a*_i). The
        nearest end has the largest 1/r; those behind the apex are negative.
        """
        xp = backend.xp
        centers, biases = self.funnels.constants(backend)
        direction = unit(backend, near)
        apex = xp.take(centers, near.index, axis=0)
        own = xp.take(biases, near.index, axis=0) - xp.sum(direction * apex, axis=1)
        slack = own[:, None] + (direction @ centers.T - biases)
        ties = xp.max(slack * xp.take(self._reciprocals.on(backend), near.index, axis=0), axis=1)
        faces = xp.maximum(direction / (self.box - apex), -direction / (self.box + apex))
        fraction = near.distance * xp.maximum(ties, xp.max(faces, axis=1))
        return xp.minimum(fraction, xp.ones_like(fraction))  # may exceed one by rounding

    @cached_property
    def _reciprocals(self) -> DeviceConstant:
        """2 / (‖a_j - a_k‖² - (b_j - b_k)²) for all pairs; 0 where one funnel hides the other."""
        apart = cdist(self.funnels.centers, self.funnels.centers)
        steps = self.funnels.biases[:, None] - self.funnels.biases
        product = (apart - steps) * (apart + steps)
        return DeviceConstant(
            np.divide(2.0, product, out=np.zeros_like(product), where=product > 0)
        )


@dataclass(frozen=True, eq=False)
class Funnelled(Distribution):
    """The uniform distribution on a cube after a `RayMove`: mass gathered near the apexes.

    Attributes
    ----------
    move : RayMove
    """

    move: RayMove

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.move.funnels.d

    def _draw(self, n: int, source: RandomSource) -> Any:
        return self.move.moved(source.backend, Cube(self.d, self.move.box)._draw(n, source))


class FunnelTruth(NamedTuple):
    """W1 of a funnel pair from both sides of the duality, at the same points."""

    primal: float
    """Mean length of the move."""
    dual: float
    """Mean fall of the potential: equal to `primal` up to rounding, as the move is optimal."""
    se: float
    """Standard error of `primal`, from independent scramblings."""


def integrate(
    move: RayMove, *, log2_points: int = 14, scramblings: int = 16, rng: int = 0
) -> FunnelTruth:
    """W1 between the uniform distribution on the cube and its image, by quasi-Monte Carlo.

    Parameters
    ----------
    move : RayMove
    log2_points : int
        Two to this power are the points of one scrambled Sobol sequence.
    scramblings : int
        Independent sequences; their spread gives the standard error.
    rng : int
        Seeds the scramblings.

    Returns
    -------
    FunnelTruth
        In float64. Time O(points · d · funnels), memory O(funnels²) and some 20 MB.

    Raises
    ------
    SolverError
        The two sides differ by more than rounding: the parameters are beyond float64.

    References
    ----------
    Owen, Scrambled net variance for integrals of smooth functions (Annals of Statistics 1997).
    """
    pairs = np.array(
        [
            _one_scrambling(move, log2_points, np.random.default_rng([rng, i]))
            for i in range(scramblings)
        ]
    )
    primal, dual = (float(side) for side in pairs.mean(axis=0))
    truth = FunnelTruth(primal, dual, standard_error_of_mean(pairs[:, 0]))
    if not abs(primal - dual) <= 1e-10 * move.box * np.sqrt(move.funnels.d):
        raise SolverError(
            f"the mean move and the mean fall of the potential must agree, got {primal:.12g} and "
            f"{dual:.12g}; to fix it, subtract a constant from the biases, so that they are "
            "no larger than the box",
            truth,
        )
    return truth


def _one_scrambling(
    move: RayMove, log2_points: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Mean length of the move and mean fall of the potential over one Sobol sequence."""
    from scipy.stats import qmc  # half a second, which loading a file should not wait for

    d = move.funnels.d
    sequence = qmc.Sobol(d, scramble=True, seed=rng)
    block = min(2**log2_points, 2 ** int(np.log2(move.funnels.rows())))
    length = fall = 0.0
    for _ in range(2**log2_points // block):
        points = move.box * (2.0 * sequence.random(block) - 1.0)
        moved = move.moved(NUMPY, points)
        length += float(np.sqrt(((points - moved) ** 2).sum(axis=1)).sum())
        fall += float(
            (move.funnels.values(NUMPY, points) - move.funnels.values(NUMPY, moved)).sum()
        )
    return length / 2**log2_points, fall / 2**log2_points


@checks_keywords
def funnel_pair(
    d: int, n_funnels: int, p: float = 8, *, rng: Any = 0, box: float = 2.5
) -> KnownPair:
    """A pair in any dimension with known W1, with the parameters of the W1 benchmark.

    ``pair.y`` is uniform on the cube [-box, box]^d; ``pair.x`` is its image under the move t -> t^p
    along the rays of a random MinFunnel: mass gathered near the apexes. f = -u is optimal.

    Parameters
    ----------
    d : int
    n_funnels : int
        Apexes are uniform in the cube; their heights are normal with standard deviation
        0.1 * box / 2.5.
    p : float
        At least one, where nothing moves.
    rng : int or numpy.random.Generator
        Draws the apexes and heights: another seed is another pair.
    box : float
        Half the width of the cube. Everything scales with it.

    Returns
    -------
    KnownPair
        Its `w1` is computed at first use by quasi-Monte Carlo (see `integrate`): about two
        seconds of one core for d=128 with 256 funnels.

    Raises
    ------
    InvalidInputError

    References
    ----------
    Korotin, Kolesov and Burnaev, Kantorovich strikes back! Wasserstein GANs are not optimal
    transport? (NeurIPS 2022), section 4 and appendix.

    Examples
    --------
    >>> pair = funnel_pair(2, 4)
    >>> pair
    KnownPair('funnels d=2 n=4 p=8 rng=0', d=2)
    >>> pair.x.sample(3, np.random.default_rng(0)).shape
    (3, 2)
    >>> bool(pair.w1_se < 1e-3 * pair.w1)
    True
    """
    d, n_funnels, box = as_count(d, "d"), as_count(n_funnels, "n_funnels"), as_positive(box, "box")
    seed = seed_from(rng)
    # Not default_rng(seed): points that users draw with the same seed would fall on the apexes.
    source = np.random.default_rng([seed, *b"funnels"])
    centers = box * (2.0 * source.random((n_funnels, d)) - 1.0)
    biases = 0.1 * box / 2.5 * source.standard_normal(n_funnels)
    name = f"funnels d={d} n={n_funnels} p={p:g} rng={seed}"
    return funnel_pair_from(centers, biases, p, box=box, name=name)


@checks_keywords
def funnel_pair_from(
    centers: Any, biases: Any, p: float = 8, *, box: float = 2.5, name: str = "funnels"
) -> KnownPair:
    """The funnel pair with these apexes and heights; see `funnel_pair`.

    Parameters
    ----------
    centers : array_like, shape (n_funnels, d)
        Apexes, inside the cube.
    biases : array_like, shape (n_funnels,)
        Their heights.
    p : float
        At least one.
    box : float
        Half the width of the cube.
    name : str

    Returns
    -------
    KnownPair

    Raises
    ------
    InvalidInputError
        Shapes that do not fit, NaN, apexes outside the cube, p below one.

    Examples
    --------
    A single funnel on the line, where W1 = 1/2 - 1/3:

    >>> pair = funnel_pair_from([[0.0]], [0.0], p=2, box=1.0)
    >>> round(pair.w1, 6)
    0.166667
    """
    centers, biases = as_points(centers, "centers"), as_float64(biases, "biases")
    box = as_positive(box, "box")
    p = as_positive(p, "p")
    if p < 1:
        raise InvalidInputError(
            f"p must be >= 1, got {p:g}; to fix it, pass p=8, or p=1 where nothing moves"
        )
    if biases.shape != (len(centers),) or not np.isfinite(biases).all():
        raise InvalidInputError(
            f"biases must be {len(centers)} finite numbers, one for each center, got "
            f"{biases!r}; to fix it, give as many heights as apexes"
        )
    if not (np.abs(centers) < box).all():
        raise InvalidInputError(
            f"centers must lie inside the cube of half width {box:g}, got a coordinate of "
            f"{np.abs(centers).max():g}; to fix it, enlarge box"
        )
    if centers.shape[1] > SOBOL_DIMENSIONS:
        raise InvalidInputError(
            f"d must be at most {SOBOL_DIMENSIONS}, got {centers.shape[1]}; "
            "to fix it, use fewer dimensions"
        )
    move = RayMove(MinFunnel(centers, biases), p, box)
    return KnownPair(
        name,
        x=Funnelled(move),
        y=Cube(centers.shape[1], box),
        f=Negative(move.funnels),
        compute=partial(_known_w1, move),
    )


def _known_w1(move: RayMove) -> KnownW1:
    truth = integrate(move)
    return KnownW1(truth.primal, truth.se)
