"""How long the ten lines of the README take: the first time ever, and after that.

The first time, Numba compiles the loops that they need, and keeps the machine code.

    python benchmarks/first_lines.py
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def seconds(code: str, cache: str) -> tuple[float, float]:
    """Wall-clock and processor seconds of a fresh interpreter with this cache of machine code."""
    begun, before = time.perf_counter(), os.times()
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env=os.environ | {"NUMBA_CACHE_DIR": cache, "PYTHONPATH": str(ROOT)},
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    after = os.times()
    spent = after.children_user + after.children_system
    return time.perf_counter() - begun, spent - before.children_user - before.children_system


def main() -> None:
    code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)[0]
    print("| the ten lines | wall-clock s | processor s |\n|---|--:|--:|")
    with tempfile.TemporaryDirectory() as cache:
        for when in ("the first time", "the second time", "the third time"):
            elapsed, processor = seconds(code, cache)
            print(f"| {when} | {elapsed:.1f} | {processor:.1f} |")


if __name__ == "__main__":
    main()
