"""The device of a run: the one requested, or one that suits the size of the networks."""

from __future__ import annotations

import math

import torch

from otgan.critics.networks.features import FREQUENCIES, SCALES
from otgan.devices import pick_device
from otgan.gan.captured import refuse_capture
from otgan.gan.config import GANConfig
from otgan.gan.players import GivenNetworks
from otgan.gan.precision import refuse_precision

__all__ = ["device_of_run", "forward_work"]


def device_of_run(config: GANConfig, shape: tuple[int, ...], given: GivenNetworks) -> torch.device:
    """Where networks for points of this shape are trained; `config` is filled in for them.

    Raises
    ------
    InvalidInputError
        A device that is not usable here, or on which the settings are not.
    """
    own_networks = any(network is not None for network in given)
    work = math.inf if own_networks else forward_work(config, shape)
    # What is for GPUs alone asks for one.
    on_gpus = config.capture or config.precision == "float16"
    device = pick_device(config.device, work=math.inf if on_gpus else work)
    refuse_precision(config.precision, device)
    if config.capture:
        refuse_capture(config, device, own_networks=own_networks)
    return device


def forward_work(config: GANConfig, shape: tuple[int, ...]) -> float:
    """Multiply-adds of a forward pass of the critic over a batch; infinite for convolutions.

    Examples
    --------
    >>> config = GANConfig(width=128, depth=3, batch_size=256).for_shape((2,))
    >>> forward_work(config, (2,)) == 256 * (2 * 128 + 2 * 128**2 + 128)
    True
    """
    if config.network not in ("mlp", "fourier"):
        return math.inf
    width, depth = config.critic_size
    assert width is not None
    inputs = math.prod(shape)
    if config.network == "fourier":
        inputs += 2 * FREQUENCIES * len(SCALES)
    layers = inputs * width, (depth - 1) * width**2, width
    return float(config.batch_size * sum(layers))
