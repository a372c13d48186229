"""Several processes: together they make the steps of one, and one of them writes."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from otgan import GANConfig, train_gan
from otgan.errors import InvalidInputError
from otgan.gan.distributed import Processes
from otgan.gan.game import Batch
from otgan.gan.run_directory import RunDirectory
from tests.gan import shared_runs
from tests.gan.short_run import RUN

TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
"""With a free port of its own."""


def torchrun(*arguments):
    return subprocess.Popen(
        [sys.executable, *TORCHRUN, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def trained_by_two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    with torchrun("-m", "tests.gan.shared_runs", folder) as running:
        try:
            _, errors = running.communicate(timeout=60)
        finally:
            running.terminate()
    assert running.returncode == 0, errors
    return folder


@pytest.mark.parametrize("name", shared_runs.SETTINGS)
def test_two_processes_make_the_steps_of_one(trained_by_two, name, tmp_path):
    """Both end with the weights of one process, up to rounding, and with each other's."""
    shared_runs.train(name, tmp_path)
    alone = torch.load(tmp_path / f"{name} 0.pt", weights_only=True)
    first, second = (torch.load(trained_by_two / f"{name} {k}.pt", weights_only=True) for k in "01")
    for player in ("generator", "critic"):
        for weight, value in alone[player].items():
            torch.testing.assert_close(first[player][weight], value, rtol=0, atol=1e-5)
            assert torch.equal(first[player][weight], second[player][weight])
    measured, expected = (RunDirectory(f / name).metrics() for f in (trained_by_two, tmp_path))
    assert measured[-1].exact_w1 == pytest.approx(expected[-1].exact_w1, abs=1e-5)
    assert measured[-1].critic_loss == pytest.approx(expected[-1].critic_loss, abs=1e-5)


def test_two_processes_resume_to_the_same_bits(trained_by_two):
    straight, resumed = (
        torch.load(trained_by_two / f"{name} 0.pt", weights_only=True)["critic"]
        for name in ("gp", "stopped and resumed")
    )
    assert all(torch.equal(straight[weight], value) for weight, value in resumed.items())


DIFFERENT = {
    "rng": "rng 1 instead of 0",
    "data": r"other values in the same shape \(60 points in 2 dimensions\)",
}
"""What differs in the second process, and what it is told."""


@pytest.mark.parametrize("what", DIFFERENT)
def test_processes_with_data_or_settings_of_their_own_are_refused(tmp_path, what):
    """A seed of each process's own would split the data anew, and train on held-out points."""
    seeds = {"rng": "rank, 0", "data": "0, rank"}[what]
    script = tmp_path / "script.py"
    script.write_text(
        "import os, numpy, otgan\n"
        "rank = int(os.environ['RANK'])\n"
        f"seed, of_data = {seeds}\n"
        "points = numpy.random.default_rng(of_data).normal(size=(60, 2))\n"
        f"otgan.train_gan(points, otgan.GANConfig(**{RUN!r}, rng=seed), out={str(tmp_path)!r})\n"
    )
    with torchrun(script) as running:
        _, errors = running.communicate(timeout=60)
    assert running.returncode != 0
    message = f"the same in every process, got {DIFFERENT[what]}"
    assert re.search(message, errors), errors
    assert not (tmp_path / "config.json").exists()


def test_shares_are_all_of_a_batch_and_its_random_numbers():
    """What two processes draw in turn is what one draws: each passes over the other's."""

    def two_penalties(processes):
        rng = torch.Generator().manual_seed(0)
        points = torch.arange(16.0).reshape(8, 2)
        for part in (slice(0, 4), slice(4, 8)):
            whole = Batch(points, -points, rng, labels=torch.arange(8)).rows(part)
            with processes.sharing(whole) as batch:
                drawn = torch.rand(len(batch.real), generator=rng)
                yield batch.real, batch.latents, batch.labels, drawn

    shares = [two_penalties(Processes(rank, 2)) for rank in (0, 1)]
    for alone, *halves in zip(two_penalties(Processes()), *shares, strict=True):
        assert all(map(torch.equal, alone, map(torch.cat, zip(*halves, strict=True))))


REFUSED: dict[str, dict[str, Any]] = {
    "batch_size must be a multiple of the 2 processes, got 9": {"batch_size": 9},
    "multiple of the 2 processes packs of 8 for each, got 24": {"batch_size": 24, "pack": 8},
    "got objective 'exact', which compares the points": {"objective": "exact"},
    "got constraint 'distilled'": {"constraint": "distilled"},
    "got stabilizer 'feature-matching'": {"stabilizers": ("feature-matching",)},
    "got stabilizer 'minibatch-discrimination'": {
        "objective": "non-saturating",
        "stabilizers": ("minibatch-discrimination",),
    },
}


def be_the_second_of_two(monkeypatch):
    place = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    for name, value in place.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("message", REFUSED)
def test_losses_of_whole_batches_are_refused(monkeypatch, message, tmp_path):
    """Before the processes meet, and before anything is written."""
    be_the_second_of_two(monkeypatch)
    with pytest.raises(InvalidInputError, match=message):
        train_gan("ring8", GANConfig(**{**RUN, **REFUSED[message]}), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_each_process_has_a_gpu_of_its_own(monkeypatch):
    be_the_second_of_two(monkeypatch)
    with pytest.raises(InvalidInputError, match="device must be 'cuda' in 2 processes"):
        Processes.joined(torch.device("cuda:0"))


def interrupted_at(path: Path, *arguments):
    """What a command under torchrun says if Ctrl-C is pressed once a file is there."""
    with torchrun(*arguments) as running:
        try:
            deadline = time.monotonic() + 60
            while not path.exists() and running.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
            running.send_signal(signal.SIGINT)
            return running.communicate(timeout=60)
        finally:
            running.kill()


@pytest.mark.slow
def test_the_command_line_in_two_processes_is_interrupted_and_resumed(tmp_path):
    out = tmp_path / "run"
    sizes = ["--batch-size", 16, "--width", 8, "--n-critic", 1, "--monitor-points", 64]
    rest = ["--evaluation-points", 64, "--monitor-every", 20, "--device", "cpu", "--no-progress"]
    train = ["-m", "otgan", "train", "ring8", "--out", out, "--steps", 10**6, *sizes, *rest]
    printed, errors = interrupted_at(out / "metrics.csv", *train)
    assert errors.count("to go on, run: otgan resume") == 1
    step = RunDirectory(out).checkpoint(torch.device("cpu"))["step"]

    more = ["-m", "otgan", "resume", out, "--steps", step + 5, "--no-progress"]
    with torchrun(*more) as running:
        printed, errors = running.communicate(timeout=60)
    assert running.returncode == 0, errors
    assert RunDirectory(out).metrics()[-1].step == step + 5
    assert printed.count("report:") == 1
