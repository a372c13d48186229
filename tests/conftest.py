"""What processes that share the tests compute once for all of them."""

import os

import pytest

from tests.lessons.cached import Shared


@pytest.fixture(scope="session", autouse=True)
def shared_numbers(tmp_path_factory):
    if "PYTEST_XDIST_WORKER" in os.environ:
        Shared.folder = tmp_path_factory.getbasetemp().parent / "lessons"
        Shared.folder.mkdir(exist_ok=True)
