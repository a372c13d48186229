"""Whoever waits for loops to be compiled is told so: by the log, on a terminal, in a notebook."""

import os
import pty
import subprocess
import sys

import pytest

CODE = """
import logging, sys
import numpy as np
{before}
from otgan.transport.sliced_loops import mean_area
for kind in np.int32, np.int64:  # two types, so that loops are compiled twice
    mean_area(np.array([[True, False]]), np.array([[0, 1]], kind), np.ones((1, 1)), 1)
"""
TEXT = "otgan compiles loops, once for this installation: some seconds"


def written(folder, before="", stderr=subprocess.PIPE):
    fresh = os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, "-c", CODE.format(before=before)]
    return subprocess.run(command, stderr=stderr, text=True, env=fresh, check=True).stderr


def test_a_line_on_the_terminal(tmp_path):
    ours, theirs = pty.openpty()
    written(tmp_path, stderr=theirs)
    os.close(theirs)
    assert os.read(ours, 10_000).decode() == TEXT + "\r\n"
    ours, theirs = pty.openpty()
    written(tmp_path, stderr=theirs)  # nothing is left to compile
    os.close(theirs)
    with pytest.raises(OSError, match="Input/output"):
        os.read(ours, 10_000)


def test_nothing_where_nobody_looks(tmp_path):
    assert written(tmp_path) == ""


def test_the_log_where_it_is_read(tmp_path):
    assert written(tmp_path, "logging.basicConfig(level=logging.INFO)").count(TEXT) == 1


def test_a_count_of_loops_in_a_notebook(tmp_path):
    shown = written(tmp_path, "sys.modules['ipykernel'] = sys  # as in a notebook's process")
    assert f"{TEXT}: 0 loops" in shown
