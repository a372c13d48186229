"""Calling a critic: one finite number a point, in evaluation mode, and by that point alone."""

import pytest
import torch
from torch import nn

from otgan.critics.forward import evaluating, refuse_batch_norm, refuse_inference, scores
from otgan.critics.networks.feedforward import mlp
from otgan.errors import InvalidInputError


def test_scores_take_either_shape_and_refuse_others():
    points = torch.zeros(5, 2)
    assert scores(nn.Linear(2, 1), points).shape == (5,)
    assert scores(nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)), points).shape == (5,)
    with pytest.raises(InvalidInputError, match=r"one number for each point.*\(5, 3\)"):
        scores(nn.Linear(2, 3), points)


def test_scores_of_no_tensor_are_refused():
    class Pair(nn.Module):
        def forward(self, points):
            return points, points

    with pytest.raises(InvalidInputError, match=r"one number for each point, got a tuple"):
        scores(Pair(), torch.zeros(5, 2))


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(4), nn.SyncBatchNorm(4)])
def test_batch_norm_is_refused(layer):
    critic = nn.Sequential(nn.Linear(2, 4), layer, nn.ReLU(), nn.Linear(4, 1))
    with pytest.raises(InvalidInputError, match=r"batch normalization in layer '1'.*LayerNorm"):
        refuse_batch_norm(critic)
    refuse_batch_norm(nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.Linear(4, 1)))


def test_networks_made_in_inference_mode_are_refused():
    with torch.inference_mode():
        critic = mlp(2, width=4, depth=1)
    with pytest.raises(InvalidInputError, match=r"outside of torch.inference_mode.*'0.weight'"):
        refuse_inference(critic)
    refuse_inference(mlp(2, width=4, depth=1))


@pytest.mark.parametrize("error", [None, RuntimeError])
def test_every_layer_gets_its_own_mode_back(error):
    """Also when some layers were in evaluation mode already, and when the block fails."""
    critic = nn.Sequential(nn.Linear(2, 4), nn.Dropout(), nn.Linear(4, 1)).train()
    critic[1].eval()
    with pytest.raises(error) if error else evaluating(nn.Identity()), evaluating(critic):
        assert not any(module.training for module in critic.modules())
        if error:
            raise error
    assert [module.training for module in critic.modules()] == [True, True, False, True]
