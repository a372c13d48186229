"""Every row of the page on introductory texts names what exists."""

import pkgutil
import re
import shlex
from pathlib import Path

import pytest

from otgan.cli.main import _parser
from otgan.cli.parser import parse
from otgan.lessons import LESSONS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "introductory-texts.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| [A-D]\d+ \|", line)
]
WHERE = [cell for row in ROWS for cell in row[2:]]
NAMES = sorted({name for cell in WHERE for name in re.findall(r"`([^`]+)`", cell)})
LINKS = sorted({link for cell in WHERE for link in re.findall(r"\]\(([^)]+)\)", cell)})
COUNTS = {"A": 48, "B": 70, "C": 17, "D": 9}


def test_every_item_of_the_four_texts_has_a_row():
    numbers = {text: [int(row[0][1:]) for row in ROWS if row[0][0] == text] for text in COUNTS}
    assert numbers == {text: list(range(1, count + 1)) for text, count in COUNTS.items()}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_has_four_cells_and_says_where(row):
    assert len(row) == 4 and row[1]
    assert re.search(r"`[^`]+`|\]\(", row[2])
    assert "missing" not in " ".join(row).lower()


def exists(name):
    """Whether a span of code names something: a test, a file, a command or a name of Python."""
    if name.startswith("tests/"):
        path, _, test = name.partition("::")
        return bool(re.search(rf"(?m)^def {test}\(", (ROOT / path).read_text(encoding="utf-8")))
    if name.startswith("examples/"):
        return (ROOT / name).is_file()
    if name.startswith("otgan lesson "):
        return name.removeprefix("otgan lesson ") in LESSONS
    if name.startswith("otgan "):
        return bool(parse(*_parser(), shlex.split(name)[1:]))
    try:
        return name.startswith("otgan.") and pkgutil.resolve_name(name) is not None
    except (AttributeError, ImportError):
        return False


@pytest.mark.torch
@pytest.mark.parametrize("name", NAMES)
def test_what_is_named_exists(name):
    assert exists(name)


WRONG = "otgan.no_such", "math.pi", "examples/no.py", "tests/test_docs.py::test_no_such"


@pytest.mark.parametrize("wrong", [*WRONG, "otgan lesson x"])
def test_what_does_not_exist_is_found_out(wrong):
    assert not exists(wrong)


@pytest.mark.parametrize("link", LINKS)
def test_links_lead_to_pages_and_headings(link):
    path, _, heading = link.partition("#")
    text = (ROOT / "docs" / path).read_text(encoding="utf-8")
    titles = re.findall(r"(?m)^#+ (.+)$", text)
    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    assert not heading or heading in anchors
