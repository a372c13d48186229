"""The c-transform in torch is otgan's own, also where float32 cannot tell the pairs apart."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.costs import PointCost
from otgan.transport import c_transform
from tests.cases import torch

EPS = np.finfo(float).eps
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


@pytest.fixture(scope="module")
def module():
    """By its path: some packages install a folder of their own under the name "benchmarks"."""
    pytest.importorskip("torch")
    path = Path(__file__).parents[2] / "benchmarks" / "gpu" / "c_transform.py"
    spec = spec_from_file_location("gpu_c_transform", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def spread(d, rng):
    return rng.normal(size=(300, d)), rng.normal(size=(200, d)) + 1.0, rng.normal(size=300)


def near_ties(d, rng):
    """Sources in hundreds that differ by far less than float32 resolves, potentials as well."""
    x = np.repeat(rng.normal(size=(3, d)), 100, axis=0) + 1e-12 * rng.normal(size=(300, d))
    return x, rng.normal(size=(200, d)), 1e-12 * rng.normal(size=300)


def far_from_the_origin(d, rng):
    x, y, f = spread(d, rng)
    return x + 1e9, y + 1e9, f


def coincident(d, rng):
    """Targets on sources, where the root of a rounded square is far from zero."""
    x, _, _ = spread(d, rng)
    return x, x[:200].copy(), np.zeros(300)


def all_equal(d, rng):
    return np.zeros((300, d)), np.zeros((200, d)), rng.normal(size=300)


def of_unequal_sizes(d, rng):
    """One point far away, beside which all others are one in float32."""
    x, y, f = spread(d, rng)
    x[0] = 1e12
    return x, y, f


CLOUDS = [spread, near_ties, far_from_the_origin, coincident, all_equal, of_unequal_sizes]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("d", [1, 2, 16, 64])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_values_are_those_of_all_pairs(module, cloud, d, device):
    x, y, f = cloud(d, np.random.default_rng(0))
    tensors = [torch.as_tensor(values, device=device) for values in (x, y, f)]
    # Of several tiles, the last of them smaller.
    found = module.c_transform(*tensors, tile_entries=300 * 64).cpu().numpy()
    expected = c_transform(PointCost.of(x, y), f)
    # Both round a sum of d squares, a root and a difference.
    costs = np.linalg.norm(x[:, None] - y, axis=2) + np.abs(f)[:, None]
    best = (np.linalg.norm(x[:, None] - y, axis=2) - f[:, None]).argmin(axis=0)
    rounding = (d + 4) * EPS * costs[best, np.arange(len(y))]
    assert np.all(np.abs(found - expected) <= rounding)


def test_most_pairs_are_screened(module, monkeypatch):
    computed = []
    reduced_costs = module._reduced_costs

    def counted(x, y, f, i, j):
        computed.append(len(i))
        return reduced_costs(x, y, f, i, j)

    monkeypatch.setattr(module, "_reduced_costs", counted)
    x, y, f = map(torch.as_tensor, spread(16, np.random.default_rng(0)))
    module.c_transform(x, y, f)
    assert sum(computed) < 3 * len(y)


def test_bounds_are_below_all_reduced_costs(module):
    x, y, f = spread(16, np.random.default_rng(0))
    bounds, slack, unit = module._Screen(*map(torch.as_tensor, (x, y, f))).bounds(slice(None))
    costs = np.linalg.norm(y[:, None] - x, axis=2) - f
    assert np.all(bounds.double().numpy() - slack.numpy()[:, None] <= costs / unit)
    assert_allclose(bounds.numpy(), costs / unit, atol=1e-3)


def test_products_of_less_precision_are_refused(module):
    tensors = [torch.as_tensor(values) for values in spread(2, np.random.default_rng(0))]
    torch.set_float32_matmul_precision("high")
    try:
        with pytest.raises(ValueError, match="must be of full precision, got 'high'"):
            module.c_transform(*tensors)
    finally:
        torch.set_float32_matmul_precision("highest")
