"""Compiled loops: they can be interrupted, and need no cache on disk."""

import signal
import subprocess
import sys
import time

from numpy.testing import assert_allclose

import otgan


def test_ctrl_c_is_heard():
    code = """
import numpy as np, otgan
rng = np.random.default_rng(0)
otgan.emd(rng.normal(size=(1500, 2)), rng.normal(size=(1500, 2)))
print("compiled", flush=True)
otgan.emd(rng.normal(size=(60000, 2)), rng.normal(size=(60000, 2)) + 1)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "compiled\n"
    time.sleep(2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors


def test_it_works_where_no_cache_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    code = "import otgan; print(otgan.emd([[0, 0], [1, 0]], [[0, 1], [1, 1], [2, 1]]).cost)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={
            "PATH": "",
            "NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache"),
            "HOME": "/nonexistent",
        },
    )
    assert_allclose(float(done.stdout), otgan.emd([[0, 0], [1, 0]], [[0, 1], [1, 1], [2, 1]]).cost)
