"""Hold any critic against the exact dual on the same points, and say what it is worth."""

from __future__ import annotations

import math
import textwrap
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from otgan.critics.audit.adapter import CriticFunction
from otgan.critics.audit.diagnostics import Evidence, Symptom, Told, diagnose
from otgan.critics.audit.gradients import (
    Rays,
    SteepestPair,
    slopes_between,
    steepest_pair,
    trace_rays,
)
from otgan.critics.lipschitz.layers import LipschitzProof, prove_lipschitz
from otgan.critics.potentials.bounds import certified_lower_bounds, skill_score
from otgan.errors import InvalidInputError
from otgan.estimates import shown
from otgan.inputs.labels import align_points
from otgan.measures import FloatArray, as_float64, as_pair
from otgan.torch_modes import gradients_on
from otgan.transport.exact import emd
from otgan.transport.result import TransportResult

__all__ = ["CriticAudit", "audit_critic"]

GOOD = 0.05
"""Relative error up to which a number may be read as W1."""

LEARNED = 0.3
"""Share of W1, and of what the zero critic leaves unproved of it, below which both gap and bound
show nothing that a critic has learned."""


@dataclass(frozen=True)
class CriticAudit:
    """A critic beside the exact dual on the same points.

    ``str(audit)`` is the whole report. Distances and values are in the units of the data.

    Attributes
    ----------
    gap : float
        The raw gap, mean f(x) - mean f(y): what is usually printed as W1.
    exact : float
        W1 of the two samples, certified to rounding by `transport`.
    lower : float
        What the critic's values prove of it: c-transforms of f, or of -f if the gap is negative.
    lower_zero : float
        What the critic that is zero everywhere proves of it: on images nearly all.
    lipschitz_sampled : float
        The largest slope that was met, that of `steepest`: no Lipschitz constant of f is smaller.
    lipschitz_proved : float
        An upper bound of the Lipschitz constant from the layers; ``inf`` if they prove nothing.
    proof : str
        The factors of that bound, or the layer that has none.
    cosine_x, cosine_middle, cosine_y : float
        Cosine between the gradient of f and the direction y to x along the rays of the exact plan,
        averaged with its mass: near x, half way, near y. NaN if no mass moves.
    slope_mean, slope_sd : float
        Of the gradient norms at points between independent x and y.
    steepest : SteepestPair
        Where f breaks the Lipschitz condition most, or comes nearest to it.
    floor : float
        W1 between two halves of x, or of y, on average: distances up to about this size are what
        samples show of equal distributions. Zero for single points.
    reported, penalty_weight, batch_size : float, float, int
        What was told; NaN, NaN and 0 if it was not.
    n, m, n_given, m_given, d : int
        Points that were used of x and of y, those that were given, and their dimension.
    symptoms : tuple of Symptom
        Mistakes that the critic shows signs of, each with a name, a finding and a cure.
    transport : TransportResult
        The exact plan and potentials.
    x, y, f_x, f_y : ndarray
        The points that were used, one a row, and the critic's values there.
    rays : Rays
        The rays with the slopes and cosines on them.
    slopes : ndarray
        The gradient norms at points between the samples.
    function : CriticFunction
        The critic as a function of rows of numbers.
    """

    gap: float
    exact: float
    lower: float
    lower_zero: float
    lipschitz_sampled: float
    lipschitz_proved: float
    proof: str
    cosine_x: float
    cosine_middle: float
    cosine_y: float
    slope_mean: float
    slope_sd: float
    steepest: SteepestPair
    floor: float
    reported: float
    penalty_weight: float
    batch_size: int
    n: int
    m: int
    n_given: int
    m_given: int
    d: int
    symptoms: tuple[Symptom, ...]
    transport: TransportResult = field(repr=False)
    x: FloatArray = field(repr=False)
    y: FloatArray = field(repr=False)
    f_x: FloatArray = field(repr=False)
    f_y: FloatArray = field(repr=False)
    rays: Rays = field(repr=False)
    slopes: FloatArray = field(repr=False)
    function: CriticFunction = field(repr=False)

    @property
    def normalized_sampled(self) -> float:
        """The gap over the largest slope met: above what f proves, but by unseen slopes only."""
        return _over(self.gap, self.lipschitz_sampled)

    @property
    def normalized_proved(self) -> float:
        """The gap over the proved constant: at most W1 of the samples.

        For points the critic was not trained on, an unbiased estimate of a lower bound for W1 of
        the distributions.
        """
        return _over(self.gap, self.lipschitz_proved)

    @property
    def skill(self) -> float:
        """Share that the values prove of what the critic that is zero everywhere leaves of W1.

        Zero for that critic, one for an optimal one; NaN where it proves all of W1.
        """
        return skill_score(self.lower, self.lower_zero, self.exact)

    @property
    def cosine(self) -> float:
        """Mean of the three cosines."""
        return (self.cosine_x + self.cosine_middle + self.cosine_y) / 3.0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the symptoms."""
        return tuple(symptom.name for symptom in self.symptoms)

    @property
    def verdict(self) -> str:
        """What to make of the critic, in one sentence."""
        return _verdict(self)

    def numbers(self) -> dict[str, Any]:
        """All but the arrays, in types that JSON knows; what is infinite or NaN is None."""
        kept: dict[str, Any] = {}
        names = [f.name for f in fields(self) if f.repr] + ["normalized_sampled"]
        for name in [*names, "normalized_proved", "skill", "cosine", "verdict"]:
            value = getattr(self, name)
            known = not isinstance(value, float) or math.isfinite(value)
            kept[name] = value if known else None
        kept["symptoms"] = [asdict(symptom) for symptom in self.symptoms]
        u, v = self.steepest.u.tolist(), self.steepest.v.tolist()
        kept["steepest"] = {"slope": self.steepest.slope, "u": u, "v": v}
        return kept

    def report(self) -> str:
        """All numbers as a table with units, the symptoms with their cures, and the verdict."""
        return _report(self)

    def __str__(self) -> str:
        return self.report()

    def __repr__(self) -> str:
        return (
            f"CriticAudit(gap={self.gap:.4g}, exact={self.exact:.4g}, lower={self.lower:.4g}, "
            f"lipschitz=[{self.lipschitz_sampled:.4g}, {self.lipschitz_proved:.4g}], "
            f"cosine={self.cosine:.3f}, symptoms={list(self.names)})"
        )


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
    seed: int = 0,
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
    seed : int
        Of the points at which slopes are sampled.

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
    The time is that of :func:`otgan.emd`, thrice a pass over all pairs for `lower`, and some
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
    >>> audit.gap, audit.exact, round(audit.normalized_sampled, 6)
    (6.0, 2.0, 2.0)
    >>> audit.names
    ('too steep',)
    """
    told = _told(reported, penalty_weight, batch_size)
    rng = np.random.default_rng(seed)
    whole, shape = _points(x, y)
    points = _affordable(whole, max_pairs, rng)
    function = CriticFunction.of(critic, points[0], shape, x)
    f_x, f_y = (function.values(part) for part in points)
    return _measure(function, points, (f_x, f_y), told, rng, (len(whole[0]), len(whole[1])))


def _measure(
    function: CriticFunction,
    points: tuple[FloatArray, FloatArray],
    values: tuple[FloatArray, FloatArray],
    told: Told,
    rng: np.random.Generator,
    given: tuple[int, int],
) -> CriticAudit:
    (x, y), (f_x, f_y) = points, values
    gap = float(f_x.mean() - f_y.mean())
    transport = emd(x, y)
    sign = -1.0 if gap < 0 else 1.0
    # Exact and bound agree for a perfect critic, and may cross there by rounding.
    bounds = certified_lower_bounds(x, y, sign * f_x, sign * f_y, upper=transport.upper)
    rays = trace_rays(function, x, y, transport, rng)
    between, slopes = slopes_between(function, x, y, rng)
    steepest = steepest_pair(function, x, y, _steep_points(between, slopes, rays), rng)
    sampled = steepest.slope
    proof = _prove(function)
    floor = 0.5 * (_floor(x) + _floor(y))
    cosines = rays.mean_cosines()
    evidence = Evidence(
        *(function, x, y, f_x, f_y, gap, transport.distance, bounds.critic, bounds.zero, floor),
        *(sampled, slopes, rays, told),
    )
    return CriticAudit(
        gap=gap,
        exact=transport.distance,
        lower=bounds.critic,
        lower_zero=bounds.zero,
        lipschitz_sampled=sampled,
        lipschitz_proved=proof.value,
        proof=proof.reason,
        cosine_x=float(cosines[0]),
        cosine_middle=float(cosines[1]),
        cosine_y=float(cosines[2]),
        slope_mean=float(slopes.mean()),
        slope_sd=float(slopes.std()),
        steepest=steepest,
        floor=floor,
        **vars(told),
        n=len(x),
        m=len(y),
        n_given=given[0],
        m_given=given[1],
        d=x.shape[1],
        symptoms=diagnose(evidence),
        transport=transport,
        x=x,
        y=y,
        f_x=f_x,
        f_y=f_y,
        rays=rays,
        slopes=slopes,
        function=function,
    )


def _steep_points(between: FloatArray, slopes: FloatArray, rays: Rays) -> FloatArray:
    """The points with the largest gradients that were met, the largest last."""
    on_rays = rays.points()
    points = np.concatenate([between, on_rays])
    order = np.argsort(np.concatenate([slopes, rays.slopes.T.ravel()]))
    return points[order[-256:]]


def _told(reported: float | None, penalty_weight: float | None, batch_size: int | None) -> Told:
    """What the caller knows of the training, checked."""
    if reported is not None and not math.isfinite(reported):
        raise InvalidInputError(
            f"reported must be a finite number, got {reported}; to fix it, pass the number that "
            "was printed as W1, or leave it out"
        )
    for name, number in (("penalty_weight", penalty_weight), ("batch_size", batch_size)):
        if number is not None and not (math.isfinite(number) and number > 0):
            raise InvalidInputError(
                f"{name} must be positive, got {number}; to fix it, pass what the critic was "
                "trained with, or leave it out"
            )
    return Told(
        reported=math.nan if reported is None else float(reported),
        penalty_weight=math.nan if penalty_weight is None else float(penalty_weight),
        batch_size=int(batch_size or 0),
    )


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


def _affordable(
    points: tuple[FloatArray, FloatArray], max_pairs: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """The points, or random parts with at most this many pairs, the larger sample cut first."""
    if max_pairs < 1:
        raise InvalidInputError(
            f"max_pairs must be at least 1, got {max_pairs}; to fix it, leave it out"
        )
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
        return LipschitzProof(math.inf, "a plain function has no layers to prove anything by")
    return prove_lipschitz(module, function.shape)


def _floor(points: FloatArray) -> float:
    """W1 between every second point and the others."""
    return emd(points[::2], points[1::2]).distance if len(points) > 1 else 0.0


def _over(gap: float, lipschitz: float) -> float:
    # A critic that is flat wherever it was looked at says nothing: no gap, no distance.
    return gap / lipschitz if lipschitz > 0 else 0.0


def _verdict(audit: CriticAudit) -> str:
    exact, gap = audit.exact, audit.gap
    if exact <= 1e-9 * (float(np.abs(audit.x).max()) or 1.0):
        return "The two samples are the same points, so there is nothing for a critic to find."
    if "constant critic" in audit.names:
        return f"Useless as it stands: the critic is constant, and W1 is {exact:.4g}."
    proves = _proves(audit)
    blame = f" ({', '.join(audit.names)})" if audit.symptoms else ""
    if blame:
        return f"Do not read {gap:.4g} as W1{blame}; {proves}."
    near = abs(gap - exact) <= GOOD * exact
    if not _steepness(audit) and min(gap, audit.lower) >= 0.99 * exact:
        return f"As good as the exact potential: the gap is {gap:.4g}, and {proves}."
    if near:
        return (
            f"Healthy: the raw gap {gap:.4g} may be read as W1 to {GOOD:.0%}; "
            f"{_steepness(audit)}{proves}."
        )
    if gap > exact:
        return (
            f"Nearly healthy: the raw gap {gap:.4g} is {gap / exact - 1:.1%} too large; {proves}."
        )
    if audit.skill < LEARNED and gap < LEARNED * exact and not _gap_counts(audit):
        return (
            f"Nothing shows that it learned anything: {proves}, and its raw gap is {gap:.4g}; "
            f"equal distributions show {audit.floor:.4g} with so many points: there may be no more to see."
        )
    return (
        f"No mistake is visible, but the raw gap is {gap / exact:.1%} of the exact W1, and "
        f"these samples do not tell whether it should be more: equal distributions show "
        f"{audit.floor:.4g}; {_steepness(audit)}{proves}."
    )


def _gap_counts(audit: CriticAudit) -> bool:
    """Whether the gap is beyond noise, of a critic with about the slopes of a trained one."""
    noise = math.sqrt(audit.f_x.var() / audit.n + audit.f_y.var() / audit.m)
    return audit.gap > 4.0 * noise and audit.slope_mean > 0.5


def _proves(audit: CriticAudit) -> str:
    """What the values prove, beside what no values prove."""
    exact = audit.exact
    return (
        f"its values prove {audit.lower / exact:.1%} of the exact W1, {exact:.4g}, where a critic "
        f"that is zero everywhere proves {audit.lower_zero / exact:.1%}"
    )


def _steepness(audit: CriticAudit) -> str:
    """A remark on slopes that no 1-Lipschitz function has, if there are any."""
    steepest = audit.lipschitz_sampled
    return "" if steepest <= 1.0 + GOOD else f"somewhere it reaches slope {steepest:.3g}; "


def _report(audit: CriticAudit) -> str:
    """The table, the symptoms, the verdict."""
    lines = [f"{'number':<24}{'value':>12}  what it is"]
    for name, value, meaning in _rows(audit):
        lines.append(f"{name:<24}{value:>12}  {meaning}")
    lines += ["", f"steepest pair   {audit.steepest}"]
    if (audit.n, audit.m) != (audit.n_given, audit.m_given):
        lines.append(
            f"points          random {audit.n:,} of {audit.n_given:,} and {audit.m:,} of "
            f"{audit.m_given:,}, for an exact W1 in time; all numbers are of these"
        )
    for symptom in audit.symptoms:
        texts = (symptom.finding, f"Cure: {symptom.cure}")
        lines += ["", f"! {symptom.name}", *(_wrapped(text, "  ") for text in texts)]
    return "\n".join([*lines, "", _wrapped(audit.verdict)])


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=indent)


def _rows(audit: CriticAudit) -> list[tuple[str, str, str]]:
    """Name, value and meaning of every number."""
    points = f"{audit.n:,} and {audit.m:,} points in {audit.d:,} dimension" + (
        "s" if audit.d > 1 else ""
    )
    gap = audit.transport.gap
    certified = "to rounding" if gap <= 1e-12 * audit.exact else f"to {gap:.1g}"

    def distance(value: float) -> str:
        return shown(value, audit.exact + audit.floor + abs(audit.gap))

    rows = [
        ("exact W1", distance(audit.exact), f"certified {certified}; {points}"),
        ("raw gap", distance(audit.gap), "mean f(x) - mean f(y), as usually printed"),
        ("gap / sampled slope", distance(audit.normalized_sampled), "conservative, not certified"),
        ("gap / proved slope", distance(audit.normalized_proved), "certified: at most W1"),
        ("certified by values", distance(audit.lower), "c-transform of f: at most W1, any scale"),
        ("  by the zero critic", distance(audit.lower_zero), "the same of f = 0, not trained"),
        (
            "floor",
            distance(audit.floor),
            "between two halves of one sample: equal distributions show this",
        ),
        *_rows_of_slopes(audit),
    ]
    if not math.isnan(audit.reported):
        rows.insert(1, ("reported", f"{audit.reported:.6g}", "the number that was printed as W1"))
    return rows


def _rows_of_slopes(audit: CriticAudit) -> list[tuple[str, str, str]]:
    top = audit.lipschitz_sampled
    proved = "nothing" if math.isinf(audit.lipschitz_proved) else f"{audit.lipschitz_proved:.6g}"
    spread = f"± {shown(audit.slope_sd, top, digits=2)}; optimal is 1"
    cosines = (audit.cosine_x, audit.cosine_middle, audit.cosine_y)
    near_x, middle, near_y = ("-" if math.isnan(c) else f"{c:.4f}" for c in cosines)
    return [
        ("slope, largest met", shown(top, 1.0), "the Lipschitz constant is no less"),
        ("slope, proved", proved, f"and no more: {audit.proof}"),
        ("slope between", shown(audit.slope_mean, top, digits=4), spread),
        ("cosine near x", near_x, "gradient against the exact rays; optimal is 1"),
        ("cosine half way", middle, ""),
        ("cosine near y", near_y, ""),
    ]
