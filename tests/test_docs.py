"""What the README shows is what happens."""

import doctest
import inspect
import re
import shlex
import textwrap
from pathlib import Path

import numpy as np
import pytest

import otgan
from otgan.cli.main import _parser
from otgan.cli.parser import parse

ROOT = Path(__file__).parent.parent
PUBLIC = dir(otgan)
README = (ROOT / "README.md").read_text()


def test_the_ten_lines_run(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(code.strip().splitlines()) == 10
    shorter = code.replace('"toy", steps=300', '"toy", steps=2, evaluation_points=50')
    assert shorter != code
    exec(shorter.replace("steps=300", "steps=2"), {})
    printed = capsys.readouterr().out
    assert printed.startswith("5.06")
    assert "0.0779" in printed
    assert "DualEstimate" in printed


@pytest.mark.torch
def test_the_lines_on_training_run(tmp_path, monkeypatch):
    from torch import nn

    (code,) = re.findall(r"(?m)(^    config = .*\n(?:    .*\n)+)", README)
    monkeypatch.chdir(tmp_path)
    data = np.random.default_rng(0).normal(size=(200, 2))
    names = {"otgan": otgan, "data": data, "G": nn.Linear(8, 2), "D": nn.Linear(2, 1)}
    shorter = code.replace("steps=5000", "steps=2, evaluation_points=20, monitor_points=20")
    assert shorter != code
    exec(textwrap.dedent(shorter), names)


COMMANDS = [
    *re.findall(r"`otgan ([^`]+)`", README),
    *(
        line.partition("#")[0]
        for page in sorted(ROOT.glob("docs/*.md"))
        for line in re.findall(r"(?m)^    otgan (.*)", page.read_text().replace("\\\n", " "))
    ),
]


@pytest.mark.parametrize("line", sorted(set(COMMANDS)))
def test_commands_have_the_flags_that_pages_show(line):
    parse(*_parser(), shlex.split(line))


def test_the_table_names_every_public_function():
    table = README.partition("## What computes what")[2]
    named = set(re.findall(r"`([a-z0-9_]+)`", table))
    public = [name for name in PUBLIC if name.islower() and callable(getattr(otgan, name))]
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


@pytest.mark.torch
def test_the_examples_of_the_page_on_training_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tried = doctest.testfile(
        str(ROOT / "docs" / "training.md"), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert tried.attempted >= 30 and tried.failed == 0


PAGES = sorted(ROOT.glob("docs/*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\(([^)]+)\)", page.read_text())
    files = [link.partition("#")[0] for link in links]
    missing = [file for file in files if not (page.parent / file).exists()]
    assert missing == []


FUNCTIONS = [name for name in PUBLIC if inspect.isfunction(getattr(otgan, name))]
CLASSES = [name for name in PUBLIC if inspect.isclass(getattr(otgan, name))]


def test_public_names_all_load():
    assert [name for name in PUBLIC if not hasattr(otgan, name)] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parameters_of_functions_are_documented(name):
    thing = getattr(otgan, name)
    section = documentation(thing).partition("\nParameters\n---")[2].partition("\n---")[0]
    headings = " ".join(line for line in section.splitlines() if not line.startswith(" "))
    assert set(inspect.signature(thing).parameters) - words(headings) == set()


@pytest.mark.parametrize("name", CLASSES)
def test_fields_of_classes_are_documented(name):
    thing = getattr(otgan, name)
    text = documentation(thing)
    assert text.splitlines()[0].endswith(".")
    if not issubclass(thing, BaseException):
        assert set(inspect.signature(thing).parameters) - words(text) == set()


def documentation(thing: object) -> str:
    text = inspect.getdoc(thing)
    assert text is not None
    return text


def words(text):
    return set(re.findall(r"\w+", text))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_an_example_that_runs(name):
    assert ">>> " in documentation(getattr(otgan, name))
