"""Hold any critic against the exact dual on the same points, and say what it is worth."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from otgan.critics.audit.adapter import CriticFunction
from otgan.critics.audit.diagnostics import diagnose
from otgan.critics.audit.gradients import Rays, slopes_between, steepest_pair, trace_rays
from otgan.critics.audit.measurements import Measurements, TrainingInfo
from otgan.critics.audit.result import CriticAudit
from otgan.critics.lipschitz.layers import LipschitzProof, prove_lipschitz
from otgan.critics.potentials.bounds import certified_lower_bounds
from otgan.errors import InvalidInputError
from otgan.inputs.labels import align_points
from otgan.inputs.options import as_count, as_number, as_positive, as_rng
from otgan.keywords import checks_keywords
from otgan.measures import DiscreteMeasure, FloatArray, as_float64, as_pair, is_torch
from otgan.torch_modes import gradients_on
from otgan.transport.exact import solve_measures

__all__ = ["audit_critic"]


@checks_keywords
@gradients_on()
def audit_critic(
    critic: Any,
    x: Any,
    y: Any,
    *,
    reported: float | None = None,
    penalty_weight: float | None = None,
    batch_size: int | None = None,
    max_pairs: int = 100_000_000,
    rng: int | np.random.Generator = 0,
) -> CriticAudit:
    """Hold a critic against the exact dual on the same points.

    The critic f is meant to be 1-Lipschitz and high on x, so that mean f(x) - mean f(y) comes
    near W1. The audit says how near, whether the Lipschitz condition holds, and what went wrong
    if it did. Use points that the critic was not trained on.

    Parameters
    ----------
    critic : torch.nn.Module or callable
        Takes n points and returns n numbers, of shape (n,) or (n, 1). A plain function may take
        tensors or NumPy arrays; where autograd does not reach, gradients are central differences.
        Modules are evaluated on their own device, in their own dtype, in evaluation mode.
    x, y : array_like or torch.Tensor, shapes (n, ...) and (m, ...)
        Points as the critic takes them, images too; distances are Euclidean between all numbers
        of a point. One axis means points on the line, which the critic gets in shape (n, 1).
    reported : float, optional
        The number that was printed as W1, to be compared with what it should have been.
    penalty_weight : float, optional
        Weight of the gradient penalty that the critic was trained with.
    batch_size : int, optional
        Points of each sample in a training batch.
    max_pairs : int
        Beyond n m of this, random parts of the samples are used, and the report says so.
    rng : int or numpy.random.Generator
        Draws the points at which slopes are sampled.

    Returns
    -------
    CriticAudit

    Raises
    ------
    InvalidInputError
        Points or options that make no sense; a critic that does not take the points, does not
        return one number for each, or returns NaN.

    Notes
    -----
    The time is that of :func:`otgan.emd`, some passes over all pairs for `sample_lower`, and some
    30,000 gradients of the critic.

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), equation (2), for the dual;
    Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), Proposition 1, for the
    gradients of its optimum.

    Examples
    --------
    >>> x = np.array([[0.0, 0.0], [0.0, 1.0]])
    >>> audit = audit_critic(lambda points: -3 * points[:, 0], x, x + [2.0, 0.0])
    >>> audit.gap, audit.sample_distance, round(audit.normalized_gap, 6)
    (6.0, 2.0, 2.0)
    >>> audit.diagnosis_names
    ('too steep',)
    """
    training = _training_info(reported, penalty_weight, batch_size)
    rng = as_rng(rng)
    whole, shape = _points(x, y)
    points = _affordable_points(whole, max_pairs, rng)
    function = CriticFunction.of(critic, points[0], shape, x)
    measured = _measure(function, points, training, rng)
    return _audit(measured, (len(whole[0]), len(whole[1])))


def _measure(
    function: CriticFunction,
    points: tuple[FloatArray, FloatArray],
    training: TrainingInfo,
    rng: np.random.Generator,
) -> Measurements:
    (x, y), (f_x, f_y) = points, (function.values(part) for part in points)
    gap = float(f_x.mean() - f_y.mean())
    transport = solve_measures(DiscreteMeasure.uniform(x), DiscreteMeasure.uniform(y))
    sign = -1.0 if gap < 0 else 1.0
    # Exact and bound agree for a perfect critic, and may cross there by rounding.
    bounds = certified_lower_bounds(x, y, sign * f_x, sign * f_y, upper=transport.distance_upper)
    rays = trace_rays(function, x, y, transport, rng)
    between, slopes = slopes_between(function, x, y, rng)
    return Measurements(
        function=function,
        x=x,
        y=y,
        f_x=f_x,
        f_y=f_y,
        gap=gap,
        transport=transport,
        sample_lower=bounds.critic,
        sample_lower_zero=bounds.zero,
        floor=0.5 * (_floor(x) + _floor(y)),
        steepest=steepest_pair(function, x, y, _steep_points(between, slopes, rays), rng),
        slopes=slopes,
        rays=rays,
        training=training,
    )


def _audit(m: Measurements, given: tuple[int, int]) -> CriticAudit:
    proof = _prove(m.function)
    cosines = m.rays.mean_cosines()
    return CriticAudit(
        gap=m.gap,
        sample_distance=m.sample_distance,
        sample_lower=m.sample_lower,
        sample_lower_zero=m.sample_lower_zero,
        lipschitz_lower=m.steepest.slope,
        lipschitz_upper=proof.value,
        proof=proof.reason,
        cosine_x=float(cosines[0]),
        cosine_middle=float(cosines[1]),
        cosine_y=float(cosines[2]),
        slope_mean=m.mean_slope,
        slope_sd=float(m.slopes.std()),
        steepest=m.steepest,
        floor=m.floor,
        reported=m.training.reported,
        penalty_weight=m.training.penalty_weight,
        batch_size=m.training.batch_size,
        n=len(m.x),
        m=len(m.y),
        n_given=given[0],
        m_given=given[1],
        d=m.x.shape[1],
        diagnoses=diagnose(m),
        transport=m.transport,
        x=m.x,
        y=m.y,
        f_x=m.f_x,
        f_y=m.f_y,
        rays=m.rays,
        slopes=m.slopes,
        function=m.function,
    )


def _steep_points(between: FloatArray, slopes: FloatArray, rays: Rays) -> FloatArray:
    """The points with the largest gradients that were found, the largest last."""
    points = np.concatenate([between, rays.points()])
    order = np.argsort(np.concatenate([slopes, rays.slopes.T.ravel()]))
    return points[order[-256:]]


def _training_info(
    reported: float | None, penalty_weight: float | None, batch_size: int | None
) -> TrainingInfo:
    """What the caller knows of the training, checked."""
    known = TrainingInfo(reported=math.nan, penalty_weight=math.nan, batch_size=0)
    hint = "pass what the critic was trained with, or leave it out"
    if reported is not None:
        known = replace(known, reported=_as_reported(reported))
    if penalty_weight is not None:
        weight = as_positive(penalty_weight, "penalty_weight", hint=hint)
        known = replace(known, penalty_weight=weight)
    if batch_size is not None:
        known = replace(known, batch_size=as_count(batch_size, "batch_size", hint=hint))
    return known


def _as_reported(reported: Any) -> float:
    """A finite number; a tensor of one number, as losses are, holds one."""
    hint = "pass the number that was printed as W1, or leave it out"
    number = reported.item() if is_torch(reported) and reported.numel() == 1 else reported
    if not math.isfinite(value := as_number(number, "reported", "a finite one", hint)):
        raise InvalidInputError(
            f"reported must be a finite number, got {reported!r}; to fix it, {hint}"
        )
    return value


def _points(x: Any, y: Any) -> tuple[tuple[FloatArray, FloatArray], tuple[int, ...]]:
    """Both samples as rows of numbers, and the shape of one point as the critic takes it."""
    x, y = align_points(x, y)
    arrays = [as_float64(x, "x"), as_float64(y, "y")]
    shapes = [array.shape[1:] or (1,) for array in arrays]
    if shapes[0] != shapes[1]:
        raise InvalidInputError(
            f"x and y must hold points of one shape, got {shapes[0]} and {shapes[1]}; to fix it, "
            "give both as the critic takes them"
        )
    rows = [array.reshape(len(array), -1) if array.size else array for array in arrays]
    mu, nu = as_pair(rows[0], rows[1], None, None)
    return (mu.points, nu.points), tuple(shapes[0])


def _affordable_points(
    points: tuple[FloatArray, FloatArray], max_pairs: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """The points, or random parts with at most this many pairs, the larger sample cut first."""
    max_pairs = as_count(max_pairs, "max_pairs", hint="leave it out")
    x, y = points
    if len(x) * len(y) <= max_pairs:
        return points
    side = math.isqrt(max_pairs)
    n, m = min(len(x), max(side, max_pairs // len(y))), len(y)
    m = min(m, max_pairs // n)
    return x[rng.permutation(len(x))[:n]], y[rng.permutation(len(y))[:m]]


def _prove(function: CriticFunction) -> LipschitzProof:
    module = function.module
    if module is None:
        return LipschitzProof(math.inf, "a plain function has no layers to bound it by")
    return prove_lipschitz(module, function.shape)


def _floor(points: FloatArray) -> float:
    """W1 between every second point and the others."""
    if len(points) < 2:
        return 0.0
    halves = DiscreteMeasure.uniform(points[::2]), DiscreteMeasure.uniform(points[1::2])
    return solve_measures(*halves).distance
