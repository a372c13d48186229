"""Tables for notebooks: what stands where, and nothing that a page would run."""

import math
from html.parser import HTMLParser

import numpy as np
import pytest

import otgan
from otgan.html_table import cell_text, html_table
from tests.test_results import EVERY_RESULT, points


class Reader(HTMLParser):
    """The rows of a table as text, and every tag and attribute."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.rows, self.tags, self.attributes, self.open = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes += attributes
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("th", "td"):
            self.rows[-1][-1] += data


def test_text_is_escaped_and_controls_nothing():
    hostile = '<script>alert("x")</script>&amp;\x1b[31m\u202e'
    table = Reader(
        html_table(hostile, [(hostile, hostile)], header=(hostile, "b"), notes=[hostile])
    )
    assert "script" not in table.tags
    expected = '<script>alert("x")</script>&amp;\\x1b[31m\\u202e'
    assert table.rows == [[expected, "b"], [expected, expected]]


def test_rows_and_columns_are_headers():
    table = html_table("points", [("a", "1")], header=("name", "number"), notes=["first", "second"])
    assert table.count('<th scope="col"') == 2 and table.count('<th scope="row"') == 1
    assert "<caption>points</caption>" in table
    assert table.endswith("<p>first</p>\n<p>second</p>")


@pytest.mark.parametrize("make", EVERY_RESULT)
def test_every_result_has_a_short_table_that_begins_with_its_bracket(make):
    result = make(*points())
    page = result._repr_html_()
    table = Reader(page)
    assert table.open == [] and len(page) < 12_000
    assert set(table.tags) <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    assert set(table.attributes) <= {
        ("scope", "row"),
        ("scope", "col"),
        ("style", "text-align: left"),
    }
    if not isinstance(result, otgan.Comparison) and result.ends() is not None:
        name, text = table.rows[0]
        low, high = (float(end) for end in text.strip("[]").split(", "))
        assert name == ", ".join(result.bracket)
        np.testing.assert_allclose((low, high), result.ends(), rtol=1e-9)


def test_the_numbers_of_a_table_are_those_of_the_result():
    r = otgan.emd([[0.0, 0.0], [1.0, 0.0]], [[0.0, 3.0], [1.0, 3.0]])
    rows = dict(Reader(r._repr_html_()).rows)
    assert rows["distance_lower, distance_upper"] == "[3, 3]"
    assert (rows["cost"], rows["n"], rows["solver"]) == ("3", "2", r.solver)
    assert "plan" not in rows and "f" not in rows


def test_a_comparison_shows_its_rows_and_warnings():
    x, y = points()
    comparison = otgan.compare(x, y)
    header, *rows = Reader(comparison._repr_html_()).rows
    assert header[:2] == ["quantity", "value"]
    assert [row[0] for row in rows] == [row.name for row in comparison.rows]
    assert rows[0][1] == f"{comparison['w1'].value:.4g}"
    for row in comparison.rows:
        for sentence in row.warnings:
            assert f"<p>{row.name}: {sentence}.</p>" in comparison._repr_html_()


def test_long_values_are_counted():
    assert cell_text(list(range(10**6))) == "1,000,000 items"
    assert cell_text((1, 2)) == "1, 2" and cell_text([]) == "-" and cell_text({}) == "-"
    assert cell_text(math.inf) == "inf" and cell_text(False) == "no"


def test_infinite_numbers_are_shown_as_they_are():
    estimate = otgan.Estimate(math.inf, math.nan, (0, math.inf), "knn", 60, 50)
    rows = dict(Reader(estimate._repr_html_()).rows)
    assert (rows["interval"], rows["value"], rows["se"]) == ("[0, inf]", "inf", "nan")


def test_a_notebook_shows_the_table():
    formatters = pytest.importorskip("IPython.core.formatters")
    r = otgan.emd([0.0], [3.0])
    shown, _ = formatters.DisplayFormatter().format(r)
    assert shown["text/html"] == r._repr_html_()
    assert shown["text/plain"] == repr(r)
