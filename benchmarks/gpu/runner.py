"""Runs parts, each in a process that is ended at its limit, and tells how each went."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.gpu.parts import Part, Report, rows_file

ENTRY = Path(__file__).parents[1] / "on_gpu.py"


def run(part: Part, out: Path, *, rehearsal: bool, entry: Path = ENTRY) -> dict[str, Any]:
    """What became of a part: its rows, the seconds it took, and its state in words.

    Parameters
    ----------
    part : Part
    out : Path
        Gets its rows, and what it printed.
    rehearsal : bool
    entry : Path
        The script that makes it.
    """
    rows_file(out, part.name).unlink(missing_ok=True)
    log = out / f"{part.name}.log"
    command = [sys.executable, str(entry), "--out", str(out), "--part", part.name]
    started = time.perf_counter()
    with log.open("w", encoding="utf-8") as printed:
        code = _ended(command + ["--rehearse"] * rehearsal, part.seconds, printed)
    state = "done"
    if code is None:
        state = f"cut after {part.seconds:g} s"
    elif code:
        state = f"failed with exit code {code}: {_last_line(log)}"
    return {
        "name": part.name,
        "title": part.title,
        "note": part.note,
        "state": state,
        "limit": part.seconds,
        "seconds": time.perf_counter() - started,
        "rows": Report(rows_file(out, part.name), rehearsal=rehearsal).rows(),
    }


def _ended(command: list[str], limit: float, printed: Any) -> int | None:
    """The exit code of a command; None if it was ended at its limit, with all that it started."""
    process = subprocess.Popen(
        command, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").split("\n")]
    return next((line[:300] for line in reversed(lines) if line), "nothing was printed")
