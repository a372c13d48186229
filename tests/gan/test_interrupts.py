"""Ctrl-C during fits and runs, in the main thread and in others."""

import itertools
import math
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

import otgan
from otgan.gan.run_directory import RunDirectory
from tests.gan.short_run import CLOUD, RUN


def test_except_exception_does_not_swallow_ctrl_c_in_a_fit():
    assert issubclass(otgan.InterruptedFit, KeyboardInterrupt)
    assert not issubclass(otgan.InterruptedFit, Exception)


def press_ctrl_c(done, total, message):
    """A progress function that interrupts for the user."""
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupted_run_says_how_to_go_on(tmp_path):
    config = otgan.GANConfig(**RUN)
    with pytest.raises(KeyboardInterrupt, match=f"step 1; to go on, run: otgan resume {tmp_path}"):
        otgan.train_gan("ring8", config, out=tmp_path, progress=press_ctrl_c)
    assert otgan.resume_gan(tmp_path).records[-1].step == RUN["steps"]
    with pytest.raises(KeyboardInterrupt, match="the run is lost"):
        otgan.train_gan("ring8", config, progress=press_ctrl_c)


class OwnPenalty(otgan.GradientPenalty):
    """A constraint that only its own code can rebuild."""


@pytest.mark.parametrize(
    ("data", "changes", "networks"),
    [
        (CLOUD, {}, {}),
        ("ring8", {"constraint": OwnPenalty()}, {}),
        ("ring8", {"schedule": lambda done: 1.0}, {}),
        ("ring8", {}, {"critic": torch.nn.Linear(2, 1)}),
    ],
)
def test_what_otgan_resume_would_refuse_is_not_sent_there(tmp_path, data, changes, networks):
    config = otgan.GANConfig(**{**RUN, **changes})
    with pytest.raises(KeyboardInterrupt, match=r"call train_gan as before, .* resume=True"):
        otgan.train_gan(data, config, out=tmp_path, progress=press_ctrl_c, **networks)
    again = otgan.train_gan(data, config, out=tmp_path, resume=True, **networks)
    assert again.records[-1].step == RUN["steps"]


def test_a_stream_that_was_interrupted_cannot_go_on(tmp_path):
    class Points(torch.utils.data.IterableDataset):
        def __iter__(self):
            return (torch.tensor([k % 7.0, k % 5.0]) for k in itertools.count())

    with pytest.raises(KeyboardInterrupt, match="step 1; it cannot go on, for points of an It"):
        otgan.train_gan(Points(), otgan.GANConfig(**RUN), out=tmp_path, progress=press_ctrl_c)


def test_ctrl_c_while_a_thread_trains_ends_cleanly(tmp_path):
    program = (
        "import sys, threading, otgan\n"
        "often = {'steps': 10**6, 'monitor_every': 20, 'monitor_points': 32}\n"
        "config = otgan.GANConfig(**often, device='cpu')\n"
        "train = lambda: otgan.train_gan('ring8', config, out=sys.argv[1])\n"
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
    measured = [record.step for record in RunDirectory(tmp_path).metrics()]
    assert measured == list(range(20, measured[-1] + 1, 20))
    assert measured[-1] <= RunDirectory(tmp_path).checkpoint(torch.device("cpu"))["step"] < 10**6


@pytest.mark.slow
def test_training_in_a_thread_goes_on_when_only_the_main_thread_has_ended():
    """Python closes all thread pools then; the estimator worked with two."""
    program = (
        "import threading, numpy, torch, otgan\n"
        "torch.set_num_threads(2)\n"
        "x = numpy.random.default_rng(0).normal(size=(2500, 2))\n"
        "def work():\n"
        "    found = otgan.estimate_w1(x, x + 3, 'orthogonal', steps=20, device='cpu')\n"
        "    print('found', found.sample_distance, flush=True)\n"
        "threading.Thread(target=work).start()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
    assert float(done.stdout.split()[1]) == pytest.approx(3 * math.sqrt(2), rel=1e-9)
