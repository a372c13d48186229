"""Entropic transport between two samples of equal weights: Sinkhorn's iteration, made to converge.

The potentials solve ``min_P Σ P_ij C_ij + ε KL(P‖a ⊗ b)``, with the plan
``P_ij = exp((f_i + g_j - C_ij)/ε) / nm``. Three things make them converge where plain iterations
need thousands of rounds, or more than there is time for:

- ε falls from the largest cost to what was asked for, by quarters, each problem starting from the
  potentials of the one before, which are averaged over both sides;
- then products with the plan, rather than exponentials, scale rows and columns, until they would
  leave the range of floats;
- every so often a step of Newton's method for f alone, with g what it must be beside f, by
  conjugate gradients. The dual value rises, or the step is cut.

Sources: Feydy, Geometric data analysis beyond convolutions (2020), section 3.3, for the falling ε
(GeomLoss); Schmitzer, Stabilized sparse scaling algorithms for entropy regularized transport
problems (2019), for products; Brauer, Clason, Lorenz and Wirth, A Sinkhorn-Newton method for
entropic optimal transport (2017).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg

from otgan.errors import SolverError
from otgan.measures import FloatArray

__all__ = [
    "MARGINAL_ERROR",
    "ROUNDS",
    "EntropicPlan",
    "entropic_between",
    "entropic_within",
    "scaled_within",
]

MARGINAL_ERROR = 1e-6
"""Mass that a converged plan may have in the wrong place, as a fraction of all mass."""

ROUNDS = 100
"""Rounds of scaling between two steps of Newton's method."""

COOLING = 4.0
"""By what ε falls."""

WIDEST = 30.0
"""Logarithm of the largest scaling, before it goes into the potentials."""


class EntropicPlan(NamedTuple):
    """Entropic transport: its dual value, its potentials, and how well they solve it."""

    value: float
    f: FloatArray
    g: FloatArray
    error: float
    iterations: int


def entropic_between(C: FloatArray, reg: float, max_iterations: int) -> EntropicPlan:
    """Entropic transport between two samples with costs C, shape (n, m).

    Raises
    ------
    SolverError
        Marginals that are off by more than 1e-6 of the mass after so many rounds.
    """
    with np.errstate(all="ignore"):  # what goes wrong shows in the marginals
        f, iterations = _cooled(C, reg, max_iterations)
        while True:
            f = _beside(C.T, _beside(C, f, reg), reg)
            g = _beside(C, f, reg)
            f, rounds, done = _scaled(C, f, g, reg, max_iterations - iterations)
            iterations += rounds + 1
            if done or iterations >= max_iterations or not np.isfinite(f).all():
                break
            f, rounds = _newton(C, f, reg, max_iterations - iterations)
            iterations += rounds
        return _checked(C, f, _beside(C, f, reg), reg, iterations, max_iterations)


def entropic_within(C: FloatArray, reg: float, max_iterations: int) -> EntropicPlan:
    """Entropic transport of a sample to itself, with f = g, from its costs C, shape (n, n).

    Raises
    ------
    SolverError
        As in :func:`entropic_between`.
    """
    u, iterations = scaled_within(np.exp(-C / reg), max_iterations)
    f = reg * np.log(u)
    return _checked(C, f, f, reg, iterations, max_iterations)


def scaled_within(kernel: FloatArray, max_iterations: int) -> tuple[FloatArray, int]:
    """The u for which u_i K_ij u_j / n has row sums of one, and the iterations that it took.

    Averaging both sides of u = 1/(K u) halves the error at least, up to p = 2 where K is positive
    definite (Feydy et al. 2019); alternating them may take thousands of iterations. As K_ii = 1,
    the solution has u_i² <= n and u_i max u >= 1: nothing leaves the range of floats.
    """
    n = len(kernel)
    u, iterations, error = np.ones(n), 0, math.inf
    while error > MARGINAL_ERROR / 4 and iterations < max_iterations:
        reach = kernel @ u / n
        error = float(np.abs(u * reach - 1).mean())
        u = np.sqrt(u / reach)
        iterations += 1
    return u, iterations


def _beside(C: FloatArray, f: FloatArray, reg: float) -> FloatArray:
    """The g that gives every column of the plan its mass."""
    exponents = (f[:, None] - C) / reg
    top = exponents.max(axis=0)
    exponents -= top
    return -reg * (top + np.log(np.exp(exponents, out=exponents).mean(axis=0)))


def _plan(C: FloatArray, f: FloatArray, g: FloatArray, reg: float) -> FloatArray:
    exponents = (f[:, None] + g - C) / reg
    return np.exp(exponents, out=exponents) / C.size


def _cooled(C: FloatArray, reg: float, max_iterations: int) -> tuple[FloatArray, int]:
    """Potentials of x from problems with falling ε, and how many there were."""
    f, warm, count = np.zeros(len(C)), float(C.max() - C.min()), 0
    g = _beside(C, f, max(warm, reg))
    while warm > reg and count < max_iterations:
        f, g = 0.5 * (f + _beside(C.T, g, warm)), 0.5 * (g + _beside(C, f, warm))
        warm, count = warm / COOLING, count + 1
    return f, count


def _scaled(
    C: FloatArray, f: FloatArray, g: FloatArray, reg: float, rounds: int
) -> tuple[FloatArray, int, bool]:
    """Potentials of x after scaling rows and columns in turn, and whether that has converged."""
    n, m = C.shape
    plan = _plan(C, f, g, reg)
    u, v = np.ones(n), np.ones(m)
    for done in range(min(ROUNDS, rounds)):
        rows = plan @ v
        if np.abs(u * rows - 1 / n).sum() < MARGINAL_ERROR / 4:
            return f + reg * np.log(u), done, True
        u = 1 / (n * rows)
        if not np.abs(np.log(u)).max() < WIDEST:
            return f + reg * np.log(u), done + 1, False
        v = 1 / (m * (u @ plan))
    return f + reg * np.log(u), min(ROUNDS, rounds), False


def _newton(C: FloatArray, f: FloatArray, reg: float, rounds: int) -> tuple[FloatArray, int]:
    """A step uphill on the dual value as a function of f, and the products that it took."""
    n, m = C.shape
    g = _beside(C, f, reg)
    plan = _plan(C, f, g, reg)
    rows = plan.sum(axis=1)
    lacking = 1 / n - rows
    products = 0

    def curvature(step: FloatArray) -> FloatArray:
        nonlocal products
        products += 1
        return rows * step - m * (plan @ (step @ plan))

    step, _ = cg(
        LinearOperator((n, n), matvec=curvature, dtype=np.float64),
        lacking,
        rtol=0.01,
        maxiter=max(1, min(2 * ROUNDS, rounds)),
        M=LinearOperator((n, n), matvec=lambda vector: vector / rows, dtype=np.float64),
    )
    value, slope = f.mean() + g.mean(), reg * float(lacking @ step)
    length = 1.0
    while length > 1e-4:
        moved = f + reg * length * step
        rise = moved.mean() + _beside(C, moved, reg).mean() - value
        if rise >= 1e-4 * length * slope:
            return moved, products
        length /= 2
    return f, products


def _checked(
    C: FloatArray, f: FloatArray, g: FloatArray, reg: float, iterations: int, limit: int
) -> EntropicPlan:
    """The dual value of potentials, or an error if the plan they make is not one."""
    n, m = C.shape
    plan = _plan(C, f, g, reg)
    error = float(np.abs(plan.sum(axis=1) - 1 / n).sum() + np.abs(plan.sum(axis=0) - 1 / m).sum())
    if not error <= MARGINAL_ERROR:
        raise SolverError(
            f"the plan's marginals must be right to {MARGINAL_ERROR:g} of the mass, got an error "
            f"of {error:.3g} after {min(iterations, limit)} iterations; to fix it, raise "
            f"max_iterations, or reg, which was {reg:.3g}"
        )
    value = float(f.mean() + g.mean() - reg * (plan.sum() - 1))
    return EntropicPlan(value, f, g, error, iterations)
