"""Checkpoints: what is written is read to the bit, and no other file is."""

from typing import Any

import pytest
import torch

from otgan.critics.training.checkpoint import (
    checked_checkpoint,
    kind_of,
    read_checkpoint,
    write_checkpoint,
)
from otgan.errors import DamagedFileError, InvalidInputError, OutputError

CONTENTS: dict[str, Any] = {
    "weights": {"a": torch.arange(7.0), "b": torch.tensor(1 / 3, dtype=torch.float64)},
    "step": 12,
    "history": [(1, 0.5)],
    "name": None,
}


@pytest.fixture
def path(tmp_path):
    write_checkpoint(tmp_path / "a.pt", "fit", CONTENTS)
    return tmp_path / "a.pt"


def test_contents_come_back_to_the_bit(path):
    stored = read_checkpoint(path, "fit", "cpu", "start anew")
    assert kind_of(stored) == "fit"
    assert {k: stored[k] for k in ("step", "history", "name")} == {
        k: CONTENTS[k] for k in ("step", "history", "name")
    }
    for name, value in CONTENTS["weights"].items():
        assert torch.equal(stored["weights"][name], value)
        assert stored["weights"][name].dtype == value.dtype


def test_torch_reads_it_as_any_other_file(path):
    stored = torch.load(path, weights_only=True)
    assert checked_checkpoint(stored, path, "fit", "start anew") is stored


def test_another_kind_is_refused(path):
    with pytest.raises(DamagedFileError, match=r"that a run has written, got .*; to fix it, begin"):
        read_checkpoint(path, "run", "cpu", "begin again")


@pytest.mark.parametrize("where", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_one_flipped_bit_is_noticed(path, where):
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFileError):
        read_checkpoint(path, "fit", "cpu", "start anew")


@pytest.mark.parametrize("length", [0, 10, 500, -1])
def test_a_file_that_is_cut_off_is_refused(path, length):
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DamagedFileError):
        read_checkpoint(path, "fit", "cpu", "start anew")


def test_files_of_torch_that_are_no_checkpoints_are_refused(tmp_path):
    torch.save(CONTENTS, tmp_path / "b.pt")
    with pytest.raises(DamagedFileError, match="a file of another kind, or of an earlier version"):
        read_checkpoint(tmp_path / "b.pt", "fit", "cpu", "start anew")


def test_nothing_in_a_file_is_run(tmp_path):
    class Runs:
        def __reduce__(self):
            return (print, ("run",))

    torch.save({"otgan": "fit", "format": 1, "x": Runs()}, tmp_path / "c.pt")
    with pytest.raises(DamagedFileError):
        read_checkpoint(tmp_path / "c.pt", "fit", "cpu", "start anew")


def test_a_newer_format_says_so(path, tmp_path, monkeypatch):
    monkeypatch.setattr("otgan.critics.training.checkpoint.FORMAT", 99)
    write_checkpoint(tmp_path / "new.pt", "fit", {})
    monkeypatch.undo()
    with pytest.raises(DamagedFileError, match=r"newer version of otgan \(format 99\)"):
        read_checkpoint(tmp_path / "new.pt", "fit", "cpu", "start anew")


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path):
    with pytest.raises(OutputError):
        write_checkpoint(tmp_path / "no" / "such" / "folder.pt", "fit", CONTENTS)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InvalidInputError):
        read_checkpoint(tmp_path / "none.pt", "fit", "cpu", "start anew")
