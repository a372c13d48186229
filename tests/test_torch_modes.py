"""Modes are set inside, and as before afterwards."""

import pytest
import torch

from otgan.torch_modes import float32_by_default, gradients_on, is_recorded, is_wrapped


def test_gradients_are_on_inside_only():
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        with gradients_on():
            assert torch.is_grad_enabled() and not torch.is_autocast_enabled("cpu")
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
        assert not torch.is_grad_enabled() and torch.is_autocast_enabled("cpu")
    with torch.inference_mode():
        with gradients_on():
            assert not torch.is_inference_mode_enabled()
        assert torch.is_inference_mode_enabled()


def test_the_default_dtype_is_as_before_even_after_an_error():
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"), float32_by_default():
            assert torch.zeros(1).dtype == torch.float32 and torch.zeros(1).device.type == "cpu"
        with pytest.raises(ZeroDivisionError), float32_by_default():
            1 / 0  # noqa: B018
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_tensors_inside_transforms_are_known():
    seen = []

    def look(x):
        seen.append((is_wrapped(x), is_recorded(x)))
        return x.sum()

    look(torch.ones(2))
    torch.func.grad(look)(torch.ones(2))
    torch.vmap(look)(torch.ones(2, 2))
    assert seen == [(False, False), (True, True), (True, True)]
