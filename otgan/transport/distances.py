"""Just the number, differentiable for torch tensors: of points, on the line, of a cost matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.costs import Metric, line_exponent
from otgan.errors import InvalidInputError
from otgan.inputs.labels import align_weights_of_costs
from otgan.inputs.options import as_normalize, as_order
from otgan.keywords import checks_keywords
from otgan.measures import (
    as_float64,
    as_pair,
    is_torch,
    stacked,
    to_unit_mass,
    warn_of_histograms,
    without_labels,
)
from otgan.progress import Progress, as_progress, reporting
from otgan.transport.batched.inputs import is_stack
from otgan.transport.batched.plans import (
    like_points,
    plans_of_costs,
    plans_of_points,
    stacked_distances,
)
from otgan.transport.batched.unmatched import (
    Terms,
    unmatched_plans_of_costs,
    unmatched_plans_of_points,
)
from otgan.transport.exact import emd, emd_from_cost, solve_measures
from otgan.transport.line import line_distance
from otgan.transport.threads import as_n_jobs

__all__ = ["transport_cost", "wasserstein", "wasserstein_1d"]


@checks_keywords
def wasserstein(
    x: Any,
    y: Any,
    a: Any = None,
    b: Any = None,
    *,
    p: float = 1,
    metric: Metric = "euclidean",
    normalize: bool = False,
    unmatched: Any = None,
    mass: Any = None,
    n_jobs: int | None = None,
    progress: Progress = False,
) -> Any:
    """Exact Wasserstein distance of order p: just the number, differentiable for torch tensors.

    Parameters
    ----------
    x, y : array_like or torch.Tensor, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        As for :func:`emd`. A list of tensors is stacked. Also stacks of B clouds, (B, n, d) and
        (B, m, d): clouds at the same place are compared. What has no third axis is shared by all.
    a, b : array_like or torch.Tensor, shapes (n,) and (m,), or (B, n) and (B, m), optional
        Non-negative masses with equal sums; uniform if omitted.
    p : float, default 1
        Order, at least one.
    metric : str or callable
    normalize : bool
        As for :func:`emd`.
    unmatched, mass
        Prices of mass that may stay, or how much moves, as for :func:`emd`; weights are then not
        normalized. Tensors get their gradients. Of a stack, prices may have the shapes (B, n) and
        (B, m), and the mass (B,).
    n_jobs : int, optional
        Threads, as for :func:`emd`. By default all cores; stacks then follow the surrounding
        ``joblib.parallel_config``.
    progress : bool or callable, default False
        As for :func:`emd`. For stacks and tensors it counts problems, total included.

    Returns
    -------
    numpy floating, ndarray of shape (B,), or torch.Tensor of shape () or (B,)
        The distance (root taken), in the floating dtype of the points: of two dtypes, in that to
        which the library promotes them. A tensor is on the device of the input; the problem is
        solved on the CPU, and derivatives in points and weights follow the optimal plan and
        potentials (one sub-gradient where there are ties). On the line
        O((n + m) log(n + m)) time, otherwise that of :func:`emd`; small problems of a stack are
        solved side by side, on all cores.

    Raises
    ------
    InvalidInputError, UnequalMassError, SolverError
        As for :func:`emd`; a note names the problem of a stack.

    See Also
    --------
    transport_cost : the same for a cost matrix.
    pairwise_wasserstein : all distances between the clouds of a list.

    Notes
    -----
    `torch.func`, `torch.vmap`, `torch.compile`, `torch.export` and recorded traces may all be used;
    inside them a distance beyond the dtype of the points is infinite, where it is an error outside.
    Weights are normalized, so that gradients have no part along them; where mass may stay they are
    not, and the gradient in a price is what stays there, that in the mass twice the price at which
    as much would move (:func:`emd`). Second derivatives hold the
    plan fixed, as it is near almost all points, but for how its masses follow the weights; they
    are zero, and not infinite, where two points coincide under a cost with a kink there.

    Examples
    --------
    >>> float(wasserstein([[0, 0], [1, 0]], [[0, 1], [1, 1]]))
    1.0
    >>> import torch
    >>> x = torch.tensor([[0.0, 0.0]], requires_grad=True)
    >>> wasserstein(x, torch.tensor([[3.0, 4.0]])).backward()
    >>> x.grad
    tensor([[-0.6000, -0.8000]])

    Half of the mass is too far away to be worth its price of two, twice one:

    >>> x = torch.tensor([[0.0, 0.0], [9.0, 0.0]], requires_grad=True)
    >>> wasserstein(x, torch.tensor([[0.0, 1.0], [0.0, -9.0]]), unmatched=1).backward()
    >>> x.grad
    tensor([[ 0.0000, -0.5000],
            [ 0.0000,  0.0000]])
    """
    n_jobs, progress = as_n_jobs(n_jobs), as_progress(progress)
    x, y, a, b = without_labels(x, y, a, b)
    if as_normalize(normalize):
        a, b = to_unit_mass(a, "a"), to_unit_mass(b, "b")
    order, terms = as_order(p), Terms.of(unmatched, mass)
    if any(is_torch(value) for value in (x, y, a, b, *(terms or ()))):
        from otgan.transport.gradients import distance

        with reporting(progress, 1, "wasserstein", unit="problem") as report:
            tensor = distance(x, y, a, b, p=order, metric=metric, terms=terms, n_jobs=n_jobs)
            report(1, "")
        return tensor
    data = x, y, a, b
    if terms is not None and (is_stack(*data) or terms.is_stack):
        plans = unmatched_plans_of_points(data, terms, order, metric, n_jobs, progress)
        return stacked_distances(plans.cost, order, x, y)
    if terms is not None:
        leaving = {"unmatched": unmatched, "mass": mass, "n_jobs": n_jobs, "progress": progress}
        return like_points(emd(*data, p=order, metric=metric, **leaving).distance, x, y)
    if is_stack(*data):
        plans = plans_of_points(data, order, metric, n_jobs, progress)
        return stacked_distances(plans.cost, order, x, y)
    mu, nu = as_pair(x, y, a, b)
    warn_of_histograms(mu, nu)
    exponent = line_exponent(metric, order) if mu.d == 1 else None
    if exponent is not None:
        return like_points(line_distance(mu, nu, exponent) ** (exponent / order), x, y)
    result = solve_measures(mu, nu, metric, order, n_jobs=n_jobs, progress=progress)
    return like_points(result.distance, x, y)


@checks_keywords
def wasserstein_1d(
    x: Any, y: Any, a: Any = None, b: Any = None, *, p: float = 1, normalize: bool = False
) -> Any:
    """Wasserstein distance of order p between two samples on the line, in closed form.

    ``W_p = (∫₀¹ |F⁻¹(t) - G⁻¹(t)|ᵖ dt)^(1/p)`` with quantile functions F⁻¹ and G⁻¹.

    Parameters
    ----------
    x, y : array_like or torch.Tensor, shapes (n,) or (n, 1), and (m,) or (m, 1)
        Positions, not histograms: the bin heights of a histogram are weights. Stacks of B samples
        have the shapes (B, n, 1) and (B, m, 1); what has no third axis is shared by all.
    a, b : array_like or torch.Tensor, shapes (n,) and (m,), or (B, n) and (B, m), optional
        Non-negative masses with equal sums; uniform if omitted.
    p : float, default 1
        Order, at least one.
    normalize : bool, default False
        Whether the sums of `a` and `b` may differ, as those of counts of two samples do.

    Returns
    -------
    numpy floating, ndarray of shape (B,), or torch.Tensor of shape () or (B,)
        The distance, in the units of x and the floating dtype of the points: the root is taken, as
        by SciPy's `wasserstein_distance`, and not by POT's `wasserstein_1d`. For torch input a
        tensor on the same device, differentiable in points and weights as :func:`wasserstein` is.
        O((n + m) log(n + m)) time.

    Raises
    ------
    InvalidInputError
        Points in more than one dimension, p < 1, NaN, empty input, negative weights.
    UnequalMassError
        Sums of a and b that differ by more than rounding.

    References
    ----------
    Santambrogio, Optimal Transport for Applied Mathematicians (2015), Proposition 2.17.

    Examples
    --------
    >>> float(wasserstein_1d([0, 1, 3], [5, 6, 8]))
    5.0
    >>> float(wasserstein_1d([0, 3], [1], p=2))  # ((1 + 4) / 2) ** 0.5
    1.5811388300841898
    >>> float(wasserstein_1d([0, 1, 2, 3], [0, 1, 2, 3], a=[3, 2, 1, 4], b=[1, 2, 4, 3]))
    0.5
    """
    p = as_order(p)
    x, y, a, b = without_labels(x, y, a, b)
    if as_normalize(normalize):
        a, b = to_unit_mass(a, "a"), to_unit_mass(b, "b")
    if any(map(is_torch, (x, y, a, b))):
        from otgan.transport.gradients import distance

        for points in (x, y):
            refuse_columns(points.shape if is_torch(points) else as_float64(points, "x").shape)
        return distance(x, y, a, b, p=p)
    if is_stack(x, y, a, b):
        for points, name in ((x, "x"), (y, "y")):
            refuse_columns(as_float64(points, name).shape)
        return stacked_distances(plans_of_points((x, y, a, b), p, "euclidean").cost, p, x, y)
    mu, nu = as_pair(x, y, a, b)
    warn_of_histograms(mu, nu)
    refuse_columns(mu.points.shape)
    return like_points(line_distance(mu, nu, p), x, y)


@checks_keywords
def transport_cost(
    C: Any,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    unmatched: Any = None,
    mass: Any = None,
    n_jobs: int | None = None,
    progress: Progress = False,
) -> Any:
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
    unmatched, mass
        Prices of mass that may stay, or how much moves, as for :func:`emd_from_cost`; weights are
        then not normalized. Tensors get their gradients. Of a stack, prices may have the shapes
        (B, n) and (B, m), and the mass (B,).
    n_jobs : int, optional
        Threads, as for :func:`emd`. By default all cores; stacks then follow the surrounding
        ``joblib.parallel_config``.
    progress : bool or callable, default False
        As for :func:`emd`. For stacks and tensors it counts problems, total included.

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
    The cost is concave and piecewise linear in C, and in prices, whose gradients are what stays.
    Where several plans are optimal the gradient is one of them; forbidden arcs have gradient zero.
    Second derivatives are zero but those in costs and weights together, which say how the plan
    follows the weights. `torch.func`, `torch.vmap`, `torch.compile` and `torch.export` may all be
    used; inside them a cost beyond float16 or float32 becomes infinite, where it is an error
    outside.

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
    n_jobs, progress = as_n_jobs(n_jobs), as_progress(progress)
    C, a, b = align_weights_of_costs(C, a, b)
    C, a, b = stacked(C, "C"), stacked(a, "a"), stacked(b, "b")
    if as_normalize(normalize):
        a, b = to_unit_mass(a, "a"), to_unit_mass(b, "b")
    terms = Terms.of(unmatched, mass)
    if any(map(is_torch, (C, a, b, *(terms or ())))):
        from otgan.transport.gradients import cost_of_matrix

        with reporting(progress, 1, "transport_cost", unit="problem") as report:
            tensor = cost_of_matrix(C, a, b, terms=terms, n_jobs=n_jobs)
            report(1, "")
        return tensor
    if terms is not None and (is_stack(C, None, a, b) or terms.is_stack):
        plans = unmatched_plans_of_costs((C, a, b), terms, n_jobs, progress)
        return _like_costs(C, plans.cost)
    if is_stack(C, None, a, b):
        return _like_costs(C, plans_of_costs(C, a, b, n_jobs, progress).cost)
    leaving = {"unmatched": unmatched, "mass": mass, "n_jobs": n_jobs, "progress": progress}
    return _like_costs(C, emd_from_cost(C, a, b, **leaving).cost)[()]


def refuse_columns(shape: tuple[int, ...]) -> None:
    """Raise unless an array of this shape holds points on the line."""
    if len(shape) > 1 and shape[-1] != 1:
        raise InvalidInputError(
            f"x must be points on the line, got shape {tuple(shape)}; to fix it, use "
            "otgan.wasserstein for points in several dimensions, and the shape (B, n, 1) for B "
            "samples on the line"
        )


def _like_costs(C: Any, costs: Any) -> Any:
    kind = np.dtype(C.dtype) if hasattr(C, "dtype") else np.asarray(C).dtype
    return np.asarray(costs).astype(kind if kind.kind == "f" else np.float64)
