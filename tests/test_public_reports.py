"""Situations from public bug reports of neighbouring packages, each with its right value.

Every test names the situation in a sentence. The right value comes from a closed form, a linear
program or SciPy, never from the function under test.
"""

import io
import json
import math
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import otgan
from otgan.critics.networks import mlp
from otgan.critics.saved import load_critic
from otgan.gan.folder import RunFolder
from otgan.report import summary_table, write_report

# ---------------------------------------------------------------- The exact engine
# (end of: The exact engine)


# ---------------------------------------------------------------- Estimators
# (end of: Estimators)


# ---------------------------------------------------------------- Hostile files: points
# (end of: Hostile files: points)


# ---------------------------------------------------------------- Hostile files: critics
# (end of: Hostile files: critics)


# ---------------------------------------------------------------- Hostile files: runs
RUN = {"steps": 4, "batch_size": 8, "n_critic": 1, "width": 8, "depth": 1, "monitor_every": 2}
RUN |= {"monitor_points": 32, "evaluation_points": 32, "device": "cpu"}


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    """A run on named data that ended, and its folder."""
    out = tmp_path_factory.mktemp("runs") / "ring8"
    return otgan.train_wgan("ring8", otgan.TrainConfig(**RUN), out=out)


@pytest.fixture
def run_copy(finished_run, tmp_path):
    """A copy of it that may be damaged."""
    return Path(shutil.copytree(finished_run.out, tmp_path / "copy"))


class WritesAFile:
    """Unpickled, it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("name", ["checkpoint.pt", "config.json"])
def test_a_run_whose_checkpoint_or_settings_are_cut_off_or_overwritten_names_the_file(
    run_copy, name
):
    whole = (run_copy / name).read_bytes()
    lengths = [*range(0, 40, 7), *range(40, len(whole) - 1, len(whole) // 12)]
    damaged = [whole[:length] for length in lengths]
    damaged += [b"hello", bytes(500), b"PK\x03\x04", b"[" * 9000, b"null", b"\xff\xfe" * 30]
    for content in damaged:
        (run_copy / name).write_bytes(content)
        with pytest.raises(
            otgan.DamagedFileError, match=f"{name} must be .*; to fix it, "
        ) as error:
            otgan.resume_wgan(run_copy)
        assert "weights_only" not in str(error.value)


def test_no_flipped_bit_of_a_checkpoint_passes_as_another_weight(run_copy):
    """PyTorch itself loads most of these without a word, some with another number."""
    path = run_copy / "checkpoint.pt"
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for place in rng.integers(len(whole), size=150):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        with pytest.raises(otgan.DamagedFileError, match=r"checkpoint.pt must be"):
            RunFolder(run_copy).checkpoint(torch.device("cpu"))


def test_a_weight_that_was_changed_and_saved_again_is_refused(run_copy):
    path = run_copy / "checkpoint.pt"
    contents = torch.load(path, weights_only=True)
    contents["best"]["0.weight"][0, 0] = math.nan
    torch.save(contents, path)
    with pytest.raises(otgan.DamagedFileError, match="altered after it was written"):
        otgan.resume_wgan(run_copy)


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        ("checkpoint.pt", lambda path, evil: torch.save({"step": 4, "best": evil}, path)),
        ("checkpoint.pt", lambda path, evil: path.write_bytes(pickle.dumps(evil))),
        ("snapshots/00000002.npz", lambda path, evil: np.savez(path, real=evil, generated=evil)),
        ("config.json", lambda path, evil: edit(path, constraint={"name": "os.system"})),
        ("config.json", lambda path, evil: edit(path, constraint={"name": "gp", "weight": "1e9"})),
        ("config.json", lambda path, evil: edit(path, constraint=["builtins.open"])),
        ("config.json", lambda path, evil: edit(path, rule="__import__('os')")),
    ],
)
def test_nothing_planted_in_a_run_is_executed(run_copy, tmp_path, name, plant):
    written = tmp_path / "written"
    plant(run_copy / name, WritesAFile(written))
    with pytest.raises(otgan.errors.InvalidInputError):
        (write_report if "snapshots" in name else otgan.resume_wgan)(run_copy)
    assert not written.exists()


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 10**9}, "width"),
        ({"width": 16}, "width must be that of the run"),
        ({"steps": "many"}, "steps must be a whole number"),
        ({"decay": 1}, "decay must be True or False"),
        ({"learning_rate": "1e-3"}, "learning_rate must be a number"),
        ({"colour": "red"}, "a setting must be one of .* got 'colour'"),
        ({"format": 2}, "newer version .* update otgan"),
        ({"data": 5}, "no data or no constraint"),
        ({"data": "grid25"}, "the data must be those of the run"),
    ],
)
def test_settings_of_a_run_that_were_edited_to_what_it_cannot_be_are_refused(
    run_copy, changes, message
):
    edit(run_copy / "config.json", **changes)
    with pytest.raises(otgan.errors.InvalidInputError, match=message):
        otgan.resume_wgan(run_copy)


def test_a_setting_that_is_missing_from_a_run_is_not_taken_from_the_defaults(run_copy):
    settings = json.loads((run_copy / "config.json").read_text())
    del settings["steps"]
    (run_copy / "config.json").write_text(json.dumps(settings))
    with pytest.raises(otgan.DamagedFileError, match=r"config.json must be .* got no steps"):
        otgan.resume_wgan(run_copy)


def test_damaged_metrics_are_rebuilt_from_the_checkpoint(finished_run, run_copy):
    path = run_copy / "metrics.csv"
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], whole.replace(b".", b"7", 1), b"\xff\xfe"):
        path.write_bytes(content)
        assert RunFolder(run_copy).metrics() == list(finished_run.records)
        assert path.read_bytes() == whole
    path.unlink()
    summary_table(run_copy)
    assert path.read_bytes() == whole


def test_damaged_metrics_without_a_checkpoint_are_named(run_copy):
    (run_copy / "checkpoint.pt").unlink()
    assert len(RunFolder(run_copy).metrics()) == 2
    for content in (b"", b"step,seconds", b"\xff\xfe", b"\x00" * 99):
        (run_copy / "metrics.csv").write_bytes(content)
        with pytest.raises(otgan.DamagedFileError, match=r"metrics.csv must be"):
            summary_table(run_copy)


def test_a_damaged_summary_is_named_with_its_cure(finished_run, run_copy):
    path = run_copy / "summary.json"
    numbers = json.loads(path.read_text())
    wrong = [{**numbers, "exact_w1": "0"}, {**numbers, "high_quality": None}, {**numbers, "of": []}]
    contents = [json.dumps(summary).encode() for summary in wrong]
    contents += [b"", b"{", b"[]", b"{}", b"\xff", path.read_bytes()[:50]]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(otgan.DamagedFileError, match=r"summary.json .* with `otgan resume"):
            summary_table(run_copy)
    again = otgan.resume_wgan(run_copy)  # the cure
    assert again.evaluation == finished_run.evaluation
    summary_table(run_copy)


def test_snapshots_that_claim_more_than_there_is_are_refused_before_memory_is_taken(run_copy):
    """A gigabyte of zeros in a file of one megabyte; a header of 1.6 TB; and damage."""
    path = run_copy / "snapshots" / "00000002.npz"
    whole = path.read_bytes()
    bomb, claim = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("real.npy", "generated.npy"):
            with archive.open(name, "w") as file:
                header = {"descr": "<f8", "fortran_order": False, "shape": (2**22, 2)}
                np.lib.format.write_array_header_1_0(file, header)
                for _ in range(64):
                    file.write(bytes(2**20))
    with zipfile.ZipFile(claim, "w") as archive:
        for name in ("real.npy", "generated.npy"):
            with archive.open(name, "w") as file:
                header = {"descr": "<f8", "fortran_order": False, "shape": (10**11, 2)}
                np.lib.format.write_array_header_1_0(file, header)
                file.write(bytes(64))
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for content in (bomb.getvalue(), claim.getvalue(), whole[:200], bytes(flipped), b""):
        path.write_bytes(content)
        tracemalloc.start()
        with pytest.raises(otgan.DamagedFileError, match=r"00000002.npz .* remove it"):
            RunFolder(run_copy).snapshots()
        assert tracemalloc.get_traced_memory()[1] < 2**22
        tracemalloc.stop()
    path.unlink()
    assert [step for step, _ in RunFolder(run_copy).snapshots()] == [4]


def test_writes_do_not_follow_links_out_of_a_run(run_copy, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "00000009.npz").write_text("precious")
    (elsewhere / "notes").write_text("precious")
    for name in ("metrics.csv", "config.json", "checkpoint.pt", "report.html"):
        (run_copy / name).unlink(missing_ok=True)
        (run_copy / name).symlink_to(elsewhere / "notes")
    config = otgan.TrainConfig(**RUN)
    with pytest.raises(otgan.OutputError, match="from elsewhere"):  # its config.json is no more
        otgan.train_wgan("ring8", config, out=run_copy)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    for name in ("metrics.csv.draft", "checkpoint.pt.draft"):  # where drafts were once written
        (fresh / name).symlink_to(elsewhere / "notes")
    otgan.train_wgan("ring8", config, out=fresh)
    (fresh / "report.html").symlink_to(elsewhere / "notes")
    write_report(fresh)
    shutil.rmtree(fresh / "snapshots")
    shutil.rmtree(fresh / "pictures")
    for name in ("snapshots", "pictures"):
        (fresh / name).symlink_to(elsewhere)
    with pytest.raises(otgan.OutputError, match=r"snapshots must be .* got a link to"):
        otgan.train_wgan("ring8", config, out=fresh)
    (fresh / "snapshots").unlink()
    with pytest.raises(otgan.OutputError, match=r"pictures must be .* got a link to"):
        write_report(fresh)
    assert {p.name: p.read_text() for p in elsewhere.iterdir()} == {
        "00000009.npz": "precious",
        "notes": "precious",
    }


def test_files_of_others_are_not_removed_by_a_run_in_their_folder(tmp_path):
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "00000001.npz").write_text("precious")
    with pytest.raises(otgan.OutputError, match="in it from elsewhere"):
        otgan.train_wgan("ring8", otgan.TrainConfig(**RUN), out=tmp_path)
    assert (tmp_path / "snapshots" / "00000001.npz").read_text() == "precious"


def test_an_output_that_is_a_file_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(otgan.OutputError, match=f"{out} must be .* name a folder"):
            otgan.train_wgan("ring8", otgan.TrainConfig(**RUN), out=out)
    assert (tmp_path / "file").read_text() == "mine"


def test_an_output_that_disappears_is_named(tmp_path):
    out = tmp_path / "run"

    class Vanishing(otgan.GradientPenalty):
        """Removes the run's folder in the third step."""

        def project(self, critic):
            calls.append(None)
            if len(calls) == 3:
                shutil.rmtree(out)

    calls = []
    config = otgan.TrainConfig(**{**RUN, "constraint": Vanishing()})
    with pytest.raises(otgan.OutputError, match=f"{out}.* must be a place that can be written to"):
        otgan.train_wgan("ring8", config, out=out)


def test_a_second_run_in_the_same_folder_is_refused(run_copy):
    with RunFolder(run_copy).writing():
        with pytest.raises(otgan.OutputError, match="one run at a time"):
            otgan.resume_wgan(run_copy)
        summary_table(run_copy)  # which reads
    otgan.resume_wgan(run_copy)


def test_a_fit_whose_checkpoint_is_damaged_or_cannot_be_written_is_refused_before_work(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 2)), rng.normal(size=(60, 2)) + 3.0
    path = tmp_path / "critic.pt"
    call = {"steps": 3, "device": "cpu", "network": lambda d: mlp(d, width=8)}
    small = {"batch_size": 16, "test_points": 100}
    options = otgan.FitOptions(**small, checkpoint=path)
    first = otgan.estimate_w1(x, y, "lp", **call, options=options)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 16
    for content in (b"", b"hello", whole[: len(whole) // 2], bytes(flipped)):
        path.write_bytes(content)
        with pytest.raises(otgan.DamagedFileError, match="must be one that a fit has written"):
            otgan.estimate_w1(x, y, "lp", **call, options=options)
    path.write_bytes(whole)
    assert otgan.estimate_w1(x, y, "lp", **call, options=options).value == first.value
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path, tmp_path / "file" / "critic.pt"):
        with pytest.raises(otgan.OutputError, match="must be a place that can be written to"):
            otgan.estimate_w1(x, y, options=otgan.FitOptions(checkpoint=wrong))


# (end of: Hostile files: runs)


# ---------------------------------------------------------------- Files
# (end of: Files)


# ---------------------------------------------------------------- Labels
# (end of: Labels)


# ---------------------------------------------------------------- Runs
CLOUD = np.random.default_rng(0).normal(size=(605, 2))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (50.0 * CLOUD, "other values in the same shape"),
        (CLOUD + 1e-9, "other values in the same shape"),
        (np.concatenate([CLOUD, [[1.0, 1.0]]]), "got 606 points instead of 605"),
        (CLOUD[::-1], "in the same order"),
        (CLOUD[:, :1], "in 1 dimensions instead of 2"),
        ("ring8", "got a sampler instead of 605 points"),
    ],
    ids=[
        "50 times",
        "a little elsewhere",
        "one more row",
        "turned round",
        "narrower",
        "law",
    ],
)
def test_a_run_is_not_resumed_on_other_data(tmp_path, data, message):
    otgan.train_wgan(CLOUD, otgan.TrainConfig(**RUN), out=tmp_path)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    config = otgan.TrainConfig(**{**RUN, "steps": 6})
    with pytest.raises(otgan.errors.InvalidInputError, match=f"the data must be .*{message}"):
        otgan.train_wgan(data, config, out=tmp_path, resume=True)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    same = otgan.train_wgan(torch.tensor(CLOUD), config, out=tmp_path, resume=True)
    source = same.monitor.source  # what is held out was never trained on
    held_out = np.concatenate([half.points for half in source.halves])
    assert len(held_out) == 242
    assert not {*map(tuple, held_out)} & {*map(tuple, source.train.points)}


def test_a_run_on_a_sampler_is_not_resumed_on_another_one(tmp_path):
    class Normal:
        """Obeys the generator that it is given."""

        d = 2

        def __init__(self, spread, rng=None):
            self.spread, self.rng = spread, rng

        def sample(self, n, rng):
            return self.spread * (self.rng or rng).normal(size=(n, 2))

    def run(sampler, out, resume):
        config = otgan.TrainConfig(**RUN)
        return otgan.train_wgan(sampler, config, out=tmp_path / out, resume=resume)

    run(Normal(1.0), "obedient", False)
    run(Normal(1.0), "obedient", True)
    with pytest.raises(otgan.errors.InvalidInputError, match="the data must be"):
        run(Normal(1.001), "obedient", True)
    own = np.random.default_rng(0)
    run(Normal(1.0, own), "of its own", False)
    with pytest.warns(otgan.InputWarning, match="look like those of before"):
        run(Normal(1.0, own), "of its own", True)
    with pytest.raises(otgan.errors.InvalidInputError, match="the data must be"):
        run(Normal(50.0, own), "of its own", True)


@pytest.mark.parametrize(
    "change",
    [
        {"width": 16},
        {"depth": 2},
        {"latent_dim": 3},
        {"batch_size": 9},
        {"n_critic": 2},
        {"average": 0.5},
        {"seed": 1},
        {"monitor_points": 33},
        {"evaluation_points": 33},
        {"constraint": "gp"},
        {"constraint": otgan.GradientPenalty(weight=3.0, one_sided=True)},
    ],
    ids=lambda change: "-".join(map(str, *change.items())),
)
def test_a_run_is_not_resumed_with_settings_that_make_another_run(finished_run, run_copy, change):
    (name,) = change
    config = otgan.TrainConfig(**{**RUN, **change})
    with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be that of the run"):
        otgan.train_wgan("ring8", config, out=run_copy, resume=True)
    same = otgan.GradientPenalty(weight=10.0, one_sided=True)  # what "lp" is short for
    config = otgan.TrainConfig(**{**RUN, "constraint": same})
    assert otgan.train_wgan("ring8", config, out=run_copy, resume=True).records[-1].step == 4


def test_what_a_run_may_be_resumed_with_is_applied_and_recorded(run_copy):
    """At a learning rate of nearly nothing, weights stay where they were."""

    def weights():
        return torch.load(run_copy / "checkpoint.pt", weights_only=True)["generator"]

    before = weights()
    still = otgan.resume_wgan(run_copy, steps=8, learning_rate=1e-30, monitor_every=1)
    assert [record.step for record in still.records] == [2, 4, 5, 6, 7, 8]
    assert all(torch.equal(value, before[name]) for name, value in weights().items())
    config = otgan.TrainConfig(**{**RUN, "steps": 10, "learning_rate": 0.01, "decay": True})
    otgan.train_wgan("ring8", config, out=run_copy, resume=True)
    assert not all(torch.equal(value, before[name]) for name, value in weights().items())
    stored = torch.load(run_copy / "checkpoint.pt", weights_only=True)
    (group,) = stored["generator_optimizer"]["param_groups"]
    assert group["lr"] == pytest.approx(0.01 * (1 - 9 / 10))  # in the tenth step of ten
    settings = json.loads((run_copy / "config.json").read_text())
    assert (settings["steps"], settings["learning_rate"], settings["decay"]) == (10, 0.01, True)
    assert [change["at_step"] for change in settings["changes"]] == [4, 8]
    assert settings["changes"][0]["learning_rate"] == [None, 1e-30]
    with pytest.raises(otgan.errors.InvalidInputError, match="steps must be at least the 10"):
        otgan.resume_wgan(run_copy, steps=9)


def test_a_run_is_resumed_on_its_own_file_from_any_folder(tmp_path, monkeypatch):
    for name, points in (("one", CLOUD), ("other", CLOUD + 5.0)):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "points.npy", points)
    monkeypatch.chdir(tmp_path / "one")
    first = otgan.train_wgan("points.npy", otgan.TrainConfig(**RUN), out="run")
    monkeypatch.chdir(tmp_path / "other")
    run = tmp_path / "one" / "run"
    assert otgan.resume_wgan(run).evaluation == first.evaluation
    with pytest.raises(otgan.errors.InvalidInputError, match=r"the data must be .*one/points.npy"):
        otgan.train_wgan("points.npy", otgan.TrainConfig(**RUN), out=run, resume=True)
    np.save(tmp_path / "one" / "points.npy", 2.0 * CLOUD)
    with pytest.raises(otgan.errors.InvalidInputError, match="the data must be"):
        otgan.resume_wgan(run)
    (tmp_path / "one" / "points.npy").rename(tmp_path / "moved.npy")
    with pytest.raises(otgan.errors.InvalidInputError, match="must lie where they did"):
        otgan.resume_wgan(run)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": CLOUD + 1.0}, "x of 605 points in 2 dimensions .* instead of x of 605"),
        ({"y": CLOUD[:-1]}, "y of 303 points .* instead of y of 604"),
        ({"held_out": 0.3}, "held_out 0.25 instead of held_out 0.3"),
        ({"seed": 1}, "seed 0 instead of seed 1"),
        ({"matrix_rate": 0.01}, "matrix_rate 0.04 instead of matrix_rate 0.01"),
        ({"constraint": "orthogonal"}, "constraint lp .* instead of constraint orthogonal"),
        ({"network": lambda d: mlp(d, width=8, depth=2)}, "network .* instead of network"),
    ],
)
def test_a_fit_is_not_resumed_on_another_problem(tmp_path, change, message):
    options = {"batch_size": 16, "test_points": 100, "checkpoint": tmp_path / "critic.pt"}
    arguments = {"x": CLOUD, "y": CLOUD[::2] + 3.0, "constraint": "lp", "steps": 3}
    arguments |= {"device": "cpu", "network": lambda d: mlp(d, width=8)}
    otgan.estimate_w1(**arguments, options=otgan.FitOptions(**options))
    for name, value in change.items():
        (arguments if name in arguments else options)[name] = value
    with pytest.raises(otgan.errors.InvalidInputError, match=f"the same problem.*{message}"):
        otgan.estimate_w1(**arguments, options=otgan.FitOptions(**options))


def test_a_fit_on_samplers_is_not_resumed_on_others(tmp_path):
    options = {"batch_size": 16, "test_points": 100, "checkpoint": tmp_path / "critic.pt"}
    call = {"steps": 3, "device": "cpu", "network": lambda d: mlp(d, width=8)}
    call["options"] = otgan.FitOptions(**options)
    pair = otgan.datasets.shifted([1.0, 0.0]), otgan.datasets.shifted([50.0, 0.0])
    otgan.estimate_w1(pair[0].x, pair[0].y, "lp", **call)
    otgan.estimate_w1(pair[0].x, pair[0].y, "lp", **call)
    with pytest.raises(otgan.errors.InvalidInputError, match="y of a sampler"):
        otgan.estimate_w1(pair[0].x, pair[1].y, "lp", **call)


NO_NUMBERS = [None, True, "3", math.nan, math.inf, -1, [1], 2.5]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_settings_that_are_no_whole_numbers_are_refused_at_once(value):
    counts = ("steps", "batch_size", "n_critic", "latent_dim", "width", "depth", "seed")
    for name in (*counts, "monitor_every", "monitor_points", "evaluation_points"):
        with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be"):
            otgan.TrainConfig(**{name: value})
    for name in ("batch_size", "test_points", "seed"):
        with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be"):
            otgan.FitOptions(**{name: value})
    if value is not None:
        with pytest.raises(otgan.errors.InvalidInputError, match="steps must be"):
            otgan.estimate_w1(CLOUD, CLOUD, steps=value)


@pytest.mark.parametrize("value", [True, "3", math.nan, math.inf, -1, [1], 1 + 1j], ids=repr)
def test_settings_that_are_no_usable_numbers_are_refused_at_once(value):
    for name in ("learning_rate", "average"):
        with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be"):
            otgan.TrainConfig(**{name: value})
    for name in ("matrix_rate", "vector_rate", "held_out"):
        with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be"):
            otgan.FitOptions(**{name: value})
    for name in ("decay", "device", "constraint"):
        with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be"):
            otgan.TrainConfig(**{name: 1})
    with pytest.raises(otgan.errors.InvalidInputError, match="seconds must be"):
        otgan.estimate_w1(CLOUD, CLOUD, seconds=value)


def test_numbers_of_numpy_are_settings_like_others(tmp_path):
    config = otgan.TrainConfig(**{**RUN, "steps": np.int64(2), "learning_rate": np.float32(0.5)})
    otgan.train_wgan("ring8", config, out=tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text())
    assert (settings["steps"], settings["learning_rate"]) == (2, 0.5)


@pytest.mark.parametrize("constraint", ["lp", "spectral", "cones", "exact"])
def test_training_leaves_global_generators_and_switches_untouched(constraint):
    def state():
        numpy = np.random.get_state()  # noqa: NPY002 - the global one is what this is about
        return [
            torch.random.get_rng_state().tolist(),
            (numpy[1].tolist(), numpy[2]),
            random.getstate(),
            torch.get_num_threads(),
            torch.get_default_dtype(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_grad_enabled(),
        ]

    before = state()
    otgan.train_wgan("ring8", otgan.TrainConfig(**{**RUN, "constraint": constraint}))
    options = otgan.FitOptions(batch_size=16, test_points=100)
    otgan.estimate_w1(CLOUD, CLOUD + 1.0, constraint, steps=2, device="cpu", options=options)

    class Failing(otgan.GradientPenalty):
        """Whose training ends with an error."""

        def penalty(self, critic, real, fake, rng):
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        otgan.train_wgan("ring8", otgan.TrainConfig(**{**RUN, "constraint": Failing()}))
    assert state() == before


def test_a_trained_critic_and_generator_are_in_the_units_of_the_data(tmp_path):
    """A change of units changes a run in nothing but its units: f(sx + c) = s f(x)."""
    config = otgan.TrainConfig(**{**RUN, "monitor_points": 100, "constraint": "orthogonal"})
    plain = otgan.train_wgan(CLOUD, config, out=tmp_path)
    far = otgan.train_wgan(64.0 * CLOUD + 1024.0, config)
    points = torch.tensor(CLOUD[:50], dtype=torch.float32)
    torch.testing.assert_close(far.critic(64 * points + 1024), 64 * plain.critic(points))
    latents = torch.randn(20, config.latent_dim, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        far.generator(latents), 64 * plain.generator(latents) + 1024, rtol=1e-4, atol=1e-2
    )
    assert not torch.equal(plain.generator(latents), plain.generator.network(latents))
    real, fake = plain.monitor.real, plain.generate(100)
    audit = otgan.audit_critic(plain.critic, real, fake)
    exact = otgan.emd(real, fake).distance
    assert audit.exact == pytest.approx(exact, rel=1e-12)
    opened = load_critic(tmp_path / "checkpoint.pt")
    assert torch.equal(opened(points), plain.critic(points))
    gap = float(np.mean(values(plain.critic, real)) - np.mean(values(plain.critic, fake)))
    shown = plain.monitor.critic_values(plain.critic.critic, real)
    np.testing.assert_allclose(values(plain.critic, real), shown, rtol=1e-5, atol=1e-6)
    assert gap == pytest.approx(audit.gap, rel=1e-5)


def values(critic, points):
    with torch.no_grad():
        return critic(torch.tensor(points, dtype=torch.float32)).reshape(-1).numpy()


@pytest.mark.parametrize("constraint", ["orthogonal", "distilled"])
def test_critics_of_points_far_from_the_origin_are_audited_as_near_it(constraint):
    """Time stamps, say: single precision holds a billion in steps of 64."""
    x, y = CLOUD[:150] + 2.0**30, CLOUD[150:300] + 2.0**30 + 3.0
    options = otgan.FitOptions(batch_size=32, test_points=100)
    call = {"steps": 20, "device": "cpu", "options": options}
    critic = otgan.estimate_w1(x, y, constraint, **call).critic
    centre, scale = critic.centre.numpy(), float(critic.scale)
    f_x, f_y = (scale * values(critic.critic, (p - centre) / scale) for p in (x, y))
    audit = otgan.audit_critic(critic, x, y)
    assert audit.gap == pytest.approx(float(f_x.mean() - f_y.mean()), rel=1e-4)
    assert audit.gap > 0.1


@pytest.mark.parametrize(
    "constraint", ["clip", "gp", "spectral", "div", "orthogonal", "cones", "distilled"]
)
def test_the_checkpoint_of_any_run_opens_as_its_critic(tmp_path, constraint):
    """Orthogonal critics were rebuilt as ReLU networks, and none knew its scale."""
    config = otgan.TrainConfig(**{**RUN, "constraint": constraint})
    result = otgan.train_wgan(64.0 * CLOUD + 1024.0, config, out=tmp_path)
    opened = load_critic(tmp_path / "checkpoint.pt")
    points = 64.0 * CLOUD[:30] + 1024.0
    np.testing.assert_array_equal(values(opened, points), values(result.critic, points))


def test_checkpoints_that_are_no_critic_say_so(tmp_path):
    otgan.train_wgan("ring8", otgan.TrainConfig(**{**RUN, "constraint": "exact"}), out=tmp_path)
    with pytest.raises(otgan.errors.InvalidInputError, match="a run that trains a critic"):
        load_critic(tmp_path / "checkpoint.pt")
    path = tmp_path / "fit.pt"
    options = otgan.FitOptions(batch_size=16, test_points=100, checkpoint=path)
    otgan.estimate_w1(CLOUD, CLOUD + 1.0, "orthogonal", steps=2, device="cpu", options=options)
    with pytest.raises(otgan.errors.InvalidInputError, match="got that of a fit"):
        load_critic(path)


def test_except_exception_does_not_swallow_ctrl_c_in_a_fit():
    assert issubclass(otgan.InterruptedFit, KeyboardInterrupt)
    assert not issubclass(otgan.InterruptedFit, Exception)


def test_an_interrupted_run_says_how_to_go_on(tmp_path):
    class Pressing(otgan.GradientPenalty):
        """Presses Ctrl-C for the user."""

        def project(self, critic):
            os.kill(os.getpid(), signal.SIGINT)

    config = otgan.TrainConfig(**{**RUN, "constraint": Pressing()})
    with pytest.raises(KeyboardInterrupt, match=f"step 1; to go on, run: otgan resume {tmp_path}"):
        otgan.train_wgan("ring8", config, out=tmp_path)
    with pytest.raises(KeyboardInterrupt, match="the run is lost"):
        otgan.train_wgan("ring8", config)


def test_ctrl_c_while_a_thread_trains_ends_cleanly(tmp_path):
    program = (
        "import sys, threading, otgan\n"
        "often = {'steps': 10**6, 'monitor_every': 20, 'monitor_points': 32}\n"
        "config = otgan.TrainConfig(**often, device='cpu')\n"
        "train = lambda: otgan.train_wgan('ring8', config, out=sys.argv[1])\n"
        "thread = threading.Thread(target=train, daemon=True)\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "metrics.csv").exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode in (1, 130, -signal.SIGINT)
    assert "KeyboardInterrupt" in errors and "terminate called" not in errors
    assert RunFolder(tmp_path).checkpoint(torch.device("cpu"))["step"] % 20 >= 0
    assert RunFolder(tmp_path).metrics()


@pytest.mark.slow
def test_training_in_a_thread_goes_on_when_only_the_main_thread_has_ended():
    """Python closes all thread pools then; the estimator worked with two."""
    program = (
        "import threading, numpy, torch, otgan\n"
        "torch.set_num_threads(2)\n"
        "x = numpy.random.default_rng(0).normal(size=(2500, 2))\n"
        "def work():\n"
        "    found = otgan.estimate_w1(x, x + 3, 'orthogonal', steps=20, device='cpu')\n"
        "    print('found', found.exact, flush=True)\n"
        "threading.Thread(target=work).start()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
    assert float(done.stdout.split()[1]) == pytest.approx(3 * math.sqrt(2), rel=1e-9)


# (end of: Runs)


# ---------------------------------------------------------------- Tensors
# (end of: Tensors)


# ---------------------------------------------------------------- Critics
# (end of: Critics)


# ---------------------------------------------------------------- Verdicts
# (end of: Verdicts)


# ---------------------------------------------------------------- The command line and the terminal
# (end of: The command line and the terminal)


# ---------------------------------------------------------------- Other people's code
# (end of: Other people's code)
