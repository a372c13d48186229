"""What every test runs under, and what is left out where a package is missing on purpose."""

from __future__ import annotations

import doctest
import os
import re
import signal
import traceback
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

from otgan.errors import MissingExtraError

# Threads only get in each other's way on networks this small. To be set before torch is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that runs the tests in the background has them ignore Ctrl-C, and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("otgan", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("otgan")

ROOT = Path(__file__).parent
PACKAGES = (
    "grimp",
    "matplotlib",
    "ot",
    "pandas",
    "polars",
    "pyarrow",
    "sklearn",
    "torch",
    "xarray",
)
"""Tests skip without one of these, so all must be installed unless `--without` names them."""
NEED_TORCH = (
    *("/critics/", "/gan/", "neural_critic", "critic_or_emd", "algorithm_1", "critic_step"),
    *("what_a_discriminator_learns", "clipping_and_penalties", "mode_collapse_and_its_cures"),
    *("does_the_loss_mean_anything", "gan_and_wgan_side_by_side"),
    *("/browser/", "/notebooks/"),  # pages and notebooks show trained networks
)
IMPORTS_TORCH = re.compile(r"^(import|from) (torch|otgan\.critics|otgan\.gan)\b", re.MULTILINE)


ON_GPU = "mark.gpu"
"""How a module says that it has tests for a GPU."""


def _gpu_alone(config: pytest.Config) -> bool:
    return bool(config.getoption("markexpr") == "gpu")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without",
        choices=["torch"],
        action="append",
        default=[],
        help="leave out what needs this package, which is not installed",
    )


def pytest_configure(config: pytest.Config) -> None:
    if _gpu_alone(config):  # these need none of the packages that others compare with
        return
    without = set(config.getoption("without"))
    installed = {name for name in PACKAGES if find_spec(name)}
    if wrong := installed & without:
        raise pytest.UsageError(f"--without must name what is not installed, got {sorted(wrong)}")
    if missing := set(PACKAGES) - installed - without:
        raise pytest.UsageError(f"the tests need {sorted(missing)}; to fix it, run: make install")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: some hold the time, and workers must agree on all names."""
    return argname if isinstance(val, bytes) else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out modules that need torch to be imported, where it is missing.

    With ``-m gpu`` alone also those without such tests, so that these run where only torch is.
    """
    if collection_path.suffix != ".py":
        return None
    if _gpu_alone(config):
        return ON_GPU not in collection_path.read_text() or None
    if not config.getoption("without"):
        return None
    path = collection_path.relative_to(ROOT).as_posix()
    needs_torch = any(part in path for part in NEED_TORCH)
    return needs_torch or bool(IMPORTS_TORCH.search(collection_path.read_text())) or None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    without = item.config.getoption("without")
    if without and item.get_closest_marker("torch"):
        pytest.skip("needs torch")
    return (yield from _skipping_what_is_missing(without))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _skipping_what_is_missing(item.config.getoption("without")))


def _skipping_what_is_missing(without: list[str]) -> Generator[None, None, None]:
    """Skip a test that asks for a package which is left out."""
    try:
        return (yield)
    except (ImportError, doctest.UnexpectedException) as caught:
        error = caught.exc_info[1] if isinstance(caught, doctest.UnexpectedException) else caught
        if isinstance(error, ImportError) and error.name in without and _is_expected(error):
            pytest.skip(str(error))
        raise


def _is_expected(error: ImportError) -> bool:
    """Whether the test itself imports the package, or otgan says in a sentence that it needs it."""
    if isinstance(error, MissingExtraError):
        return True
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    outside = [file for file in frames if not file.startswith("<frozen importlib")]
    return outside[-1].startswith("<doctest") or Path(outside[-1]).is_relative_to(ROOT / "tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if unstable := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(
            f"names of tests must be alike in every process, got {unstable[0]}; to fix it, pass ids"
        )
    on_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if on_gpu and not _cuda_is_available():
        for item in on_gpu:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device, and torch sees none"))


def _cuda_is_available() -> bool:
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()
