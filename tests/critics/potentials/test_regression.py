"""Networks that learn a known potential."""

import numpy as np
import pytest
import torch

from otgan.critics.networks.feedforward import mlp, orthogonal_mlp
from otgan.critics.potentials.mcshane import McShane
from otgan.critics.potentials.regression import fit_potential
from otgan.errors import InvalidInputError


@pytest.mark.parametrize("build", [mlp, orthogonal_mlp])
def test_fitted_network_has_the_values_and_slopes_of_the_potential(build):
    potential = McShane([[-1.0, 0.0], [1.0, 0.0]], [0.0, 0.2])
    cloud = np.random.default_rng(0).normal(size=(600, 2))
    torch.manual_seed(0)
    network = build(2, width=64, depth=2)
    arcs = (np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([[-3.0, 0.0], [2.0, 2.0]]))
    fitted = fit_potential(potential, cloud, network, arcs=arcs, steps=300, batch_size=128)
    assert fitted.network is network
    assert fitted.value_error < 0.12 and fitted.gradient_error < 0.5


def test_no_steps_are_refused():
    with pytest.raises(InvalidInputError, match="steps and batch_size must be at least 1, got 0"):
        fit_potential(McShane([0.0], [0.0]), [0.0], mlp(1), steps=0)
