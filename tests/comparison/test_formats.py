"""A comparison as Markdown, comma-separated values and JSON, read back."""

import csv
import io
import json
import re

import numpy as np
import pytest

import otgan
from otgan.cli.main import main
from otgan.comparison.formats import csv_table, markdown_table
from otgan.comparison.quantities import QUANTITIES
from otgan.estimates import shown

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(60, 2)), RNG.normal(size=(40, 2)) + [1.0, 0.0]
SAMPLES = {"plane": (X, Y), "line": (X[:, 0], Y[:, 0]), "few": (X[:8], Y[:9])}


@pytest.fixture(scope="module", params=SAMPLES)
def comparison(request):
    return otgan.compare(*SAMPLES[request.param])


def read_csv(text):
    return list(csv.DictReader(io.StringIO(text)))


def read_markdown(text):
    """The cells of a table, as a program that knows the format splits them."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    split = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    cells = [[re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line] for line in split]
    assert cells.pop(1) == ["---"] * len(cells[0])
    assert {len(line) for line in cells} == {len(cells[0])}
    return cells


def test_comma_separated_values_are_read_back_as_they_were(comparison):
    lines = {line["key"]: line for line in read_csv(comparison.to_csv())}
    assert list(lines) == [*comparison.keys(), *comparison.left_out]
    for row in comparison.rows:
        line = lines[row.key]
        low, high = row.interval or ("", "")
        ends = tuple(float(line[end]) if line[end] else "" for end in ("low", "high"))
        assert float(line["value"]) == row.value and ends == (low, high)
        assert float(line["seconds"]) == row.seconds and line["left_out"] == ""
        assert line["warnings"] == "; ".join(row.warnings)
        assert line["interval_call"] == (row.interval_call or "")
        for name in ("name", "unit", "method", "call", "sensitive_to", "insensitive_to"):
            assert line[name] == getattr(row, name)
    for line in lines.values():
        sizes = comparison.n, comparison.m, comparison.d
        assert tuple(int(line[name]) for name in "nmd") == sizes
        assert float(line["confidence_level"]) == comparison.confidence_level
    names = {quantity.key: quantity.name for quantity in QUANTITIES}
    for key, reason in comparison.left_out.items():
        given = {name: text for name, text in lines[key].items() if text}
        assert given.pop("left_out") == reason and given.pop("name") == names[key]
        assert set(given) == {"key", "n", "m", "d", "confidence_level"}


def test_markdown_holds_the_rows_and_everything_that_is_to_be_known(comparison):
    text = comparison.to_markdown()
    header, *rows = read_markdown(text)
    assert header[:2] == ["quantity", "value"]
    assert [row[0] for row in rows] == [row.name for row in comparison.rows]
    extent = float(np.ptp(np.concatenate([comparison.x, comparison.y]), axis=0).max())
    for cells, row in zip(rows, comparison.rows, strict=True):
        scale = extent if row.unit == "data" else 1.0
        assert cells[1] == shown(row.value, scale, digits=4)
        assert cells[5] == row.method and cells[2].endswith("!") == bool(row.warnings)
    assert text.startswith(comparison.verdict)
    for row in comparison.rows:
        assert all(f"- {row.name}: {sentence}." in text for sentence in row.warnings)
    assert all(reason in text for reason in comparison.left_out.values())


@pytest.mark.parametrize("cells", [["a|b", "c\\d"], ["|", "\\|"], ["", "x"]])
def test_bars_and_backslashes_stay_in_their_cells(cells):
    assert read_markdown(markdown_table(["first", "second"], [cells]))[1] == cells


def test_commas_quotes_and_lines_stay_in_their_fields():
    cells = ['a, "b"', "two\nlines", "0.1"]
    (line,) = read_csv(csv_table(["x", "y", "z"], [cells]))
    assert list(line.values()) == cells


@pytest.fixture
def files(tmp_path):
    for name, points in (("a", X), ("b", Y)):
        np.save(tmp_path / f"{name}.npy", points)
    return [str(tmp_path / "a.npy"), str(tmp_path / "b.npy")]


def without_seconds(line):
    return {name: value for name, value in line.items() if name != "seconds"}


def test_the_command_prints_every_format(files, capsys, tmp_path):
    expected = otgan.compare(X, Y)
    picture = ["--plot", str(tmp_path / "x.png")]
    assert main(["compare", *files, "--csv", *picture]) == 0
    lines = read_csv(capsys.readouterr().out)
    assert list(map(without_seconds, lines)) == list(
        map(without_seconds, read_csv(expected.to_csv()))
    )
    assert (tmp_path / "x.png").exists()
    assert main(["compare", *files, "--markdown"]) == 0
    printed = read_markdown(capsys.readouterr().out)
    for ours, theirs in zip(printed, read_markdown(expected.to_markdown()), strict=True):
        assert ours[:4] + ours[5:] == theirs[:4] + theirs[5:]  # all but the seconds
    assert main(["compare", *files, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["value"] for row in rows] == [row.value for row in expected.rows]


def test_one_format_at_a_time(files, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["compare", *files, "--csv", "--markdown"])
    assert ended.value.code == 2
    assert "not allowed with" in capsys.readouterr().err
