"""Norms by what they do: means of zero and variances of one over the right axes."""

import pytest
import torch
from numpy.testing import assert_allclose

from otgan.gan.networks.norms import norm_layers


@pytest.mark.parametrize(
    ("norm", "shape", "axes"),
    [
        ("layer", (3, 4, 5), (1, 2, 3)),
        ("instance", (3, 4, 5), (2, 3)),
        ("batch", (3, 4, 5), (0, 2, 3)),
        ("layer", (50,), (1,)),
        ("batch", (50,), (0,)),
    ],
)
def test_what_is_normalized(norm, shape, axes):
    torch.manual_seed(0)
    [layer] = norm_layers(norm, shape)
    values = layer(7.0 + 3.0 * torch.randn(6, *shape)).detach()
    assert_allclose(values.mean(dim=axes), 0.0, atol=1e-5)
    assert_allclose(values.var(dim=axes, correction=0), 1.0, rtol=1e-4)


def test_scale_and_shift_are_of_channels():
    for norm in ("layer", "instance", "batch"):
        [layer] = norm_layers(norm, (3, 4, 5))
        assert {name: tuple(w.shape) for name, w in layer.named_parameters()} == {
            "weight": (3,),
            "bias": (3,),
        }


@pytest.mark.parametrize("norm", [None, "spectral"])
def test_none_adds_no_layer(norm):
    assert norm_layers(norm, (3, 4, 5)) == []
