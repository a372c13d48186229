"""Estimate W1 by a neural critic, and say what the number is worth."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from otgan.critics.constraints.base import DEFAULT_WIDTH, Constraint
from otgan.critics.estimation.bracket import initial_bracket
from otgan.critics.estimation.evaluate import evaluate_critic
from otgan.critics.estimation.linear_program import solve
from otgan.critics.estimation.result import DualEstimate
from otgan.critics.estimation.selection import select_constraint
from otgan.critics.forward import evaluating, refuse_inference, scores
from otgan.critics.kernels.threads import single_threaded
from otgan.critics.pointwise import refuse_unless_pointwise
from otgan.critics.seeding import seeded
from otgan.critics.training.checkpoint import read_checkpoint
from otgan.critics.training.data import Distributions, as_distributions
from otgan.critics.training.interrupt import ends_with_the_program
from otgan.critics.training.loop import ANOTHER_FILE, Budget, fit_critic
from otgan.critics.training.options import FitOptions
from otgan.devices import pick_device
from otgan.errors import InterruptedFit, InvalidInputError
from otgan.inputs.options import as_count, as_number
from otgan.keywords import checks_keywords
from otgan.output_files import try_to_write
from otgan.torch_modes import float32_by_default, gradients_on

__all__ = ["estimate_w1"]

STEPS, SECONDS = 1500, 60.0
"""The budget if none is given."""

EVALUATION_FRACTION = 0.1
"""Fraction of a limit in seconds that is kept for evaluating the critic."""


@checks_keywords
@ends_with_the_program()
@gradients_on()
def estimate_w1(
    x: Any,
    y: Any,
    constraint: str | Constraint = "auto",
    *,
    steps: int | None = None,
    seconds: float | None = None,
    network: Callable[[int], nn.Module] | None = None,
    device: Literal["auto"] | str | torch.device = "auto",
    options: FitOptions | None = None,
) -> DualEstimate:
    """Estimate the Wasserstein-1 distance of two distributions by training a critic.

    The critic f maximizes E f(x) - E f(y) under a constraint on its slopes, on standardized points
    (common center and scale, so the estimate scales exactly with the data). The estimate is made
    on other points, and comes with bounds for the distributions that hold whatever the critic is
    worth.

    Parameters
    ----------
    x, y : array_like or torch.Tensor, shapes (n, d) and (m, d), or samplers
        Images of shape (n, c, h, w) and data sets of PyTorch are points, too. A sampler is a
        distribution of `otgan.datasets`, a distribution of torch.distributions, a frozen one of
        SciPy, an object with a method ``sample(k)`` that returns k fresh points, shape (k, d), or a
        function of k; these may take a NumPy generator as a second argument.
    constraint : str or Constraint
        What keeps the critic Lipschitz: ``"clip"``, ``"gp"``, ``"lp"``, ``"spectral"``, ``"div"``
        (which is not W1), ``"orthogonal"`` (never above W1 but by noise), ``"cones"``; the linear
        program itself: ``"exact"``, or ``"distilled"`` into a network; or an object, such as
        ``GradientPenalty(weight=10)``, whose weight is then taken in the units of the data, while
        a short name chooses it by their scale. ``"auto"`` takes the linear program where samples
        tell enough of their distributions, else ``"lp"``, and says why.
    steps, seconds : int, float, optional
        The budget: whichever ends first. 1,500 steps and 60 seconds if neither is given. A limit
        in steps gives the same bits again, one in seconds does not.
    network : callable, optional
        ``network(d)`` builds the critic, for points of unit scale, in float32 or float64, in which
        it is then trained; parameters that require no gradient stay as they are. By default the
        constraint's own, in float32, with three to nine hidden layers of 256. Where the linear
        program is chosen it trains none.
    device : "auto", str or torch.device
        ``"auto"`` is CUDA if there is any and a step has enough work for it, else the CPU: batches
        of 128 points or more, and not ``"exact"``.
    options : FitOptions, optional
        Batch size, learning rates, seed, progress bar, checkpoint.

    Returns
    -------
    DualEstimate

    Raises
    ------
    InvalidInputError
        Bad points, an unknown constraint, too few points to hold any out.
    DamagedFileError, OutputError
        A checkpoint that no fit has written, or that cannot be written.
    TrainingDivergedError
        The loss became NaN or infinite.
    DeviceMemoryError
        A batch that the GPU's memory does not hold; it names one that it does.
    InterruptedFit
        Ctrl-C: a KeyboardInterrupt that holds the ``estimate`` of the best critic so far.

    Notes
    -----
    On two cores a step takes 10 to 60 ms. Memory is that of the points, the network,
    and blocks of distances between 2,048 points of each distribution.

    References
    ----------
    Villani, Optimal Transport: Old and New (2009), Particular Case 5.16, for the duality;
    Korotin, Kolesov and Burnaev, Kantorovich Strikes Back! (NeurIPS 2022), for what critics miss.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(400, 2)), rng.normal(size=(400, 2)) + [3, 4]
    >>> few = FitOptions(batch_size=64)
    >>> r = estimate_w1(x, y, "lp", steps=200, device="cpu", options=few)
    >>> r.sample_lower <= r.sample_distance and abs(r.value - 5) < 0.5
    True
    """
    options = FitOptions() if options is None else options
    _check_arguments(network, options)
    _check_checkpoint(options.checkpoint)
    budget = _budget(steps, seconds)
    where = pick_device(device, work=_work(constraint, network, options))
    started = time.perf_counter()
    distributions = as_distributions(x, y, options, where)
    bracket = initial_bracket(distributions, options.rng)
    spent = time.perf_counter() - started
    selection = select_constraint(constraint, distributions, bracket, budget)
    if selection.rule is None or selection.rule.solves_linear_program:
        return solve(distributions, selection, bracket, budget, options)
    left = budget.seconds * (1.0 - EVALUATION_FRACTION) - spent
    budget = Budget(budget.steps, max(left, EVALUATION_FRACTION * budget.seconds))
    critic, distributions = _build(selection.rule, network, distributions, options.rng)
    fit, interrupted = fit_critic(critic, selection.rule, distributions, budget, options)
    with single_threaded():
        estimate = evaluate_critic(fit, selection, distributions, bracket, options)
    if interrupted:
        raise InterruptedFit(
            f"stopped at step {fit.step:,}; the best critic so far is in this error's `estimate`: "
            f"{estimate!r}",
            estimate,
        )
    return estimate


def _work(constraint: str | Constraint, network: Any, options: FitOptions) -> float:
    """Multiply-adds of a forward pass over a batch; those of default networks are at least this."""
    if isinstance(constraint, str) and constraint == "exact":
        return 0.0
    return math.inf if network is not None else 2.0 * DEFAULT_WIDTH**2 * options.batch_size


def _check_arguments(network: Any, options: Any) -> None:
    if network is not None and (isinstance(network, nn.Module) or not callable(network)):
        raise InvalidInputError(
            f"network must be a function that builds a critic for d dimensions, got {network!r}; "
            "to fix it, pass lambda d: ..."
        )
    if not isinstance(options, FitOptions):
        raise InvalidInputError(
            f"options must be FitOptions, got {type(options).__name__}; to fix it, pass "
            "FitOptions(...) with these settings"
        )


def _check_checkpoint(path: str | Path | None) -> None:
    """Raise before any work if a checkpoint cannot be written, or is there and cannot be read."""
    if path is not None:
        try_to_write(Path(path))
        if Path(path).exists():
            read_checkpoint(Path(path), "fit", "cpu", ANOTHER_FILE)


def _budget(steps: int | None, seconds: float | None) -> Budget:
    if steps is None and seconds is None:
        steps, seconds = STEPS, SECONDS
    hint = "pass more or leave it out"
    if steps is not None:
        steps = as_count(steps, "steps", hint=hint)
    if seconds is not None:
        seconds = as_number(seconds, "seconds", "positive", hint)
        if not seconds > 0:
            raise InvalidInputError(f"seconds must be positive, got {seconds}; to fix it, {hint}")
    if steps is None and seconds == math.inf:
        raise InvalidInputError(
            "seconds must be finite where steps are not limited, got inf; to fix it, pass steps"
        )
    return Budget(steps or math.inf, seconds or math.inf)


def _check_network(critic: object, distributions: Distributions) -> None:
    """Raise unless it is a module that can learn and gives one number for each point."""
    if not isinstance(critic, nn.Module) or not any(p.requires_grad for p in critic.parameters()):
        raise InvalidInputError(
            f"network(d) must return a torch module with parameters that require gradients, got "
            f"{critic!r}; to fix it, return one, such as otgan.critics.networks.mlp(d)"
        )
    refuse_inference(critic)
    first = _first_parameter(critic)
    if first.dtype not in (torch.float32, torch.float64):
        raise InvalidInputError(
            f"network(d) must return a module of float32 or float64, got one of {first.dtype}; to "
            'fix it, end with .float(), and pass FitOptions(precision="bfloat16") for speed'
        )
    try:
        with evaluating(critic), torch.no_grad():
            scores(critic, torch.zeros(3, distributions.d, dtype=first.dtype, device=first.device))
        refuse_unless_pointwise(critic, (distributions.d,))
    except InvalidInputError:
        raise
    except Exception as reason:  # its forward may raise anything
        dtype = str(first.dtype).removeprefix("torch.")
        raise InvalidInputError(
            f"network(d) must return a module for {dtype} points of shape (n, {distributions.d}), "
            f"got {reason}; to fix it, give its first layer d inputs, and all layers one dtype"
        ) from reason


def _first_parameter(critic: nn.Module) -> nn.Parameter:
    """The first of floating dtype: the network computes in its dtype."""
    parameters = list(critic.parameters())
    return next((p for p in parameters if p.is_floating_point()), parameters[0])


def _build(
    rule: Constraint,
    network: Callable[[int], nn.Module] | None,
    distributions: Distributions,
    rng: int,
) -> tuple[nn.Module, Distributions]:
    """The critic, and the distributions in its dtype."""
    # Whatever device is torch's default, and dtype unless the user builds the network.
    place = torch.device("cpu") if network else float32_by_default()
    with seeded(rng, distributions.device), place:
        critic = network(distributions.d) if network else rule.default_network(distributions.d)
    _check_network(critic, distributions)
    critic = critic.to(distributions.device)
    distributions = replace(distributions, dtype=_first_parameter(critic).dtype)
    if rule.n_start_points:
        generator = distributions.generator(rng)
        rule.start(critic, *distributions.batches(rule.n_start_points, generator))
    rule.project(critic)
    return critic, distributions
