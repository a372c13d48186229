"""What holds for every lesson: it can be found, run, explained, drawn and run as a script."""

from __future__ import annotations

import dataclasses
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from otgan.errors import InvalidInputError
from otgan.lessons import LESSONS, load
from otgan.plot import save
from tests.lessons.cached import numbers_of, trains

EXAMPLES = Path(__file__).parents[2] / "examples"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("name", LESSONS)
def test_loads_by_either_spelling(name):
    assert load(name) is load(name.replace("-", "_"))


@pytest.mark.parametrize(
    ("wrong", "offered"),
    [
        ("pile-of-dirt", "did you mean 'piles-of-dirt'"),
        ("XY", "did you mean 'xy-game'"),
        ("", "choose one of these"),
    ],
)
def test_unknown_name_offers_the_nearest(wrong, offered):
    with pytest.raises(InvalidInputError, match=f"to fix it, {offered}"):
        load(wrong)


def test_listing_imports_no_lesson():
    code = (
        "import sys, otgan.lessons; "
        "assert not [m for m in sys.modules if m.startswith('otgan.lessons.')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_numbers_need_no_matplotlib(tmp_path):
    trained = [name for name in LESSONS if trains(name)]
    file = tmp_path / "numbers"
    file.write_bytes(pickle.dumps([(name, numbers_of(name)) for name in trained]))
    code = (
        "import pathlib, pickle, sys; sys.modules['matplotlib'] = None\n"
        "from otgan.lessons import LESSONS, load\n"
        f"for name in set(LESSONS) - {set(trained)}: load(name).explain(load(name).run())\n"
        f"numbers = pickle.loads(pathlib.Path({str(file)!r}).read_bytes())\n"
        "for name, trained in numbers: load(name).explain(trained)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.parametrize("name", LESSONS)
def test_numbers_are_frozen(name):
    numbers = numbers_of(name)
    assert dataclasses.is_dataclass(numbers)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(numbers, dataclasses.fields(numbers)[0].name, 0)


@pytest.mark.parametrize("name", LESSONS)
def test_text_fits_a_terminal(name):
    lines = load(name).explain(numbers_of(name)).splitlines()
    assert lines[1] == "=" * len(lines[0])
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("name", LESSONS)
def test_picture_can_be_saved(name, tmp_path):
    written = save(load(name).draw(numbers_of(name)), tmp_path / "a folder" / "picture.png")
    assert written.read_bytes().startswith(PNG)


@pytest.mark.parametrize("name", LESSONS)
def test_example_runs_as_a_script(name, tmp_path):
    file = f"{name.replace('-', '_')}.py"
    script = shutil.copy(EXAMPLES / file, tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error", script, *["--quick"] * trains(name)],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(load(name).explain(numbers_of(name)))
    picture = tmp_path / "out" / f"{Path(file).stem}.png"
    assert picture.read_bytes().startswith(PNG)
    assert f"python examples/{file}" in (EXAMPLES / file).read_text(encoding="utf-8")
