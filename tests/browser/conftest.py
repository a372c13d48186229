"""A real Chromium, Debian's, and the pages of the lessons in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from otgan.lessons import load
from tests.lessons.cached import numbers_of

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@cache
def html(name: str) -> Any:
    """The page of a lesson, of its numbers with the least effort."""
    return load(name).page(numbers_of(name))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser: never one that playwright downloads."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.fail("the tests need chromium; to fix it, run: apt-get install chromium")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """A function that opens a lesson's page from its file; fails on a complaint or a request."""

    @contextmanager
    def opening(name: str, **options: Any) -> Iterator[Any]:
        file = tmp_path / f"{name}.html"
        file.write_text(html(name), encoding="utf-8")
        context = chromium.new_context(
            **{"viewport": {"width": 1200, "height": 900}, "reduced_motion": "reduce", **options}
        )
        page = context.new_page()
        complaints: list[str] = []
        requests: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready=true]", state="attached", timeout=5000)
        yield page
        assert complaints == []
        assert [url for url in requests if not url.startswith("data:")] == [file.as_uri()]
        context.close()

    return opening
