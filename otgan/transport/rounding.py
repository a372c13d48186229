"""How far float64 is trusted: the tolerances of the solvers, and what counts as negligible."""

from __future__ import annotations

import numpy as np

__all__ = [
    "DENSE_TOLERANCE",
    "EPS",
    "MARGINAL_TOLERANCE",
    "NEGLIGIBLE_MASS",
    "SPARSE_TOLERANCE",
]

EPS = float(np.finfo(np.float64).eps)
"""The unit roundoff, twice."""

DENSE_TOLERANCE = 64 * EPS
"""Reduced costs are zero up to this fraction of the largest potential, in small problems."""

SPARSE_TOLERANCE = 256 * EPS
"""The same in large ones, whose trees are deeper."""

NEGLIGIBLE_MASS = 1e-12
"""Fraction of a mass that rounding may leave without an allowed arc."""

MARGINAL_TOLERANCE = 1e-12
"""Total mass by which the marginals of a plan may be wrong: far more than rounding makes it."""
