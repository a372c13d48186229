"""What makes a run that run."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from otgan import GANConfig, GradientPenalty
from otgan.errors import DamagedFileError, InvalidInputError
from otgan.gan.config import CONFIG_FORMAT
from otgan.gan.data import as_training_data
from otgan.gan.identity import RunIdentity

POINTS = np.random.default_rng(0).normal(size=(40, 2))
DATA = as_training_data(POINTS)
CONFIG = GANConfig(steps=10).for_shape((2,))
IDENTITY = RunIdentity.of(DATA, CONFIG)
RUN = Path("run")


def test_plain_values_read_back():
    assert RunIdentity.from_dict(IDENTITY.to_dict(), RUN) == IDENTITY


@pytest.mark.parametrize("lacking", ["data", "settings", "center", "scale", "changes"])
def test_a_checkpoint_that_lacks_a_part_is_damaged(lacking):
    stored = {name: part for name, part in IDENTITY.to_dict().items() if name != lacking}
    with pytest.raises(DamagedFileError, match="must hold the data and settings of its run"):
        RunIdentity.from_dict(stored, RUN)


def test_config_json_holds_settings_data_changes_and_its_format():
    stored = json.loads(json.dumps(IDENTITY.to_json()))
    assert stored["data"] == "" and stored["steps"] == 10
    assert stored["source"]["d"] == 2 and stored["source"]["shape"] == [2]
    assert stored["source"]["n"] == 40 and len(stored["source"]["fingerprint"]) == 64
    assert stored["changes"] == [] and stored["format"] == CONFIG_FORMAT


def test_the_stored_scale_counts():
    other = as_training_data(POINTS * (1 + 1e-15))
    again = IDENTITY.scaled_as_stored(other)
    assert tuple(again.center) == IDENTITY.center and again.scale == IDENTITY.scale


def test_settings_that_may_change_are_recorded_with_their_step():
    changed = dataclasses.replace(CONFIG, steps=20, learning_rate=0.1)
    after = IDENTITY.continued(DATA, changed, 7, RUN)
    expected = {"at_step": 7, "steps": [10, 20], "learning_rate": [None, 0.1]}
    assert after.changes == (expected,)
    assert after.settings == changed.to_dict()
    assert after.continued(DATA, changed, 9, RUN) == after


def test_a_constraint_is_the_same_under_its_short_name():
    same = dataclasses.replace(CONFIG, constraint=GradientPenalty(weight=10.0, one_sided=True))
    assert IDENTITY.continued(DATA, same, 0, RUN).changes == ()
    other = dataclasses.replace(CONFIG, constraint=GradientPenalty(weight=9.0, one_sided=True))
    with pytest.raises(InvalidInputError, match=r"constraint must be .* 'lp'.*weight=9\.0"):
        IDENTITY.continued(DATA, other, 0, RUN)


def test_fewer_steps_than_done_and_other_data_are_refused():
    with pytest.raises(InvalidInputError, match=r"steps must be at least the 11 .* got 10"):
        IDENTITY.continued(DATA, CONFIG, 11, RUN)
    with pytest.raises(InvalidInputError, match=r"given by the program .* got other values"):
        IDENTITY.continued(as_training_data(POINTS + 1), CONFIG, 0, RUN)


def test_config_json_is_held_against_the_checkpoint_but_for_what_is_given():
    edited = dataclasses.replace(CONFIG, learning_rate=0.1)
    IDENTITY.check_config_file(CONFIG, RUN, ())
    IDENTITY.check_config_file(edited, RUN, ("learning_rate",))
    with pytest.raises(DamagedFileError, match=r"learning_rate 0\.1 where the checkpoint has None"):
        IDENTITY.check_config_file(edited, RUN, ("steps",))
