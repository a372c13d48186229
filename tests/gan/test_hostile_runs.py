"""Run directories that are damaged, edited, malicious or used twice."""

import io
import json
import math
import pickle
import shutil
import tracemalloc
import zipfile

import numpy as np
import pytest
import torch

import otgan
from otgan.gan.report import summary_text, write_report
from otgan.gan.run_directory import RunDirectory
from tests.gan.short_run import RUN, same_but_for_time


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
            otgan.resume_gan(run_copy)
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
            RunDirectory(run_copy).checkpoint(torch.device("cpu"))


def test_a_weight_that_was_changed_and_saved_again_is_refused(run_copy):
    path = run_copy / "checkpoint.pt"
    contents = torch.load(path, weights_only=True)
    contents["best"]["0.weight"][0, 0] = math.nan
    torch.save(contents, path)
    with pytest.raises(otgan.DamagedFileError, match="altered after it was written"):
        otgan.resume_gan(run_copy)


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
        (write_report if "snapshots" in name else otgan.resume_gan)(run_copy)
    assert not written.exists()


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 10**9}, "width"),
        ({"width": 16}, "got width 16 where the checkpoint has"),
        ({"steps": "many"}, "steps must be a whole number"),
        ({"schedule": 1}, "schedule must be one of"),
        ({"learning_rate": "1e-3"}, "learning_rate must be a number"),
        ({"color": "red"}, "a setting must be one of .* got 'color'"),
        ({"format": 99}, "newer version .* update otgan"),
        ({"data": 5}, "no data or no objective"),
        ({"data": "grid25"}, "the data must be those of the run"),
    ],
)
def test_settings_of_a_run_that_were_edited_to_what_it_cannot_be_are_refused(
    run_copy, changes, message
):
    edit(run_copy / "config.json", **changes)
    with pytest.raises(otgan.errors.InvalidInputError, match=message):
        otgan.resume_gan(run_copy)


def test_a_setting_that_is_missing_from_a_run_is_not_taken_from_the_defaults(run_copy):
    settings = json.loads((run_copy / "config.json").read_text())
    del settings["steps"]
    (run_copy / "config.json").write_text(json.dumps(settings))
    with pytest.raises(otgan.DamagedFileError, match=r"config.json must be .* got no steps"):
        otgan.resume_gan(run_copy)


def test_damaged_metrics_are_rebuilt_from_the_checkpoint(finished_run, run_copy):
    path = run_copy / "metrics.csv"
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], whole.replace(b".", b"7", 1), b"\xff\xfe"):
        path.write_bytes(content)
        same_but_for_time(RunDirectory(run_copy).metrics(), finished_run.records)
        assert path.read_bytes() == whole
    path.unlink()
    summary_text(run_copy)
    assert path.read_bytes() == whole


def test_damaged_metrics_without_a_checkpoint_are_named(run_copy):
    (run_copy / "checkpoint.pt").unlink()
    assert len(RunDirectory(run_copy).metrics()) == 2
    for content in (b"", b"step,seconds", b"\xff\xfe", b"\x00" * 99):
        (run_copy / "metrics.csv").write_bytes(content)
        with pytest.raises(otgan.DamagedFileError, match=r"metrics.csv must be"):
            summary_text(run_copy)


def test_a_damaged_summary_is_named_with_its_cure(finished_run, run_copy):
    path = run_copy / "summary.json"
    numbers = json.loads(path.read_text())
    wrong = [{**numbers, name: []} for name in ("spaces", "scores", "verdict", "points", "seconds")]
    wrong.append({name: value for name, value in numbers.items() if name != "mode_coverage"})
    wrong.append({**numbers, "kept_step": True})
    contents = [json.dumps(summary).encode() for summary in wrong]
    contents += [b"", b"{", b"[]", b"{}", b"\xff", path.read_bytes()[:50]]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(otgan.DamagedFileError, match=r"summary.json .* with `otgan resume"):
            summary_text(run_copy)
    again = otgan.resume_gan(run_copy)  # the cure
    assert again.evaluation == finished_run.evaluation
    summary_text(run_copy)


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
            RunDirectory(run_copy).snapshots()
        assert tracemalloc.get_traced_memory()[1] < 2**22
        tracemalloc.stop()
    path.unlink()
    assert [step for step, _ in RunDirectory(run_copy).snapshots()] == [4]


def test_writes_do_not_follow_links_out_of_a_run(run_copy, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "00000009.npz").write_text("precious")
    (elsewhere / "notes").write_text("precious")
    for name in ("metrics.csv", "config.json", "checkpoint.pt", "report.html"):
        (run_copy / name).unlink(missing_ok=True)
        (run_copy / name).symlink_to(elsewhere / "notes")
    config = otgan.GANConfig(**RUN)
    with pytest.raises(otgan.OutputError, match="from elsewhere"):  # its config.json is no more
        otgan.train_gan("ring8", config, out=run_copy, overwrite=True)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    for name in ("metrics.csv.draft", "checkpoint.pt.draft"):  # where drafts were once written
        (fresh / name).symlink_to(elsewhere / "notes")
    otgan.train_gan("ring8", config, out=fresh)
    (fresh / "report.html").symlink_to(elsewhere / "notes")
    write_report(fresh)
    shutil.rmtree(fresh / "snapshots")
    shutil.rmtree(fresh / "pictures")
    for name in ("snapshots", "pictures"):
        (fresh / name).symlink_to(elsewhere)
    with pytest.raises(otgan.OutputError, match=r"snapshots must be .* got a link to"):
        otgan.train_gan("ring8", config, out=fresh, overwrite=True)
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
        otgan.train_gan("ring8", otgan.GANConfig(**RUN), out=tmp_path)
    assert (tmp_path / "snapshots" / "00000001.npz").read_text() == "precious"


def test_an_output_that_is_a_file_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(otgan.OutputError, match=f"{out} must be .* name a folder"):
            otgan.train_gan("ring8", otgan.GANConfig(**RUN), out=out)
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
    config = otgan.GANConfig(**{**RUN, "constraint": Vanishing()})
    with pytest.raises(otgan.OutputError, match=f"{out}.* must be a place that can be written to"):
        otgan.train_gan("ring8", config, out=out)


def test_a_second_run_in_the_same_folder_is_refused(run_copy):
    with RunDirectory(run_copy).writing():
        with pytest.raises(otgan.OutputError, match="one run at a time"):
            otgan.resume_gan(run_copy)
        summary_text(run_copy)  # which reads
    otgan.resume_gan(run_copy)
