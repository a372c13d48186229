"""Every command on every terminal, and Ctrl-C at any moment: in real processes, mostly slow."""

import io
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from otgan import lessons
from otgan.cli.main import main

ENCODINGS = ("ascii", "cp1252", "cp437", "gbk")

TINY = [
    *("--steps", "4", "--batch-size", "8", "--n-critic", "1", "--width", "8", "--depth", "1"),
    *("--monitor-every", "2", "--monitor-points", "32", "--evaluation-points", "32"),
]


def printed(arguments, encoding, monkeypatch):
    """Exit code and the two outputs of a command whose streams have this encoding, strictly."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        code = main([str(argument) for argument in arguments])
        for stream in streams:
            stream.flush()
    return code, *(stream.buffer.getvalue().decode(encoding) for stream in streams)


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    for name, shift in (("a", 0), ("b", 1)):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(40, 2)) + shift)
    return tmp_path / "a.npy", tmp_path / "b.npy"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_comparison_says_the_same_on_every_terminal(files, encoding, monkeypatch):
    code, shown, errors = printed(["compare", *files], encoding, monkeypatch)
    assert (code, errors) == (0, "")
    _, whole, _ = printed(["compare", *files], "utf-8", monkeypatch)
    assert "KL(x‖y)" in whole and "MMD²" in whole
    if encoding == "ascii":
        assert "KL(x||y)" in shown and "MMD^2" in shown and "Frechet" in shown
    assert shown.count("\n") == whole.count("\n") and "\\" not in shown


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", ["piles-of-dirt", "parallel-lines", "gaussians-apart"])
def test_lessons_on_every_terminal(name, encoding, monkeypatch):
    code, shown, errors = printed(["lesson", name], encoding, monkeypatch)
    assert (code, errors) == (0, "") and len(shown) > 500 and "\\" not in shown


@pytest.mark.parametrize("encoding", [*ENCODINGS, "utf-8"])
def test_errors_that_quote_a_user(tmp_path, encoding, monkeypatch):
    for name, shown in (
        ("no\x1b[31mred\n.csv", r"no\x1b[31mred\n.csv"),
        ("no\u202evsc.csv", r"no\u202evsc.csv"),
        ("no\udcff.csv", r"no\udcff.csv"),
    ):
        code, out, errors = printed(["emd", name, "b.csv"], encoding, monkeypatch)
        assert (code, out) == (2, "")
        assert shown in errors.replace("\\\\", "\\") and errors.count("\n") == 1
        assert "\x1b" not in errors


def test_wrong_usage_cannot_steer_a_terminal(capsys):
    with pytest.raises(SystemExit):
        main(["emd", "a", "b", "--\x1b[31mred\n"])
    assert "\x1b" not in capsys.readouterr().err


def test_a_full_disk_gets_a_sentence(files):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "otgan", "emd", *files],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, done.stderr) == (1, "otgan: No space left on device\n")


@pytest.mark.parametrize(
    ("arguments", "code"), [("lesson >&-", 0), ("emd none.csv b.csv 2>&-", 2), ("lesson 2>&-", 0)]
)
def test_streams_that_the_shell_has_closed(arguments, code):
    done = subprocess.run(
        f"{sys.executable} -m otgan {arguments}", shell=True, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout == "" or done.stdout.startswith("lessons: ")


# ---------------------------------------------------------------- real processes, real locales


def in_process(arguments, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "otgan", *map(str, arguments)],
        capture_output=True,
        env=os.environ | environment,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Files for every command, and a run."""
    import torch

    place = tmp_path_factory.mktemp("place")
    rng = np.random.default_rng(0)
    for name, shift in (("a", 0), ("b", 1)):
        points = rng.normal(size=(40, 2)) + shift
        np.savetxt(place / f"{name}.csv", points, delimiter=",", header="größe,$", comments="")
        np.save(place / f"{name}.npy", rng.normal(size=(2500, 20)) + shift)
    for d in (2, 20):
        layers = torch.nn.Linear(d, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)
        torch.save(torch.nn.Sequential(*layers).state_dict(), place / f"critic{d}.pt")
    assert main(["train", "ring8", "--out", str(place / "run"), *TINY]) == 0
    return place


def commands(place, encoding):
    small = place / "a.csv", place / "b.csv"
    run = place / f"run in {encoding}"
    yield "emd", *small, "--progress"
    yield "compare", *small, "--progress", "--plot", place / "größe.png"
    yield "compare", *small, "--json", "--progress"
    yield "audit", place / "critic2.pt", *small, "--plot", place / "audit.png"
    yield "train", "ring8", "--out", run, *TINY
    yield "resume", run
    yield "report", run
    yield ("lesson",)
    yield "lesson", "piles-of-dirt", "--plot", place / "lesson.png"
    yield ("--help",)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_command_in_every_locale(place, encoding):
    poor = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for arguments in commands(place, encoding):
        done = in_process(arguments, **poor, LANG="C", LC_ALL="C")
        assert done.returncode == 0, (arguments, done.stderr)
        shown = done.stdout.decode(encoding)
        done.stderr.decode(encoding)
        if "--json" in arguments:
            assert json.loads(shown)["n"] == 40
    page = (place / f"run in {encoding}" / "report.html").read_text("utf-8")
    assert "±" in page


@pytest.mark.slow
@pytest.mark.parametrize("name", lessons.LESSONS)
def test_every_lesson_in_ascii(name):
    done = in_process(["lesson", name], PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u" not in done.stdout and len(done.stdout) > 500


# ---------------------------------------------------------------- Ctrl-C


def interrupted(arguments, until, **environment):
    """Exit code and errors of a command that gets Ctrl-C, and whether it was still at work.

    `until` is what must have happened before: so many modules have been loaded, this was written to
    stderr (bytes), or something is so (a function).
    """
    command = [sys.executable, "-m", "otgan", *map(str, arguments)]
    if isinstance(until, int):
        environment["PYTHONPROFILEIMPORTTIME"] = "1"  # a line on stderr for each module
    with subprocess.Popen(
        command,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        errors = b""
        if isinstance(until, int):
            errors = b"".join(itertools.islice(process.stderr, until))
        elif isinstance(until, bytes):
            while until not in errors and (letter := process.stderr.read(1)):
                errors += letter
        else:
            while not until() and process.poll() is None:
                time.sleep(0.01)
        at_work = process.poll() is None
        process.send_signal(signal.SIGINT)
        errors += process.communicate(timeout=120)[1]
    return process.returncode, errors.decode(), at_work


def check_interrupted(*outcome):
    code, errors, at_work = outcome
    assert at_work, "it ended before the signal: give it more to do"
    assert code == 130, errors
    assert "Traceback" not in errors
    assert errors.endswith("\n") and errors.splitlines()[-1].startswith("otgan: ")
    # Warnings that were shown before the signal, about the critic's file, say, are no matter.
    said = [line for line in errors.splitlines() if line.startswith("otgan: ")]
    assert sum("interrupted" in line or "stopped" in line for line in said) == 1


def test_ctrl_c_while_modules_are_loading(tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(4000, 30)))
    files = [tmp_path / "x.npy"] * 2
    check_interrupted(*interrupted(["compare", *files, "--plot", tmp_path / "x.png"], until=400))


@pytest.mark.slow
@pytest.mark.parametrize(
    "quantity", ["W1", "sliced", "energy", "Sinkhorn", "KL(x", "JS", "p-value"]
)
def test_ctrl_c_in_every_row_of_a_comparison(place, quantity):
    large = place / "a.npy", place / "b.npy"
    outcome = interrupted(
        ["compare", *large, "--progress", "--seconds", "1e9"],
        until=f"\r{quantity}".encode(),
    )
    check_interrupted(*outcome)


@pytest.mark.slow
@pytest.mark.parametrize("modules", [80, 200, 400, 700, 1400, 2000])
def test_ctrl_c_at_any_moment_of_any_command(place, tmp_path, modules):
    large = place / "a.npy", place / "b.npy"
    commands = [
        ["audit", place / "critic20.pt", *large, "--plot", tmp_path / "x.png"],
        ["lesson", "critic-or-emd"],
        ["train", "ring8", "--out", tmp_path / "run", "--overwrite"],
        ["demo", "--out", tmp_path / "demo"],
    ]
    if modules < 800:  # it loads no more
        commands.append(["emd", *large])
    for arguments in commands:
        check_interrupted(*interrupted(arguments, until=modules))


@pytest.mark.slow
@pytest.mark.parametrize("modules", [80, 600, 1500])
def test_ctrl_c_while_a_report_is_made(place, modules):
    check_interrupted(*interrupted(["report", place / "run"], until=modules))


@pytest.mark.slow
@pytest.mark.parametrize("loops", [1, 3])
def test_ctrl_c_while_loops_are_compiled(place, tmp_path, loops):
    large = place / "a.npy", place / "b.npy"
    fresh = {"NUMBA_CACHE_DIR": str(tmp_path)}

    def compiled():
        return len([*tmp_path.rglob("*.nbi")]) >= loops

    check_interrupted(*interrupted(["emd", *large], until=compiled, **fresh))


@pytest.mark.slow
def test_ctrl_c_in_training_and_again_after_it_was_resumed(tmp_path):
    run = tmp_path / "run"
    measured = (run / "metrics.csv").exists
    outcome = interrupted(["train", "ring8", "--out", run, *TINY[2:]], until=measured)
    check_interrupted(*outcome)
    assert f"otgan resume {run}" in outcome[1]
    outcome = interrupted(["resume", run], until=b"step/s")
    check_interrupted(*outcome)
    assert f"otgan resume {run}" in outcome[1]


def test_the_command_line_within_a_program_leaves_its_handlers(files, capsys):
    before = signal.getsignal(signal.SIGINT)
    assert main(["emd", *map(str, files)]) == 0
    assert signal.getsignal(signal.SIGINT) is before
    codes = []
    thread = threading.Thread(target=lambda: codes.append(main(["emd", *map(str, files)])))
    thread.start()
    thread.join()
    assert codes == [0]
