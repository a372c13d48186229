"""Algorithm 1 of the WGAN paper, run on a problem where W₁ is known at every step.

P_r is N(0, ½²), the generator is g_θ(z) = shift + scale z, and the critic has one hidden layer, so
that all of it can be looked at: 49 weights, two parameters, and W₁ in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from otgan.errors import require
from otgan.inputs.options import as_count, as_positive, as_rng
from otgan.keywords import checks_keywords
from otgan.lessons.algorithm_1.problem import Problem, config_of
from otgan.lessons.algorithm_1.records import Settings, Training
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.progress import Progress, as_progress, reporting

__all__ = ["Algorithm1", "run"]

VARIANTS: Sequence[dict[str, Any]] = (
    {"limit": 1.0},
    {"limit": 0.01},
    {"limit": 0.001},
    {"n_critic": 1},
    {"n_critic": 20},
    {"learning_rate": 0.1},
    {"learning_rate": 5e-5},
)
"""One setting changed at a time; a limit of 0.01 and a learning rate of 5e-5 are the paper's."""


@checks_keywords
@dataclass(frozen=True, repr=False)
class Algorithm1(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    problem : Problem
    batch_size : int
        m.
    training : Training
        With the settings that were asked for.
    variants : tuple of Training
        With one of the settings changed.
    """

    problem: Problem
    batch_size: int
    training: Training
    variants: tuple[Training, ...]


@checks_parameters
def run(
    *,
    limit: float = 0.1,
    n_critic: int = 5,
    learning_rate: float = 0.01,
    steps: int = 300,
    rng: int = 0,
    quick: bool = False,
    progress: Progress = False,
) -> Algorithm1:
    """Run Algorithm 1 with these settings, and with one of them changed.

    Parameters
    ----------
    limit : float
        c, the clipping parameter; 0.01 in the paper.
    n_critic : int
        Critic steps for one of the generator; 5 in the paper.
    learning_rate : float
        α; 5e-5 in the paper, for problems where a step of that size means something.
    steps : int
        Steps of the generator: how often the outer loop runs.
    rng : int
        Seed of the points and of the critic's first weights.
    quick : bool
        The smallest window alone instead of all changes.
    progress : bool or callable(done, total, message)
        In runs of the algorithm.

    Returns
    -------
    Algorithm1

    Raises
    ------
    InvalidInputError
        Settings that are not positive.
    MissingExtraError
        torch is not installed.

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), Algorithm 1.

    Examples
    --------
    >>> numbers = run(quick=True)  # doctest: +SKIP
    >>> numbers.training.shift[:2].round(4)  # doctest: +SKIP
    array([-3. , -2.9])
    >>> bool(numbers.training.w1[-1] < numbers.training.w1[0] / 2)  # doctest: +SKIP
    True
    """
    require("torch", extra="torch", purpose="running Algorithm 1")
    settings = Settings(
        as_positive(limit, "limit"),
        as_count(n_critic, "n_critic"),
        as_positive(learning_rate, "learning_rate"),
    )
    steps = as_count(steps, "steps")
    problem = Problem.drawn(as_rng(rng))
    changes = VARIANTS[2:3] if quick else VARIANTS
    wanted = [settings, *(replace(settings, **change) for change in changes)]
    with reporting(as_progress(progress), len(wanted), "runs", unit="") as report:
        trainings = []
        for one in wanted:
            trainings.append(problem.train(one, steps))
            report(len(trainings), "")
    return Algorithm1(
        problem=problem,
        batch_size=config_of(settings, steps).batch_size,
        training=trainings[0],
        variants=tuple(trainings[1:]),
    )
