"""Vectors of length one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray

__all__ = ["unit_vectors"]


def unit_vectors(vectors: FloatArray) -> npt.NDArray[np.float64]:
    """Each row divided by its length; rows of zeros stay zero.

    Examples
    --------
    >>> unit_vectors(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
