"""Common mistakes with critics, each with a name, what shows it, and a cure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import fx, nn

from otgan.critics.audit.adapter import CriticFunction, shown_shape
from otgan.critics.audit.gradients import Rays
from otgan.critics.pointwise import mixes_points
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray

__all__ = ["Evidence", "Symptom", "Told", "diagnose", "penalized_gap_inverse"]

STEEP = 1.1
"""A gap or a mean slope above this multiple of the right one is called too steep."""

ENOUGH = 0.8
"""Share of what the samples allow below which a critic is called under-trained or too flat."""

LIKE = 0.04
"""Relative difference within which a reported number is taken for one that is known."""

SHAPED = 0.6
"""Share of the gap that slopes could attain from which on they point the right way."""

INITIAL = 0.3
"""Slopes below this may be those of initial weights."""

BATCH_NORM, ENDING = "batch norm", "at the end"
"""Name of a symptom, and end of the names of two."""

CLIPPED = 0.2
"""Share of a layer's weights at the largest absolute value, above which they were clipped."""

FACTOR = 0.12
"""Relative difference within which a slope is taken for that of a norm over the wrong axis."""


@dataclass(frozen=True)
class Symptom:
    """A mistake that the critic shows signs of.

    Attributes
    ----------
    name : str
        Short, the same for every critic, for programs to look for.
    finding : str
        What was seen, with its numbers.
    cure : str
        What to do about it.
    """

    name: str
    finding: str
    cure: str

    def __str__(self) -> str:
        return f"{self.name}: {self.finding} Cure: {self.cure}"


@dataclass(frozen=True)
class Told:
    """What is known of the training; NaN, or a batch size of zero, where it was not told."""

    reported: float
    penalty_weight: float
    batch_size: int


@dataclass(frozen=True)
class Evidence:
    """What was measured of a critic; distances in the units of the data.

    Attributes
    ----------
    function : CriticFunction
    x, y, f_x, f_y : ndarray
        Points, and the critic's values.
    gap, exact, lower, lower_zero, floor, steepest : float
        As in CriticAudit; `steepest` is the largest slope that was met.
    slopes : ndarray
        At points between independent x and y.
    rays : Rays
    told : Told
    """

    function: CriticFunction
    x: FloatArray
    y: FloatArray
    f_x: FloatArray
    f_y: FloatArray
    gap: float
    exact: float
    lower: float
    lower_zero: float
    floor: float
    steepest: float
    slopes: FloatArray
    rays: Rays
    told: Told

    @property
    def normalized(self) -> float:
        """The gap over the largest slope."""
        return self.gap / self.steepest if self.steepest > 0 else 0.0

    @property
    def size(self) -> float:
        """The gap, whatever its sign."""
        return abs(self.gap)

    @property
    def slope(self) -> float:
        """Mean slope between the samples."""
        return float(self.slopes.mean())

    @property
    def rms(self) -> float:
        """Root mean square of the slopes."""
        return float(np.sqrt(np.square(self.slopes).mean()))

    @cached_property
    def simple(self) -> float:
        """What the simplest critics of slope one show beyond noise: W1 of the distributions is no less.

        They are the linear one along the difference of the means, and the distance from the center.
        Three standard errors are taken off, of the squared difference where that is what is
        estimated.
        """
        sizes = len(self.x), len(self.y)
        means = [points.mean(axis=0) for points in (self.x, self.y)]
        shift = float(np.square(means[0] - means[1]).sum())
        noise = sum(
            float(points.var(axis=0).sum()) / n
            for points, n in zip((self.x, self.y), sizes, strict=True)
        )
        center = (means[0] + means[1]) / 2
        radii = [np.linalg.norm(points - center, axis=1) for points in (self.x, self.y)]
        spread = math.sqrt(sum(float(r.var()) / len(r) for r in radii))
        by_radius = abs(float(radii[0].mean() - radii[1].mean())) - 3.0 * spread
        return max(0.0, by_radius, math.sqrt(max(0.0, shift - 9.0 * noise)))

    @cached_property
    def attainable(self) -> float:
        """What a critic of slope one should show at least, if it learned what there is to learn.

        W1 of the samples less what sampling adds to it, at most about the distance that equal
        distributions show; or three quarters of what a simple critic shows already.
        """
        return max(self.exact - self.floor, 0.75 * self.simple)

    @property
    def tells(self) -> bool:
        """Whether these samples differ by more than samples of equal distributions do."""
        return self.attainable > 0.05 * self.floor

    @property
    def apart(self) -> bool:
        """Whether there is anything to learn."""
        return self.exact > 1e-9 * (float(np.abs(self.x).max()) or 1.0)

    @property
    def is_constant(self) -> bool:
        """Whether all values agree to rounding."""
        values = np.concatenate([self.f_x, self.f_y])
        return float(np.ptp(values)) <= 64 * self.function.precision * float(np.abs(values).max())

    @property
    def shape(self) -> float:
        """The gap over what slopes like these attain: near one, or above, if they point rightly.

        The gap is the integral of slope times cosine along the rays, so a small one at this slope
        means cosines far below what can be attained.
        """
        return self.size / max(self.attainable * self.slope, 1e-300)

    @property
    def has_shape(self) -> bool:
        """Whether the slopes point the right way; initial ones may do so by chance, roughly."""
        return self.shape >= (SHAPED if self.is_trained else 0.9)

    @property
    def points_backwards(self) -> bool:
        """Whether minus the critic has much of the gap that it should have, beyond noise."""
        noise = math.sqrt(self.f_x.var() / len(self.f_x) + self.f_y.var() / len(self.f_y))
        return self.tells and self.gap < 0 and self.size > 4.0 * noise

    @cached_property
    def is_trained(self) -> bool:
        """Whether slopes or weights are what no initialization leaves."""
        return self.slope > INITIAL or _is_clipped(self)

    @property
    def is_steep(self) -> bool:
        """Whether the gap, or the slope, is larger than any 1-Lipschitz function allows."""
        return self.size > STEEP * self.exact or self.slope > 1.0 + 1.5 * (STEEP - 1.0)


def diagnose(evidence: Evidence) -> tuple[Symptom, ...]:
    """One symptom for each cause, those of the critic's making first.

    What is seen of slopes and gap is not blamed on the training where the making explains it: a
    critic that normalizes over the batch is another function in training, one whose values are
    random has no slopes, and one whose values are bounded must be flat somewhere.
    """
    found = [*_of_the_function(evidence)]
    made = {symptom.name for symptom in found}
    if evidence.is_constant:
        found.append(_constant(evidence))
    elif evidence.apart and BATCH_NORM not in made and not _is_noisy(evidence):
        found += _of_the_slopes(evidence, bounded=any(name.endswith(ENDING) for name in made))
    return (*found, *_of_the_report(evidence))


def penalized_gap_inverse(gap: float, weight: float) -> float:
    """The distance d at which a perfect critic under a gradient penalty has this gap.

    Between two point masses the penalized optimum has slope 1 + d / (2 weight), so its gap is
    ``d + d² / (2 weight)``; the penalized objective is ``d + d² / (4 weight)``.

    Examples
    --------
    >>> penalized_gap_inverse(15.0, weight=10.0)
    10.0
    """
    return weight * (math.sqrt(1.0 + 2.0 * gap / weight) - 1.0)


# ---------------------------------------------------------------- how the critic is made


def _of_the_function(e: Evidence) -> Iterator[Symptom]:
    dropout = _layers(e, "Dropout", training=True)
    noisy = _is_noisy(e)
    if dropout or noisy:
        where = (
            f"layer {dropout[0]!r} is in training mode"
            if dropout
            else ("two evaluations of the same points differ")
        )
        yield Symptom(
            "dropout in train mode",
            f"{where}, so the critic's values are random; the audit evaluates modules without it.",
            "call critic.eval() before reading a number, and leave dropout out of critics.",
        )
    norms = _layers(e, "BatchNorm") or _operations(e, "batch_norm")
    mixing = not norms and not noisy and _mixes_points(e)
    if norms or mixing:
        where = (
            f"layer {norms[0]!r} normalizes"
            if norms
            else ("a point scores differently alone and beside others, as under normalization")
        )
        yield Symptom(
            "batch norm",
            f"{where} over the batch, so in training the critic is no function of one point, and "
            "neither duality nor a gradient penalty applies to it.",
            "replace it by nn.LayerNorm, or leave it out, and train again.",
        )
    ending = _bounded_ending(e)
    if ending:
        yield Symptom(
            f"{ending} at the end",
            "the critic's values stay within "
            + ("[0, 1]" if ending == "sigmoid" else "[-1, 1]")
            + " however far the points are: its gap cannot grow with the distance.",
            "end the critic with a linear layer; a probability is for cross-entropy losses.",
        )


def _layers(e: Evidence, word: str, *, training: bool = False) -> list[str]:
    """Names of the layers whose type contains a word (that are in training mode, if asked)."""
    module = e.function.module
    return [
        name or "critic"
        for name, layer in ([] if module is None else module.named_modules())
        if word in _type_name(layer)
        and (not training or (layer.training and getattr(layer, "p", 1.0) > 0))
    ]


def _type_name(layer: nn.Module) -> str:
    return str(getattr(layer, "original_name", type(layer).__name__))


def _operations(e: Evidence, word: str) -> list[str]:
    """The same among the operations of an exported program, whose layers are dissolved."""
    module = e.function.module
    nodes = module.graph.nodes if isinstance(module, fx.GraphModule) else ()
    return [node.name for node in nodes if word in str(node.target)]


def _is_noisy(e: Evidence) -> bool:
    points = e.x[:64]
    first, second = e.function.values(points), e.function.values(points)
    return bool(np.abs(first - second).max() > _rounding(e))


def _mixes_points(e: Evidence) -> bool:
    """Whether a point scores differently alone and among others, a module in training mode, too."""
    points = e.x[:8]
    if len(points) < 2:
        return False
    module = e.function.module
    if module is not None and mixes_points(module, e.function.tensor(points)):
        return True
    together = e.function.values(points)
    try:
        alone = np.concatenate([e.function.values(point[None]) for point in points])
    except Exception:  # batch normalization in training mode refuses a single point
        return True
    return bool(np.abs(together - alone).max() > _rounding(e))


def _rounding(e: Evidence) -> float:
    """A difference between values that rounding does not explain."""
    values = np.concatenate([e.f_x, e.f_y])
    return 1e-3 * float(values.std()) + 1e3 * e.function.precision * float(np.abs(values).max())


def _bounded_ending(e: Evidence) -> str:
    """``"sigmoid"`` or ``"tanh"`` if the values stay in their range, even far away; or nothing."""
    rng = np.random.default_rng(0)
    spread = float(np.sqrt(e.x.var(axis=0).sum())) + e.exact
    away = rng.normal(size=(256, e.x.shape[1])) / math.sqrt(e.x.shape[1])
    try:
        far = e.function.values(e.x.mean(axis=0) + 1e4 * spread * away)
    except InvalidInputError:  # a critic that ends in numbers out of range is bounded by none
        return ""
    values = np.concatenate([e.f_x, e.f_y, far])
    low, high = float(values.min()), float(values.max())
    module = e.function.module
    last = "" if module is None else _type_name(list(module.modules())[-1])
    if low >= 0.0 and high <= 1.0 and high > low:
        if last in ("Sigmoid", "Softmax") or (low < 0.01 and high > 0.99):
            return "sigmoid"
    elif low >= -1.0 and high <= 1.0 and (last == "Tanh" or (low < -0.99 and high > 0.99)):
        return "tanh"
    return ""


# ---------------------------------------------------------------- what its slopes say


def _constant(e: Evidence) -> Symptom:
    return Symptom(
        "constant critic",
        f"the critic is {e.f_x[0]:.6g} at every point to rounding: it tells the samples not apart.",
        "lower the learning rate, or look for dead units and a saturated last layer.",
    )


def _of_the_slopes(e: Evidence, *, bounded: bool) -> Iterator[Symptom]:
    """What slopes and gap say of the training; less where the values are bounded anyway."""
    wrong_axis = _wrong_axis(e)
    flat = _flat_share(e)
    # The slopes of a critic that is flat but for a cliff say nothing of its shape.
    shaped = flat > 0.5 or (e.has_shape and (e.is_trained or wrong_axis is not None))
    if e.points_backwards and shaped:
        yield Symptom(
            "sign flipped",
            f"the gap is {e.gap:.4g}, negative, while minus the critic has the gap {e.size:.4g} "
            f"and proves {e.lower:.4g} of the exact {e.exact:.4g}.",
            "read E f(x) - E f(y) with f high on x; minus the loss that is minimized, or swap "
            "the samples.",
        )
    if bounded:
        # Flat and steep parts are what bounds make of any training; even slopes are no training.
        even = e.slopes.std() < 0.6 * e.slope < 0.6 * INITIAL
        if e.tells and not e.has_shape and even:
            yield _under_trained(e)
    elif wrong_axis and e.shape >= SHAPED:
        yield wrong_axis
    elif flat > 0.5:
        yield _saturated(flat)
    elif e.size > STEEP * e.exact:
        yield _too_steep(e)
    elif e.tells:
        yield from _of_the_gap(e)


def _of_the_gap(e: Evidence) -> Iterator[Symptom]:
    """What is wrong with a gap that is not too large, where there is something to learn."""
    if not e.has_shape or (e.gap < 0 and not e.is_trained):
        yield _under_trained(e)
    elif e.is_steep:
        yield _too_steep(e)
    elif e.size < ENOUGH * e.attainable:
        yield _too_flat(e) if e.slope < 0.85 else _under_trained(e)


def _flat_share(e: Evidence) -> float:
    """Share of the mass to be moved on whose way the critic is flat."""
    flat = e.rays.slopes[:, 1] < 0.01 * e.steepest
    return float(e.rays.mass @ flat) if len(e.rays.mass) else 0.0


def _is_clipped(e: Evidence) -> bool:
    """Whether many weights of every matrix have the largest absolute value, as clipping leaves."""
    module = e.function.module
    weights = [] if module is None else [w.detach().abs() for w in module.parameters()]
    matrices = [w for w in weights if w.ndim > 1 and w.numel() > 8]
    return bool(matrices) and all(
        float((w >= (1.0 - 1e-6) * w.max()).double().mean()) > CLIPPED for w in matrices
    )


def _saturated(flat: float) -> Symptom:
    return Symptom(
        "saturated critic",
        f"on {flat:.0%} of the mass that is to be moved the critic is flat: it tells a "
        "generator nothing there.",
        "use no saturating activation at the end, a smaller learning rate, and a penalty on "
        "the slopes.",
    )


def _too_flat(e: Evidence) -> Symptom:
    return Symptom(
        "too flat",
        f"the slopes are {e.slope:.3g} on average where an optimal critic has 1, so the gap "
        f"{e.size:.4g} is only {e.size / e.exact:.1%} of the exact {e.exact:.4g}." + _batch_hint(e),
        "divide the gap by a Lipschitz constant, or train under a constraint that makes "
        "slopes one; weight clipping does not.",
    )


def _under_trained(e: Evidence) -> Symptom:
    cosine = float(e.rays.mean_cosines().mean())
    return Symptom(
        "under-trained",
        f"the gap is {e.gap / e.exact:.1%} of the exact W1, its values prove "
        f"{e.lower / e.exact:.1%} of it where a critic that is zero everywhere proves "
        f"{e.lower_zero / e.exact:.1%}, and its gradient has cosine {cosine:.2f} with the rays "
        "where an optimal critic has 1.",
        "train longer or with more critic steps; under spectral normalization use GroupSort and "
        "orthogonal weights, which are not flatter than they must be.",
    )


def _too_steep(e: Evidence) -> Symptom:
    """A gap that no 1-Lipschitz critic can have."""
    d, weight = e.exact, e.told.penalty_weight
    excess = f"the slopes are {e.slope:.3g} on average, and the gap {e.size:.4g} is "
    excess += f"{e.size / d:.3g} times the exact {d:.4g}, which no 1-Lipschitz critic exceeds. "
    cure = "divide the gap by a Lipschitz constant; for a bias below 1 % a gradient penalty "
    cure += f"needs a weight of about 50 W1 = {50 * d:.3g}"
    if math.isnan(weight):
        like = max(d, 1e-300) / (2.0 * max(e.slope - 1.0, 1e-9))
        excess += (
            f"A gradient penalty adds d / (2 weight) to slope 1, so this is consistent with a "
            f"weight near {like:.2g}, or with no constraint at all."
        )
        return Symptom("too steep", excess, cure + " at this scale of the data.")
    predicted = d + d * d / (2.0 * weight)
    corrected = penalized_gap_inverse(e.size, weight)
    if e.size > 1.5 * predicted:
        excess += (
            f"Under a penalty of weight {weight:g} that acts, {predicted:.4g} was to be expected."
        )
        return Symptom(
            "penalty does not act",
            excess,
            "check that the penalty reaches the loss, with create_graph=True, at points between "
            "the samples.",
        )
    excess += (
        f"The weight {weight:g} is too small for this scale: the bias is d / (2 weight) = "
        f"{d / (2 * weight):.0%}, a gap of d + d² / (2 weight) = {predicted:.4g}."
    )
    cure += f", or invert the formula, which gives {corrected:.4g}."
    return Symptom("penalty weight too small", excess, cure)


def _batch_hint(e: Evidence) -> str:
    if e.told.batch_size or not 0.005 < e.rms < 0.7:  # batches of 2 to 40,000
        return ""
    return (
        f" A penalty whose norm runs over a whole batch gives 1 / √batch: here a batch of about "
        f"{1.0 / e.rms**2:.0f} points would."
    )


def _wrong_axis(e: Evidence) -> Symptom | None:
    """The norm that a penalty holds at one may not be that of one point's gradient."""
    if abs(e.rms - 1.0) < 0.15:
        return None
    even = float(e.slopes.std()) < 0.25 * e.slope
    for factor, what, needs_even in _factors(e.function.shape, e.told.batch_size):
        if abs(e.rms / factor - 1.0) < FACTOR and (even or not needs_even):
            return Symptom(
                "norm over the wrong axis",
                f"the slopes of single points are {e.rms:.4g} (root mean square) where a gradient "
                f"penalty makes them 1: consistent with {what}, which makes them {factor:.4g}.",
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


# ---------------------------------------------------------------- the number that is printed


def _of_the_report(e: Evidence) -> Iterator[Symptom]:
    told = e.told.reported
    if math.isnan(told) or _alike(e, told, e.exact):
        return
    known = sorted(_known_numbers(e), key=lambda number: abs(told - number[0]))
    nearest, build = known[0]
    if _alike(e, told, nearest):
        yield from build(e, told)
        return
    numbers = f"the gap {e.gap:.4g} and the exact {e.exact:.4g}"
    yield Symptom(
        "reported number unexplained",
        f"{told:.4g} was reported, which is neither near {numbers}, nor a loss made of them.",
        "report E f(x) - E f(y) on held-out points; pass penalty_weight= to compare its loss.",
    )


def _alike(e: Evidence, told: float, known: float) -> bool:
    """Equal up to a few per cent, and to the noise of a training batch."""
    batch = e.told.batch_size
    noise = math.sqrt((float(e.f_x.var()) + float(e.f_y.var())) / batch) if batch else 0.0
    return abs(told - known) <= LIKE * abs(known) + 2.0 * noise


Build = Callable[[Evidence, float], Iterator[Symptom]]


def _known_numbers(e: Evidence) -> Iterator[tuple[float, Build]]:
    """Numbers that are printed in the place of W1, with what is wrong with each."""
    yield e.gap, _raw_gap_reported
    yield -e.gap, _loss_reported
    yield e.normalized, _nothing_wrong
    yield e.lower, _nothing_wrong
    weight = e.told.penalty_weight
    if not math.isnan(weight):
        for excess in (e.slopes - 1.0, np.maximum(e.slopes - 1.0, 0.0)):
            penalty = weight * float(np.square(excess).mean())
            yield e.gap - penalty, _objective_reported
            yield penalty - e.gap, _objective_reported
    elif e.size > STEEP * e.exact:
        # In the model of two point masses the objective lies half way, whatever the weight.
        yield 0.5 * (e.gap + math.copysign(e.exact, e.gap)), _objective_reported
        yield -0.5 * (e.gap + math.copysign(e.exact, e.gap)), _objective_reported


def _nothing_wrong(e: Evidence, told: float) -> Iterator[Symptom]:
    yield from ()


def _raw_gap_reported(e: Evidence, told: float) -> Iterator[Symptom]:
    if told > e.exact and e.apart:
        yield Symptom(
            "inflated gap read as W1",
            f"{told:.4g} is the raw gap; a gradient penalty inflates it to d + d² / (2 weight), "
            f"which for d = {e.exact:.4g} needs a weight of "
            f"{e.exact**2 / (2 * (told - e.exact)):.2g}.",
            "divide the gap by the largest slope, or use otgan.estimate_w1, which corrects it.",
        )


def _loss_reported(e: Evidence, told: float) -> Iterator[Symptom]:
    yield Symptom(
        "loss read as W1",
        f"{told:.4g} is minus the gap: the loss that the critic minimizes. W1 is never negative.",
        f"minus it: {e.gap:.4g} is the gap.",
    )


def _objective_reported(e: Evidence, told: float) -> Iterator[Symptom]:
    yield Symptom(
        "penalized loss read as W1",
        f"{told:.4g} is the gap {e.gap:.4g} less the penalty (up to its sign), which is neither "
        f"the gap nor the exact {e.exact:.4g}; between two points it is d + d² / (4 weight).",
        "report the gap without the penalty, and correct it for the slope.",
    )
