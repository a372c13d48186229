"""Compiling is not counted as time of the solver."""

import json
import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_compiling_is_not_counted_as_time_of_the_solver(tmp_path):
    program = """
import json, time, numpy, otgan
from numba.core import event

x, y = numpy.random.default_rng(0).normal(size=(2, 300, 2))  # too large to be interpreted
compiling, started = [], time.perf_counter()
with event.install_timer("numba:compile", compiling.append):
    stats = otgan.emd(x, y).stats
elapsed = time.perf_counter() - started
print(json.dumps([compiling, elapsed, stats]))
"""
    found = []
    for _ in range(2):  # an empty cache of compiled loops, and a filled one
        fresh = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, check=True, env=fresh
        )
        found.append(json.loads(done.stdout))
    (compiling, elapsed, first), (none, _, second) = found
    assert none == [] and second["seconds_preparing"] > 0
    assert 0 < compiling[0] <= first["seconds_preparing"]
    assert (
        sum(first[f"seconds_{part}"] for part in ("solving", "certifying")) + compiling[0]
        <= elapsed
    )
