"""The run directory: what is written reads back, and nothing of others is touched."""

import json
import math

import pytest
from numpy.testing import assert_array_equal

import otgan
from otgan.errors import DamagedFileError, InvalidInputError
from otgan.gan.config import CONFIG_FORMAT
from otgan.gan.json_files import MAX_TEXT_BYTES, read_json, read_text, write_json
from otgan.gan.run_directory import RunDirectory
from tests.gan.short_run import RUN, same_but_for_time


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_run_leaves_these_files(finished_run):
    found = {path.relative_to(finished_run.out).as_posix() for path in finished_run.out.rglob("*")}
    files = {"config.json", "metrics.csv", "checkpoint.pt", "summary.json", "kept.npz", ".lock"}
    assert found == files | {"snapshots", "snapshots/00000002.npz", "snapshots/00000004.npz"}


def test_everything_reads_back(finished_run):
    directory = RunDirectory.at(finished_run.out)
    assert directory.config() == otgan.GANConfig(**RUN).for_shape((2,))
    assert directory.constraint == "lp"
    assert directory.settings()["data"] == "ring8"
    same_but_for_time(directory.metrics(), finished_run.records)
    outcome, kept = directory.outcome(), directory.kept()
    assert outcome is not None and kept is not None
    assert outcome.to_dict() == finished_run.to_dict()
    assert directory.point_shape == (2,)
    assert_array_equal(kept["real"], finished_run.monitor.real)
    assert [step for step, _ in directory.snapshots()] == [2, 4]


@pytest.mark.parametrize("out", [None, "", 3, ["run"]])
def test_what_is_no_path_is_refused(out):
    with pytest.raises(InvalidInputError, match="out must be the path of a folder"):
        RunDirectory.at(out)


def test_a_folder_without_a_run_is_refused(tmp_path):
    for directory in (RunDirectory.at(tmp_path), RunDirectory.at(tmp_path / "nothing")):
        with pytest.raises(InvalidInputError, match=r"must be the folder of a run, got no config"):
            directory.check_started()
        with pytest.raises(InvalidInputError, match="must be the folder of a run"):
            directory.config()


def test_a_run_that_has_not_ended_has_no_outcome(run_copy):
    for name in ("summary.json", "kept.npz"):
        (run_copy / name).unlink()
    assert RunDirectory(run_copy).outcome() is None and RunDirectory(run_copy).kept() is None


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (CONFIG_FORMAT + 1, "newer version .*update otgan"),
        (CONFIG_FORMAT - 1, "earlier version .*start the run anew"),
        ("2", "earlier version .*start the run anew"),
        (None, "earlier version .*start the run anew"),
    ],
)
def test_settings_of_other_versions_are_refused(run_copy, version, message):
    edit(run_copy / "config.json", format=version)
    with pytest.raises(DamagedFileError, match=message):
        RunDirectory(run_copy).settings()


def test_an_earlier_run_is_replaced_only_on_request(run_copy):
    before = (run_copy / "checkpoint.pt").read_bytes()
    with pytest.raises(InvalidInputError, match="overwrite=True to replace it"):
        otgan.train_gan("ring8", otgan.GANConfig(**RUN), out=run_copy)
    assert (run_copy / "checkpoint.pt").read_bytes() == before
    with pytest.raises(InvalidInputError, match="overwrite must be False where"):
        otgan.train_gan("ring8", out=run_copy, resume=True, overwrite=True)
    otgan.train_gan("ring8", otgan.GANConfig(**RUN, rng=1), out=run_copy, overwrite=True)
    assert RunDirectory(run_copy).settings()["rng"] == 1


def test_a_new_run_replaces_an_earlier_one_and_leaves_other_files(run_copy):
    for name in ("notes.txt", "snapshots/mine.npz"):
        (run_copy / name).write_text("kept")
    (run_copy / "pictures").mkdir()
    (run_copy / "pictures" / "samples.png").write_text("of the earlier run")
    directory = RunDirectory(run_copy)
    settings = json.loads((run_copy / "config.json").read_text())
    with directory.writing():
        directory.start({**settings, "steps": 99})
    left = {path.relative_to(run_copy).as_posix() for path in run_copy.rglob("*")}
    ours = {"config.json", ".lock", "snapshots", "pictures"}
    assert left == ours | {"notes.txt", "snapshots/mine.npz"}
    assert directory.settings()["steps"] == 99


def test_drafts_of_a_killed_process_are_removed_and_other_files_are_not(run_copy):
    drafts = [run_copy / f".{'0a' * 8}.draft", run_copy / "snapshots" / f".{'f' * 16}.draft"]
    others = [run_copy / ".mine.draft", run_copy / f"{'0a' * 8}.draft"]
    for path in (*drafts, *others):
        path.write_text("half")
    with RunDirectory(run_copy).writing():
        assert not any(path.exists() for path in drafts)
        assert all(path.exists() for path in others)


def test_json_has_null_for_what_it_lacks(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"nan": math.nan, "inner": {"inf": math.inf, "one": 1.0}, "list": [1]})
    assert read_json(path, "") == {"nan": None, "inner": {"inf": None, "one": 1.0}, "list": [1]}


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"a": NaN}', "[" * 10**5, "\ud800"])
def test_what_is_no_json_object_is_refused(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(DamagedFileError, match=r"x.json must be .* to fix it, write it again"):
        read_json(path, "write it again")


def test_a_text_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "x").open("wb") as file:
        file.truncate(MAX_TEXT_BYTES + 1)
    assert read_text(tmp_path / "x") is None
    assert read_text(tmp_path) is None
