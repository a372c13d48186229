"""What an estimate reports while it is made, and what can be done with it afterwards."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch

import otgan

RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=(60, 2)), RNG.normal(size=(50, 2)) + 0.3
SMALL: dict[str, Any] = {"batch_size": 8, "test_points": 64}
NAMES = ["clip", "gp", "lp", "spectral", "div", "orthogonal", "cones", "exact", "distilled"]


def estimate(constraint: str, *, steps: int | None = 5, **more: Any) -> otgan.DualEstimate:
    options = otgan.FitOptions(**SMALL, **more)
    return otgan.estimate_w1(X, Y, constraint, steps=steps, device="cpu", options=options)


@pytest.mark.parametrize("name", NAMES)
def test_an_estimate_is_pickled_with_its_critic(name):
    made = estimate(name)
    again = pickle.loads(pickle.dumps(made))
    points = torch.as_tensor(X)
    assert torch.equal(again.critic(points), made.critic(points))
    assert again.to_dict() == made.to_dict()


def test_steps_are_reported_as_steps():
    reports = []
    estimate("lp", progress=lambda *now: reports.append(now[:2]))
    assert reports == [(k, 5) for k in range(1, 6)]


def test_seconds_are_reported_where_steps_are_not_limited():
    reports = []
    options = otgan.FitOptions(**SMALL, progress=lambda *now: reports.append(now[:2]))
    otgan.estimate_w1(X, Y, "clip", seconds=1.0, device="cpu", options=options)
    assert reports[-1] == (1, 1)
    assert all(0 <= done <= total == 1 for done, total in reports)


@pytest.mark.parametrize(
    ("name", "expected"), [("exact", [(1, 1)]), ("distilled", [(1, 2), (2, 2)])]
)
def test_the_linear_program_is_reported(name, expected):
    reports = []
    estimate(name, progress=lambda *now: reports.append(now[:2]))
    assert reports == expected


def test_the_words_for_what_is_wrong_are_of_what_was_done():
    assert repr(estimate("exact")).endswith("constraint='exact', wide bracket)")
    assert repr(estimate("lp")).endswith("constraint='lp', under-trained)")
