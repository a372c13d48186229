"""What is validated when it is passed is not validated again inside."""

import importlib
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest

import otgan
from otgan.critics.networks.feedforward import mlp
from otgan.critics.training.options import FitOptions
from otgan.datasets import shifted
from tests.gan.short_run import TINY, taught_by

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(120, 2)), RNG.normal(size=(100, 2)) + [3.0, 0.0]

PUBLIC = {
    "as_pair": "otgan.measures",
    "emd": "otgan.transport.exact",
    "c_transform": "otgan.transport.duality",
    "wasserstein": "otgan.transport.distances",
    "wasserstein_1d": "otgan.transport.distances",
    "held_out_bracket": "otgan.inference.held_out",
    "lower_confidence_bound": "otgan.critics.potentials.bounds",
}


@pytest.fixture
def entered(monkeypatch):
    """How often each function that validates is called from inside the package."""
    otgan.estimate_w1, otgan.audit_critic, otgan.train_gan  # noqa: B018 - loads their modules
    counts: Counter[str] = Counter()

    def counting(name, function):
        def call(*args, **options):
            counts[name] += 1
            return function(*args, **options)

        return call

    originals = {
        name: getattr(importlib.import_module(home), name) for name, home in PUBLIC.items()
    }
    modules = [m for name, m in sys.modules.items() if name.startswith("otgan")]
    for name, original in originals.items():
        for module in modules:
            if vars(module).get(name) is original:
                monkeypatch.setattr(module, name, counting(name, original))
    return counts


@pytest.mark.parametrize("constraint", ["lp", "exact", "distilled", "cones"])
@pytest.mark.parametrize("sampled", [False, True])
def test_estimate_w1(entered, constraint, sampled):
    pair = shifted([3.0, 0.0])
    x, y = (pair.x, pair.y) if sampled else (X, Y)
    call: dict[str, Any] = {
        "steps": 2,
        "seconds": 0.2,
        "device": "cpu",
        "options": FitOptions(batch_size=32, test_points=500),
    }
    network = (lambda d: mlp(d, width=8)) if constraint == "lp" else None
    otgan.estimate_w1(x, y, constraint, network=network, **call)
    # Cones start at the potentials of a batch, which is another problem.
    assert entered == ({"as_pair": 1} if constraint == "cones" else {})


@pytest.mark.parametrize("constraint", ["lp", "exact", "distilled", "cones"])
def test_train_gan(entered, constraint):
    otgan.train_gan("ring8", otgan.GANConfig(**TINY, **taught_by(constraint)))
    assert entered == {}


def test_audit_critic(entered):
    otgan.audit_critic(mlp(2, width=8), X, Y)
    assert entered == {"as_pair": 1}
