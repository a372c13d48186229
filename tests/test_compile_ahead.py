"""What `python -m otgan.compile_ahead` leaves to be compiled: nothing, for calls of every kind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CALLS = """
import numpy as np
from scipy import sparse
import otgan
from otgan.transport.interpretation import budget

budget.left = -1  # nothing is interpreted
rng = np.random.default_rng(1)
C = rng.random((400, 400))
x, y = rng.normal(size=(2, 1500, 2))
grids = rng.random((2, 300)), rng.random((2, 40, 40)), rng.random((2, 10, 10, 10))
for g in grids:
    for p in (1, 1.5, 2):
        otgan.emd_grid(*g, p=p, normalize=True)
        otgan.emd_grid(*g, p=p, periodic=True, normalize=True)
otgan.emd_grid(*grids[1], p=1, metric="euclidean", normalize=True)
few = (C < 0.05) | np.eye(400, dtype=bool)
otgan.emd_from_cost(np.where(few, C, np.inf))
otgan.emd_from_cost(np.where(C < C.max(), C, np.inf))
otgan.emd_from_cost(sparse.csr_array(np.where(few & (C > 0.04) | np.eye(400, dtype=bool), C, 0)))
for metric in ("euclidean", "sqeuclidean", "cityblock", "chebyshev"):
    otgan.emd(x, y[:900], metric=metric)
otgan.emd(x, y, mass=0.5)
otgan.emd(x, y, start=otgan.emd(x, y))
otgan.emd(*rng.normal(size=(2, 1200, 16)))
otgan.emd(x[:300] % 1, y[:300] % 1, metric=otgan.Torus([1, 1]))
otgan.persistence_distance(np.sort(x), np.sort(y))
otgan.persistence_distance(np.sort(x), np.sort(y), p=np.inf)
otgan.pairwise_wasserstein([x[:300], y[:300], x[300:500]], p=2)
otgan.pairwise_wasserstein([x[:300, :1], y[:300, :1]], p=2)
otgan.certify(C, np.eye(400) / 400, C.min(axis=1), np.zeros(400))
otgan.wasserstein_interval(x, y)
otgan.compare(x[:300], y[:300])
otgan.sliced_wasserstein(x, y)
otgan.kl_from_samples(x, y)
otgan.wasserstein_1d(x[:, 0], y[:, 0], p=2)
"""


def compiled(folder: Path) -> set[str]:
    return {file.name for file in folder.rglob("*.nbc")}


@pytest.mark.slow
def test_nothing_is_left_to_compile(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    ahead = [sys.executable, "-m", "otgan.compile_ahead"]
    subprocess.run(ahead, env=environment, check=True, capture_output=True)
    before = compiled(tmp_path)
    assert len(before) > 30
    subprocess.run([sys.executable, "-c", CALLS], env=environment, check=True, timeout=600)
    assert compiled(tmp_path) - before == set()
