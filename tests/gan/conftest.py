"""Runs that several tests look at, each trained once, and a copy that a test may damage."""

import shutil
from functools import cache
from pathlib import Path

import pytest

import otgan
from tests.gan.short_run import RUN, TINY, taught_by


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """A run on named data that ended, and its folder."""
    out = tmp_path_factory.mktemp("runs") / "ring8"
    return otgan.train_gan("ring8", otgan.GANConfig(**RUN), out=out)


@pytest.fixture
def run_copy(finished_run, tmp_path):
    """A copy of it that may be damaged."""
    return Path(shutil.copytree(finished_run.out, tmp_path / "copy"))


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A function: the run of TINY on ring8, taught by a constraint or exactly, in a folder."""
    folder = tmp_path_factory.mktemp("trained")

    @cache
    def run(constraint="lp"):
        config = otgan.GANConfig(**TINY, **taught_by(constraint))
        return otgan.train_gan("ring8", config, out=folder / constraint)

    return run
