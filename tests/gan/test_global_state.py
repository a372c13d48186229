"""Training leaves the state of other packages as it was."""

import random
from typing import Any

import numpy as np
import pytest
import torch

import otgan
from tests.gan.short_run import CLOUD, RUN, taught_by


@pytest.mark.parametrize("taught", ["lp", "spectral", "cones", "exact"])
def test_training_leaves_global_generators_and_switches_untouched(taught):
    def state():
        numpy: Any = np.random.get_state()  # noqa: NPY002 - the global one is what this is about
        return [
            torch.random.get_rng_state().tolist(),
            (numpy[1].tolist(), numpy[2]),
            random.getstate(),
            torch.get_num_threads(),
            torch.get_default_dtype(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_grad_enabled(),
        ]

    before = state()
    otgan.train_gan("ring8", otgan.GANConfig(**RUN, **taught_by(taught)))
    options = otgan.FitOptions(batch_size=16, test_points=100)
    constraint = "lp" if taught == "exact" else taught
    otgan.estimate_w1(CLOUD, CLOUD + 1.0, constraint, steps=2, device="cpu", options=options)

    class Failing(otgan.GradientPenalty):
        """Whose training ends with an error."""

        def penalty(self, critic, real, fake, rng):
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        otgan.train_gan("ring8", otgan.GANConfig(**{**RUN, "constraint": Failing()}))
    assert state() == before
