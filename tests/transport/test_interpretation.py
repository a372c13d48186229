"""The first small problems are interpreted: to the same bits, without Numba, and not for long."""

import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import otgan
from otgan.transport.compiled import compiled
from otgan.transport.interpretation import (
    MAX_WORK,
    budget,
    compiling_all,
    interpretation,
    interpreting_small,
)

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 2)), RNG.normal(size=(25, 2))
WEIGHTS = {
    "equal": (None, None),
    "random": (RNG.random(30), RNG.random(25)),
    "some zero": (np.arange(30) % 3, np.arange(25) % 2),
    "light": (10.0 ** -(np.arange(30) ** 2) / 5, 10.0 ** -np.arange(25)),
}
COSTS = RNG.random((30, 25)).round(1)
RING = sparse.coo_array((RNG.random(30), (np.arange(30), (np.arange(30) + 1) % 30))).tocsr()
CLOUDS = RNG.normal(size=(5, 12, 2))
MASSES = RNG.random((2, 30))
DIAGRAM = np.sort(RNG.random((9, 2)), axis=1)


@pytest.fixture
def much_left(monkeypatch):
    monkeypatch.setattr(budget, "left", 10**9)


def transport(result):
    plan = result.plan.tocoo()
    return [result.cost, result.lower, *plan.coords, plan.data, result.f, result.g]


def graph(result):
    flow = result.flow.tocoo()
    return [result.distance, result.lower, *flow.coords, flow.data, result.f]


def of_points(a, b, **options):
    return transport(otgan.emd(X, Y, a, b, normalize=True, **options))


def of_line(a, b):
    return transport(otgan.emd(X[:, 0], Y[:, 0], a, b, p=1.5, normalize=True))


CALLS: dict[str, Callable[[], list[Any]]] = {
    **{
        f"{name} {weights}": partial(call, *w)
        for weights, w in WEIGHTS.items()
        for name, call in {
            "emd": of_points,
            "p=2": lambda a, b: of_points(a, b, p=2),
            "p=1.5": lambda a, b: of_points(a, b, p=1.5),
            "cityblock": lambda a, b: of_points(a, b, metric="cityblock"),
            "chebyshev": lambda a, b: of_points(a, b, metric="chebyshev"),
            "start": lambda a, b: of_points(a, b, start=otgan.emd(X + 0.1, Y)),
            "line": of_line,
            "costs": lambda a, b: transport(otgan.emd_from_cost(COSTS, a, b, normalize=True)),
        }.items()
    },
    "unmatched": lambda: transport(otgan.emd(X, Y, unmatched=0.5)),
    "mass": lambda: transport(otgan.emd(X, Y, mass=0.5)),
    "forbidden": lambda: transport(otgan.emd_from_cost(np.where(COSTS < 0.8, COSTS, np.inf))),
    "graph": lambda: graph(otgan.emd_graph(RING + RING.T, *MASSES, normalize=True)),
    "stack": lambda: [otgan.wasserstein(CLOUDS, CLOUDS[::-1], p=1.5)],
    "stack on the line": lambda: [otgan.wasserstein(CLOUDS[..., :1], CLOUDS[::-1, :, :1], p=1.5)],
    "stacked costs": lambda: [otgan.transport_cost(CLOUDS - 0.5)],
    "pairs": lambda: [otgan.pairwise_wasserstein(list(CLOUDS))],
    "weighted pairs": lambda: [
        otgan.pairwise_wasserstein(
            list(CLOUDS), weights=[None, *CLOUDS[1:, :, 0] ** 2], normalize=True
        )
    ],
    "diagrams": lambda: [float(otgan.persistence_distance(DIAGRAM, DIAGRAM[:5] / 2))],
}


@pytest.mark.parametrize("name", CALLS)
def test_interpreted_and_compiled_loops_agree_to_the_last_bit(name, much_left):
    left = budget.left
    interpreted = CALLS[name]()
    assert budget.left < left
    with compiling_all():
        for one, two in zip(interpreted, CALLS[name](), strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_small_problem_does_not_load_numba():
    code = """
import sys, otgan
assert otgan.emd([[0.0, 0.0], [1.0, 0.0]], [[3.0, 4.0], [4.0, 4.0]]).distance == 5
assert otgan.wasserstein_1d([0, 1, 5], [1, 2], [1, 1, 2], [2, 2]) == 1.75
print("numba" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_a_process_interprets_so_much_in_all_and_no_more(monkeypatch):
    monkeypatch.setattr(budget, "left", MAX_WORK)
    running = []
    for _ in range(5):
        with interpreting_small(MAX_WORK // 4):
            running.append(interpretation.running)
    assert running == [True] * 4 + [False]


def test_a_large_problem_within_a_small_one_is_compiled(monkeypatch):
    monkeypatch.setattr(budget, "left", MAX_WORK)
    with interpreting_small(1):
        with interpreting_small(MAX_WORK):
            assert not interpretation.running
        assert interpretation.running
    assert not interpretation.running


def test_threads_do_not_interpret_for_each_other(much_left):
    seen = []
    with interpreting_small(1):
        thread = threading.Thread(target=lambda: seen.append(interpretation.running))
        thread.start()
        thread.join()
    assert seen == [False]


def test_an_interpreted_loop_warns_of_no_more_than_a_compiled_one(much_left):
    @compiled
    def difference(values):
        return values[0] - values[1]

    with interpreting_small(1):
        assert np.isnan(difference(np.array([np.inf, np.inf])))
