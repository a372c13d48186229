"""How tables are read, line by line: what is plain, and what is asked about."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from otgan.datasets import load_points, load_table
from otgan.errors import InputWarning, InvalidInputError

ROWS = "".join(f"{u},{v}\n" for u, v in np.random.default_rng(0).normal(size=(12, 2)).round(4))
SPECTRUM = "".join("0.4,0.1,0.7,0.2\n0.3,0.9,0.2,0.6\n0.5,0.4,0.8,0.1\n" for _ in range(2))

STEPS = "".join(f"{90 - 10 * i},{i * i % 7}\n" for i in range(12))


def table(tmp_path, text, **options):
    path = tmp_path / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_table(path, **options)


@pytest.mark.parametrize(
    ("text", "points", "names"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]], ()),
        ("1 2\n3  4\n", [[1, 2], [3, 4]], ()),
        ("  1 2\n 10 4 \n", [[1, 2], [10, 4]], ()),
        ("u|v\n1|2\n", [[1, 2]], ("u", "v")),
        ("u v,w\n1,2\n", [[1, 2]], ("u v", "w")),
        ("sep=;\nu;v\n1;2\n", [[1, 2]], ("u", "v")),
        ("u,v,\n1,2\n3,4\n", [[1, 2], [3, 4]], ("u", "v")),
        ("u,v\n1,2,\n3,4,\n", [[1, 2], [3, 4]], ("u", "v")),
        ("1,2,\n3,4,\n", [[1, 2], [3, 4]], ()),
        ("# made by hand\n# u,v\n1,2\n3,4\n# the end\n", [[1, 2], [3, 4]], ("u", "v")),
        ("# made by hand\nu,v\n1,2\n", [[1, 2]], ("u", "v")),
        ("\n\nu,v\n\n1,2\n  \n3,4\n\n", [[1, 2], [3, 4]], ("u", "v")),
        ('"u, left","v"\n"1","2"\n', [[1, 2]], ("u, left", "v")),
        ("PAR1,PAR2\n1,2\n", [[1, 2]], ("PAR1", "PAR2")),
        ("Na,K\n1,2\n", [[1, 2]], ("Na", "K")),
        ("zip,v\n01234,1\n", [[1234, 1]], ("zip", "v")),
        ("5%,50%\n0.1,0.2\n", [[0.1, 0.2]], ("5%", "50%")),
        ("1e3,.5\n-2.,+4\n", [[1000, 0.5], [-2, 4]], ()),
        ("".join(f"{i}\n" for i in range(12)), [[i] for i in range(12)], ()),
        ("0.0,1.0\n2.5,3.5\n", [[0, 1], [2.5, 3.5]], ()),
        ("2019,2020\n2018,2021\n2000,2001\n", [[2019, 2020], [2018, 2021], [2000, 2001]], ()),
    ],
)
def test_what_is_plain_is_read_without_a_word(tmp_path, text, points, names):
    read = table(tmp_path, text)
    assert_array_equal(read.points, np.array(points, dtype=float))
    assert (read.names, read.notes) == (names, ())


@pytest.mark.parametrize(
    ("text", "points", "names", "note"),
    [
        (",u,v\n0,1,2\n1,3,4\n", [[1, 2], [3, 4]], ("u", "v"), "no name"),
        (",u,v\n57,1,2\n9,3,4\n", [[1, 2], [3, 4]], ("u", "v"), "no name"),
        (",0,1\n0,1,2\n1,3,4\n", [[1, 2], [3, 4]], ("0", "1"), "no name"),
        (",2019\n0,1.5\n1,2.5\n", [[1.5], [2.5]], ("2019",), "no name"),
        (",u\n2020-01-01,1\n2020-01-02,3\n", [[1], [3]], ("u",), "no name"),
        ("Unnamed: 0,u\n0,1\n1,3\n", [[1], [3]], ("u",), "no name"),
        (",Unnamed: 0,u\n0,0,1\n1,1,3\n", [[1], [3]], ("u",), "first 2 columns"),
        ('"","u"\n"1",1.5\n"2",2.5\n', [[1.5], [2.5]], ("u",), "no name"),
        ("u;v\n1,5;2\n3;4,25\n", [[1.5, 2], [3, 4.25]], ("u", "v"), "decimal commas"),
        ("u\n5,126\n5\n4,25\n", [[5.126], [5], [4.25]], ("u",), "decimal commas"),
        ("u\n-0,5\n,25\n", [[-0.5], [0.25]], ("u",), "decimal commas"),
        ('u,v\n"1,5","2,25"\n', [[1.5, 2.25]], ("u", "v"), "decimal commas"),
        ("u,v\n1,2\n,\n3,4\n,\n", [[1, 2], [3, 4]], ("u", "v"), "2 rows without a value"),
        ("u,v\n1,2\n,\n", [[1, 2]], ("u", "v"), "1 row without a value"),
    ],
)
def test_what_can_be_told_is_read_and_said(tmp_path, text, points, names, note):
    read = table(tmp_path, text)
    assert_array_equal(read.points, np.array(points, dtype=float))
    assert read.names == names and len(read.notes) == 1 and note in read.notes[0]
    with pytest.warns(InputWarning, match=note):
        load_points(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("text", "found", "options", "shape"),
    [
        ("0,1\n5,3\n", "counts from 0", {"header": True}, (1, 2)),
        ("0,1\n5,3\n", "counts from 0", {"header": False}, (2, 2)),
        ("0\n5\n", "counts from 0", {"header": True}, (1, 1)),
        ("2019\n5.5\n", "looks like years", {"header": True}, (1, 1)),
        ("2021,2020\n7,3\n", "looks like years", {"header": False}, (2, 2)),
        ("10,20\n" + ROWS, "no row below", {"header": True}, (12, 2)),
        ("400,400.5,401,401.5\n" + SPECTRUM, "evenly spaced", {"header": True}, (6, 4)),
        ("u,2019\n1,3\n", "names and numbers", {"header": True}, (1, 2)),
        (",2019\n0.5,3\n", "first cell is blank", {"header": True, "index": False}, (1, 2)),
        ("Na\n3\n", "missing value", {"header": True}, (1, 1)),
        ("1,5\n2,7\n3,9\n", "coordinate or an index", {"index": False}, (3, 2)),
        ("1,5\n2,7\n3,9\n", "coordinate or an index", {"index": True}, (3, 1)),
        ("1,5\n2,7\n3,9\n", "coordinate or an index", {"columns": [0, 1]}, (3, 2)),
        (STEPS, r"got 90, 80, 70, ...,", {"index": True}, (12, 1)),
        ("day,u\n7,5\n8,7\n9,9\n", r"\(day\)", {"index": True}, (3, 1)),
        ("id,u\n907,5\n12,7\n", r"\(id\)", {"columns": ["u"]}, (2, 1)),
        (",u\n0.5,5\n0.7,7\n", "numbers under no name", {"index": False}, (2, 2)),
        ("u\n1,126\n2,2\n3,75\n", "an index and a number", {"index": True}, (3, 1)),
        ("u\n1,126\n2,2\n3,75\n", "an index and a number", {"decimal": ","}, (3, 1)),
        ("u\tv\n1,234\t2,345\n", "above a thousand", {"decimal": ","}, (1, 2)),
        ('u,v\n"1,234","5,678"\n', "above a thousand", {"decimal": ","}, (1, 2)),
        ("5,05\n4,75\n", "follow a decimal comma", {"decimal": ","}, (2, 1)),
        ("5,05\n4,75\n", "follow a decimal comma", {"decimal": "."}, (2, 2)),
        ("1 005\n2 750\n", "a space between thousands", {"decimal": "."}, (2, 2)),
        ("length,\n5,126\n4,900\n3,250\n", "a name for every", {"decimal": ","}, (3, 1)),
        ("length,\n5,126\n4,900\n3,250\n", "a name for every", {"delimiter": ","}, (3, 2)),
        ("length,\n5,126,\n4,900,\n", "a name for every column", {"columns": [0]}, (2, 1)),
        ("u,v,\n1,2,3\n4,5,6\n", "a name for every column", {"columns": ["u", "v"]}, (2, 2)),
        ("u,,w\n1,2,3\n4,5,6\n", "a name for every column", {"columns": [0, 1]}, (2, 2)),
        ("5%,2\n7%,3\n", "percentages.*header=True", {"header": True, "columns": "2"}, (1, 1)),
        ("u,v\n1,2,3\n4,5,6\n", "as many names", {"index": True}, (2, 2)),
        ("city,u\nRome,1\n", "in column 'city'", {"columns": "u"}, (1, 1)),
        ("a,1,2\nb,3,4\n", "names and numbers", {"header": False, "columns": [1, 2]}, (2, 2)),
    ],
)
def test_what_could_be_either_is_asked_about(tmp_path, text, found, options, shape):
    with pytest.raises(InvalidInputError, match=found):
        table(tmp_path, text)
    assert table(tmp_path, text, **options).points.shape == shape


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("u,v\n", "at least one row"),
        ("u,v\n1,\n", "numbers only, got '' in line 2"),
        ('u\n1\n""\n3\n', "got '' in line 3"),
        ("NA,2\n3,4\n", "got 'NA' in line 1"),
        ("u,v\nm,kg\n1,2\n", "got 'm' in line 2"),
        ("Results\nu,v\n1,2\n", "as many names"),
        ("u,v\nTrue,1\nFalse,2\n", "got 'True' in column 'u'.*--columns v"),
        ('u,v\n"1,234,567",2\n', "no marks between thousands"),
        ("u;v\n1.234,5;2\n3,5;1\n", r"got '1.234,5' in line 2"),
        ("u;v\n1,5;2.5\n", "beside points"),
        ('"1"2,3\n4,5\n', "expected after"),
        ("u,v\n1_0,2\n", "got '1_0'"),
        ("u,v\n１,2\n", "got '１'"),
        ("u,v\n0x10,2\n1,2\n", "got '0x10' in line 2"),
        ("u,v\n5 %,2\n1,2\n", "got '5 %' in line 2"),
        ("u,v\ninf,2\n", "must be finite"),
        ("9" * 5000 + ",1\n", "must be finite"),
        ("1\n" + "9" * 305, "coordinates of at most"),
        ("u,v\n1e999,2\n", "must be finite"),
        ("u,v\n9007199254740993,2\n", "float64 can hold"),
        ("l\u00e4nge,v\n1,2\n".encode("latin1"), "in UTF-8"),
        ("u,v\n1,2\n".encode("utf-16-le"), "zero bytes"),
        ("a,b\n1,5,2,5\n", "semicolons if these are decimal commas"),
        ("u,u\n1,2\n", None),
    ],
)
def test_what_has_no_right_value_is_refused(tmp_path, text, found):
    if found is None:  # names that repeat are no fault until one of them is asked for
        assert table(tmp_path, text).points.shape == (1, 2)
        found, options = "names that are unique", {"columns": ["u"]}
    else:
        options = {}
    with pytest.raises(InvalidInputError, match=found):
        table(tmp_path, text, **options)


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("5%", "write percentages as numbers"),
        ("1_000", "no marks between thousands"),
        ("1_0", "no marks between digits"),
        ("1'000", "no marks between thousands"),
        ("0x10", "decimal digits"),
        ("\u22125", "the minus sign as '-'"),
        ("1+2j", "real and imaginary parts"),
        ("(-1.5e3-2j)", "real and imaginary parts"),
        ("$5", "no currency"),
        ("1d5", "exponents with 'e'"),
        ("\uff11", "digits as 0 to 9"),
    ],
)
def test_what_is_wrong_with_a_number_is_said(tmp_path, cell, hint):
    for text in ("u,v\n{},2\n1,3\n", "{},2\n1,3\n", "1,2\n{},3\n", "{0}\n{0}\n", "u\n{0}\n{0}\n"):
        with pytest.raises(InvalidInputError, match=hint) as refusal:
            table(tmp_path, text.format(cell))
        assert "could be either" not in str(refusal.value)


def test_thousands_are_never_offered_a_decimal_point(tmp_path):
    for options in ({}, {"decimal": "."}):
        with pytest.raises(InvalidInputError, match="no marks between thousands") as refusal:
            table(tmp_path, 'u,v\n"1,234",5\n', **options)
        assert "decimal='.'" not in str(refusal.value)


@pytest.mark.parametrize("flaw", ["1,x\n", "1\n", "1,2,3\n", "1_0,2\n", "9007199254740993,1\n"])
@pytest.mark.parametrize("line", [3, 1500, 14_000])
def test_a_flaw_is_found_in_whatever_line_it_is(tmp_path, flaw, line):
    number = "1.5" + "0" * 60
    lines = ["u,v\n", *[f"{number},{number}\n"] * 15_000]
    lines[line - 1] = flaw
    with pytest.raises(InvalidInputError, match=f"in line {line}[;,]"):
        table(tmp_path, "".join(lines))


def test_long_tables_are_read_as_short_ones_are(tmp_path):
    points = np.random.default_rng(1).normal(size=(30_000, 2))
    rows = [f"{u!r};{v!r}" for u, v in points.tolist()]
    rows[20_000:20_000] = ["# a remark", ""]
    text = ";u;v\n" + "\n".join(
        f"row_{i};{row}" if row[:1] not in ("#", "") else row for i, row in enumerate(rows)
    )
    assert_array_equal(table(tmp_path, text).points, points)
    assert_array_equal(table(tmp_path, text.replace(".", ",")).points, points)
    assert_array_equal(table(tmp_path, text, columns=["v"]).points, points[:, 1:])


def test_cells_of_several_lines_may_lie_anywhere(tmp_path):
    text = "remark,u\n" + '"two\nlines, ""quoted""",0.5\n' * 3000
    assert_array_equal(table(tmp_path, text, columns=["u"]).points, np.full((3000, 1), 0.5))
    with pytest.raises(InvalidInputError, match="unexpected end of data"):
        table(tmp_path, text + '"cut', columns=["u"])


@pytest.mark.parametrize(
    "options",
    [
        {"columns": []},
        {"columns": [True]},
        {"columns": 1.5},
        {"columns": b"u"},
        {"columns": [-1]},
        {"columns": ["u", "u"]},
        {"columns": ["x"]},
        {"columns": [2]},
        {"header": "yes"},
        {"header": 0},
        {"index": "u"},
        {"delimiter": ""},
        {"delimiter": "ab"},
        {"delimiter": "1"},
        {"decimal": ";"},
        {"decimal": ",", "delimiter": ","},
        {"name": 3},
        {"limit": 0},
        {"limit": 2.5},
    ],
)
def test_options_that_mean_nothing_are_refused(tmp_path, options):
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        table(tmp_path, "u,v\n1,2\n", **options)


def test_columns_are_chosen_by_name_or_place(tmp_path):
    text = "w,u,v\n1,2,3\n4,5,7\n"
    read = table(tmp_path, text, columns=["v", "w"])
    assert (read.names, read.points.tolist()) == (("v", "w"), [[3, 1], [7, 4]])
    assert table(tmp_path, text, columns=[2, 0]).points.tolist() == [[3, 1], [7, 4]]
    assert table(tmp_path, "1,2\n4,7\n", columns=["1"]).points.tolist() == [[2], [7]]
    text = "2020,2019\n1.5,2.5\n3.5,4.5\n"
    read = table(tmp_path, text, columns=["2019"], header=True)
    assert read.points.tolist() == [[2.5], [4.5]]
