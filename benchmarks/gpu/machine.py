"""What a page says of where and how it was made."""

import os
import platform
import shlex
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import torch

PACKAGES = ("torch", "numpy", "scipy", "numba")


def machine(*, rehearsal: bool) -> dict[str, str]:
    """The device, versions, the date and the command."""
    versions = [f"{name} {version(name)}" for name in PACKAGES]
    return {
        "device": "none: a rehearsal" if rehearsal else _gpu(),
        "processor": f"{os.cpu_count()} cores, {_processor()}",
        "versions": ", ".join([f"Python {platform.python_version()}", *versions]),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "command": shlex.join(["python", *sys.argv]),
        "commit": _commit(),
    }


def _gpu() -> str:
    properties = torch.cuda.get_device_properties(0)
    return (
        f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB, compute capability "
        f"{properties.major}.{properties.minor}, CUDA {torch.version.cuda}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _commit() -> str:
    """The version of the code; a copy without its history has none."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude=*"],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parent,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
