"""Tables as pandas, NumPy and spreadsheets write them."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

import otgan
from otgan.cli.main import main
from otgan.datasets import load_pair, load_points, load_table
from otgan.errors import InputWarning, InvalidInputError


def assigned_w1(x, y):
    """W1 of two samples of equal size, by SciPy's assignment problem."""
    cost = cdist(x, y)
    return cost[linear_sum_assignment(cost)].mean()


@pytest.fixture
def two_written_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 2)), rng.normal(size=(40, 2)) + 0.3
    return pd.DataFrame(x, columns=["u", "v"]), pd.DataFrame(
        y, columns=["u", "v"], index=range(500, 540)
    )


def emd_of_files(capsys, *arguments):
    """What `otgan emd --json` prints, and what it says on stderr."""
    assert main(["emd", *map(str, arguments), "--json"]) == 0
    captured = capsys.readouterr()
    return json.loads(captured.out), captured.err


def test_the_index_that_pandas_writes_by_default_is_no_coordinate(
    two_written_tables, tmp_path, capsys
):
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    for frame, path in zip(two_written_tables, (a, b), strict=True):
        frame.to_csv(path)
    right = assigned_w1(*(frame.to_numpy() for frame in two_written_tables))
    values, told = emd_of_files(capsys, a, b)
    assert_allclose(values["distance"], right, rtol=1e-12)
    assert [note.partition(":")[0] for note in values["notes"]] == [str(a), str(b)]
    assert "the first column has no name" in values["notes"][0] and values["notes"][0] in told
    with pytest.warns(InputWarning, match="index=False"):
        assert_array_equal(load_points(a), two_written_tables[0])
    kept, _ = emd_of_files(capsys, a, b, "--no-index")
    assert kept["distance"] > 499


def test_a_header_of_years_is_no_point(tmp_path, capsys):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 3)) + 0.8
    paths = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    for points, path in zip((x, y), paths, strict=True):
        pd.DataFrame(points, columns=[2019, 2020, 2021]).to_csv(path, index=False)
    for command in ("emd", "compare"):
        assert main([command, *paths]) == 2
        said = capsys.readouterr()
        assert "header=True (--header)" in said.err and said.out == ""
    values, _ = emd_of_files(capsys, *paths, "--header")
    assert_allclose(values["distance"], assigned_w1(x, y), rtol=1e-12)


@pytest.mark.parametrize("whole", [False, True])
def test_a_header_that_counts_from_zero_is_no_point(tmp_path, whole):
    points = np.random.default_rng(2).normal(size=(20, 2)) * 10
    points = np.round(points) if whole else points
    pd.DataFrame(points.astype(int) if whole else points).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InvalidInputError, match=r"counts from 0.*header=True"):
        load_points(tmp_path / "a.csv")
    assert_array_equal(load_points(tmp_path / "a.csv", header=True), points)
    assert len(load_points(tmp_path / "a.csv", header=False)) == 21


def test_decimal_commas_under_one_name_are_one_column(tmp_path, capsys):
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    a.write_text("length\n5,126\n7,25\n")
    b.write_text("length\n6,126\n9,25\n")
    values, told = emd_of_files(capsys, a, b)
    assert_allclose(values["distance"], 1.5, rtol=1e-14)  # |6.126 - 5.126| and |9.25 - 7.25|
    assert "decimal commas" in told and len(values["notes"]) == 2
    with pytest.warns(InputWarning, match="decimal commas"):
        assert_array_equal(load_points(a), [[5.126], [7.25]])


def test_a_first_column_that_counts_is_asked_about(two_written_tables, tmp_path, capsys):
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    for frame, path in zip(two_written_tables, (a, b), strict=True):
        frame.to_csv(path, index_label="id")
    assert main(["emd", str(a), str(b)]) == 2
    assert "index=True (--index)" in capsys.readouterr().err
    right = assigned_w1(*(frame.to_numpy() for frame in two_written_tables))
    for flags in (["--index"], ["--columns", "u,v"]):
        values, _ = emd_of_files(capsys, a, b, *flags)
        assert_allclose(values["distance"], right, rtol=1e-12)


def test_what_numpy_savetxt_writes_reads_as_it_is(tmp_path):
    path = tmp_path / "a.csv"
    points = np.random.default_rng(3).normal(size=(12, 3))
    points[:, 0] = np.arange(12.0)  # a column of times
    points[0] = [0.0, 1.0, 2.0]
    for options in ({"delimiter": ","}, {}, {"delimiter": ";"}, {"delimiter": "\t"}):
        np.savetxt(path, points, **options)
        assert_array_equal(load_points(path), points)
    np.savetxt(path, points, delimiter=",", header="t,u,v")
    assert load_table(path).names == ("t", "u", "v")
    assert_array_equal(load_points(path), points)


def test_tables_of_other_dialects_are_read(two_written_tables, tmp_path):
    frame = two_written_tables[0]
    plain = frame.to_csv(index=False)
    texts = {
        "upper.CSV": plain.encode(),
        "tab.tsv": frame.to_csv(index=False, sep="\t").encode(),
        "semicolon.csv": frame.to_csv(index=False, sep=";").encode(),
        "packed.csv.gz": gzip.compress(plain.encode()),
        "mark.csv": b"\xef\xbb\xbf" + plain.encode(),
        "excel.csv": plain.encode("utf-16"),
        "windows.csv": plain.replace("\n", "\r\n").encode(),
        "old_mac.csv": plain.replace("\n", "\r").encode(),
        "trailing.csv": plain.replace("\n", ",\n").encode(),
        "quoted.csv": frame.to_csv(index=False, quoting=1).encode(),
    }
    for name, raw in texts.items():
        (tmp_path / name).write_bytes(raw)
        table = load_table(tmp_path / name)
        assert_array_equal(table.points, frame, err_msg=name)
        assert (table.names, table.notes) == (("u", "v"), ()), name


def test_arrays_of_other_kinds_are_read(two_written_tables, tmp_path):
    frame = two_written_tables[0]
    np.savez(tmp_path / "one.npz", frame)
    np.savez_compressed(tmp_path / "two.npz", a=frame, b=-frame)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_feather(tmp_path / "a.feather")
    for name in ("one.npz", "a.parquet", "a.feather"):
        assert_array_equal(load_points(tmp_path / name), frame)
    assert_array_equal(load_points(tmp_path / "two.npz", name="b"), -frame)
    with pytest.raises(InvalidInputError, match=r"one array.*got 2 \(a, b\).*name="):
        load_points(tmp_path / "two.npz")


@pytest.mark.parametrize("header", ["u", "u,v,w", "u,v,w,z"])
def test_a_header_of_another_length_never_reaches_a_plot(tmp_path, capsys, header):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(header + "\n1,2.5\n2.5,3\n0.5,7\n")
    arguments = ["compare", str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    assert main([*arguments, "--plot", str(tmp_path / "c.png")]) == 2
    assert "as many names as columns" in capsys.readouterr().err
    assert not (tmp_path / "c.png").exists()


def test_columns_of_files_are_aligned_by_their_names(two_written_tables, tmp_path):
    ours, theirs = two_written_tables
    ours.to_csv(tmp_path / "a.csv", index=False)
    theirs[["v", "u"]].to_parquet(tmp_path / "b.parquet", index=False)
    first, second = load_pair(tmp_path / "a.csv", tmp_path / "b.parquet")
    right = assigned_w1(ours.to_numpy(), theirs.to_numpy())
    assert_allclose(otgan.emd(first.points, second.points).distance, right, rtol=1e-12)
    assert "put into the order" in second.notes[0]
    theirs.rename(columns={"u": "w"}).to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(InvalidInputError, match=r"c.csv lacks u; .*a.csv lacks w.*columns=\['v'\]"):
        load_pair(tmp_path / "a.csv", tmp_path / "c.csv")
    pair = load_pair(tmp_path / "a.csv", tmp_path / "c.csv", columns=["v"])
    right = wasserstein_distance(ours["v"], theirs["v"])
    assert_allclose(otgan.emd(*(table.points for table in pair)).distance, right, rtol=1e-12)


def test_weights_are_read_with_the_same_flags(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("0\n1,5\n2,5\n")
    (tmp_path / "b.csv").write_text("0\n1,5\n3,5\n")
    (tmp_path / "w.csv").write_text("0\n0,25\n0,75\n")
    a, b, w = (tmp_path / f"{name}.csv" for name in "abw")
    assert main(["emd", str(a), str(b), "--weights", str(w), str(w)]) == 2
    capsys.readouterr()
    flags = ["--header", "--decimal", ","]
    values, _ = emd_of_files(capsys, a, b, *flags, "--weights", w, w)
    assert_allclose(values["distance"], 0.75, rtol=1e-14)
