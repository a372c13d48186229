"""Several processes: together they make the steps of one, and one of them writes."""

import os
import subprocess
import sys

import pytest
import torch

from tests.gan import shared_runs

TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
"""With a free port of its own."""


def torchrun(*arguments, timeout=60):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *TORCHRUN, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def trained_by_two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    done = torchrun("-m", "tests.gan.shared_runs", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", shared_runs.SETTINGS)
def test_two_processes_make_the_steps_of_one(trained_by_two, name, tmp_path):
    shared_runs.train(name, tmp_path)
    alone = torch.load(tmp_path / f"{name} 0.pt", weights_only=True)
    first, second = (torch.load(trained_by_two / f"{name} {k}.pt", weights_only=True) for k in "01")
    for player in ("generator", "critic"):
        for weight, value in alone[player].items():
            torch.testing.assert_close(first[player][weight], value, rtol=0, atol=1e-5)
            assert torch.equal(first[player][weight], second[player][weight])
