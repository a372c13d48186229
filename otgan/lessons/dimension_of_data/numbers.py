"""How many dimensions data have: an estimate, held to shapes of known dimension."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from otgan.datasets import digits
from otgan.errors import InvalidInputError
from otgan.inputs.options import as_rng
from otgan.keywords import checks_keywords
from otgan.lessons.dimension_of_data.estimation import Dimension, estimate_dimension
from otgan.lessons.dimension_of_data.shapes import (
    Generator,
    ball,
    cube,
    meeting,
    placed,
    sphere,
    swiss_roll,
)
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["DimensionOfData", "Reading", "run"]

TRUE_DIMENSIONS = (1, 2, 3, 5, 8, 10, 12, 15, 20)
LATENTS = (1, 2, 5, 10, 20)
DIGIT_PIXELS = 64
NOISES = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3)
MEETINGS = ((1, 1, 2), (1, 1, 3), (2, 2, 3), (2, 2, 5), (20, 20, 64), (40, 40, 64))


@dataclass(frozen=True, repr=False)
class Reading(Record):
    """What the estimate reads of points whose dimension is known.

    Attributes
    ----------
    name : str
    dimension : int
        The true one.
    ambient : int
        That of the space they lie in.
    linear : int
        How many principal components have 95 % of the variance.
    estimate : Dimension
    """

    name: str
    dimension: int
    ambient: int
    linear: int
    estimate: Dimension


@checks_keywords
@dataclass(frozen=True, repr=False)
class DimensionOfData(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    n, neighbors : int
        Points of each shape, and neighbors that are looked at.
    shapes, generators : tuple of Reading
        Shapes in ten dimensions; ranges of random networks from `latent` dimensions to 64.
    dimensions : ndarray, shape (m,)
        True dimensions of cubes and of normal distributions.
    cubes, balls : ndarray, shape (m,)
        What is read of these.
    noises, noisy : ndarray, shape (s,)
        Deviations of normal noise on a square in ten dimensions, and what is read then.
    digit_neighbors, digit_values, digit_errors : ndarray, shape (q,)
        What is read of the 1,797 handwritten digits of 8 x 8 pixels.
    digit_linear : int
        How many principal components have 95 % of their variance.
    meetings : tuple of (int, int, int, int or None)
        Dimensions of two flat sets, of the space, and of what they share in general position.
    """

    n: int
    neighbors: int
    shapes: tuple[Reading, ...]
    generators: tuple[Reading, ...]
    dimensions: FloatArray
    cubes: FloatArray
    balls: FloatArray
    noises: FloatArray
    noisy: FloatArray
    digit_neighbors: FloatArray
    digit_values: FloatArray
    digit_errors: FloatArray
    digit_linear: int
    meetings: tuple[tuple[int, int, int, int | None], ...]

    @property
    def digits_between(self) -> tuple[float, float]:
        """Dimensions of a normal distribution and of a cube that would read like the digits."""
        reading = float(np.interp(self.neighbors, self.digit_neighbors, self.digit_values))
        ball_like, cube_like = (
            float(np.interp(reading, values, self.dimensions))
            for values in (self.balls, self.cubes)
        )
        return ball_like, cube_like


@checks_parameters
def run(
    *, n: int = 1797, neighbors: int = 10, rng: np.random.Generator | int = 0
) -> DimensionOfData:
    """Estimate the dimension of known shapes, of ranges of generators, and of digits.

    Parameters
    ----------
    n : int
        Points of each shape; by default as many as there are digits.
    neighbors : int
        How many neighbors of each point are looked at, from 2 to 100.
    rng : int or numpy.random.Generator
        The seed of everything random, or its source.

    Returns
    -------
    DimensionOfData
        Some seconds.

    Raises
    ------
    InvalidInputError
        Neighbors outside [2, 100], or not less than n.
    MissingExtraError
        scikit-learn, which has the digits, is not installed.

    References
    ----------
    Levina and Bickel, Maximum likelihood estimation of intrinsic dimension, NeurIPS (2004);
    Arjovsky and Bottou, Towards principled methods for training generative adversarial networks,
    ICLR (2017), section 2.1, for what two sets of low dimension share.

    Examples
    --------
    >>> numbers = run(n=500)
    >>> for one in numbers.shapes[:2]:
    ...     print(f"{one.name}: {one.estimate.value:.2f} ± {one.estimate.standard_error:.2f}")
    line: 1.02 ± 0.01
    square: 1.95 ± 0.04
    """
    if not 2 <= neighbors <= 100:
        raise InvalidInputError(
            f"neighbors must be from 2 to 100, got {neighbors!r}; to fix it, pass a number such as "
            "10"
        )
    if n < 3:
        raise InvalidInputError(
            f"n must be at least 3, got {n!r}; to fix it, pass a number such as 500"
        )
    rng = as_rng(rng)
    pixels = digits().points
    looked_at = sorted({3, 5, 10, 20, 50, 100, neighbors})
    read = [estimate_dimension(pixels, m) for m in looked_at]
    square = placed(rng, cube(rng, n, 2), 10)
    noise = rng.normal(size=square.shape)
    return DimensionOfData(
        n=n,
        neighbors=neighbors,
        shapes=tuple(
            _reading(name, k, placed(rng, points, 10), neighbors)
            for name, k, points in (
                ("line", 1, cube(rng, n, 1)),
                ("square", 2, cube(rng, n, 2)),
                ("sphere", 2, sphere(rng, n, 2)),
                ("swiss roll", 2, swiss_roll(rng, n)),
                ("cube, 5-d", 5, cube(rng, n, 5)),
                ("sphere, 5-d", 5, sphere(rng, n, 5)),
            )
        ),
        generators=tuple(_of_generator(rng, latent, n, neighbors) for latent in LATENTS),
        dimensions=np.array(TRUE_DIMENSIONS, dtype=float),
        cubes=_values([cube(rng, n, k) for k in TRUE_DIMENSIONS], neighbors),
        balls=_values([ball(rng, n, k) for k in TRUE_DIMENSIONS], neighbors),
        noises=np.array(NOISES),
        noisy=_values([square + sigma * noise for sigma in NOISES], neighbors),
        digit_neighbors=np.array(looked_at, dtype=float),
        digit_values=np.array([one.value for one in read]),
        digit_errors=np.array([one.standard_error for one in read]),
        digit_linear=_linear_dimension(pixels),
        meetings=tuple((*case, meeting(rng, *case)) for case in MEETINGS),
    )


def _values(clouds: list[FloatArray], neighbors: int) -> FloatArray:
    return np.array([estimate_dimension(points, neighbors).value for points in clouds])


def _reading(name: str, dimension: int, points: FloatArray, neighbors: int) -> Reading:
    ambient, linear = points.shape[1], _linear_dimension(points)
    return Reading(name, dimension, ambient, linear, estimate_dimension(points, neighbors))


def _of_generator(rng: np.random.Generator, latent: int, n: int, neighbors: int) -> Reading:
    """The range of a network; its dimension is the rank of the Jacobian, not the latents' word."""
    generate = Generator(rng, latent, DIGIT_PIXELS)
    z = rng.normal(size=(n, latent))
    return _reading(
        f"G(z), {latent} latent{'s' * (latent > 1)}", generate.rank(z[:20]), generate(z), neighbors
    )


def _linear_dimension(points: FloatArray) -> int:
    variances = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) ** 2
    return int(np.searchsorted(np.cumsum(variances), 0.95 * variances.sum()) + 1)
