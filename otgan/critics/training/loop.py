"""Train a critic within a budget, so that it can be watched, interrupted and resumed."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from otgan.critics.constraints.base import Constraint
from otgan.critics.forward import evaluating, scores
from otgan.critics.kernels.cuda_graph import CapturedStep
from otgan.critics.kernels.muon import Muon
from otgan.critics.kernels.supported import Gradients
from otgan.critics.kernels.threads import single_threaded
from otgan.critics.networks.ensemble import members_of
from otgan.critics.training.checkpoint import read_checkpoint, write_checkpoint
from otgan.critics.training.data import Distributions
from otgan.critics.training.fit_identity import fit_identity, refuse_other_fit
from otgan.critics.training.interrupt import deferred_interrupt, program_ends, stopped
from otgan.critics.training.options import FitOptions
from otgan.devices import naming_the_batch_size
from otgan.errors import InvalidInputError, TrainingDivergedError
from otgan.keywords import checks_keywords
from otgan.progress import reporting

__all__ = ["WARM_UP", "Budget", "CriticRecord", "Fit", "fit_critic", "training_step"]

RECORDS = 50
"""How many points of the training curve are kept."""

CURVE_POINTS = 2048
"""Points of each distribution, never trained on, that the training curve is measured on."""

WARM_UP = 100
"""Steps over which the learning rate grows from zero."""

ANOTHER_FILE = "name another file, or remove this one"
"""What to do about a checkpoint that cannot be used."""

TRIED_STEPS = 5
"""Steps that show whether a batch fits: the fourth is captured."""

SYNCHRONIZE_EVERY = 10
"""Steps on a GPU between readings of the clock, each of which waits for the steps before it."""


class CriticRecord(NamedTuple):
    """One point of a critic's training curve; gaps in the units of the data."""

    step: int
    seconds: float
    gap: float
    held_out_gap: float
    penalty: float


@checks_keywords
@dataclass(frozen=True)
class Budget:
    """Steps or seconds, whichever ends first; a limit may be infinite."""

    steps: float
    seconds: float

    def used(self, step: int, seconds: float) -> float:
        """The fraction that is used up."""
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

    @classmethod
    def start(
        cls,
        critic: nn.Module,
        constraint: Constraint,
        distributions: Distributions,
        options: FitOptions,
    ) -> Fit:
        """Before the first step, with the optimizer and the batches of these options."""
        optimizer = _optimizer(critic, constraint, options, distributions.device)
        return cls(critic, optimizer, distributions.generator(options.rng + 1))

    def save(self, path: Path, identity: dict[str, Any]) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {
            "identity": identity,
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

    def load(self, path: Path, identity: dict[str, Any]) -> None:
        """Continue from a checkpoint of the same fit."""
        state = read_checkpoint(path, "fit", self.rng.device, ANOTHER_FILE)
        refuse_other_fit(state["identity"], identity, path)
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


@checks_keywords
def fit_critic(
    critic: nn.Module,
    constraint: Constraint,
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
        A checkpoint of another fit, or products of bfloat16 for a float64 network.
    DeviceMemoryError
        A batch that the device's memory does not hold; it names one that it does.
    """
    if options.precision == "bfloat16" and distributions.dtype != torch.float32:
        raise InvalidInputError(
            f"precision must be 'float32' for a network of {distributions.dtype}, got 'bfloat16', "
            "which is for networks of float32; to fix it, leave it out, or end network(d) with "
            ".float()"
        )
    fit = Fit.start(critic, constraint, distributions, options)
    path = None if options.checkpoint is None else Path(options.checkpoint)
    identity = fit_identity(critic, constraint, distributions, options)
    if path is not None and path.exists():
        fit.load(path, identity)
    save = (lambda: None) if path is None else (lambda: fit.save(path, identity))
    interrupted = naming_the_batch_size(
        lambda: _train(fit, constraint, distributions, budget, options, save),
        options.batch_size,
        lambda size: _try(fit, constraint, distributions, replace(options, batch_size=size)),
    )
    save()
    if interrupted and program_ends():
        raise stopped(f"stopped at step {fit.step:,}, because the program ends")
    if interrupted and fit.best:
        fit.critic.load_state_dict(fit.best)
    constraint.finish(fit.critic)
    return fit, interrupted


def _optimizer(
    critic: nn.Module, constraint: Constraint, options: FitOptions, device: torch.device
) -> torch.optim.Optimizer:
    if constraint.uses_own_optimizer:
        return constraint.optimizer(critic.parameters(), None)
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
    constraint: Constraint,
    distributions: Distributions,
    budget: Budget,
    options: FitOptions,
    save: Callable[[], None],
) -> bool:
    """Step until the budget is used up; returns whether Ctrl-C came first."""
    curve_points = distributions.held_out(CURVE_POINTS, distributions.generator(options.rng + 2))
    step, rates = training_step(fit, constraint, distributions, options), _Rates(fit.optimizer)
    started = time.perf_counter() - fit.seconds
    used = budget.used(fit.step, fit.seconds)
    recorded = _records_due(used)
    by_steps = math.isfinite(budget.steps)
    bar = reporting(
        options.progress,
        math.ceil(budget.steps if by_steps else budget.seconds),
        f"critic ({constraint.name})",
        unit="step" if by_steps else "s",
        done=fit.step if by_steps else int(fit.seconds),
    )
    # Other threads are put to work by the gradients themselves, which know how.
    with bar as report, deferred_interrupt() as interrupted, single_threaded():
        while used < 1.0 and not interrupted():
            rates.set(min(1.0, (fit.step + 1) / WARM_UP) * (1.0 - used))
            gap, penalty = step()
            fit.step += 1
            if fit.step % SYNCHRONIZE_EVERY == 0 and distributions.device.type == "cuda":
                torch.cuda.synchronize(distributions.device)
            fit.seconds = time.perf_counter() - started
            used = budget.used(fit.step, fit.seconds)
            if _records_due(used) > recorded:
                recorded = _records_due(used)
                _record(fit, distributions, curve_points, gap.item(), penalty.item())
                done = fit.step if by_steps else min(round(fit.seconds), math.ceil(budget.seconds))
                report(done, f"held_out_gap={fit.history[-1].held_out_gap:.4g}")
                save()
        return interrupted()


def _records_due(used: float) -> int:
    # Fractions such as 0.58 are a little less than they should be.
    return math.floor(used * RECORDS + 1e-9)


def _try(
    fit: Fit, constraint: Constraint, distributions: Distributions, options: FitOptions
) -> None:
    """Make some steps, until one is replayed where they are captured."""
    step = training_step(fit, constraint, distributions, options)
    for _ in range(TRIED_STEPS):
        step()


def training_step(
    fit: Fit, constraint: Constraint, distributions: Distributions, options: FitOptions
) -> CapturedStep[tuple[Tensor, ...]]:
    """One step of training: a function without arguments, of the gap and the penalty.

    It is captured where constraint, distributions and optimizer allow it; its `step` never is.
    """
    inner = torch.bfloat16 if options.precision == "bfloat16" else None
    learning = [m for m in members_of(fit.critic) if any(p.requires_grad for p in m.parameters())]
    gradients_of_members = [
        constraint.fused_step(member, inner) or _by_autograd(member, constraint)
        for member in learning
    ]
    fit.critic.train()

    def step() -> tuple[Tensor, ...]:
        measured = []
        for gradients in gradients_of_members:
            real, fake = distributions.batches(options.batch_size, fit.rng)
            measured.append(torch.stack(gradients(real, fake, fit.rng)))
        fit.optimizer.step()
        constraint.project(fit.critic)
        return tuple(torch.stack(measured).mean(dim=0))

    # What waits for the device, as others' samplers and constraints may, cannot be captured; nor
    # were other optimizers made for it. On the CPU a captured step is just a step.
    capturable = (
        constraint.capturable and distributions.on_device and isinstance(fit.optimizer, Muon)
    )
    return CapturedStep(step, distributions.device if capturable else "cpu", generators=[fit.rng])


def _by_autograd(critic: nn.Module, constraint: Constraint) -> Gradients:
    """Gradients of any critic under any constraint."""

    def gradients(real: Tensor, fake: Tensor, rng: torch.Generator) -> tuple[Tensor, ...]:
        loss = constraint.loss(critic, real, fake, rng)
        for parameter in critic.parameters():
            parameter.grad = None
        loss.total.backward()
        return loss.gap.detach(), loss.penalty.detach()

    return gradients


class _Rates:
    """The learning rates, as fractions of where they began."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.groups: list[dict[str, Any]] = optimizer.param_groups
        for group in self.groups:
            group.setdefault("initial_lr", float(group["lr"]))

    def set(self, fraction: float) -> None:
        """Set all rates; captured steps read theirs from tensors."""
        for group in self.groups:
            rate = group["initial_lr"] * fraction
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate


def _record(
    fit: Fit,
    distributions: Distributions,
    curve_points: tuple[Tensor, Tensor],
    gap: float,
    penalty: float,
) -> None:
    """Add a point to the training curve, and keep the weights if they are the best so far."""
    # In training mode a forward pass changes spectrally normalized layers.
    with evaluating(fit.critic), torch.no_grad():
        f_x, f_y = (scores(fit.critic, points) for points in curve_points)
        held_out = float(f_x.mean() - f_y.mean())
    unit = distributions.scale.spread
    record = CriticRecord(fit.step, fit.seconds, gap * unit, held_out * unit, penalty * unit)
    if not all(math.isfinite(value) for value in (gap, held_out, penalty)):
        raise TrainingDivergedError(
            f"the critic's loss must stay finite, got a gap of {record.gap} and a penalty of "
            f"{record.penalty} at step {record.step}; to fix it, check the data and the constraint"
        )
    fit.history.append(record)
    fit.keep_if_best(held_out - penalty)
