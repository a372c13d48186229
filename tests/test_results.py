"""All results have a main number, a dictionary for JSON, and a representation on one line."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

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


def test_a_result_must_have_a_main_number():
    with pytest.raises(TypeError, match="abstract"):
        type("Nameless", (Result,), {})()


@pytest.mark.parametrize("value", [None, True, 3, 0.5, "text", math.inf])
def test_plain_values_stay(value):
    assert plain(value) is value


def test_what_json_cannot_hold_is_left_out():
    assert plain(np.zeros(2)) is plain(object()) is plain([object()]) is NotImplemented
    assert plain({1: "a", "b": object()}) == {"1": "a"}
    assert type(plain(np.float32(0.5))) is float
