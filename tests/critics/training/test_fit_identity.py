"""What identifies a fit: its points, constraint, network and options, in plain values."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from otgan.critics.constraints.by_name import as_constraint
from otgan.critics.constraints.penalties import GradientPenalty
from otgan.critics.training.data import as_distributions
from otgan.critics.training.fit_identity import fit_identity, refuse_other_fit
from otgan.critics.training.options import FitOptions
from otgan.errors import InputWarning
from tests.cases import refused

PATH = Path("fit.pt")
POINTS = np.random.default_rng(0).normal(size=(40, 2))


def sampler(n, rng):
    return rng.normal(size=(n, 2))


def moved(n, rng):
    return sampler(n, rng) + 9.0


def identity(*, x=POINTS, y=POINTS + 1, constraint="gp", width=8, **options):
    rule = as_constraint(constraint)
    chosen = FitOptions(**options)
    distributions = as_distributions(x, y, chosen, torch.device("cpu"))
    critic = nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 1))
    return fit_identity(critic, rule, distributions, chosen)


def test_equal_fits_are_alike_also_after_json():
    first, second = identity(), identity()
    assert first == second == json.loads(json.dumps(first))
    refuse_other_fit(first, second, PATH)


OTHERS = [
    ({"rng": 1}, "rng 0", "rng 1"),
    ({"batch_size": 16}, "batch_size", "batch_size 16"),
    ({"y": POINTS + 2}, "y of 40 points in 2 dimensions", "y of 40 points"),
    ({"x": POINTS[:30]}, "x of 40 points", "x of 30 points"),
    ({"x": sampler}, "x of 40 points", "x of a sampler in 2 dimensions"),
    ({"constraint": "lp"}, "constraint gp", "constraint lp"),
    ({"constraint": GradientPenalty(3.0)}, "weight=10", "weight=3"),
    ({"width": 9}, "network", "weights"),
]


@pytest.mark.parametrize(("other", "before", "now"), OTHERS)
def test_another_fit_is_refused_by_what_differs(other, before, now):
    with refused("the checkpoint fit.pt must be of the same problem", before, now, "another file"):
        refuse_other_fit(identity(), identity(**other), PATH)


def test_activations_are_part_of_the_network():
    rule, options = as_constraint("gp"), FitOptions()
    distributions = as_distributions(POINTS, POINTS, options, torch.device("cpu"))
    relu, tanh = (
        fit_identity(
            nn.Sequential(nn.Linear(2, 4), activation, nn.Linear(4, 1)),
            rule,
            distributions,
            options,
        )
        for activation in (nn.ReLU(), nn.Tanh())
    )
    with refused("17 weights"):
        refuse_other_fit(relu, tanh, PATH)


def test_weights_that_differ_by_rounding_are_alike():
    near = GradientPenalty(10.0 * (1 + 1e-9))
    refuse_other_fit(identity(), identity(constraint=near), PATH)


def test_a_sampler_that_goes_on_is_taken_for_the_same_with_a_warning():
    calls = []

    def advancing(n, rng):
        calls.append(n)
        return sampler(n, rng) + 1e-3 * len(calls)

    first, second = (identity(x=advancing) for _ in range(2))
    with pytest.warns(InputWarning, match="x is a sampler that gives other points than when"):
        refuse_other_fit(first, second, PATH)


def test_a_sampler_of_another_distribution_is_refused():
    with refused("x of a sampler", "to fix it"):
        refuse_other_fit(identity(x=sampler), identity(x=moved), PATH)
