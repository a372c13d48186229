"""Estimate W1 by a neural critic, and say what the number is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from otgan.critics.bounds import certified_lower_bound, sampled_lipschitz
from otgan.critics.constraints import Constraint, as_constraint
from otgan.critics.networks import (
    OnOriginalScale,
    lipschitz_from_weights,
    refuse_batch_norm,
    scores,
)
from otgan.errors import InvalidInputError, TrainingDivergedError
from otgan.measures import DiscreteMeasure, FloatArray, as_pair
from otgan.transport.exact import wasserstein

__all__ = ["CriticRecord", "DualEstimate", "estimate_w1", "pick_device"]

EXACT_PAIRS = 10_000_000
"""Largest n * m for which the exact distance is computed beside the estimate."""

RECORDS = 50
"""How many points of the training curve are kept."""


class CriticRecord(NamedTuple):
    """One point of a critic's training curve; gaps in the units of the data."""

    step: int
    gap: float
    held_out_gap: float
    penalty: float


@dataclass(frozen=True)
class DualEstimate:
    """A neural estimate of W1, with what bounds it.

    ``float(estimate)`` is the value.

    Attributes
    ----------
    value : float
        The estimate of W1 between the two laws, from points that the critic was not trained on:
        the raw gap, read as the constraint says. Positive for a critic that learned anything,
        whatever the sign convention of its loss; it may fall below zero by noise.
    se : float
        Standard error of `value` from the number of held-out points (the critic held fixed).
    raw_gap : float
        E f(x) - E f(y) on the held-out points, before any correction.
    lipschitz_proved : float
        Upper bound of the critic's Lipschitz constant from its weights; ``inf`` if unknown.
    lipschitz_sampled : float
        The largest gradient norm that was met: a lower bound of the Lipschitz constant.
    lower : float
        Certified lower bound of W1 between the two samples themselves. In several dimensions
        samples lie further apart than their laws, so `lower` and `exact` may exceed `value`.
    exact : float or None
        W1 between the two samples, on the line or while n * m is at most 1e7.
    constraint : str
        Short name of the constraint.
    n_held_out : int
        Held-out points, of x and y together.
    history : tuple of CriticRecord
    critic : torch.nn.Module
        The trained critic, as a function of points in their own units.
    """

    value: float
    se: float
    raw_gap: float
    lipschitz_proved: float
    lipschitz_sampled: float
    lower: float
    exact: float | None
    constraint: str
    n_held_out: int
    history: tuple[CriticRecord, ...] = field(repr=False)
    critic: nn.Module = field(repr=False)

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        exact = "not computed" if self.exact is None else f"{self.exact:.6g}"
        return (
            f"DualEstimate(value={self.value:.4g} ± {self.se:.2g}, lower={self.lower:.4g}, "
            f"exact={exact}, raw_gap={self.raw_gap:.4g}, constraint={self.constraint!r})"
        )


def estimate_w1(
    x: Any,
    y: Any,
    constraint: str | Constraint = "orthogonal",
    *,
    steps: int = 2000,
    batch_size: int = 256,
    width: int = 128,
    depth: int = 3,
    held_out: float = 0.25,
    device: Literal["auto"] | str | torch.device = "auto",
    seed: int = 0,
    progress: bool = False,
) -> DualEstimate:
    """Estimate the Wasserstein-1 distance of two samples by training a critic.

    The points are standardised (common centre, common scale), a share of them is held out, and
    the critic f maximises E f(x) - E f(y) under the constraint by Adam with a step that decays
    to zero. The estimate scales exactly with the data.

    Parameters
    ----------
    x, y : array_like or torch.Tensor, shapes (n, d) and (m, d)
    constraint : {"clip", "gp", "lp", "spectral", "orthogonal"} or Constraint
        What keeps the critic Lipschitz.
    steps, batch_size : int
        Training steps, and points of each sample in a step.
    width, depth : int
        Hidden layers of the critic.
    held_out : float
        Share of each sample that is kept from training and used for the estimate.
    device : "auto", str or torch.device
        ``"auto"`` is CUDA if there is any, else the CPU.
    seed : int
        Of the split, the initial weights and the batches.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    DualEstimate

    Raises
    ------
    InvalidInputError
        Bad points, an unknown constraint, or too few points to hold any out.
    TrainingDivergedError
        The loss became NaN or infinite.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(400, 2)), rng.normal(size=(400, 2)) + [3, 4]
    >>> r = estimate_w1(x, y, steps=200, width=32, depth=2, device="cpu")
    >>> r.lower <= r.exact and abs(r.value - 5) < 0.5
    True
    """
    rule = as_constraint(constraint)
    for name, number in (("steps", steps), ("batch_size", batch_size)):
        if number < 1:
            raise InvalidInputError(
                f"{name} must be at least 1, got {number}; to fix it, pass more or leave it out"
            )
    mu, nu = as_pair(x, y, None, None)
    where = pick_device(device)
    split = _Split.of(mu, nu, held_out, seed, where)
    critic = _build(rule, mu.d, width, depth, seed, where)
    history = _fit(critic, rule, split, steps, batch_size, seed, progress)
    critic.eval()
    return _read(critic, rule, split, mu, nu, history, seed)


def pick_device(device: Literal["auto"] | str | torch.device) -> torch.device:
    """The device asked for; ``"auto"`` is CUDA if there is any, else the CPU.

    Raises
    ------
    InvalidInputError
        The device is unknown, or not usable here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as reason:
        raise InvalidInputError(
            f"device must be one that this PyTorch can use, got {str(device)!r} ({reason}); to fix "
            "it, pass 'auto' or 'cpu'"
        ) from None


@dataclass(frozen=True)
class _Split:
    """Standardised points, those to train on and those held out."""

    x: Tensor
    y: Tensor
    x_held_out: Tensor
    y_held_out: Tensor
    centre: FloatArray
    scale: float

    @classmethod
    def of(
        cls,
        mu: DiscreteMeasure,
        nu: DiscreteMeasure,
        share: float,
        seed: int,
        device: torch.device,
    ) -> _Split:
        centre = (mu.points.mean(axis=0) + nu.points.mean(axis=0)) / 2
        spread = [np.square(m.points - centre).sum(axis=1).mean() for m in (mu, nu)]
        scale = math.sqrt(sum(spread) / 2) or 1.0
        rng = np.random.default_rng(seed)
        parts: list[Tensor] = []
        for measure in (mu, nu):
            count = round(share * measure.n)
            if not 1 <= count < measure.n:
                raise InvalidInputError(
                    f"held_out must leave points on both sides, got {share:.0%} of "
                    f"{measure.n} points; to fix it, give more points or another share"
                )
            points = (measure.points[rng.permutation(measure.n)] - centre) / scale
            tensor = torch.as_tensor(points, dtype=torch.float32, device=device)
            parts += [tensor[count:], tensor[:count]]
        return cls(parts[0], parts[2], parts[1], parts[3], centre, scale)


def _build(
    rule: Constraint, d: int, width: int, depth: int, seed: int, device: torch.device
) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        critic = rule.build(d, width, depth).to(device)
    refuse_batch_norm(critic)
    return critic


def _fit(
    critic: nn.Module,
    rule: Constraint,
    split: _Split,
    steps: int,
    batch_size: int,
    seed: int,
    progress: bool,
) -> tuple[CriticRecord, ...]:
    """Maximise E f(x) - E f(y) under the constraint."""
    device = split.x.device
    rng = torch.Generator(device).manual_seed(seed)
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.9))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step / steps)
    history = []
    every = max(1, steps // RECORDS)
    bar = tqdm(range(1, steps + 1), disable=not progress, desc=f"critic ({rule.name})")
    for step in bar:
        real = split.x[torch.randint(len(split.x), (batch_size,), generator=rng, device=device)]
        fake = split.y[torch.randint(len(split.y), (batch_size,), generator=rng, device=device)]
        f_real, f_fake = scores(critic, torch.cat([real, fake])).split(batch_size)
        gap = f_real.mean() - f_fake.mean()
        penalty = rule.penalty(critic, real, fake, rng)
        optimizer.zero_grad(set_to_none=True)
        (penalty - gap).backward()
        optimizer.step()
        schedule.step()
        rule.project(critic)
        if step % every == 0 or step == steps:
            held_out = _gap(critic, split.x_held_out, split.y_held_out)
            record = CriticRecord(
                step, gap.item() * split.scale, held_out * split.scale, penalty.item()
            )
            _check_finite(record)
            history.append(record)
            bar.set_postfix(held_out_gap=f"{record.held_out_gap:.4g}")
    return tuple(history)


def _read(
    critic: nn.Module,
    rule: Constraint,
    split: _Split,
    mu: DiscreteMeasure,
    nu: DiscreteMeasure,
    history: tuple[CriticRecord, ...],
    seed: int,
) -> DualEstimate:
    """Turn a trained critic into an estimate with its bounds."""
    rng = torch.Generator(split.x.device).manual_seed(seed)
    with torch.no_grad():
        f_x, f_y = scores(critic, split.x_held_out), scores(critic, split.y_held_out)
    gap = float(f_x.double().mean() - f_y.double().mean())
    proved = lipschitz_from_weights(critic)
    sampled = sampled_lipschitz(critic, split.x_held_out, split.y_held_out, rng)
    value = rule.distance(gap, proved, sampled)
    noise = math.sqrt(sum(float(f.double().var(correction=0)) / len(f) for f in (f_x, f_y)))
    centre = torch.as_tensor(split.centre, dtype=torch.float32, device=split.x.device)
    whole = OnOriginalScale(critic, centre, split.scale)
    affordable = mu.d == 1 or mu.n * nu.n <= EXACT_PAIRS
    return DualEstimate(
        value=value * split.scale,
        se=noise * split.scale * (value / gap if gap else 1.0),
        raw_gap=gap * split.scale,
        lipschitz_proved=proved,
        lipschitz_sampled=sampled,
        lower=_lower_bound(critic, split, mu, nu),
        exact=float(wasserstein(mu.points, nu.points)) if affordable else None,
        constraint=rule.name,
        n_held_out=len(f_x) + len(f_y),
        history=history,
        critic=whole,
    )


def _lower_bound(
    critic: nn.Module, split: _Split, mu: DiscreteMeasure, nu: DiscreteMeasure
) -> float:
    values = []
    for measure in (mu, nu):
        points = (measure.points - split.centre) / split.scale
        with torch.no_grad():
            tensor = torch.as_tensor(points, dtype=torch.float32, device=split.x.device)
            values.append(scores(critic, tensor).double().cpu().numpy() * split.scale)
    return certified_lower_bound(mu.points, nu.points, *values)


def _gap(critic: nn.Module, x: Tensor, y: Tensor) -> float:
    critic.eval()  # in training mode a look at spectrally normalised layers changes them
    with torch.no_grad():
        gap = float(scores(critic, x).mean() - scores(critic, y).mean())
    critic.train()
    return gap


def _check_finite(record: CriticRecord) -> None:
    if not (math.isfinite(record.gap) and math.isfinite(record.penalty)):
        raise TrainingDivergedError(
            f"the critic's loss must stay finite, got a gap of {record.gap} and a penalty of "
            f"{record.penalty} at step {record.step}; to fix it, check the data and the constraint"
        )
