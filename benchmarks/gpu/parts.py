"""The parts of a run: what each measures, and the seconds after which it is ended."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One part, which `measure` of the module of its name makes in a process of its own."""

    name: str
    title: str
    note: str
    """What its columns mean."""
    seconds: float
    """After so many it is ended; its rows until then are kept."""


PARTS = (
    Part("device_tests", "Tests that need a GPU", "`pytest -m gpu`, file by file.", 60),
    Part(
        "critic_steps",
        "Captured critic steps beside eager ones",
        "Steps of `estimate_w1`; the ratio is of the captured step and the same one without a "
        "graph, the column before it of the captured step and the loop that everyone writes.",
        40,
    ),
    Part(
        "estimates",
        "W1 of funnels, estimated within 30 s",
        '`estimate_w1(x, y, "auto", seconds=30)` beside the known distance.',
        95,
    ),
    Part(
        "full_budget",
        "Toward 60,000 steps under the one-sided penalty",
        "In bfloat16, for 60 s at most.",
        75,
    ),
    Part(
        "trainer_steps",
        "GAN steps, captured and in bfloat16, beside eager ones",
        "A step is one of the generator with its five of the critic; ratios are to the first row.",
        60,
    ),
    Part(
        "stacked_digits",
        "A thousand modes of stacked digits",
        "Modes among generated images of three digits, after some 30 s of training.",
        60,
    ),
    Part(
        "c_transforms",
        "c-transforms of 40,000 points beside two CPU threads",
        "In plain torch: float32 rules pairs out, float64 decides; transfers included.",
        60,
    ),
    Part(
        "step_sizes",
        "Where a GPU begins to gain",
        "One-sided penalty; the work is that of a forward pass over a batch.",
        18,
    ),
)
"""The most important ones first; together less than eight minutes."""


class Report:
    """Where a part leaves its rows, each as soon as it is measured.

    Attributes
    ----------
    device : str
        The device to measure on.
    rehearsal : bool
        Whether everything is tiny, and no ratio is held against its bar.
    """

    def __init__(self, file: Path, *, rehearsal: bool) -> None:
        self.file, self.rehearsal = file, rehearsal
        self.device = "cpu" if rehearsal else "cuda"

    def __call__(self, row: Row, *, ratio: float | None = None, bar: float | None = None) -> None:
        """Write a row down; a ratio with a bar is judged by it."""
        row = dict(row)
        if ratio is not None:
            row["ratio"] = ratio
        if bar is not None:
            row["bar"] = bar
            row["met"] = None if self.rehearsal or ratio is None else bool(ratio >= bar)
        with self.file.open("a", encoding="utf-8") as opened:
            opened.write(json.dumps(row) + "\n")

    def rows(self) -> list[Row]:
        """All rows so far."""
        if not self.file.exists():
            return []
        return [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]


def rows_file(out: Path, name: str) -> Path:
    """Where a part leaves its rows."""
    return out / f"{name}.jsonl"


def measure(name: str, out: Path, *, rehearsal: bool) -> None:
    """Make a part, in this process."""
    part: Callable[[Report], None] = import_module(f"benchmarks.gpu.{name}").measure
    part(Report(rows_file(out, name), rehearsal=rehearsal))
