"""How long `import otgan` takes beyond `import numpy`, and what it loads.

python benchmarks/imports.py
"""

import subprocess
import sys
from statistics import median

RUNS = 15
CODE = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
HEAVY = ("torch", "ot", "matplotlib", "sklearn", "scipy")


def seconds(modules: str) -> float:
    run = subprocess.run([sys.executable, "-c", CODE.format(modules)], capture_output=True)
    return float(run.stdout)


def main() -> None:
    pairs = [(seconds("numpy"), seconds("numpy, otgan")) for _ in range(RUNS)]
    numpy, both = (median(column) for column in zip(*pairs, strict=True))
    extra = median(b - a for a, b in pairs)
    code = f"import otgan, sys; print([m for m in {HEAVY} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    print("| import | median of 15, s |\n|---|--:|")
    print(f"| numpy | {numpy:.3f} |\n| numpy, otgan | {both:.3f} |")
    print(f"| otgan beyond numpy (pairwise) | {extra:.3f} |")
    print(f"\nheavy modules loaded by `import otgan`: {loaded.strip()}")


if __name__ == "__main__":
    main()
