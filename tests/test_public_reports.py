"""Situations from public bug reports of neighbouring packages, each with its right value.

Every test names the situation in a sentence. The right value comes from a closed form, a linear
program or SciPy, never from the function under test.
"""

import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

import otgan
from otgan.cli import main
from otgan.errors import InvalidInputError

# ---------------------------------------------------------------- The exact engine
# (end of: The exact engine)


# ---------------------------------------------------------------- Estimators
# (end of: Estimators)


# ---------------------------------------------------------------- Hostile files: points
# (end of: Hostile files: points)


# ---------------------------------------------------------------- Hostile files: critics
# (end of: Hostile files: critics)


# ---------------------------------------------------------------- Hostile files: runs
# (end of: Hostile files: runs)


# ---------------------------------------------------------------- Files
# (end of: Files)


# ---------------------------------------------------------------- Labels
# (end of: Labels)


# ---------------------------------------------------------------- Runs
# (end of: Runs)


# ---------------------------------------------------------------- Tensors
# (end of: Tensors)


# ---------------------------------------------------------------- Critics
# (end of: Critics)


# ---------------------------------------------------------------- Verdicts
# (end of: Verdicts)


# ---------------------------------------------------------------- The command line and the terminal


@pytest.fixture
def two_columns(tmp_path):
    """Two files of a column with a dollar in its header, and what is in them."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=40), rng.normal(size=30) + 1
    for name, column in (("a", x), ("b", y)):
        table = {"fmt": "%.17g", "header": "price in $ \x1b[31m ($", "comments": ""}
        np.savetxt(tmp_path / f"{name}.csv", column, **table)
    return str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), x, y


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "gbk"])
def test_a_terminal_that_is_not_utf_8_shows_the_results(two_columns, monkeypatch, encoding):
    a, b, x, y = two_columns
    screen = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        assert main(["compare", a, b]) == 0
    shown = screen.buffer.getvalue().decode(encoding)
    assert f"{wasserstein_distance(x, y):.4g}" in shown


def test_a_dollar_in_a_header_does_not_lose_the_results(two_columns, tmp_path, capsys):
    a, b, x, y = two_columns
    picture = tmp_path / "compare.png"
    assert main(["compare", a, b, "--plot", str(picture)]) == 0
    shown = capsys.readouterr()
    assert f"{wasserstein_distance(x, y):.4g}" in shown.out
    assert "\x1b" not in shown.out + shown.err
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_numbers_are_out_before_a_picture_fails(two_columns, tmp_path, capsys):
    a, b, x, y = two_columns
    (tmp_path / "full.png").symlink_to("/dev/full")
    assert main(["compare", a, b, "--plot", str(tmp_path / "full.png")]) == 2
    shown = capsys.readouterr()
    assert f"{wasserstein_distance(x, y):.4g}" in shown.out
    assert "No space left on device" in shown.err


@pytest.mark.parametrize(
    "options",
    [
        ["compare", "--plot", "x.docx"],
        ["compare", "--plot", "/dev/null/x.png"],
        ["compare", "--confidence", "95"],
        ["compare", "--ties", "ignore"],
        ["compare", "--seconds", "nan"],
        ["compare", "--seed", "-1"],
        ["emd", "--metric", "euclid"],
        ["emd", "--p", "nan"],
        ["emd", "--rtol", "1"],
        ["emd", "--weights", "no-such-file.csv", "no-such-file.csv"],
        ["audit", "--threads", "0"],
        ["audit", "--plot", "x.docx"],
        ["audit", "--batch-size", "0"],
        ["audit", "--reported", "nan"],
    ],
)
def test_what_can_be_refused_is_refused_before_files_are_read(tmp_path, capsys, options):
    damaged = tmp_path / "damaged.csv"
    damaged.write_text("reading this\nfails,\n")
    command, *rest = options
    files = [str(damaged)] * (3 if command == "audit" else 2)
    assert main([command, *files, *rest]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and "damaged.csv" not in shown.err and "to fix it" in shown.err


def test_a_missing_second_file_is_told_before_the_first_is_read(tmp_path, capsys):
    (tmp_path / "damaged.csv").write_text("reading this\nfails,\n")
    assert main(["emd", str(tmp_path / "damaged.csv"), str(tmp_path / "none.csv")]) == 2
    assert "must exist, got" in capsys.readouterr().err


def test_a_wrong_name_is_refused_before_torch_is_loaded(tmp_path):
    (tmp_path / "file").write_text("")
    code = """
import sys
from otgan.cli import main
codes = [main(arguments.split()) for arguments in sys.argv[1:]]
print(codes, "torch" in sys.modules)
"""
    wrong = ("train nosuch", f"train ring8 --out {tmp_path}/file/run", "train ring8 --seed -1")
    wrong += ("resume nosuch", "report nosuch", "audit critic.pt a.csv b.csv")
    done = subprocess.run(
        [sys.executable, "-c", code, *wrong], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[2, 2, 2, 2, 2, 2] False\n"
    assert done.stderr.count("to fix it") == 6


@pytest.mark.slow
def test_compiling_is_not_counted_as_time_of_the_solver(two_columns, tmp_path):
    rng = np.random.default_rng(0)
    for name in ("x", "y"):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(50, 2)))
    command = [sys.executable, "-m", "otgan", "emd", "x.npy", "y.npy", "--json"]
    stats = []
    for _ in range(2):  # an empty cache of compiled loops, and a filled one
        fresh = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
        done = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, env=fresh)
        stats.append(json.loads(done.stdout)["stats"])
    first, second = stats
    assert first["seconds_preparing"] > 3 * second["seconds_preparing"] > 0
    for count in stats:
        assert count["seconds_solving"] + count["seconds_certifying"] < count["seconds_preparing"]


@pytest.mark.parametrize("after", [0.3, 1.0])
def test_a_lesson_that_is_interrupted_ends_with_130(after):
    command = [sys.executable, "-m", "otgan", "lesson", "critic-or-emd"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        outputs = process.communicate(timeout=60)
    assert (process.returncode, *outputs) == (130, b"", b"otgan: interrupted\n")


# (end of: The command line and the terminal)


# ---------------------------------------------------------------- Other people's code


def test_numba_compiles_functions_without_a_module_after_emd():
    code = """
import types, numba, otgan
assert otgan.emd([[0.0, 0.0]], [[3.0, 4.0]]).distance == 5
loose = types.FunctionType((lambda x: x + 1).__code__, {})  # as sympy.lambdify makes them
loose.__module__ = None
print(numba.njit(loose)(2))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_numba_compiles_a_class_after_emd():
    code = """
import numba, otgan
from numba.experimental import jitclass
assert otgan.emd([[0.0, 0.0]], [[3.0, 4.0]]).distance == 5
@jitclass([("n", numba.int64)])
class Counter:
    def __init__(self, n):
        self.n = n
print(Counter(3).n)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_a_callable_metric_is_asked_once_for_every_pair():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 513, 2))  # just beyond 512 x 512
    asked = []

    def cityblock(u, v):
        asked.append((u[0], v[0]))
        return np.abs(u - v).sum()

    result = otgan.emd(x, y, metric=cityblock)
    assert len(asked) == len(set(asked)) == 513 * 513
    costs = cdist(x, y, "cityblock")
    expected = costs[linear_sum_assignment(costs)].mean()
    np.testing.assert_allclose(result.cost, expected, rtol=1e-9)


def test_a_callable_metric_on_ten_thousand_million_pairs_is_refused_by_name():
    x = np.arange(200_000.0).reshape(100_000, 2)
    asked = []
    with pytest.raises(InvalidInputError, match=r"callable metric.*100,000 x 100,000.*to fix it"):
        otgan.emd(x, x, metric=lambda u, v: asked.append(u) or 0.0)
    assert asked == []


def test_a_comparison_interrupted_in_its_test_ends_with_130(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("x", "y"):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(900, 2)))
    code = """
import os, signal, sys, threading
from otgan.cli import main

def interrupt_later(*row):
    if row[1] == row[2] - 1:  # the test is last
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

import otgan.cli
otgan.cli._tell_of_compare = lambda bar, *row: interrupt_later(*row)
sys.exit(main(["compare", "x.npy", "y.npy", "--progress", "--seconds", "0.25"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "otgan: interrupted" and "Traceback" not in done.stderr


# (end of: Other people's code)
