"""Parallel lines: two segments that never touch, however near, and what noise does to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan import emd, js_divergence, kl_divergence
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords
from otgan.lessons.densities import Normal, as_numbers, js, w1
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["ParallelLines", "run"]


@checks_keywords
@dataclass(frozen=True, repr=False)
class ParallelLines(Record):
    """The numbers of the lesson, for P on the line x = 0 and Q on the line x = theta.

    Attributes
    ----------
    thetas : ndarray, shape (n,)
    kl, kl_reversed, js : ndarray, shape (n,)
        KL(P‖Q), KL(Q‖P) and JS in nats, of histograms on the points of both segments.
    w : ndarray, shape (n,)
        W₁ by exact transport between the points of the segments.
    gap : float
        The widest certified bracket around an entry of `w`.
    sigmas : ndarray, shape (s,)
        Standard deviations of the noise.
    js_noisy, w_noisy : ndarray, shape (s, n)
        JS and W₁ once N(0, sigma²) noise has been added to both.
    """

    thetas: FloatArray
    kl: FloatArray
    kl_reversed: FloatArray
    js: FloatArray
    w: FloatArray
    gap: float
    sigmas: FloatArray
    js_noisy: FloatArray
    w_noisy: FloatArray


@checks_parameters
def run(*, thetas: Any = None, sigmas: Any = (0.25, 0.5, 1.0), points: int = 24) -> ParallelLines:
    """Measure the distance between two unit segments, bare and blurred.

    Parameters
    ----------
    thetas : array_like, shape (n,), optional
        Signed distances between the lines; -2, -1.9375, ..., 2 if omitted.
    sigmas : array_like, shape (s,)
        Standard deviations of the noise, positive.
    points : int
        Points on each segment, at the same heights on both.

    Returns
    -------
    ParallelLines

    Raises
    ------
    InvalidInputError
        Non-finite thetas, sigmas that are not positive, fewer than one point.

    Notes
    -----
    The noise blurs both segments alike along their length, which changes neither JS nor W₁.
    Across, it makes N(0, sigma²) and N(theta, sigma²) of them, and those are what is compared.

    Examples
    --------
    >>> numbers = run(thetas=[0, 1], sigmas=[0.5])
    >>> numbers.kl, numbers.js.round(6), numbers.w
    (array([ 0., inf]), array([0.      , 0.693147]), array([0., 1.]))
    >>> numbers.js_noisy.round(6)
    array([[0.      , 0.336831]])
    """
    thetas = as_numbers(np.linspace(-2, 2, 65) if thetas is None else thetas, "thetas")
    sigmas = as_numbers(sigmas, "sigmas")
    if points < 1:
        raise InvalidInputError(f"points must be at least 1, got {points!r}; to fix it, pass 24")
    heights = (np.arange(points) + 0.5) / points
    segments = [np.column_stack([np.full(points, theta), heights]) for theta in thetas]
    at_zero = np.column_stack([np.zeros(points), heights])
    histograms = [_histograms(at_zero, segment) for segment in segments]
    transports = [emd(at_zero, segment) for segment in segments]
    blurred = [
        [(Normal(0, sigma), Normal(theta, sigma)) for theta in thetas.tolist()]
        for sigma in sigmas.tolist()
    ]
    return ParallelLines(
        thetas=thetas,
        kl=np.array([kl_divergence(p, q) for p, q in histograms]),
        kl_reversed=np.array([kl_divergence(q, p) for p, q in histograms]),
        js=np.array([js_divergence(p, q) for p, q in histograms]),
        w=np.array([float(transport) for transport in transports]),
        gap=max(transport.gap for transport in transports),
        sigmas=sigmas,
        js_noisy=np.array([[js(P, Q) for P, Q in row] for row in blurred]),
        w_noisy=np.array([[w1(P, Q) for P, Q in row] for row in blurred]),
    )


def _histograms(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How often each point of the two clouds occurs in the one and in the other."""
    cells, index = np.unique(np.vstack([x, y]), axis=0, return_inverse=True)
    p, q = np.split(index.ravel(), [len(x)])
    counts = [np.bincount(side, minlength=len(cells)).astype(float) for side in (p, q)]
    return counts[0], counts[1]
