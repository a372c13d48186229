"""The lowest versions in pyproject.toml are those that `make test-oldest` installs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[\w,]+\])?(?:>=([\d.]+))?")
NOT_REQUIRED = {"pyparsing"}
"""What comes with other packages only: pinned where its latest version breaks an old one."""


def lowest_versions() -> dict[str, str]:
    """Of all that a user or the tests need, but for torch, which `make test-oldest` leaves out."""
    groups = [PROJECT["project"]["dependencies"], PROJECT["dependency-groups"]["test"]]
    groups += PROJECT["project"]["optional-dependencies"].values()
    found = {}
    for requirement in (each for group in groups for each in group):
        name, version = REQUIREMENT.findall(requirement)[0]
        if name not in {"otgan", "torch"}:
            found[name] = version
    return found


def pinned(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_every_requirement_has_a_lowest_version():
    assert [name for name, version in lowest_versions().items() if not version] == []


def test_the_oldest_versions_are_the_lowest_that_are_allowed():
    oldest = pinned("constraints-oldest.txt")
    assert {name: oldest[name] for name in oldest if name not in NOT_REQUIRED} == lowest_versions()


def test_every_requirement_is_pinned_for_a_reproducible_installation():
    assert set(lowest_versions()) | {"torch"} <= set(pinned("constraints.txt"))


def test_the_citation_names_this_version():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"version: {PROJECT['project']['version']}\n" in citation
