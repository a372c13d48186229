"""The flags that say how files are read reach every command that reads points."""

import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.cli import main
from otgan.datasets import load_table
from otgan.gan.folder import RunFolder
from tests.test_cli import TINY


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


def test_a_run_is_trained_and_resumed_on_points_as_the_flags_say(years, tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["train", years[0], *TINY, "--out", out]) == 2
    assert "--header" in capsys.readouterr().err
    assert main(["train", years[0], *TINY, "--out", out, *FLAGS[:2]]) == 0
    told = f"otgan: {years[0]}: commas inside numbers were read as decimal commas"
    assert told in capsys.readouterr().err
    assert main(["resume", out]) == 0
    assert told in capsys.readouterr().err
    stored = RunFolder(tmp_path / "run").checkpoint("cpu")
    checkpoint = str(tmp_path / "run" / "checkpoint.pt")
    for altered, place in (
        ({"open": "x"}, f"{checkpoint} must say how its data are read"),
        (["header"], f"{checkpoint} must say how its data are read"),
        ({"header": True, "columns": 2.5}, "columns must be names or positions from 0, got 2.5"),
    ):
        data = {**stored["data"], "reading": altered}
        RunFolder(tmp_path / "run").write_checkpoint({**stored, "data": data})
        assert main(["resume", out]) == 2
        assert place in capsys.readouterr().err
    RunFolder(tmp_path / "run").write_checkpoint(stored)
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
