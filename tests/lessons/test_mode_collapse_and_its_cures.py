"""One ring that collapses and is cured, beside what has been measured of the cures."""

import numpy as np
import pytest

from otgan.errors import InvalidInputError
from otgan.gan.modes import mode_coverage
from otgan.lessons.measured import over_seeds
from otgan.lessons.mode_collapse_and_its_cures import explain, run
from otgan.lessons.mode_collapse_and_its_cures.numbers import CURES, RING
from tests.lessons.cached import numbers_of


@pytest.fixture(scope="module")
def numbers():
    return numbers_of("mode-collapse-and-its-cures")


def test_a_ring_collapses_without_a_cure_alone(numbers):
    without, cured = numbers.trainings
    assert without.modes.max() <= 3 and without.debiased_w1[-1] > 0.5
    assert cured.modes[-1] >= 7
    assert abs(cured.debiased_w1[-1]) < 0.1


def test_modes_are_those_of_the_points_that_are_shown(numbers):
    for training in numbers.trainings:
        counted = [mode_coverage(points, RING).modes for points in training.points]
        assert counted == training.modes.tolist()


def test_the_wasserstein_loss_helps_in_every_setting(numbers):
    for experiment in numbers.experiments:
        verdicts = {runs.name: runs.verdict for runs in experiment.reported}
        cure = "WGAN-LP" if "WGAN-LP" in verdicts else "Wasserstein alone"
        assert "helped" in verdicts[cure]
        by_name = {runs.name: over_seeds(runs.debiased_w1) for runs in experiment.reported}
        assert by_name[cure].high < by_name[experiment.compared_with].low


def test_what_helped_nothing_is_said_to_have_helped_nothing(numbers):
    text, found = " ".join(explain(numbers).split()), set()
    for experiment in numbers.experiments:
        sentence = text[text.rindex(experiment.title) :].partition("show: ")[2].partition(".")[0]
        nothing = {runs.name for runs in experiment.reported if runs.verdict == "not told apart"}
        assert set(sentence.split(", ")) == (nothing or {"none of them"})
        found |= nothing
    assert found


def test_learning_rates_were_chosen_by_other_seeds(numbers):
    chosen = [e for e in numbers.experiments if any(runs.choosing for runs in e.groups)]
    assert chosen
    for experiment in chosen:
        for runs in experiment.reported:
            tried = {
                one.rate: one.debiased_w1.mean()
                for one in experiment.groups
                if one.choosing and one.name == runs.name
            }
            assert len(tried) == 4 and min(tried, key=tried.__getitem__) == runs.rate
            assert not set(runs.seeds) & {100, 101}


@pytest.mark.parametrize("cure", sorted(CURES.keys() - {"minibatch-discrimination"}))
def test_every_cure_is_played(cure):
    found = run(cure=cure, steps=20)
    assert [training.name for training in found.trainings] == ["none", cure]
    assert found.trainings[1].points.shape == (20, 150, 2)
    assert not np.array_equal(*(training.points[-1] for training in found.trainings))


def test_other_cures_and_too_few_steps_are_refused():
    with pytest.raises(InvalidInputError, match="did you mean 'label-smoothing'"):
        run(cure="label-smooth")
    with pytest.raises(InvalidInputError, match="steps must be at least 20, got 19"):
        run(steps=19)


def test_progress_is_in_steps_of_both_trainings():
    told: list[tuple[int, int | None]] = []
    run(steps=20, progress=lambda *now: told.append(now[:2]))
    assert told == [(k, 40) for k in range(1, 41)]
