"""Ground metrics that are functions of the caller's."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import otgan
from otgan.errors import InvalidInputError


def test_a_callable_metric_is_asked_once_for_every_pair():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 513, 2))  # just beyond 512 x 512
    asked = []

    def cityblock(u, v):
        asked.append((u[0], v[0]))
        return np.abs(u - v).sum()

    result = otgan.emd(x, y, metric=cityblock)
    assert len(asked) == len(set(asked)) == 513 * 513
    costs = cdist(x, y, "cityblock")
    expected = costs[linear_sum_assignment(costs)].mean()
    np.testing.assert_allclose(result.cost, expected, rtol=1e-9)


def test_a_callable_metric_on_ten_thousand_million_pairs_is_refused_by_name():
    x = np.arange(200_000.0).reshape(100_000, 2)
    asked: list[np.ndarray] = []

    def metric(u: np.ndarray, v: np.ndarray) -> float:
        asked.append(u)
        return 0.0

    with pytest.raises(InvalidInputError, match=r"callable metric.*100,000 x 100,000.*to fix it"):
        otgan.emd(x, x, metric=metric)
    assert asked == []
