"""Matrix products of a training step: those of NumPy, whichever library computes them."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from otgan.critics.kernels import matmul

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
EPS = {torch.float32: 2.0**-24, torch.bfloat16: 2.0**-9, torch.float64: 2.0**-53}
"""Unit roundoff."""


def factors(dtype, n=33, k=20, m=7):
    generator = torch.Generator().manual_seed(0)
    shapes = ((n, k), (m, k), (m,))
    return [torch.randn(*shape, generator=generator).to(dtype) for shape in shapes]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("dtype", EPS)
def test_product_is_that_of_numpy(dtype, with_bias, relu, device):
    left, right, bias = factors(dtype)
    found = matmul.product(
        left.to(device), right.to(device), bias.to(device) if with_bias else None, relu=relu
    )
    a, b, c = (factor.double().numpy() for factor in (left, right, bias))
    expected = a @ b.T + c * with_bias
    # A sum of k products and a bias, rounded k + 1 times at most.
    bound = (a.shape[1] + 2) * EPS[dtype] * (np.abs(a) @ np.abs(b.T) + np.abs(c)).max()
    assert found.dtype == dtype
    assert_allclose(
        found.double().cpu(), np.maximum(expected, 0) if relu else expected, rtol=0, atol=bound
    )


def test_products_without_onednn_agree(monkeypatch):
    left, right, bias = factors(torch.float32)
    first = matmul.product(left, right, bias, relu=True)
    monkeypatch.setattr(matmul, "_ONEDNN", False)
    second = matmul.product(left, right, bias, relu=True)
    assert_allclose(first, second, rtol=0, atol=1e-5)


def test_no_graph_is_kept_and_factors_stay():
    left, right, bias = factors(torch.float64)
    before = [factor.clone() for factor in (left, right, bias)]
    assert not matmul.product(left, right, bias, relu=True).requires_grad
    assert all(torch.equal(a, b) for a, b in zip((left, right, bias), before, strict=True))


@pytest.mark.parametrize(
    ("dtype", "sums"),
    [(torch.bfloat16, torch.float32), (torch.float32,) * 2, (torch.float64,) * 2],
)
def test_sums_are_of_no_less_than_float32(dtype, sums):
    # In bfloat16, 256 + 1 is 256.
    found = matmul.total(torch.ones(1000, 2, dtype=dtype))
    assert found.dtype == sums and found.tolist() == [1000.0, 1000.0]


@pytest.mark.parametrize(
    ("n", "rows"), [(1, 1), (255, 255), (256, 128), (257, 129), (1024, 512), (10_000, 512)]
)
def test_blocks_on_the_cpu(n, rows):
    assert matmul.rows_of_block(torch.empty(n, 1)) == rows
    assert matmul.rows_of_block(torch.empty(n, 1, device="meta")) == n


def test_a_gradient_is_written_where_one_is():
    parameter = torch.nn.Parameter(torch.zeros(3))
    first = matmul.gradient_of(parameter)
    assert first is parameter.grad and first.shape == (3,)
    assert matmul.gradient_of(parameter) is first


def test_no_bfloat16_on_devices_that_do_not_compute():
    assert not matmul.knows_bfloat16(torch.device("meta"))
    assert isinstance(matmul.knows_bfloat16(torch.device("cpu")), bool)
