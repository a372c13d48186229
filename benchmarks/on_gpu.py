"""Everything that only a GPU can show, in less than eight minutes of one H100.

python benchmarks/on_gpu.py --bundle DIR             gather what a bare machine lacks
python benchmarks/on_gpu.py --out DIR [--bundle DIR] measure, and leave rows, JSON and a page
python benchmarks/on_gpu.py --out DIR --rehearse     every part, tiny, on the CPU

It runs from a checkout, which need not be installed, with Python, torch, Numba, SciPy,
scikit-learn, hypothesis and pytest; what else otgan imports, the bundle has. Every part is a
process of its own, which is ended at its limit: rows until then are kept, and the page says so.
DIR/results.json and DIR/gpu.md are written anew after each part; copy the page of a run on a GPU
to benchmarks/results/gpu.md. A rehearsal writes rehearsal.md instead.
"""

import argparse
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT))

from benchmarks.gpu.bundle import BUNDLED, gather, missing  # noqa: E402
from benchmarks.gpu.page import page, section  # noqa: E402
from benchmarks.gpu.parts import PARTS, measure  # noqa: E402
from benchmarks.gpu.runner import run  # noqa: E402


def main() -> int:
    options = parse()
    if options.part:
        measure(options.part, options.out, rehearsal=options.rehearse)
        return 0
    if options.out is None:
        return gather_bundle(options.bundle)
    prepare(options)
    return measure_all(options.out, rehearsal=options.rehearse)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="folder for the results")
    parser.add_argument("--bundle", type=Path, help="folder of pure-Python packages")
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes, on the CPU")
    parser.add_argument(
        "--part", choices=[part.name for part in PARTS], help="make this one in this process"
    )
    options = parser.parse_args()
    if options.out is None and (options.bundle is None or options.part or options.rehearse):
        parser.error("there must be a folder for the results; to fix it, pass --out DIR")
    return options


def refuse(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise SystemExit(2)


def gather_bundle(folder: Path) -> int:
    if lacking := missing():
        refuse(
            f"all of {', '.join(BUNDLED)} must be installed where they are gathered, got none of "
            f"{', '.join(lacking)}; to fix it, install them with pip"
        )
    try:
        gather(folder)
    except OSError as reason:
        refuse(f"--bundle must be a folder that can be written to, got {folder} ({reason})")
    print(f"gathered {', '.join(BUNDLED)} in {folder}")
    return 0


def prepare(options: argparse.Namespace) -> None:
    """Refuse what cannot work, and let parts find the checkout and the bundle."""
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        tried = options.out / f"{os.getpid()}.tmp"
        tried.touch()
        tried.unlink()
    except OSError as reason:
        refuse(
            f"--out must be a folder that can be written to, got {options.out} ({reason}); to fix "
            "it, name another"
        )
    options.out = options.out.resolve()
    paths = [str(CHECKOUT)]
    if missing() and options.bundle is not None:
        paths.append(str(options.bundle.resolve()))
    sys.path[1:1] = paths[1:]
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([*paths, before]).rstrip(os.pathsep)
    if lacking := missing():
        refuse(
            f"{', '.join(lacking)} must be installed or bundled; to fix it, run --bundle DIR where "
            "they are installed, and pass that folder"
        )
    if find_spec("torch") is None:
        refuse("torch must be installed; to fix it, install a build of it with CUDA")
    if not options.rehearse:
        refuse_without_cuda()


def refuse_without_cuda() -> None:
    import torch

    if not torch.cuda.is_available():
        refuse(
            f"there must be a CUDA device, and torch {torch.__version__} sees none; to try the "
            "parts without one, pass --rehearse"
        )


def measure_all(out: Path, *, rehearsal: bool) -> int:
    """Run all parts, and write down what there is after each."""
    from benchmarks.gpu.machine import machine

    results: dict[str, Any] = {"rehearsal": rehearsal, "machine": machine(rehearsal=rehearsal)}
    results["parts"] = []
    for number, part in enumerate(PARTS):
        found = run(part, out, rehearsal=rehearsal)
        results["parts"].append(found)
        results["left"] = [later.title for later in PARTS[number + 1 :]]
        (out / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        written = page(results)
        name = "rehearsal.md" if rehearsal else "gpu.md"
        (out / name).write_text(written, encoding="utf-8")
        print(section(found), end="\n\n", flush=True)
    return int(any(found["state"] != "done" for found in results["parts"]))


if __name__ == "__main__":
    sys.exit(main())
