"""A finished run of four steps, and a copy that a test may damage."""

import shutil
from pathlib import Path

import pytest

import otgan
from tests.gan.short_run import RUN


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """A run on named data that ended, and its folder."""
    out = tmp_path_factory.mktemp("runs") / "ring8"
    return otgan.train_gan("ring8", otgan.GANConfig(**RUN), out=out)


@pytest.fixture
def run_copy(finished_run, tmp_path):
    """A copy of it that may be damaged."""
    return Path(shutil.copytree(finished_run.out, tmp_path / "copy"))
