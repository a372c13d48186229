"""What a shell offers after `otgan`, asked of a real bash; the scripts of the other shells."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from otgan.cli.completion import SHELLS
from otgan.cli.main import _parser, main
from otgan.cli.training import CHOICES
from otgan.costs import METRIC_NAMES
from otgan.lessons import LESSONS
from otgan.transport.grid import METRICS

BASH = shutil.which("bash")

ASK = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
$(complete -p otgan | sed 's/.*-F \\([^ ]*\\).*/\\1/') otgan "${COMP_WORDS[COMP_CWORD]}" ""
printf '%s\\n' "${COMPREPLY[@]}"
"""
"""What bash does at the tab key: the function that is registered for otgan fills COMPREPLY."""


def script(shell, capsys):
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.fixture
def offers(tmp_path, capsys):
    """What bash offers for the last of the words, in a folder with a file and a folder in it."""
    path = tmp_path / "otgan.bash"
    path.write_text(script("bash", capsys))
    place = tmp_path / "here"
    (place / "runs").mkdir(parents=True)
    (place / "points.csv").touch()

    def ask(*words):
        assert BASH is not None
        ran = subprocess.run(
            [BASH, "--norc", "-c", ASK, "bash", path, "otgan", *words],
            capture_output=True,
            text=True,
            cwd=place,
            timeout=60,
        )
        assert ran.stderr == "", ran.stderr
        return ran.stdout.split()

    return ask


needs_bash = pytest.mark.skipif(BASH is None, reason="bash is not installed")


@needs_bash
def test_bash_offers_commands_flags_and_names(offers):
    commands = set(_parser()[1].choices)
    assert set(offers("")) >= commands
    assert offers("com") == ["compare", "completion"]
    assert offers("compare", "--ma") == ["--markdown"]
    assert set(offers("emd", "--metric", "")) == set(METRIC_NAMES)
    assert set(offers("emd-grid", "--metric", "")) == set(METRICS)
    assert offers("lesson", "piles") == ["piles-of-dirt"]
    assert set(offers("lesson", "")) >= set(LESSONS)
    assert offers("train", "ring8", "--schedule", "c") == ["constant", "cosine", "cosine-cubed"]
    assert offers("train", "ring8", "--constraint", "zero") == ["zero-centered"]


@needs_bash
def test_bash_offers_files_and_folders(offers):
    assert set(offers("emd", "")) >= {"points.csv", "runs"}
    assert offers("emd", "points.csv", "poi") == ["points.csv"]
    assert "points.csv" in offers("emd-graph", "points.csv", "points.csv", "")
    assert "points.csv" in offers("compare", "points.csv", "points.csv", "--plot", "")
    assert offers("resume", "") == ["runs"]
    assert set(offers("train", "")) == {"points.csv", "runs"}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_has_a_script_with_all_commands(shell, capsys):
    text = script(shell, capsys)
    assert all(name in text for name in _parser()[1].choices)
    assert all(name in text for name in LESSONS) and "markdown" in text


def test_a_shell_that_is_not_known_names_the_nearest(capsys):
    assert main(["completion", "fisch"]) == 2
    told = capsys.readouterr().err
    assert "must be one of bash, zsh, fish, got 'fisch'; to fix it, did you mean 'fish'" in told


@pytest.mark.torch
def test_names_that_are_offered_are_those_of_the_library():
    from otgan.critics.settings import CONSTRAINT_NAMES
    from otgan.gan import settings
    from otgan.gan.optimizers import OPTIMIZERS, SCHEDULES
    from otgan.gan.presets import PRESETS

    assert set(CHOICES["objective"]) == set(settings.OBJECTIVE_NAMES)
    assert set(CHOICES["constraint"]) == {*CONSTRAINT_NAMES, "auto", "zero-centered", "none"}
    assert set(CHOICES["stabilizers"]) == {*settings.STABILIZER_NAMES, "none"}
    assert set(CHOICES["features"]) == {*settings.FEATURE_NAMES, "none"}
    assert CHOICES["latent"] == settings.LATENTS
    assert CHOICES["schedule"] == tuple(SCHEDULES)
    assert CHOICES["precision"] == settings.PRECISIONS
    assert CHOICES["generator-optimizer"] == tuple(OPTIMIZERS)
    assert CHOICES["preset"] == tuple(PRESETS)
