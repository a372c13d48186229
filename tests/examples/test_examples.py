"""Each example runs as a script, and prints the right numbers."""

from __future__ import annotations

import json
import math
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from tests.pictures import check_picture

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))
PNG = b"\x89PNG\r\n\x1a\n"


def printed(name, folder, *arguments):
    """What an example prints, run as a script in an empty folder."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def function_of(name, function):
    return runpy.run_path(str(ROOT / "examples" / name))[function]


def numbers_in(text):
    return [float(number) for number in re.findall(r"-?\d+\.\d+(?:e-?\d+)?", text)]


def first_group(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None, pattern
    return found.group(1)


@pytest.mark.parametrize("name", EXAMPLES)
def test_says_how_it_is_run_and_is_listed(name):
    assert f"\nRun::\n\n    python examples/{name}" in (ROOT / "examples" / name).read_text("utf-8")
    assert f"(../examples/{name})" in (ROOT / "docs" / "lessons.md").read_text("utf-8")


def test_distance_with_certificate(tmp_path):
    first, plan, potentials, bracket, second, picture = printed(
        "distance_with_certificate.py", tmp_path
    ).splitlines()
    assert picture == "picture: plan.png"
    assert (tmp_path / "plan.png").read_bytes().startswith(PNG)
    w1, gap = numbers_in(first.replace("W1", "W"))
    cost, off = numbers_in(plan)
    earned, excess = numbers_in(potentials)
    assert_allclose([cost, earned], w1, rtol=1e-9)
    assert max(gap, off, excess) < 1e-12
    assert_allclose(numbers_in(bracket), w1, rtol=1e-9)
    w2, squared = numbers_in(second.replace("W2", "W"))
    assert_allclose(w2**2, squared, rtol=1e-9)
    assert w2 > w1


def test_first_picture(tmp_path):
    samples, distributions, picture = printed("first_picture.py", tmp_path).splitlines()
    low, high = numbers_in(distributions)
    assert low < 3 < high and low < numbers_in(samples)[0] < high
    assert picture == "picture: first_picture.png"
    check_picture(tmp_path / "first_picture.png", "first_picture")


def test_interval_and_test(tmp_path):
    truth, *sizes, covered, different, equal, picture = printed(
        "interval_and_test.py", tmp_path
    ).splitlines()
    assert picture == "picture: interval.png"
    assert (tmp_path / "interval.png").read_bytes().startswith(PNG)
    assert truth.endswith(" 0.5")
    widths = []
    for line in sizes:
        plug_in, low, high = numbers_in(line)
        assert low <= 0.5 <= high and low <= plug_in <= high
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True) and len(widths) == 3
    assert int(first_group(r"points each, (\d+) cover", covered)) >= 33  # 38 - 4 deviations
    assert numbers_in(different)[-1] < 0.05 < numbers_in(equal)[-1]


def test_compare_two_tables(tmp_path):
    text = printed("compare_two_tables.py", tmp_path, "--plot", "compare.png")
    check_picture(tmp_path / "compare.png", "compare")
    make = function_of("compare_two_tables.py", "crescent_and_gaussian")
    distance = otgan.wasserstein(*make(800, 600, np.random.default_rng(0)))
    assert f"W1 alone: {distance:.6g}, by emd(x, y)" in text
    assert "KL(x‖y)" in text


@pytest.mark.torch
def test_critic_audited(tmp_path):
    text = printed("critic_audited.py", tmp_path, "--steps", "200", "--plot", "audit.png")
    assert (tmp_path / "audit.png").read_bytes().startswith(PNG)
    assert "penalty weight too small" in text
    make, rng = function_of("critic_audited.py", "ring_and_gaussian"), np.random.default_rng(0)
    make(5000, rng)  # what it is trained on
    exact = otgan.wasserstein(*make(600, rng))
    shown = {
        name: float(first_group(rf"^{name} +(\S+)", text))
        for name in ("exact W1", "raw gap", "reported")
    }
    assert_allclose(shown["exact W1"], exact, rtol=1e-5)
    # Two points at distance d show d + d² / 2 at weight one, and d + d² / 4 less the penalty.
    assert_allclose(shown["raw gap"], exact + exact**2 / 2, rtol=0.05)
    assert_allclose(shown["reported"], exact + exact**2 / 4, rtol=0.1)


@pytest.mark.torch
def test_train_on_your_data(tmp_path):
    text = printed("train_on_your_data.py", tmp_path, "--out", "moons", "--steps", "12")
    first, second, floor, points, report = text.splitlines()
    assert first.startswith("after 6 steps") and second.startswith("after 12 steps")
    untrained, perfect = numbers_in(first)[-1], numbers_in(floor)[-1]
    assert 0 < perfect < 0.2 < untrained
    assert len(numbers_in(points)) == 10
    run = tmp_path / "moons" / "run"
    assert report == f"report: {Path('moons') / 'run' / 'report.html'}"
    assert (run / "report.html").exists()
    assert json.loads((run / "config.json").read_text())["steps"] == 12


@pytest.mark.torch
def test_gan_wgan_gp(tmp_path):
    header, *rows, last = printed("gan_wgan_gp.py", tmp_path, "--steps", "4").splitlines()
    assert header.split()[:2] == ["debiased", "W1"]
    assert [row.split()[0] for row in rows] == ["GAN", "WGAN", "WGAN-GP"]
    for row in rows:
        debiased, error, floor = numbers_in(row)[:3]
        assert 0 < 10 * error < debiased  # nothing is learned in four steps
        assert 0 < floor < 0.5
    assert last == "picture: gan_wgan_gp.png"
    assert (tmp_path / "gan_wgan_gp.png").read_bytes().startswith(PNG)


@pytest.mark.torch
def test_own_networks(tmp_path):
    *rows, last = printed("own_networks.py", tmp_path, "--out", "own", "--steps", "4").splitlines()
    assert [row.split(":")[0].split()[-1] for row in rows] == ["patches", "points", "features"]
    for row in rows:
        debiased, error = numbers_in(row)
        assert 0 < 10 * error < debiased
    picture = Path("own") / "own.png"
    assert last == f"picture: {picture}"
    assert (tmp_path / picture).read_bytes().startswith(PNG)


@pytest.mark.torch
def test_stacked_digits(tmp_path):
    *rows, picture = printed(
        "stacked_digits.py", tmp_path, "--steps", "2", "--pack", "2"
    ).splitlines()
    assert picture.startswith("picture: stacked_digits.png")
    assert (tmp_path / "stacked_digits.png").read_bytes().startswith(PNG)
    assert [row.split()[0] for row in rows] == ["non-saturating", "relativistic"]
    for row in rows:
        modes = int(first_group(r"(\d+) of 100 modes", row))
        reverse_kl, debiased, error = numbers_in(row)
        # With h on m of 100 modes, KL(h || uniform) is at least log(100 / m).
        assert reverse_kl >= math.log(100 / modes) - 1e-3
        assert 0 < 10 * error < debiased


@pytest.mark.torch
def test_pictures_over_epochs(tmp_path):
    *epochs, picture = printed(
        "pictures_over_epochs.py", tmp_path, "--size", "8", "--epochs", "2", "4"
    ).splitlines()
    assert [row.partition(":")[0] for row in epochs] == [
        "after  2 epochs (10 steps)",  # 180 of 300 pictures are trained on, 32 a step
        "after  4 epochs (20 steps)",
    ]
    before, after = (numbers_in(row)[0] for row in epochs)
    assert 0 < after < before
    file = tmp_path / picture.removeprefix("picture: ")
    assert file.read_bytes().startswith(PNG)


@pytest.mark.torch
def test_points_that_move(tmp_path):
    *steps, last, picture = printed("points_that_move.py", tmp_path).splitlines()
    assert picture == "picture: points.png"
    assert (tmp_path / "points.png").read_bytes().startswith(PNG)
    distances = [numbers_in(line)[-1] for line in steps]
    # Along a geodesic the plan stays optimal, and W2 is what is left of the way.
    assert_allclose(distances, distances[0] * 0.9 ** np.arange(0, 31, 10), atol=1e-4)
    assert numbers_in(last)[0] == numbers_in(last)[-1] == round(0.9**30, 4)


def test_engine_picture(tmp_path):
    text = printed("engine_picture.py", tmp_path, "engine.png")
    assert text.startswith("TransportResult(distance=0.94345902")
    check_picture(tmp_path / "engine.png", "engine")
