"""Ctrl-C ends commands with exit status 130."""

import itertools
import signal
import subprocess
import sys

import numpy as np
import pytest


@pytest.mark.torch
@pytest.mark.parametrize("modules", [80, 1000])
def test_a_lesson_that_is_interrupted_ends_with_130(modules):
    command = [sys.executable, "-X", "importtime", "-m", "otgan", "lesson", "critic-or-emd"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        loaded = [*itertools.islice(process.stderr, modules)]  # a line for each module
        process.send_signal(signal.SIGINT)
        shown, errors = process.communicate(timeout=60)
    told = [
        line for line in (*loaded, *errors.splitlines()) if not line.startswith(b"import time:")
    ]
    assert (process.returncode, shown, told) == (130, b"", [b"otgan: interrupted"])


def test_a_comparison_interrupted_in_its_test_ends_with_130(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("x", "y"):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(900, 2)))
    code = """
import os, signal, sys, threading
from otgan.cli.main import main

def interrupt_later(*row):
    if row[0] == row[1] - 1:  # the test is last
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()

import otgan.cli.distances
otgan.cli.distances._show_compare = lambda bar, *row: interrupt_later(*row)
sys.exit(main(["compare", "x.npy", "y.npy", "--progress", "--seconds", "0.25"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "otgan: interrupted" and "Traceback" not in done.stderr
