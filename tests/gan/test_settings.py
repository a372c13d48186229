"""Settings of runs and fits, by type and range."""

import json
import math
from typing import Any

import numpy as np
import pytest

import otgan
from tests.gan.short_run import CLOUD, RUN

NO_NUMBERS = [None, True, "3", math.nan, math.inf, -1, [1], 2.5]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_settings_that_are_no_whole_numbers_are_refused_at_once(value):
    counts = ["steps", "batch_size", "n_critic", "depth", "rng", "pack"]
    counts += ["monitor_every", "monitor_points", "evaluation_points"]
    if value is not None:  # which stands for the network's own size
        counts += ["latent_dim", "width"]
    for name in counts:
        with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be"):
            otgan.GANConfig(**{name: value})
    for name in ("batch_size", "test_points", "rng"):
        with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be"):
            otgan.FitOptions(**{name: value})
    if value is not None:
        with pytest.raises(otgan.errors.InvalidInputError, match="steps must be"):
            otgan.estimate_w1(CLOUD, CLOUD, steps=value)


@pytest.mark.parametrize("value", [True, "3", math.nan, math.inf, -1, [1], 1 + 1j], ids=repr)
def test_settings_that_are_no_usable_numbers_are_refused_at_once(value):
    for name in ("learning_rate", "critic_learning_rate", "clip_grad_norm", "average"):
        with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be"):
            otgan.GANConfig(**{name: value})
    for name in ("matrix_rate", "vector_rate", "held_out"):
        with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be"):
            otgan.FitOptions(**{name: value})
    for name in ("schedule", "device", "constraint", "critic_warmup"):
        one: dict[str, Any] = {name: 1}
        with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be"):
            otgan.GANConfig(**one)
    with pytest.raises(otgan.errors.InvalidInputError, match="seconds must be"):
        otgan.estimate_w1(CLOUD, CLOUD, seconds=value)


def test_numbers_of_numpy_are_settings_like_others(tmp_path):
    config = otgan.GANConfig(**{**RUN, "steps": np.int64(2), "learning_rate": np.float32(0.5)})
    otgan.train_gan("ring8", config, out=tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text())
    assert (settings["steps"], settings["learning_rate"]) == (2, 0.5)
