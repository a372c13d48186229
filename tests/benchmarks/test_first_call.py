"""Every public function is among the first calls that are measured, or is named as left out."""

import inspect
import re

import pytest

import otgan
from benchmarks.first_call import CALLS, LARGER, NOT_HERE, WITH_TORCH


@pytest.mark.torch
def test_every_public_function_is_measured():
    called = {re.split(r"[(]", call)[0] for call in CALLS.split() if "(" in call}
    functions = {
        name for name in dir(otgan) if inspect.isfunction(inspect.unwrap(getattr(otgan, name)))
    }
    assert functions - called == NOT_HERE
    assert set(LARGER) <= set(CALLS.strip().splitlines())
    assert {call.split("(")[0] for call in WITH_TORCH.split() if "(" in call} >= {"wasserstein"}
