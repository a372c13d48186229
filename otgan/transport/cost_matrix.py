"""The optimal cost for a cost matrix: just the number, differentiable for torch tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.inputs.labels import align_weights_of_costs
from otgan.measures import is_torch, stacked, to_unit_mass
from otgan.transport.exact import emd_from_cost
from otgan.transport.stacks import is_stack

__all__ = ["transport_cost"]


def transport_cost(C: Any, a: Any = None, b: Any = None, *, normalize: bool = False) -> Any:
    """Optimal transport cost of a cost matrix: just the number, differentiable for tensors.

    ``min_P sum_ij P_ij C_ij`` over plans P with row sums a and column sums b. Its gradient in C is
    an optimal plan, and its gradients in a and b are optimal potentials.

    Parameters
    ----------
    C : array_like or torch.Tensor, shape (n, m), or (B, n, m) for a stack of B problems
        Cost from every source to every target, of any sign; ``inf`` forbids an arc. A SciPy
        sparse array of shape (n, m) forbids the arcs that it does not store.
    a, b : array_like or torch.Tensor, shapes (n,) and (m,), or (B, n) and (B, m), optional
        Non-negative masses with equal sums; uniform if omitted. Both are normalized to one, so
        that the gradients are those of the normalized problem: they have no part along the
        weights themselves.
    normalize : bool, default False
        Whether the sums of `a` and `b` may differ.

    Returns
    -------
    numpy floating, ndarray of shape (B,), or torch.Tensor of shape () or (B,)
        The cost, in the floating dtype of C and on its device. The problem is solved on the CPU in
        float64, and proved as :func:`emd_from_cost` proves it; the matrices of a stack side by
        side, on all cores.

    Raises
    ------
    InvalidInputError
        NaN or minus infinity in C, or shapes that do not fit.
    InfeasibleError
        Forbidden arcs cut some mass off.
    UnequalMassError, SolverError
        As for :func:`emd_from_cost`.

    See Also
    --------
    emd_from_cost : the same with plan, potentials and certificate.
    wasserstein : for points, whose gradients it gives.

    Notes
    -----
    The cost is concave and piecewise linear in C. Where several plans are optimal the gradient is
    one of them; forbidden arcs have gradient zero. Second derivatives are zero but those in costs
    and weights together, which say how the plan follows the weights. `torch.func`, `torch.vmap`,
    `torch.compile` and `torch.export` may all be used; inside them a cost beyond float16 or float32
    becomes infinite, where it is an error outside.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), Proposition 9.2 and section 9.1.

    Examples
    --------
    >>> float(transport_cost([[0.0, 2.0], [2.0, 0.0]], [0.75, 0.25], [0.25, 0.75]))
    1.0
    >>> import torch
    >>> C = torch.tensor([[0.0, 2.0], [2.0, 0.0]], requires_grad=True)
    >>> transport_cost(C, [0.75, 0.25], [0.25, 0.75]).backward()
    >>> C.grad
    tensor([[0.2500, 0.5000],
            [0.0000, 0.2500]])
    """
    C, a, b = align_weights_of_costs(C, a, b)
    C, a, b = stacked(C, "C"), stacked(a, "a"), stacked(b, "b")
    if normalize:
        a, b = to_unit_mass(a, "a"), to_unit_mass(b, "b")
    if any(map(is_torch, (C, a, b))):
        from otgan.transport.gradients import cost_of_matrix

        return cost_of_matrix(C, a, b)
    if is_stack(C, None, a, b):
        from otgan.transport.stacked import solve_costs

        return _like(C, solve_costs(C, a, b).cost)
    return _like(C, emd_from_cost(C, a, b).cost)[()]


def _like(C: Any, costs: Any) -> Any:
    kind = np.dtype(C.dtype) if hasattr(C, "dtype") else np.asarray(C).dtype
    return np.asarray(costs).astype(kind if kind.kind == "f" else np.float64)
