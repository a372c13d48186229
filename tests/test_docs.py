"""What the README shows is what happens."""

import doctest
import inspect
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import otgan
from otgan.cli.main import _parser
from otgan.cli.parser import parse

ROOT = Path(__file__).parent.parent
PUBLIC = dir(otgan)
README = (ROOT / "README.md").read_text()
TEN_LINES, ON_TRAINING = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_ten_lines_print_what_stands_below_them(capsys):
    (output,) = re.findall(r"```text\n(.*?)```", README, flags=re.DOTALL)
    assert len(re.findall(r"(?m)^.+$", TEN_LINES)) == 10
    exec(TEN_LINES, {})
    assert capsys.readouterr().out == output


def test_the_readme_fits_a_narrow_screen():
    lines = README.splitlines()
    code = [line for line in lines if line.startswith("    ")]
    code += "\n".join(re.findall(r"```\w*\n(.*?)```", README, flags=re.DOTALL)).splitlines()
    assert len(code) > 25 and max(map(len, code)) <= 60
    assert not [line for line in lines if line.startswith("|")]


@pytest.mark.torch
def test_the_lines_on_training_run(tmp_path, monkeypatch):
    from torch import nn

    monkeypatch.chdir(tmp_path)
    data = np.random.default_rng(0).normal(size=(200, 2))
    names = {"otgan": otgan, "data": data, "G": nn.Linear(8, 2), "D": nn.Linear(2, 1)}
    few = "steps=2, evaluation_points=20, monitor_points=20"
    shorter = ON_TRAINING.replace("steps=5000", few)
    assert shorter != ON_TRAINING
    exec(shorter, names)


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
    made = "gallery/"  # by building the site
    missing = [f for f in files if not (f.startswith(made) or (page.parent / f).exists())]
    assert missing == []


@pytest.mark.parametrize("page", ["CHANGELOG.md", "CONTRIBUTING.md"])
def test_links_of_pages_that_the_site_includes_lead_to_pages_of_the_site(page):
    links = re.findall(r"\]\(([^)#]+)", (ROOT / page).read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert local, "no link was found: is the pattern wrong?"
    assert [link for link in local if not link.startswith("docs/")] == []
    assert [link for link in local if not (ROOT / link).exists()] == []


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
