"""Tensors of every kind, where numbers are expected."""

import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import otgan
from otgan.errors import InvalidInputError


def test_distances_of_tensors_that_want_gradients_name_what_has_them():
    torch = pytest.importorskip("torch")
    x, y = torch.randn(40, 2, requires_grad=True), torch.randn(40, 2)
    for distance in (
        otgan.mmd_squared,
        otgan.energy_distance_squared,
        otgan.sliced_wasserstein,
        otgan.max_sliced_wasserstein,
        otgan.sinkhorn_divergence,
        otgan.frechet_distance,
        otgan.kl_from_samples,
        otgan.js_from_samples,
        otgan.debiased_wasserstein,
    ):
        for pair in ((x, y), (y, x), (list(x), y)):
            with pytest.raises(InvalidInputError, match=r"otgan\.wasserstein"):
                distance(*pair)
        assert distance(x.detach(), y).value == distance(x.detach().numpy(), y.numpy()).value
        with torch.no_grad():
            distance(x, y)


def test_tensors_that_hold_no_plain_numbers_are_refused_and_lazy_ones_are_data():
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
    with warnings.catch_warnings(action="ignore"):  # torch is about to part with them
        quantized = torch.quantize_per_tensor(torch.ones(2), 0.5, 0, torch.quint8)
    for tensor, hint in (
        (torch.ones(2, device="meta"), "a meta tensor"),
        (quantized, r"call \.dequantize\(\)"),
        (nested, "to_padded_tensor"),
        (torch.eye(2).to_sparse(), r"call \.to_dense\(\)"),
    ):
        for function in (otgan.wasserstein, otgan.js_divergence):
            with pytest.raises(InvalidInputError, match=hint):
                function(tensor, tensor)
    lazy = torch.tensor([1 - 2j, 3 - 5j], dtype=torch.complex128).conj().imag
    assert lazy.is_neg() and otgan.wasserstein_1d(lazy, [0.0]) == 3.5


def test_distances_of_mixed_precision_are_promoted_as_torch_does():
    half, single = torch.tensor([[0.0]]).half(), torch.tensor([[7e4]])
    for pair in ((half, single), (single, half)):
        distance = otgan.wasserstein(*pair)
        assert distance.dtype == torch.float32 and distance == 7e4
    for low, high in (
        (-half - 6e4, half + 6e4),
        tuple(np.array([[end]], dtype=np.float16) for end in (-6e4, 6e4)),
    ):
        with pytest.raises(InvalidInputError, match="must fit into the dtype of the points"):
            otgan.wasserstein(low, high)


def test_a_list_of_tensors_is_differentiated():
    points = [torch.tensor([0.0, 0.0], requires_grad=True), torch.tensor([1.0, 0.0])]
    otgan.wasserstein(points, [[3.0, 4.0], [4.0, 4.0]]).backward()
    assert_allclose(
        np.asarray(points[0].grad), [-0.3, -0.4], rtol=1e-6
    )  # half of the unit vector from y to x
