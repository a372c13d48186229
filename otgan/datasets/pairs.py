"""Pairs of distributions whose W1 has a closed form.

All but the shifts move mass along rays that leave one point, or one of several: there the
distance to the nearest of these points, or minus it, is an optimal potential, and gives the
lengths of all moves. See `otgan.datasets.funnels` for why that makes the moves optimal.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist
from scipy.special import gammaln, ndtr

from otgan.datasets.distributions import (
    Ball,
    Distribution,
    GaussianMixture,
    Sample,
    Sampler,
    Shifted,
    Spheres,
)
from otgan.datasets.known import KnownPair, KnownW1
from otgan.datasets.potentials import Linear, MinFunnel, Negative, Potential
from otgan.errors import InvalidInputError
from otgan.inputs.options import as_count, as_positive
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_float64, as_points

__all__ = [
    "absolute_value",
    "ball_and_power",
    "cones",
    "dirac_and_sphere",
    "gaussians_on_line",
    "round_gaussians",
    "shifted",
    "square_and_zero",
    "two_points",
]


@checks_keywords
def dirac_and_sphere(d: int, radius: float = 1.0) -> KnownPair:
    """The origin (x) against the uniform distribution on a sphere about it (y).

    W1 = radius, f = -‖·‖.

    Parameters
    ----------
    d : int
    radius : float
        Positive.

    Raises
    ------
    InvalidInputError

    References
    ----------
    Anil, Lucas and Grosse, Sorting out Lipschitz function approximation (ICML 2019): with d=128.

    Examples
    --------
    >>> dirac_and_sphere(128, radius=3.0).w1
    3.0
    """
    origin = _origin(d)
    name = f"origin and sphere d={d} radius={radius:g}"
    return cones(origin, as_positive(radius, "radius"), name=name)


@checks_keywords
def absolute_value() -> KnownPair:
    """The origin of the line (x) against -1 or +1 (y); W1 = 1, ``f = -|·|``.

    References
    ----------
    Anil, Lucas and Grosse, Sorting out Lipschitz function approximation (ICML 2019).

    Examples
    --------
    >>> absolute_value().w1
    1.0
    """
    return cones(_origin(1), 1.0, name="absolute value")


@checks_keywords
def cones(
    centers: Any = ((-2.0, 0.0), (0.0, 0.0), (2.0, 0.0)),
    radius: float = 1.0,
    *,
    name: str = "cones",
) -> KnownPair:
    """Points (x) against spheres about them (y), all equally likely; W1 = radius.

    f = -(distance to the nearest center).

    Parameters
    ----------
    centers : array_like, shape (k, d)
        At least twice the radius apart: then no point of a sphere is nearer to another center.
    radius : float
        Positive.
    name : str

    Raises
    ------
    InvalidInputError
        Centers that are too near to each other, a radius that is not positive.

    References
    ----------
    Anil, Lucas and Grosse, Sorting out Lipschitz function approximation (ICML 2019): three cones.

    Examples
    --------
    >>> cones().w1
    1.0
    """
    centers, radius = as_points(centers, "centers"), as_positive(radius, "radius")
    if len(centers) > 1 and (nearest := float(pdist(centers).min())) < 2 * radius:
        raise InvalidInputError(
            f"centers must be at least twice the radius apart, got {nearest:g} and a radius of "
            f"{radius:g}; to fix it, move the centers apart or shrink the spheres"
        )
    f = Negative(MinFunnel(centers, np.zeros(len(centers))))
    return _closed_form(name, Sample(centers), Spheres(centers, radius), f, radius)


@checks_keywords
def round_gaussians(d: int, std_x: float, std_y: float) -> KnownPair:
    """N(0, std_x² I) against N(0, std_y² I); W1 = ``|std_x - std_y| E‖Z‖``, f = ±‖·‖.

    Z is standard normal, E‖Z‖ = √2 Γ((d + 1)/2) / Γ(d/2). The wider distribution is the narrower
    one scaled up, along rays from the origin.

    Parameters
    ----------
    d : int
    std_x, std_y : float
        Positive.

    Raises
    ------
    InvalidInputError

    References
    ----------
    The mean of the chi distribution: Johnson, Kotz and Balakrishnan, Continuous univariate
    distributions 1 (1994), chapter 18.

    Examples
    --------
    >>> round(round_gaussians(784, 1.0, 2.0).w1, 6)
    27.991073
    """
    origin = _origin(d)
    std_x, std_y = as_positive(std_x, "std_x"), as_positive(std_y, "std_y")
    mean_norm = np.sqrt(2.0) * np.exp(gammaln((d + 1) / 2) - gammaln(d / 2))
    return _closed_form(
        f"round Gaussians d={d} std={std_x:g}, {std_y:g}",
        GaussianMixture(origin, std_x),
        GaussianMixture(origin, std_y),
        _norm(origin, outward=std_x > std_y),
        abs(std_x - std_y) * mean_norm,
    )


@checks_keywords
def ball_and_power(d: int, p: float = 8.0, radius: float = 1.0) -> KnownPair:
    """A uniform distribution on a ball (y) against its image under r -> radius (r / radius)^p (x).

    W1 = ``radius |d/(d + 1) - d/(d + p)|``, the difference of the mean radii; f = ∓‖·‖, minus where
    p > 1 gathers x at the origin.

    Parameters
    ----------
    d : int
    p, radius : float
        Positive.

    Raises
    ------
    InvalidInputError

    References
    ----------
    The radius r of the uniform distribution on the unit ball has E r^p = d/(d + p). The move is
    that of Korotin, Kolesov and Burnaev (NeurIPS 2022) with the rays of a single funnel.

    Examples
    --------
    >>> round(ball_and_power(128).w1, 6)
    0.051072
    """
    origin = _origin(d)
    p, radius = as_positive(p, "p"), as_positive(radius, "radius")
    return _closed_form(
        f"ball and its image d={d} p={p:g} radius={radius:g}",
        Ball(d, radius, p),
        Ball(d, radius),
        _norm(origin, outward=p < 1),
        radius * abs(d / (d + 1) - d / (d + p)),
    )


@checks_keywords
def shifted(shift: Any, base: Sampler | None = None, *, name: str = "shifted") -> KnownPair:
    """Any distribution (x) against the same distribution shifted (y).

    W1 = ‖shift‖, f = -⟨shift, ·⟩ / ‖shift‖.

    Parameters
    ----------
    shift : array_like, shape (d,)
        Not zero.
    base : Sampler, optional
        The distribution of x; the standard normal distribution if omitted.
    name : str

    Raises
    ------
    InvalidInputError
        A zero shift, or one of another dimension than the base.

    References
    ----------
    Villani, Optimal transport, old and new (2009), remark 6.5: E f(x) - E f(y) with f linear
    bounds W1 from below, and the shift itself from above.

    Examples
    --------
    >>> from otgan.datasets import ring8
    >>> shifted([3.0, 4.0], ring8()).w1
    5.0
    """
    vector = np.atleast_1d(as_float64(shift, "shift"))
    length = float(np.linalg.norm(vector)) if vector.ndim == 1 else 0.0
    if not 0 < length < np.inf:
        raise InvalidInputError(
            f"shift must be one finite vector that is not zero, got {shift!r}; "
            "to fix it, pass d numbers"
        )
    if base is None:
        base = GaussianMixture(np.zeros((1, len(vector))), 1.0)
    if base.d != len(vector):
        raise InvalidInputError(
            f"shift must have as many coordinates as the base, got {len(vector)} and {base.d}; "
            "to fix it, pass one number for each coordinate"
        )
    x = base if isinstance(base, Distribution) else Shifted(base, np.zeros(len(vector)))
    return _closed_form(name, x, Shifted(base, vector), Linear(-vector / length), length)


@checks_keywords
def two_points(distance: float, d: int = 1) -> KnownPair:
    """The origin (x) against the point at `distance` on the first axis (y); W1 = distance.

    f = -(first coordinate).

    Parameters
    ----------
    distance : float
        Positive.
    d : int

    Raises
    ------
    InvalidInputError

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), example 1 is two such lines.

    Examples
    --------
    >>> two_points(10.0).w1
    10.0
    """
    origin = _origin(d)
    shift = as_positive(distance, "distance") * np.eye(1, d)[0]
    return shifted(shift, Sample(origin), name=f"two points d={d} distance={distance:g}")


@checks_keywords
def gaussians_on_line(mean_x: float, std_x: float, mean_y: float, std_y: float) -> KnownPair:
    """N(mean_x, std_x²) against N(mean_y, std_y²), on the line.

    Equal quantiles are matched: W1 = ``E |m + s Z|`` with m = mean_y - mean_x, s = std_y - std_x,
    which is ``|s| √(2/π) exp(-m²/2s²) + m (1 - 2 Φ(-m/|s|))``. The slope of f is the sign of
    F_y - F_x: it turns where the distribution functions cross, or nowhere if s = 0.

    Parameters
    ----------
    mean_x, mean_y : float
    std_x, std_y : float
        Positive.

    Raises
    ------
    InvalidInputError
        Also for two equal distributions: any function would be optimal.

    References
    ----------
    Leone, Nelson and Nottingham, The folded normal distribution (Technometrics 1961).

    Examples
    --------
    >>> round(gaussians_on_line(0, 1, 1, 2).w1, 6)
    1.166631
    """
    std_x, std_y = as_positive(std_x, "std_x"), as_positive(std_y, "std_y")
    mean, std = float(mean_y) - float(mean_x), std_y - std_x
    if not np.isfinite(mean) or (mean == 0 and std == 0):
        raise InvalidInputError(
            "the means must be finite and the two distributions must differ, got "
            f"N({mean_x}, {std_x}²) and N({mean_y}, {std_y}²); to fix it, change one of them"
        )
    x, y = (
        GaussianMixture(np.array([[float(m)]]), s) for m, s in ((mean_x, std_x), (mean_y, std_y))
    )
    name = f"N({mean_x:g}, {std_x:g}²) and N({mean_y:g}, {std_y:g}²)"
    if std == 0:
        return _closed_form(name, x, y, Linear(np.array([-np.sign(mean)])), abs(mean))
    crossing = (mean_x * std_y - mean_y * std_x) / std
    f = _norm(np.array([[crossing]]), outward=std < 0)
    ratio = mean / abs(std)
    spread = abs(std) * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2)
    return _closed_form(name, x, y, f, spread + mean * (1 - 2 * ndtr(-ratio)))


@checks_keywords
def square_and_zero(side: int = 35, size: int = 64) -> KnownPair:
    """Images of a square, all +1 or all -1 (x), against the zero image (y).

    W1 = side, the length of either image; f = ‖·‖.

    Parameters
    ----------
    side, size : int
        Of the square and of the image, in pixels.

    Raises
    ------
    InvalidInputError

    References
    ----------
    Serrurier et al., Achieving robustness in classification using optimal transport with hinge
    regularization (CVPR 2021), and the Wasserstein example of their library deel-torchlip.

    Examples
    --------
    >>> square_and_zero().d, square_and_zero().w1
    (4096, 35.0)
    """
    if not 1 <= as_count(side, "side") <= as_count(size, "size"):
        raise InvalidInputError(
            f"side must be at most size, got {side} and {size}; to fix it, shrink the square"
        )
    image = np.zeros((size, size))
    start = (size - side) // 2
    image[start : start + side, start : start + side] = 1.0
    square, origin = image.reshape(1, -1), _origin(size * size)
    return _closed_form(
        f"square of {side} in {size} x {size} and zero",
        Sample(np.concatenate([square, -square])),
        Sample(origin),
        _norm(origin, outward=True),
        float(side),
    )


def _closed_form(name: str, x: Distribution, y: Distribution, f: Potential, w1: float) -> KnownPair:
    return KnownPair(name, x, y, f, partial(KnownW1, float(w1)))


def _norm(center: FloatArray, *, outward: bool) -> Potential:
    """The distance from a center, shape (1, d), or minus it."""
    cone = MinFunnel(center, np.zeros(1))
    return cone if outward else Negative(cone)


def _origin(d: int) -> FloatArray:
    return np.zeros((1, as_count(d, "d")))
