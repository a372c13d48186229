"""The import graph of the package has no circle."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest


def first_circle(imports: dict[str, set[str]]) -> list[str]:
    """Return modules of which each imports the next, the first named again at the end."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as circle:
        return list(reversed(circle.args[1]))
    return []


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Every import of one module by another: in functions and for type checkers too."""
    graph = grimp.build_graph(
        "otgan",
        cache_dir=None,
        exclude_type_checking_imports=False,
        include_external_packages=False,
    )
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def test_no_modules_import_each_other(imports):
    circle = first_circle(imports)
    assert not circle, "modules import each other: " + " -> ".join(circle)


def test_the_whole_package_is_looked_at(imports):
    assert "otgan.errors" in imports["otgan.measures"]
    assert len(imports) > 100


@pytest.mark.parametrize(
    ("imports", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
        ({"a": {"a"}}, ["a", "a"]),
    ],
)
def test_a_circle_is_found(imports, circle):
    found = first_circle(imports)
    assert len(found) == len(circle)
    assert set(found) == set(circle)
