"""The activation of critics in files, and that of our own networks beside it."""

import torch

from otgan.critics.audit.group_sort import GroupSort
from otgan.critics.networks.feedforward import MaxMin


def test_group_sort_permutes_within_groups():
    features = torch.tensor([[4.0, 3.0, 2.0, 1.0, 9.0, 7.0]])
    assert GroupSort(2)(features).tolist() == [[3.0, 4.0, 1.0, 2.0, 7.0, 9.0]]
    assert GroupSort(3)(features).tolist() == [[2.0, 3.0, 4.0, 1.0, 7.0, 9.0]]


def test_max_min_is_group_sort_of_two_halves():
    features = torch.randn(50, 6, dtype=torch.float64)
    halves = MaxMin()(features)
    neighbors = GroupSort(2)(features.reshape(50, 2, 3).mT.reshape(50, 6))
    torch.testing.assert_close(halves, neighbors.reshape(50, 3, 2).mT.reshape(50, 6))
