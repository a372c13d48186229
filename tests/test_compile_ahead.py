"""What `python -m otgan.compile_ahead` leaves to be compiled: nothing, for calls of every kind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CALLS = """
from importlib.util import find_spec
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
for metric in (otgan.Torus(1.0), otgan.SciPyMetric("minkowski", {"p": 3}), otgan.GreatCircle()):
    otgan.emd(np.tanh(x), np.tanh(y), metric=metric)
    otgan.emd(np.tanh(x), np.tanh(y), metric=metric, unmatched=0.1)
otgan.emd(*rng.normal(size=(2, 1200, 16)), metric=otgan.Torus(3.0))
otgan.emd(*rng.normal(size=(2, 1200, 16)), metric="cityblock")
otgan.emd_grid(*(rng.random((2, 40, 40)) < 0.2), p=1, normalize=True)
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
if find_spec("torch"):
    import torch

    points = torch.tensor(x[:300], requires_grad=True)
    weights = torch.full((300,), 1 / 300, requires_grad=True)
    otgan.wasserstein(points, y[:300], weights).backward()
    otgan.wasserstein(points, y[:200], weights, unmatched=0.5).backward()
    stack = torch.tensor(x[:400].reshape(4, 100, 2), requires_grad=True)
    otgan.wasserstein(stack, y[:100]).sum().backward()
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
