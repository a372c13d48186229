"""Mistakes of a critic's training, by its gap and its slopes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from otgan.critics.audit.adapter import shown_shape
from otgan.critics.audit.diagnosis import Diagnosis
from otgan.critics.audit.measurements import (
    ALIGNED,
    INITIAL_SLOPE,
    STEEP_RATIO,
    SUFFICIENT_FRACTION,
    Measurements,
)
from otgan.critics.gaps import penalized_gap_inverse

__all__ = ["constant_critic", "diagnose_slopes"]

FACTOR_RTOL = 0.12
"""Relative difference within which a slope is taken for that of a norm over the wrong axis."""


def constant_critic(m: Measurements) -> Diagnosis:
    """The diagnosis of a critic that has one value."""
    return Diagnosis(
        "constant critic",
        f"the critic is {m.f_x[0]:.6g} at every point to rounding: it does not distinguish the "
        "samples.",
        "lower the learning rate, or look for dead units and a saturated last layer.",
    )


def diagnose_slopes(m: Measurements, *, bounded: bool) -> Iterator[Diagnosis]:
    """Mistakes of the training that slopes and gap show; fewer where the values are bounded."""
    wrong_axis = _wrong_axis(m)
    flat = m.flat_fraction
    # The slopes of a critic that is flat but for a cliff say nothing of where they point.
    shaped = flat > 0.5 or (m.is_aligned and (m.is_trained or wrong_axis is not None))
    if m.is_reversed and shaped:
        yield Diagnosis(
            "sign flipped",
            f"the gap is {m.gap:.4g}, negative, while minus the critic has the gap {m.abs_gap:.4g} "
            f"and proves {m.sample_lower:.4g} of the exact {m.sample_distance:.4g}.",
            "read E f(x) - E f(y) with f high on x; minus the loss that is minimized, or swap "
            "the samples.",
        )
    if bounded:
        # Flat and steep parts are what bounds make of any training; even slopes are no training.
        even = m.slopes.std() < 0.6 * m.mean_slope < 0.6 * INITIAL_SLOPE
        if m.is_informative and not m.is_aligned and even:
            yield _under_trained(m)
    elif wrong_axis and m.alignment >= ALIGNED:
        yield wrong_axis
    elif flat > 0.5:
        yield _saturated(flat)
    elif m.abs_gap > STEEP_RATIO * m.sample_distance:
        yield _too_steep(m)
    elif m.is_informative:
        yield from _diagnose_gap(m)


def _diagnose_gap(m: Measurements) -> Iterator[Diagnosis]:
    """What is wrong with a gap that is not too large, where there is something to learn."""
    if not m.is_aligned or (m.gap < 0 and not m.is_trained):
        yield _under_trained(m)
    elif m.is_steep:
        yield _too_steep(m)
    elif m.abs_gap < SUFFICIENT_FRACTION * m.attainable:
        yield _too_flat(m) if m.mean_slope < 0.85 else _under_trained(m)


def _saturated(flat: float) -> Diagnosis:
    return Diagnosis(
        "saturated critic",
        f"on {flat:.0%} of the mass that is to be moved the critic is flat: it gives a "
        "generator no gradient there.",
        "use no saturating activation at the end, a smaller learning rate, and a penalty on "
        "the slopes.",
    )


def _too_flat(m: Measurements) -> Diagnosis:
    exact = m.sample_distance
    return Diagnosis(
        "too flat",
        f"the slopes are {m.mean_slope:.3g} on average where an optimal critic has 1, so the gap "
        f"{m.abs_gap:.4g} is only {m.abs_gap / exact:.1%} of the exact {exact:.4g}."
        + _batch_hint(m),
        "divide the gap by a Lipschitz constant, or train under a constraint that makes "
        "slopes one; weight clipping does not.",
    )


def _under_trained(m: Measurements) -> Diagnosis:
    cosine, exact = float(m.rays.mean_cosines().mean()), m.sample_distance
    return Diagnosis(
        "under-trained",
        f"the gap is {m.gap / exact:.1%} of the exact W1, its values prove "
        f"{m.sample_lower / exact:.1%} of it where a critic that is zero everywhere proves "
        f"{m.sample_lower_zero / exact:.1%}, and its gradient has cosine {cosine:.2f} with the "
        "rays where an optimal critic has 1.",
        "train longer or with more critic steps; under spectral normalization use MaxMin and "
        "orthogonal weights, which can be as steep as they are allowed to be.",
    )


def _too_steep(m: Measurements) -> Diagnosis:
    """A gap that no 1-Lipschitz critic can have."""
    d, weight = m.sample_distance, m.training.penalty_weight
    excess = f"the slopes are {m.mean_slope:.3g} on average, and the gap {m.abs_gap:.4g} is "
    excess += f"{m.abs_gap / d:.3g} times the exact {d:.4g}, which no 1-Lipschitz critic exceeds. "
    fix = "divide the gap by a Lipschitz constant; for a bias below 1 % a gradient penalty "
    fix += f"needs a weight of about 50 W1 = {50 * d:.3g}"
    if math.isnan(weight):
        like = max(d, 1e-300) / (2.0 * max(m.mean_slope - 1.0, 1e-9))
        excess += (
            f"A gradient penalty adds d / (2 weight) to slope 1, so this is consistent with a "
            f"weight near {like:.2g}, or with no constraint at all."
        )
        return Diagnosis("too steep", excess, fix + " at this scale of the data.")
    predicted = d + d * d / (2.0 * weight)
    corrected = penalized_gap_inverse(m.abs_gap, weight)
    if m.abs_gap > 1.5 * predicted:
        excess += (
            f"Under a penalty of weight {weight:g} that acts, {predicted:.4g} was to be expected."
        )
        return Diagnosis(
            "penalty does not act",
            excess,
            "check that the penalty reaches the loss, with create_graph=True, at points between "
            "the samples.",
        )
    excess += (
        f"The weight {weight:g} is too small for this scale: the bias is d / (2 weight) = "
        f"{d / (2 * weight):.0%}, a gap of d + d² / (2 weight) = {predicted:.4g}."
    )
    fix += f", or invert the formula, which gives {corrected:.4g}."
    return Diagnosis("penalty weight too small", excess, fix)


def _batch_hint(m: Measurements) -> str:
    if m.training.batch_size or not 0.005 < m.rms_slope < 0.7:  # batches of 2 to 40,000
        return ""
    return (
        f" A penalty whose norm runs over a whole batch gives 1 / √batch: here a batch of about "
        f"{1.0 / m.rms_slope**2:.0f} points would."
    )


def _wrong_axis(m: Measurements) -> Diagnosis | None:
    """The norm that a penalty holds at one may not be that of one point's gradient."""
    if abs(m.rms_slope - 1.0) < 0.15:
        return None
    even = float(m.slopes.std()) < 0.25 * m.mean_slope
    for factor, what, needs_even in _factors(m.function.shape, m.training.batch_size):
        if abs(m.rms_slope / factor - 1.0) < FACTOR_RTOL and (even or not needs_even):
            return Diagnosis(
                "norm over the wrong axis",
                f"the slopes of single points are {m.rms_slope:.4g} (root mean square) where a "
                f"gradient penalty makes them 1: consistent with {what}, which makes them "
                f"{factor:.4g}.",
                "take the norm of each point's whole gradient: gradient.flatten(1).norm(dim=1).",
            )
    return None


def _factors(shape: tuple[int, ...], batch: int) -> Iterator[tuple[float, str, bool]]:
    """Slopes under norms over wrong axes, which norm that is, and whether it makes slopes even."""
    if batch > 1:
        yield 1.0 / math.sqrt(batch), f"a norm over the whole batch of {batch}", False
        size = math.prod(shape)
        yield (
            math.sqrt(size / batch),
            f"a norm over the batch of {batch} for each of {size} coordinates",
            False,
        )
    if len(shape) < 2:
        return
    axes = range(len(shape))
    for count in axes:
        for over in itertools.combinations(axes, count):
            rest = math.prod(shape[axis] for axis in axes if axis not in over)
            if rest > 1:
                named = f"dim={tuple(axis + 1 for axis in over)}" if over else "no axis at all"
                yield (
                    math.sqrt(rest),
                    f"a norm over {named} of a batch of shape {shown_shape(shape)}",
                    True,
                )
