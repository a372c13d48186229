"""The flags that say how files are read reach every command that reads points."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import otgan
from otgan.cli.main import main
from otgan.datasets import load_table
from otgan.datasets.files.weight_order import order_weights
from tests.cli.test_main import TINY


@pytest.fixture
def years(tmp_path):
    """Two tables headed by years, with decimal commas and an index of their own."""
    rng = np.random.default_rng(0)
    paths = []
    for name in "ab":
        frame = pd.DataFrame(rng.normal(size=(16, 2)), columns=[2019, 2020])
        paths.append(str(tmp_path / f"{name}.csv"))
        frame.to_csv(paths[-1], sep=";", decimal=",", index_label="2018")
    return paths


FLAGS = ["--header", "--index", "--decimal", ","]


@pytest.mark.parametrize("command", ["emd", "compare"])
def test_two_files_are_compared_as_the_flags_say(years, capsys, command):
    assert main([command, *years]) == 2
    assert "--header" in capsys.readouterr().err
    x, y = (load_table(p, header=True, index=True, decimal=",").points for p in years)
    quick = ["--seconds", "0.01"] if command == "compare" else []
    assert main([command, *years, *FLAGS, *quick, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    w1 = values["distance"] if command == "emd" else values["rows"][0]["value"]
    assert_allclose(w1, otgan.emd(x, y).distance, rtol=1e-12)
    assert main(["emd", *years, "--header", "--columns", "2020", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert_allclose(values["distance"], otgan.emd(x[:, 1], y[:, 1]).distance, rtol=1e-12)


def test_a_critic_is_audited_on_points_as_the_flags_say(years, tmp_path, capsys):
    import torch

    torch.save({"0.weight": torch.eye(1, 2), "0.bias": torch.zeros(1)}, tmp_path / "critic.pt")
    critic = str(tmp_path / "critic.pt")
    assert main(["audit", critic, *years]) == 2
    assert "--header" in capsys.readouterr().err
    assert main(["audit", critic, *years, *FLAGS[:2], "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert ["decimal commas" in note for note in values["notes"]] == [True, True]
    x, y = (load_table(p, header=True, index=True, decimal=",").points for p in years)
    assert_allclose(values["gap"], (x - y)[:, 0].mean(), atol=1e-6)


@pytest.mark.torch
def test_a_run_is_trained_and_resumed_on_points_as_the_flags_say(years, tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["train", years[0], *TINY, "--out", out]) == 2
    assert "--header" in capsys.readouterr().err
    assert main(["train", years[0], *TINY, "--out", out, *FLAGS[:2]]) == 0
    told = f"otgan: {years[0]}: commas inside numbers were read as decimal commas"
    assert told in capsys.readouterr().err
    assert main(["resume", out]) == 0
    assert told in capsys.readouterr().err
    import torch

    from otgan.gan.run_directory import RunDirectory

    stored = RunDirectory(tmp_path / "run").checkpoint(torch.device("cpu"))
    checkpoint = str(tmp_path / "run" / "checkpoint.pt")
    for altered, place in (
        ({"open": "x"}, f"{checkpoint} must say how its data are read"),
        (["header"], f"{checkpoint} must say how its data are read"),
        ({"header": True, "columns": 2.5}, "columns must be names or positions from 0, got 2.5"),
    ):
        data = {**stored["data"], "reading": altered}
        RunDirectory(tmp_path / "run").write_checkpoint({**stored, "data": data})
        assert main(["resume", out]) == 2
        assert place in capsys.readouterr().err
    RunDirectory(tmp_path / "run").write_checkpoint(stored)
    config = tmp_path / "run" / "config.json"
    told = json.loads(config.read_text())
    told["source"]["reading"] = {"header": False}  # for people: the checkpoint's counts
    config.write_text(json.dumps(told))
    assert main(["resume", out]) == 0


def test_one_array_of_an_archive_is_chosen(tmp_path, capsys):
    rng = np.random.default_rng(1)
    for name in "ab":
        np.savez(tmp_path / f"{name}.npz", x=rng.normal(size=(5, 2)), label=np.arange(5))
    paths = [str(tmp_path / f"{name}.npz") for name in "ab"]
    assert main(["emd", *paths]) == 2
    assert "--name" in capsys.readouterr().err
    assert main(["emd", *paths, "--name", "x", "--json"]) == 0
    x, y = (np.load(path)["x"] for path in paths)
    right = otgan.emd(x, y).distance
    assert_allclose(json.loads(capsys.readouterr().out)["distance"], right, rtol=1e-12)


def test_a_limit_can_be_raised(tmp_path, capsys):
    np.savez_compressed(tmp_path / "a.npz", np.zeros((100_000, 1)))
    path = str(tmp_path / "a.npz")
    assert main(["emd", path, path, "--limit", "1000"]) == 2
    assert "raise limit (--limit)" in capsys.readouterr().err
    assert main(["emd", path, path, "--limit", "1000000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["distance"] == 0.0


LABELLED = [
    (",u\n0,0\n1,10\n", ",w\n1,0.9\n0,0.1\n", [], 9),
    (",u\n0,0\n1,10\n", ",w\n1,0.9\n0,0.1\n", ["--columns", "u"], 9),
    ("k,u\n0,0\n1,10\n", "k,w\n1.0,0.9\n0.0,0.1\n", ["--index"], 9),
    (",u\ns,0\nt,10\n", ",0\nt,0.9\ns,0.1\n", [], 9),
    (",,u\ns,0,0\nt,1,10\n", ",,w\nt,1,0.9\ns,0,0.1\n", [], 9),
    (";u\n0;0,0\n1;10,0\n", ";w\n1;0,9\n0;0,1\n", [], 9),
    ("u\n0\n10\n", ",w\n1,0.9\n0,0.1\n", [], 1),
    (",u\n0,0\n1,10\n", "w\n0.9\n0.1\n", [], 1),
    (",u\ns,0\ns,10\n", ",w\ns,0.9\ns,0.1\n", [], 1),
    (",u\n0,0\n1,10\n", ",w\n1,0.9\n7,0.1\n", [], "got 7 only in .* and 0 only in"),
    (",u\ns,0\nt,10\n", ",w\ns,0.9\n", [], "t only in"),
    (",u\ns,0\ns,1\nt,10\n", ",w\nt,1\ns,1\ns,1\n", [], "s more than once"),
]


@pytest.mark.parametrize(("points", "weights", "flags", "right"), LABELLED)
def test_weights_follow_the_index_of_their_points(tmp_path, capsys, points, weights, flags, right):
    one = ("k,u\n0,0\n", "k,w\n0,1\n") if flags == ["--index"] else ("u\n0\n", "w\n1\n")
    paths = [str(tmp_path / name) for name in ("x.csv", "y.csv", "wx.csv", "wy.csv")]
    for path, text in zip(paths, (points, one[0], weights, one[1]), strict=True):
        Path(path).write_text(text)
    code = main(["emd", *paths[:2], "--weights", *paths[2:], *flags, "--json"])
    said = capsys.readouterr()
    if isinstance(right, str):
        assert code == 2 and re.search(right, said.err) and "to fix it" in said.err
    else:
        assert_allclose(json.loads(said.out)["distance"], right, rtol=1e-14)
        assert ("order of the index" in said.err) == (right == 9)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "feather"])
def test_indices_of_other_files_and_of_long_ones_are_kept(tmp_path, suffix):
    rng = np.random.default_rng(3)
    points = pd.DataFrame({"u": rng.normal(size=3000)}, index=[f"r{i}" for i in range(3000)])
    weights = pd.DataFrame({"w": rng.random(3000)}, index=points.index).sample(
        frac=1, random_state=0
    )
    path = tmp_path / f"w.{suffix}"
    points.to_csv(tmp_path / "x.csv")
    getattr(weights, f"to_{suffix}")(path)
    x, read = load_table(tmp_path / "x.csv"), load_table(path)
    assert x.index == tuple(points.index) and read.index == tuple(weights.index)
    ordered = order_weights(read, x, ("w", "x"))
    assert_allclose(ordered.points[:, 0], weights.loc[points.index, "w"], rtol=1e-15)


@pytest.mark.parametrize("command", ["emd", "compare", "audit"])
def test_a_header_of_numbers_in_both_files_is_no_point(tmp_path, capsys, command):
    rng = np.random.default_rng(4)
    x, y = rng.poisson(20, (2, 60, 3))
    for name, rows in (("a", x), ("b", y)):
        path = tmp_path / f"{name}.csv"
        np.savetxt(path, rows, fmt="%d", delimiter=",", header="50,10,90", comments="")
    paths = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    if command == "audit":
        import torch

        torch.save({"0.weight": torch.eye(1, 3), "0.bias": torch.zeros(1)}, tmp_path / "critic.pt")
        paths.insert(0, str(tmp_path / "critic.pt"))
    assert main([command, *paths, "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "(--header)" in said.err and "(--no-header)" in said.err
    if command == "emd":
        assert main([command, *paths, "--header", "--json"]) == 0
        cost = cdist(x, y)
        right = cost[linear_sum_assignment(cost)].mean()
        assert_allclose(json.loads(capsys.readouterr().out)["distance"], right, rtol=1e-12)


@pytest.mark.parametrize("labels", [["s", "t", "r"], [7, None, 3]])
def test_a_first_column_of_any_type_may_be_the_index(tmp_path, labels):
    frame = pd.DataFrame({"k": labels, "u": [0.5, 1.5, 2.5]})
    frame["k"] = frame["k"].astype("Int64" if 7 in labels else "string")
    frame.to_parquet(tmp_path / "x.parquet")
    for options in ({"index": True}, {"index": True, "columns": ["u"]}):
        table = load_table(tmp_path / "x.parquet", **options)
        assert table.points.tolist() == [[0.5], [1.5], [2.5]]
        assert table.index == tuple(map(str, labels))
