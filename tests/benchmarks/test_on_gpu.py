"""The command that measures on a GPU: rehearsed where little is installed, and what it refuses."""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from benchmarks.gpu.bundle import BUNDLED
from benchmarks.gpu.page import page
from benchmarks.gpu.parts import PARTS, Part, Report
from benchmarks.gpu.runner import run
from tests.cases import torch

ROOT = Path(__file__).parents[2]
ON_GPU = ROOT / "benchmarks" / "on_gpu.py"
INSTALLED = ("torch", "numba", "scipy", "scikit-learn", "hypothesis", "pytest", "matplotlib")
"""What a machine with a GPU is expected to have, besides what these need."""


def required(names):
    """Distributions with all that they require."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            wanted = map(Requirement, distribution(name).requires or ())
            waiting += [r.name for r in wanted if not r.marker or r.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """An environment with these packages alone."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in required(INSTALLED):
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or () if file.parts[0] != ".."}:
            source, target = Path(str(found.locate_file(top))), packages / top
            if source.exists() and not target.exists():
                target.symlink_to(source)
    return folder / "bin" / "python"


def command(python, *arguments, cwd):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [python, "-W", "error::SyntaxWarning", ON_GPU, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        timeout=600,
    )


@pytest.mark.torch
def test_a_rehearsal_needs_little_but_a_bundle(bare, tmp_path):
    bundle, out = tmp_path / "bundle", tmp_path / "out"
    lacking = command(bare, "--out", out, "--rehearse", cwd=tmp_path)
    assert lacking.returncode == 2
    assert re.match(r"array_api_compat, .*must be installed or bundled; to fix it", lacking.stderr)
    assert command(sys.executable, "--bundle", bundle, cwd=tmp_path).returncode == 0
    assert sorted(each.name for each in bundle.iterdir()) == sorted(BUNDLED)

    finished = command(bare, "--out", out, "--bundle", bundle, "--rehearse", cwd=tmp_path)
    results = json.loads((out / "results.json").read_text())
    states = {part["name"]: part["state"] for part in results["parts"]}
    assert states == {part.name: "done" for part in PARTS}, finished.stderr
    assert finished.returncode == 0 and results["rehearsal"] and results["left"] == []
    assert all(part["rows"] for part in results["parts"])
    rows = [row for part in results["parts"] for row in part["rows"]]
    assert all(row["met"] is None for row in rows if "bar" in row)
    transforms = next(part for part in results["parts"] if part["name"] == "c_transforms")
    for row in transforms["rows"]:
        assert row["largest difference"] <= 1e-14 * row["largest value"]
    written = (out / "rehearsal.md").read_text()
    assert written.startswith("# A rehearsal on a CPU") and not (out / "gpu.md").exists()
    assert all(part.title in finished.stdout for part in PARTS)


@pytest.mark.torch
def test_tests_for_a_gpu_are_collected_where_little_is_installed(bare, tmp_path):
    bundle = tmp_path / "bundle"
    assert command(sys.executable, "--bundle", bundle, cwd=tmp_path).returncode == 0

    def collected(python):
        finished = subprocess.run(
            [python, "-m", "pytest", "-m", "gpu", "--collect-only", "-q", "-p", "no:cacheprovider"],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(bundle)},
            timeout=300,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return {line for line in finished.stdout.splitlines() if "::" in line}

    found = collected(bare)
    assert found == collected(sys.executable)
    marked = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("test_*.py")
        if re.search(r"pytest\.mark\.gpu", file.read_text())
    }
    assert {line.partition("::")[0] for line in found} == marked


def test_the_bundle_has_what_otgan_requires_of_pure_python():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {Requirement(each).name.replace("-", "_") for each in project["dependencies"]}
    assert names - {"numba", "numpy", "scipy"} <= set(BUNDLED)


def test_all_limits_together_are_less_than_eight_minutes():
    assert sum(part.seconds for part in PARTS) + 10 < 8 * 60


# ---------------------------------------------------------------- refusals


@pytest.mark.torch
def test_without_a_gpu_it_says_so_in_one_sentence(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    finished = command(sys.executable, "--out", tmp_path / "out", cwd=tmp_path)
    assert finished.returncode == 2 and finished.stdout == ""
    assert re.fullmatch(r"there must be a CUDA device, .* pass --rehearse\n", finished.stderr)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_refused_first(tmp_path):
    (tmp_path / "file").touch()
    finished = command(sys.executable, "--out", tmp_path / "file", "--rehearse", cwd=tmp_path)
    assert finished.returncode == 2 and finished.stdout == ""
    assert re.fullmatch(r"--out must be a folder that can be written to, .*\n", finished.stderr)


def test_a_folder_must_be_named(tmp_path):
    finished = command(sys.executable, "--rehearse", cwd=tmp_path)
    assert finished.returncode == 2 and "to fix it, pass --out DIR" in finished.stderr


# ---------------------------------------------------------------- parts that do not end well


SLOW = """
import argparse, subprocess, sys, time
parser = argparse.ArgumentParser()
for name in ("--out", "--part"):
    parser.add_argument(name)
options = parser.parse_args()
with open(f"{options.out}/{options.part}.jsonl", "w") as rows:
    rows.write('{"number": 1}')
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(f"{options.out}/child", "w") as file:
    file.write(str(child.pid))
time.sleep(600)
"""


def test_a_part_is_cut_at_its_limit_with_what_it_started_and_its_rows_are_kept(tmp_path):
    entry = tmp_path / "slow.py"
    entry.write_text(SLOW)
    found = run(Part("slow", "Slow", "", 3.0), tmp_path, rehearsal=False, entry=entry)
    assert found["state"] == "cut after 3 s" and found["rows"] == [{"number": 1}]
    child = int((tmp_path / "child").read_text())
    for _ in range(100):  # a process that was killed takes a moment to end
        if not _is_running(child):
            break
        time.sleep(0.1)
    assert not _is_running(child)


def _is_running(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_part_that_fails_is_told_by_its_last_line(tmp_path):
    found = run(Part("no_such_part", "None", "", 60.0), tmp_path, rehearsal=True)
    assert re.match(r"failed with exit code 2: .*invalid choice", found["state"])
    assert found["rows"] == []


# ---------------------------------------------------------------- the page


def results_of(**changes) -> dict[str, Any]:
    part = {
        "name": "steps",
        "title": "Steps",
        "note": "Of critics.",
        "state": "done",
        "limit": 40,
        "seconds": 12.3,
    }
    rows = [
        {"network": "2 x 128", "ratio": 9.0, "bar": 8.0, "met": True},
        {"network": "5 x 256", "ratio": 4.96, "bar": 5.0, "met": False},
    ]
    parts = [{**part, "rows": rows}, {**part, "title": "Later", "state": "cut after 40 s"}]
    parts[1]["rows"] = []
    return {"rehearsal": False, "machine": {"device": "H100"}, "parts": parts, **changes}


def test_the_page_says_which_bars_were_met_and_what_was_cut():
    written = page(results_of(left=["Last"]))
    assert written.startswith("# What a GPU shows\n\n- device: H100\n- bars met: 1 of 2\n")
    assert "- not measured in full: Later (cut after 40 s)\n- not begun yet: Last\n" in written
    assert (
        "| network | ratio | bar | met |\n|---|---|---|---|\n| 2 x 128 | 9 | 8 | yes |" in written
    )
    assert "| 5 x 256 | 4.96 | 5 | no |" in written and "in all: 25 s" in written


def test_the_page_of_a_rehearsal_says_that_it_is_one():
    assert "**Nothing here says anything of a GPU.**" in page(results_of(rehearsal=True))


@pytest.mark.parametrize(
    ("ratio", "rehearsal", "met"),
    [(8.0, False, True), (7.99, False, False), (9.0, True, None), (None, False, None)],
)
def test_ratios_are_judged_by_their_bars_on_a_gpu_alone(tmp_path, ratio, rehearsal, met):
    report = Report(tmp_path / "rows.jsonl", rehearsal=rehearsal)
    report({"network": "2 x 128"}, ratio=ratio, bar=8.0)
    (row,) = report.rows()
    assert row["met"] is met and report.device == ("cpu" if rehearsal else "cuda")
