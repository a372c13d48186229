"""The API reference lists every public name, once."""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import otgan

API = Path(__file__).parents[2] / "docs" / "api"
GROUP = re.compile(r"(?m)^\.\. currentmodule:: (\S+)$|^ {3}(\w+)$")
PACKAGES = (
    "comparison",
    "critics",
    "critics.audit",
    "critics.constraints",
    "critics.estimation",
    "critics.kernels",
    "critics.lipschitz",
    "critics.networks",
    "critics.potentials",
    "critics.training",
    "datasets",
    "divergences.closed_forms",
    "gan",
    "gan.networks",
    "gan.objectives",
    "gan.report",
    "gan.stabilizers",
    "inference",
    "lessons",
    "plot",
    "transport",
)
"""All that has public names but `costs` and `errors`, whose names for users are names of otgan."""

pytestmark = pytest.mark.torch


def listed() -> list[object]:
    """What the pages of the reference list, in their order."""
    found = []
    for page in sorted(set(API.glob("*.rst")) - {API / "index.rst"}):
        module: ModuleType = otgan
        for name, thing in GROUP.findall(page.read_text(encoding="utf-8")):
            if name:
                module = import_module(name)
            else:
                found.append(getattr(module, thing))
    return found


def public() -> dict[int, str]:
    """Every public function and class, by its identity."""
    modules = [otgan, *(import_module(f"otgan.{package}") for package in PACKAGES)]
    names = [(module, name) for module in modules for name in module.__all__]
    things = {f"{module.__name__}.{name}": getattr(module, name) for module, name in names}
    return {
        id(thing): name
        for name, thing in things.items()
        if callable(thing) and not isinstance(thing, ModuleType)
    }


def test_every_public_name_is_listed():
    missing = set(public()) - {id(thing) for thing in listed()}
    assert sorted(public()[each] for each in missing) == []


def test_nothing_is_listed_twice():
    assert [thing for thing, count in Counter(listed()).items() if count > 1] == []


def test_nothing_is_listed_that_is_not_public():
    assert [thing for thing in listed() if id(thing) not in public()] == []
