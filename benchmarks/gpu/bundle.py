"""What otgan imports of pure Python, in a folder for machines that cannot install it."""

import importlib
import shutil
from importlib.util import find_spec
from pathlib import Path

BUNDLED = ("array_api_compat", "joblib", "lazy_loader", "packaging", "tqdm")
"""All that otgan needs but NumPy, SciPy and Numba; lazy-loader needs packaging."""


def missing() -> list[str]:
    """Those that cannot be imported here."""
    return [name for name in BUNDLED if find_spec(name) is None]


def gather(folder: Path) -> None:
    """Copy them into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in BUNDLED:
        file = importlib.import_module(name).__file__
        assert file is not None
        ignored = shutil.ignore_patterns("__pycache__", "test", "tests")
        shutil.copytree(Path(file).parent, folder / name, ignore=ignored, dirs_exist_ok=True)
