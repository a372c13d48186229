"""What a launcher says about the processes that it has started."""

import pytest

from otgan.errors import InvalidInputError
from otgan.launch import VARIABLES, Launch, launch


def set_variables(monkeypatch, **variables):
    for name, value in {**dict.fromkeys(VARIABLES, "1"), **variables}.items():
        monkeypatch.setenv(name, value)


def test_without_a_launcher_a_process_is_alone(monkeypatch):
    set_variables(monkeypatch)
    monkeypatch.delenv("MASTER_PORT")  # somebody's RANK alone does not make several of one
    assert launch() == Launch(rank=0, size=1)


def test_the_place_is_that_of_the_environment(monkeypatch):
    set_variables(monkeypatch, RANK="5", WORLD_SIZE="8", LOCAL_RANK="1")
    assert launch() == Launch(rank=5, size=8, local_rank=1)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"RANK": "first"}, "RANK must be a whole number, got 'first'"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, "got RANK=2, WORLD_SIZE=2"),
        ({"RANK": "0", "WORLD_SIZE": "-1"}, "WORLD_SIZE must be a whole number, got '-1'"),
    ],
)
def test_variables_of_another_kind_are_refused(monkeypatch, variables, message):
    set_variables(monkeypatch, **variables)
    with pytest.raises(InvalidInputError, match=message):
        launch()
