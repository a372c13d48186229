"""The dimension of the set that points lie on, from distances to their nearest neighbors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from otgan.errors import DuplicateSamplesError, InvalidInputError
from otgan.lessons.record import Record
from otgan.measures import as_points

__all__ = ["Dimension", "estimate_dimension"]


@dataclass(frozen=True, repr=False)
class Dimension(Record):
    """An estimate of a dimension.

    Attributes
    ----------
    value : float
    standard_error : float
        Of the scatter alone; the bias comes on top.
    """

    value: float
    standard_error: float


def estimate_dimension(points: Any, neighbors: int = 10) -> Dimension:
    """The dimension of the set near which points lie, by the growth of balls around them.

    In k dimensions the number of points within a distance t grows like t^k. If T_j is the distance
    to the j-th nearest of m neighbors, the mean of log(T_m / T_j) over j < m estimates 1/k. The
    mean of these over all points is inverted.

    It is biased: downwards where the set has an edge or is curved within the m-th distance, which
    soon is everywhere as k grows; upwards by noise that is not small beside these distances.

    Parameters
    ----------
    points : array_like, shape (n, d)
    neighbors : int
        How many neighbors, at least two and less than n.

    Returns
    -------
    Dimension
        With the standard error of a mean of terms that are dependent where points are neighbors.
        On shapes of known dimension it is within a half of the true scatter.

    Raises
    ------
    InvalidInputError
        Too few or too many neighbors.
    DuplicateSamplesError
        Equal points, which have no distance.

    References
    ----------
    Levina and Bickel, Maximum likelihood estimation of intrinsic dimension, NeurIPS (2004), (8);
    MacKay and Ghahramani, Comments on 'Maximum likelihood estimation of intrinsic dimension' by E.
    Levina and P. Bickel (2005), for the mean of inverses.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.random((1000, 2)) @ rng.normal(size=(2, 50))
    >>> found = estimate_dimension(plane)
    >>> print(f"{found.value:.2f} ± {found.standard_error:.2f}")
    1.93 ± 0.03
    """
    points = as_points(points, "points")
    n = len(points)
    if not 2 <= neighbors < n:
        raise InvalidInputError(
            f"neighbors must be at least 2 and less than the {n} points, got {neighbors!r}; to fix "
            "it, pass a number such as 10, or more points"
        )
    distances, indices = cKDTree(points).query(points, neighbors + 1)
    if (distances[:, 1] == 0).any():
        raise DuplicateSamplesError(
            f"points must be distinct, got {int((distances[:, 1] == 0).sum())} that equal another "
            "one; to fix it, drop repeated rows: np.unique(points, axis=0)"
        )
    terms = np.log(distances[:, -1:] / distances[:, 1:-1]).mean(axis=1)
    inverse = float(terms.mean())
    error = _error_of_mean(terms - inverse, indices)
    return Dimension(1 / inverse, error / inverse**2)


def _error_of_mean(residuals: np.ndarray, indices: np.ndarray) -> float:
    """Standard error of the mean of terms that are dependent where points are neighbors."""
    n, width = indices.shape
    rows = np.repeat(np.arange(n), width)
    near = csr_array((np.ones(n * width), (rows, indices.ravel())), shape=(n, n))
    near = near.maximum(near.T)  # each of the two may be a neighbor of the other; all of themselves
    return float(np.sqrt(max(residuals @ (near @ residuals), 0.0))) / n
