"""The lesson `mode-collapse-and-its-cures` as text."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.measured import over_seeds
from otgan.lessons.mode_collapse_and_its_cures.records import Experiment, ModeCollapse, Training
from otgan.lessons.text import page, table

__all__ = ["explain"]

LESSON = (
    "A generator may turn all its latents into a few kinds of points: mode collapse. Nothing in "
    "the minimax loss forbids it along the way, though the loss is least where the two "
    "distributions agree: the generator follows a discriminator that only knows the points of the "
    "moment. No theorem says that a Wasserstein loss cannot collapse either. That it collapses "
    "less is an observation, and so are all the rows above."
)
OF_VERDICTS = (
    "A cure is said to help or to hurt only where Welch's test over seeds tells it from the runs "
    "it is compared with, at 5 % for all cures and numbers of an experiment together (Holm's "
    "correction). Not told apart means that these seeds show no difference, not that there is none."
)
CORRECTIONS = (
    "Where introductions are wrong: feature matching is a loss of the generator, not of the "
    "discriminator; one-sided label smoothing has .9 for real and 0 for generated points, and .1 "
    "for these would be the second side; stability does not prevent collapse, for a training may "
    "settle calmly on one mode."
)


@checks_keywords
def explain(numbers: ModeCollapse) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : ModeCollapse

    Returns
    -------
    str
    """
    live = table(
        ["step", *[f"{t.name}: modes, W1" for t in numbers.trainings]],
        [
            [f"{numbers.trainings[0].steps[k]:,}", *[_state(t, k) for t in numbers.trainings]]
            for k in _spread(len(numbers.trainings[0].steps))
        ],
    )
    measured = [f"{found.title}\n\n{_table(found)}" for found in numbers.experiments]
    return page(
        f"Mode collapse: {_ends(numbers)}",
        "\n\n".join([live, *measured]),
        [*(sentence for found in numbers.experiments for sentence in _sentences(found)),
         _lucky(numbers.experiments[0]), OF_VERDICTS, LESSON, CORRECTIONS],
    )  # fmt: skip


def _ends(numbers: ModeCollapse) -> str:
    ends = (f"{t.modes[-1]:.0f} with {t.name}" for t in numbers.trainings[1:])
    return f"{numbers.trainings[0].modes[-1]:.0f} of 8 modes without a cure, {', '.join(ends)}"


def _spread(count: int) -> list[int]:
    """Five of so many measurements, the last among them."""
    return [count * k // 5 - 1 for k in range(1, 6)]


def _state(training: Training, k: int) -> str:
    return f"{training.modes[k]:.0f}, {training.debiased_w1[k]:.3f}"


def _table(experiment: Experiment) -> str:
    return table(
        ["", f"modes of {experiment.modes_of}", "reverse KL", "debiased W1", "runs", "verdict"],
        [
            [
                runs.name,
                over_seeds(runs.modes).shown(".1f"),
                over_seeds(runs.reverse_kl).shown(".2f"),
                over_seeds(runs.debiased_w1).shown(".2f"),
                str(len(runs.seeds)),
                runs.verdict.partition(":")[0],
            ]
            for runs in experiment.reported
        ],
    )


def _sentences(experiment: Experiment) -> list[str]:
    """Who helped, and who helped nothing."""
    said = {runs.name: runs.verdict for runs in experiment.reported if runs.verdict}
    if not said:
        return []
    helped = [f"{name} ({verdict[8:]})" for name, verdict in said.items() if "helped" in verdict]
    hurt = [f"{name} ({verdict[6:]})" for name, verdict in said.items() if verdict[:4] == "hurt"]
    nothing = [name for name, verdict in said.items() if verdict == "not told apart"]
    than = experiment.compared_with
    return [
        f"{experiment.title}. Against {'no cure' if than == 'none' else than}: "
        f"helped: {_listed(helped)}. Hurt: {_listed(hurt)}. Helped nothing that these seeds show: "
        f"{_listed(nothing)}."
    ]


def _lucky(experiment: Experiment) -> str:
    """What single runs without a cure would have made one believe."""
    none = next(runs for runs in experiment.reported if runs.name == experiment.compared_with)
    full = int((none.modes == experiment.modes_of).sum())
    return (
        f"One run proves nothing: without a cure, {full} of {len(none.seeds)} runs end with all "
        f"{experiment.modes_of} modes, and the worst with {none.modes.min():.0f}. Try other seeds "
        "(--rng) and cures (--cure) yourself."
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none of them"
