"""``python -m otgan.compile_ahead``: compile all loops now, instead of at the first calls.

What is compiled is kept on disk, for this installation and this processor.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from scipy import sparse

import otgan
from otgan.progress import Progress, reporting
from otgan.transport.interpretation import compiling_all

__all__ = ["compile_ahead"]


def compile_ahead(progress: Progress = False) -> None:
    """Make a call of every kind, for each type of arguments that loops may meet."""
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 300))
    C = rng.random((300, 300))
    ring = sparse.csr_array(np.roll(np.eye(300), 1, axis=1))
    clouds, labels = rng.normal(size=(8, 20, 2)), ("wasserstein", "sliced", "knn")
    large = [rng.normal(size=(2, 1100, d)) for d in (2, 8)]
    weights = rng.random((2, 1100))
    grids = rng.random((2, 24, 24)), rng.random((2, 8, 8, 8))
    calls = [
        lambda: otgan.emd_from_cost(C, a, b, normalize=True),
        lambda: otgan.emd_from_cost(np.where(C < 0.9, C, np.inf)),
        lambda: otgan.emd_from_cost(ring + sparse.eye_array(300)),
        lambda: otgan.emd_graph(ring + ring.T, a, b, normalize=True),
        *(lambda g=g, p=p: otgan.emd_grid(*g, p=p, normalize=True) for g in grids for p in (1, 2)),
        lambda: otgan.emd_grid(*grids[0], periodic=True, normalize=True),
        lambda: otgan.emd_grid(np.eye(24), np.eye(24)[::-1], p=1),
        lambda: otgan.emd_grid(*grids[0], p=1, metric="euclidean", normalize=True),
        lambda: otgan.emd(C[:, 0], C[0], a, b, normalize=True),
        lambda: otgan.wasserstein_1d(C[:, 0], C[0], a, b, normalize=True),
        lambda: otgan.pairwise_wasserstein(list(clouds)),
        lambda: otgan.pairwise_wasserstein([large[0][0][:300], large[0][1][:200]], p=2),
        lambda: otgan.pairwise_wasserstein(list(clouds), weights=[a[:20]] * 8, normalize=True),
        lambda: otgan.wasserstein(clouds, clouds + 1),
        lambda: otgan.wasserstein(clouds[:, :, :1], clouds[:, :, :1] + 1),
        lambda: otgan.transport_cost(C[None]),
        *(lambda x=x, p=p: otgan.emd(*x, p=p) for x in large for p in (1, 2)),
        *(lambda x=x: otgan.emd(*x, *weights, normalize=True) for x in large),
        *(
            lambda x=x, metric=metric: otgan.emd(*x, metric=metric)
            for x in large
            for metric in ("cityblock", otgan.Torus(9.0))
        ),
        *(lambda x=x: otgan.emd(*x, unmatched=0.5) for x in large),
        lambda: otgan.emd(*large[0], start=otgan.emd(*large[0])),
        lambda: otgan.kl_from_samples(*large[0]),
        *(
            lambda s=s: otgan.two_sample_test(clouds[0], clouds[1], statistic=s, n_resamples=19)
            for s in labels
        ),
    ]
    if find_spec("torch") is not None:
        calls.append(_gradients)
    with compiling_all(), reporting(progress, len(calls), "compiling loops", unit="call") as report:
        for done, call in enumerate(calls, start=1):
            call()
            report(done, "")


def _gradients() -> None:
    import torch

    x = torch.arange(40.0).reshape(20, 2).requires_grad_()
    weights = torch.full((20,), 0.05, requires_grad=True)
    otgan.wasserstein(x, x.detach() + 1, weights).backward()


if __name__ == "__main__":
    compile_ahead(progress=True)
