"""The tests that are marked `gpu`: a row for each file."""

import os
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.gpu.parts import Report

CHECKOUT = Path(__file__).parents[2]


def measure(report: Report) -> None:
    os.chdir(CHECKOUT)
    outcomes = Outcomes(report)
    code = pytest.main(["-m", "gpu", "-p", "no:cacheprovider", "--tb=short", "-v"], [outcomes])
    outcomes.leave_file()
    if code:
        raise SystemExit(int(code))


class Outcomes:
    """A plugin that writes a file's row once its last test has run."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._start("")

    def _start(self, file: str) -> None:
        self.file, self.seconds = file, 0.0
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what pytest tells of a test: setting it up, calling it, tearing it down."""
        file, _, name = report.nodeid.partition("::")
        if file != self.file:
            self.leave_file()
            self._start(file)
        self.seconds += report.duration
        if report.when == "call" or report.outcome != "passed":
            self.counts[report.outcome] += 1
        if report.failed:
            self.failures.append(name)

    def leave_file(self) -> None:
        """Write the row of the file that was last."""
        if self.file:
            row = {kind: self.counts[kind] for kind in ("passed", "failed", "skipped")}
            failures = ", ".join(self.failures)
            self.report(
                {"file": self.file, **row, "seconds": self.seconds, "which failed": failures}
            )
