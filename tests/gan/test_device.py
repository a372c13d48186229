"""The device of a run: "auto" asks for a GPU where the networks are large enough for one."""

from typing import Any

import pytest
import torch

from otgan import GANConfig
from otgan.devices import LEAST_WORK
from otgan.errors import InvalidInputError
from otgan.gan.device import device_of_run, forward_work
from otgan.gan.players import GivenNetworks

OWN = GivenNetworks(critic=torch.nn.Linear(2, 1))


def config_of(shape, **settings: Any) -> GANConfig:
    return GANConfig(**settings).for_shape(shape)


def test_the_work_is_that_of_the_critics_weights():
    config = config_of((3,), width=10, depth=4, batch_size=7)
    weights = [(3, 10), (10, 10), (10, 10), (10, 10), (10, 1)]
    assert forward_work(config, (3,)) == 7 * sum(before * after for before, after in weights)


@pytest.mark.parametrize(
    ("shape", "settings", "given", "expected"),
    [
        ((2,), {}, GivenNetworks(), "cpu"),
        ((2,), {"width": 512, "batch_size": 64}, GivenNetworks(), "cuda"),
        ((1, 28, 28), {}, GivenNetworks(), "cuda"),
        ((2,), {}, OWN, "cuda"),
        ((2,), {"capture": True, "constraint": "gp"}, GivenNetworks(), "cuda"),
        ((2,), {"precision": "float16"}, GivenNetworks(), "cuda"),
        ((2,), {"device": "cpu", "width": 512}, GivenNetworks(), "cpu"),
    ],
)
def test_auto_goes_by_the_networks(monkeypatch, shape, settings, given, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of_run(config_of(shape, **settings), shape, given).type == expected


def test_where_a_gpu_is_missing_auto_is_the_cpu_and_what_needs_one_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    large = config_of((2,), width=512)
    assert forward_work(large, (2,)) >= LEAST_WORK
    assert device_of_run(large, (2,), GivenNetworks()).type == "cpu"
    for settings in ({"capture": True, "constraint": "gp"}, {"precision": "float16"}):
        with pytest.raises(InvalidInputError, match="must come with a CUDA device"):
            device_of_run(config_of((2,), **settings), (2,), GivenNetworks())
