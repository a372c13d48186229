"""Train a critic within a budget, so that it can be watched, interrupted and resumed."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from tqdm import tqdm

from otgan.critics.constraints.base import (
    CONSTRAINTS,
    Constraint,
    OrthogonalWeights,
    PenalizedSlope,
)
from otgan.critics.forward import evaluating, scores
from otgan.critics.kernels.cuda_graph import CapturedStep
from otgan.critics.kernels.maxmin import GapStep, sorts_pairs
from otgan.critics.kernels.muon import Muon
from otgan.critics.kernels.threads import single_threaded
from otgan.critics.networks.ensemble import members
from otgan.critics.training.checkpoint import read_checkpoint, write_checkpoint
from otgan.critics.training.data import Distributions
from otgan.critics.training.interrupt import deferred_interrupt, program_ends, stopped
from otgan.critics.training.options import FitOptions
from otgan.critics.training.problem import problem_of, refuse_other_problem
from otgan.errors import InvalidInputError, TrainingDivergedError

__all__ = ["Budget", "CriticRecord", "Fit", "fit_critic"]

RECORDS = 50
"""How many points of the training curve are kept."""

WATCHED_POINTS = 2048
"""Points of each distribution, never trained on, that the training curve is measured on."""

WARM_UP = 100
"""Steps over which the learning rate grows from zero."""

ANOTHER_FILE = "name another file, or remove this one"
"""What to do about a checkpoint that cannot be used."""

LOOK_EVERY = 10
"""Steps between looks at the clock: on a GPU each look waits for the steps before it."""


Gradients = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, ...]]
"""Writes the gradients of a batch's loss; returns gap and penalty."""


class CriticRecord(NamedTuple):
    """One point of a critic's training curve; gaps in the units of the data."""

    step: int
    seconds: float
    gap: float
    held_out_gap: float
    penalty: float


@dataclass(frozen=True)
class Budget:
    """Steps or seconds, whichever ends first; a limit may be infinite."""

    steps: float
    seconds: float

    def used(self, step: int, seconds: float) -> float:
        """The share that is used up."""
        return min(1.0, max(step / self.steps, seconds / self.seconds))


@dataclass
class Fit:
    """A critic in training: all that a checkpoint holds.

    Attributes
    ----------
    critic : torch.nn.Module
    optimizer : torch.optim.Optimizer
    rng : torch.Generator
        Of the batches.
    step : int
    seconds : float
        Spent in training, over all calls.
    history : list of CriticRecord
    best : dict
        Weights with the highest held-out objective so far.
    best_objective : float
    """

    critic: nn.Module
    optimizer: torch.optim.Optimizer
    rng: torch.Generator
    step: int = 0
    seconds: float = 0.0
    history: list[CriticRecord] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_objective: float = -math.inf

    def save(self, path: Path, problem: dict[str, Any]) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {
            "problem": problem,
            "critic": self.critic.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.get_state(),
            "step": self.step,
            "seconds": self.seconds,
            "history": [tuple(record) for record in self.history],
            "best": self.best,
            "best_objective": self.best_objective,
        }
        write_checkpoint(path, "fit", state)

    def load(self, path: Path, problem: dict[str, Any]) -> None:
        """Continue from a checkpoint of the same problem."""
        state = read_checkpoint(path, "fit", self.rng.device, ANOTHER_FILE)
        refuse_other_problem(state["problem"], problem, path)
        try:
            self.critic.load_state_dict(state["critic"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (KeyError, ValueError, RuntimeError) as reason:
            raise InvalidInputError(
                f"the checkpoint {path} must be of the same network, got another one "
                f"({str(reason).partition(chr(10))[0]}); to fix it, {ANOTHER_FILE}"
            ) from None
        self.rng.set_state(state["rng"].cpu())
        self.step, self.seconds = state["step"], state["seconds"]
        self.history = [CriticRecord(*record) for record in state["history"]]
        self.best, self.best_objective = state["best"], state["best_objective"]

    def keep_if_best(self, objective: float) -> None:
        """Remember the weights if no earlier ones did better on points held out."""
        if objective > self.best_objective:
            self.best = copy.deepcopy(self.critic.state_dict())
            self.best_objective = objective


def fit_critic(
    critic: nn.Module,
    rule: Constraint,
    distributions: Distributions,
    budget: Budget,
    options: FitOptions,
) -> tuple[Fit, bool]:
    """Maximize E f(x) - E f(y) under the constraint until the budget ends, or Ctrl-C.

    Weight matrices take orthogonalized steps (Muon), everything else Adam's, all falling linearly
    to zero at the end of the budget.

    Returns
    -------
    fit : Fit
    interrupted : bool
        Whether Ctrl-C ended it; the critic then holds the best weights so far.

    Raises
    ------
    TrainingDivergedError
        The loss became NaN or infinite.
    InvalidInputError
        A checkpoint of another problem, or products of bfloat16 for a float64 network.
    """
    if options.precision == "bfloat16" and distributions.dtype != torch.float32:
        raise InvalidInputError(
            f"precision must be 'float32' for a network of {distributions.dtype}, got 'bfloat16', which is "
            "for networks of float32; to fix it, leave it out, or end network(d) with .float()"
        )
    fit = Fit(
        critic,
        _optimizer(critic, rule, options, distributions.device),
        distributions.generator(options.seed + 1),
    )
    path = None if options.checkpoint is None else Path(options.checkpoint)
    problem = problem_of(critic, rule, distributions, options)
    if path is not None and path.exists():
        fit.load(path, problem)
    save = (lambda: None) if path is None else (lambda: fit.save(path, problem))
    interrupted = _train(fit, rule, distributions, budget, options, save)
    save()
    if interrupted and program_ends():
        raise stopped(f"stopped at step {fit.step:,}, because the program ends")
    if interrupted and fit.best:
        fit.critic.load_state_dict(fit.best)
    if hasattr(rule, "finish"):
        rule.finish(fit.critic)
    return fit, interrupted


def _optimizer(
    critic: nn.Module, rule: Constraint, options: FitOptions, device: torch.device
) -> torch.optim.Optimizer:
    if getattr(rule, "keeps_optimizer", False):
        return rule.optimizer(critic.parameters(), None)
    return Muon(
        critic.parameters(),
        lr=_rate(options.vector_rate, device),
        matrix_lr=_rate(options.matrix_rate, device),
    )


def _rate(rate: float, device: torch.device) -> float | Tensor:
    # Captured steps read it anew in every replay, from the device.
    return torch.tensor(rate, device=device) if device.type == "cuda" else rate


def _train(
    fit: Fit,
    rule: Constraint,
    distributions: Distributions,
    budget: Budget,
    options: FitOptions,
    save: Callable[[], None],
) -> bool:
    watched = distributions.tests(WATCHED_POINTS, distributions.generator(options.seed + 2))
    step, rates = _step(fit, rule, distributions, options), _Rates(fit.optimizer)
    started = time.perf_counter() - fit.seconds
    used = budget.used(fit.step, fit.seconds)
    recorded = _records_due(used)
    bar = tqdm(total=100, disable=not options.progress, desc=f"critic ({rule.name})", unit="%")
    # Other threads are put to work by the gradients themselves, which know how.
    with bar, deferred_interrupt() as interrupted, single_threaded():
        while used < 1.0 and not interrupted():
            rates.set(min(1.0, (fit.step + 1) / WARM_UP) * (1.0 - used))
            gap, penalty = step()
            fit.step += 1
            if fit.step % LOOK_EVERY == 0 and distributions.device.type == "cuda":
                torch.cuda.synchronize(distributions.device)
            fit.seconds = time.perf_counter() - started
            used = budget.used(fit.step, fit.seconds)
            if _records_due(used) > recorded:
                recorded = _records_due(used)
                _record(fit, distributions, watched, gap.item(), penalty.item())
                bar.update(round(100 * used) - bar.n)
                bar.set_postfix(held_out_gap=f"{fit.history[-1].held_out_gap:.4g}")
                save()
        return interrupted()


def _records_due(used: float) -> int:
    # Shares such as 0.58 are a little less than they should be.
    return math.floor(used * RECORDS + 1e-9)


def _step(
    fit: Fit, rule: Constraint, distributions: Distributions, options: FitOptions
) -> CapturedStep[tuple[Tensor, ...]]:
    """One step of training, as a function without arguments."""
    learning = [m for m in members(fit.critic) if any(p.requires_grad for p in m.parameters())]
    crew = [_by_hand(m, rule, options) or _by_autograd(m, rule) for m in learning]
    fit.critic.train()

    def step() -> tuple[Tensor, ...]:
        shown = []
        for gradients in crew:
            real, fake = distributions.batches(options.batch_size, fit.rng)
            shown.append(torch.stack(gradients(real, fake, fit.rng)))
        fit.optimizer.step()
        rule.project(fit.critic)
        return tuple(torch.stack(shown).mean(dim=0))

    # What waits for the device, as others' samplers and constraints may, cannot be captured; nor
    # were other optimizers made for it. On the CPU a captured step is just a step.
    ours = type(rule) in {type(known) for known in CONSTRAINTS.values()}
    capturable = ours and distributions.on_device and isinstance(fit.optimizer, Muon)
    return CapturedStep(step, distributions.device if capturable else "cpu", generators=[fit.rng])


def _by_hand(critic: nn.Module, rule: Constraint, options: FitOptions) -> Gradients | None:
    """Gradients without a graph, where constraint and network allow it."""
    # A subclass with a penalty of its own is the user's, and is asked for it.
    own = type(rule).penalty
    inner = torch.bfloat16 if options.precision == "bfloat16" else None
    if own is OrthogonalWeights.penalty and sorts_pairs(critic):
        return _of_gap_alone(GapStep(critic), inner)
    if not isinstance(rule, PenalizedSlope) or own is not PenalizedSlope.penalty:
        return None
    quick = rule.by_hand(critic)
    if quick is None:
        return None
    quick.inner = inner

    def gradients(real: Tensor, fake: Tensor, rng: torch.Generator) -> tuple[Tensor, ...]:
        return quick.gradients(real, fake, rule.points(real, fake, rng))

    return gradients


def _of_gap_alone(quick: GapStep, inner: torch.dtype | None) -> Gradients:
    quick.inner = inner

    def gradients(real: Tensor, fake: Tensor, rng: torch.Generator) -> tuple[Tensor, ...]:
        gap = quick.gradients(real, fake)
        return gap, torch.zeros_like(gap)

    return gradients


def _by_autograd(critic: nn.Module, rule: Constraint) -> Gradients:
    """Gradients of any critic under any constraint."""

    def gradients(real: Tensor, fake: Tensor, rng: torch.Generator) -> tuple[Tensor, ...]:
        f_real, f_fake = scores(critic, torch.cat([real, fake])).split(len(real))
        gap = f_real.mean() - f_fake.mean()
        penalty = rule.penalty(critic, real, fake, rng)
        for parameter in critic.parameters():
            parameter.grad = None
        (penalty - gap).backward()
        return gap.detach(), penalty.detach()

    return gradients


class _Rates:
    """The learning rates, as shares of where they began."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.groups: list[dict[str, Any]] = optimizer.param_groups
        for group in self.groups:
            group.setdefault("initial_lr", float(group["lr"]))

    def set(self, share: float) -> None:
        """Set all rates; captured steps read theirs from tensors."""
        for group in self.groups:
            rate = group["initial_lr"] * share
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate


def _record(
    fit: Fit,
    distributions: Distributions,
    watched: tuple[Tensor, Tensor],
    gap: float,
    penalty: float,
) -> None:
    # In training mode a look at spectrally normalized layers changes them.
    with evaluating(fit.critic), torch.no_grad():
        held_out = float(
            scores(fit.critic, watched[0]).mean() - scores(fit.critic, watched[1]).mean()
        )
    unit = distributions.scale.spread
    record = CriticRecord(fit.step, fit.seconds, gap * unit, held_out * unit, penalty * unit)
    if not all(math.isfinite(value) for value in (gap, held_out, penalty)):
        raise TrainingDivergedError(
            f"the critic's loss must stay finite, got a gap of {record.gap} and a penalty of "
            f"{record.penalty} at step {record.step}; to fix it, check the data and the constraint"
        )
    fit.history.append(record)
    fit.keep_if_best(held_out - penalty)
