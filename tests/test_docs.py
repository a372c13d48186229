"""What the README shows is what happens."""

import doctest
import re
from pathlib import Path

import pytest

import otgan

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_ten_lines_run(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(code.strip().splitlines()) == 10
    exec(code.replace("toy(steps=300", "toy(steps=2, evaluation_points=50"), {})
    printed = capsys.readouterr().out
    assert printed.startswith("5.06")
    assert "0.0779" in printed
    assert "DualEstimate" in printed


def test_the_table_names_every_public_function():
    table = README.partition("## What computes what")[2]
    named = set(re.findall(r"`([a-z0-9_]+)`", table))
    public = [name for name in otgan.__all__ if name.islower() and callable(getattr(otgan, name))]
    assert [name for name in public if name not in named] == []


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)]+)\)", README))
def test_links_lead_somewhere(target):
    assert (ROOT / target).exists()


def test_the_examples_of_the_page_on_choosing_run():
    tried = doctest.testfile(str(ROOT / "docs" / "choosing.md"), module_relative=False)
    assert tried.attempted >= 15 and tried.failed == 0


def test_the_examples_of_the_page_on_files_run():
    tried = doctest.testfile(
        str(ROOT / "docs" / "files.md"), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert tried.attempted >= 12 and tried.failed == 0


PAGES = sorted(ROOT.glob("docs/*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\(([^)]+)\)", page.read_text())
    files = [link.partition("#")[0] for link in links]
    missing = [file for file in files if not (page.parent / file).exists()]
    assert missing == []


def test_public_names_all_load_and_are_documented():
    for name in otgan.__all__:
        thing = getattr(otgan, name)
        assert thing.__doc__ and len(thing.__doc__) > 60, name
