"""Divergences of histograms under torch.func, torch.vmap and torch.compile."""

import numpy as np
import torch
from scipy.stats import entropy

import otgan


def test_kl_divergence_under_vmap_func_and_compile():
    p, q = np.random.default_rng(2).dirichlet(np.ones(5), (2, 4))
    tp, tq = torch.from_numpy(p), torch.from_numpy(q)
    np.testing.assert_allclose(
        torch.vmap(otgan.kl_divergence)(tp, tq), entropy(p, q, axis=1), rtol=1e-12
    )
    compiled = torch.compile(otgan.kl_divergence, fullgraph=True, backend="eager")
    np.testing.assert_allclose(compiled(tp, tq), entropy(p, q, axis=1), rtol=1e-12)
    slope = torch.func.grad(otgan.kl_divergence)(tp[0], tq[0])
    logs = np.log(p[0] / q[0])  # of the normalized p, whose gradient has no part along p
    np.testing.assert_allclose(slope, logs - logs @ p[0], rtol=1e-10)
