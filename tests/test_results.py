"""All results have a main number, a dictionary for JSON, and a representation on one line."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import otgan
from otgan.costs import PointCost
from otgan.results import Result, plain


@dataclass(frozen=True)
class Inner(Result):
    value: float

    def __float__(self) -> float:
        return self.value


@dataclass(frozen=True)
class Outer(Result):
    inner: Inner
    n: np.int64
    path: Path
    plan: np.ndarray
    rows: tuple[Inner, ...] = ()
    hidden: float = field(default=3.0, repr=False)

    derived: ClassVar[tuple[str, ...]] = ("double",)

    def __float__(self) -> float:
        return float(self.inner)

    @property
    def double(self) -> float:
        return 2 * float(self)


def test_a_result_as_a_dictionary_holds_what_json_can():
    result = Outer(Inner(0.5), np.int64(3), Path("a") / "b", np.eye(2), (Inner(1.0),))
    found = result.to_dict()
    assert json.loads(json.dumps(found)) == {
        "inner": {"value": 0.5},
        "n": 3,
        "path": str(Path("a") / "b"),
        "rows": [{"value": 1.0}],
        "double": 1.0,
    }
    assert type(found["n"]) is int
    assert float(result) == 0.5 and "\n" not in repr(Inner(0.5))


def test_a_result_is_formatted_as_its_main_number():
    result = Inner(0.123456)
    assert f"{result:.3f} {result:>8.1%}" == "0.123    12.3%"
    assert f"{result}" == repr(result)


def test_a_result_must_have_a_main_number():
    with pytest.raises(TypeError, match="abstract"):
        type("Nameless", (Result,), {})()


@pytest.mark.parametrize("value", [None, True, 3, 0.5, "text"])
def test_plain_values_stay(value):
    assert plain(value) is value


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, np.float64(math.nan)])
def test_what_is_not_finite_is_none(value):
    assert plain(value) is None
    assert plain({"a": [value, (1.0, value)]}) == {"a": [None, [1.0, None]]}


def test_what_json_cannot_hold_is_left_out():
    assert plain(np.zeros(2)) is plain(object()) is plain([object()]) is NotImplemented
    assert plain({1: "a", "b": object()}) == {"1": "a"}
    assert type(plain(np.float32(0.5))) is float


def points():
    rng = np.random.default_rng(1)
    return rng.normal(size=(60, 2)), rng.normal(size=(50, 2)) + 0.3


RESULTS = {
    "transport": lambda x, y: otgan.emd(x, y),
    "certificate": lambda x, y: otgan.certify([[1.0]], [[1]], [0], [0]),
    "bracket": lambda x, y: otgan.held_out_bracket(x, y),
    "interval": lambda x, y: otgan.wasserstein_interval(x, y),
    "test": lambda x, y: otgan.two_sample_test(x, y),
    "estimate": lambda x, y: otgan.kl_from_samples(x, y),
    "scores": lambda x, y: otgan.prdc(x, y),
    "memorization": lambda x, y: otgan.memorization_test(x, y, y),
    "infinite": lambda x, y: otgan.Estimate(math.inf, math.nan, (0, math.inf), "knn", 60, 50),
    "comparison": lambda x, y: otgan.compare(x[:20], y[:20]),
}
TORCH_RESULTS = {
    "dual": lambda x, y: otgan.estimate_w1(x, y, "exact"),
    "audit": lambda x, y: otgan.audit_critic(lambda points: points[:, 0], x, y),
    "steepest": lambda x, y: otgan.audit_critic(lambda points: points[:, 0], x, y).steepest,
}
EVERY_RESULT = [
    *(pytest.param(make, id=name) for name, make in RESULTS.items()),
    *(pytest.param(make, id=name, marks=pytest.mark.torch) for name, make in TORCH_RESULTS.items()),
]


@pytest.mark.parametrize("make", EVERY_RESULT)
def test_every_result_is_json_a_line_and_comparable(make):
    result, other = make(*points()), make(*points())
    found = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert found
    assert "\n" not in repr(result) and type(float(result)) is float
    assert result == result and (result == other) in (True, False)
    assert len({result, result}) == 1


def test_a_cost_of_points_is_a_line_and_comparable():
    cost = PointCost.of(*points(), p=2)
    assert repr(cost) == "PointCost(60×50, d=2, metric='euclidean', p=2)"
    assert cost == cost != PointCost.of(*points(), p=2)
    assert len({cost, cost}) == 1
