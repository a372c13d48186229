"""Pages of lessons, each assembled into one HTML file that loads nothing."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords
from otgan.palette import ON_DARK, ON_WHITE

__all__ = ["MAX_BYTES", "Page", "assemble", "check_sizes"]

MAX_BYTES = 3_000_000
"""No page is larger: a student opens it on a phone."""

LIBRARIES = ("d3.min.js", "plot.umd.min.js")
IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) )", re.MULTILINE)


class Page(str):
    """An HTML document, which a notebook shows in a frame."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Page({len(self.encode()):,} bytes)"

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="The page of the lesson" srcdoc="{html.escape(self)}" '
            'style="width: 100%; height: 50rem; border: 0"></iframe>'
        )


@checks_keywords
def assemble(lesson: str, title: str, data: Mapping[str, Any]) -> Page:
    """The page of a lesson.

    Parameters
    ----------
    lesson : str
        The lesson's package in `otgan.lessons`, with the files ``page.html`` and ``page.js``.
    title : str
    data : mapping
        What JSON can hold; the functions of ``page.js`` get it.

    Returns
    -------
    Page
        A complete HTML document.

    Raises
    ------
    InvalidInputError
        It would be larger than `MAX_BYTES`.
    """
    page = _shared("template.html")
    for name, content in {
        "TITLE": title,
        "STYLE": _colors() + _shared("style.css"),
        "LIBRARIES": "\n".join(_shared(f"vendor/{name}") for name in LIBRARIES),
        "DATA": _as_script_data(data),
        "BODY": _of_lesson(lesson, "page.html"),
        "MODULE": _one_module(lesson),
    }.items():
        page = page.replace(f"<!--{name}-->", content)
    if (size := len(page.encode())) > MAX_BYTES:
        raise InvalidInputError(
            f"a page must have at most {MAX_BYTES:,} bytes, got {size:,}; to fix it, pass smaller "
            "parameters"
        )
    return Page(page)


@checks_keywords
def check_sizes(most: Mapping[str, int], parameters: Mapping[str, Any]) -> None:
    """Raise unless a page has room for these parameters.

    Parameters
    ----------
    most : mapping of str to int
        How large a number, or how long a list, each parameter may be.
    parameters : mapping
        Some of them, or others, which are passed over.

    Examples
    --------
    >>> check_sizes({"P": 12}, {"P": [3, 2, 1, 4], "rng": 100})
    >>> check_sizes({"steps": 5000}, {"steps": 10**6})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    otgan.errors.InvalidInputError: steps must be at most 5000 on a page, got 1000000; ...
    """
    for name in most.keys() & parameters.keys():
        value = parameters[name]
        size, what = (len(value), " long") if hasattr(value, "__len__") else (value, "")
        if size > most[name]:
            raise InvalidInputError(
                f"{name} must be at most {most[name]}{what} on a page, got {size}; to fix it, pass "
                "less"
            )


def _one_module(lesson: str) -> str:
    """``page.js`` and the modules that it imports, as one module in order of their imports.

    A module is the lesson's own, or else one that pages share.

    All share one scope, so that two definitions of one name are an error in the browser.
    """
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        own = files("otgan.lessons").joinpath(lesson, name).is_file()
        # The modules lie in one folder here and in two in the package.
        source = (_of_lesson(lesson, name) if own else _shared(name)).replace('"../pages/', '"./')
        for needed in IMPORT.findall(source):
            if needed not in parts:
                add(needed)
        parts[name] = EXPORT.sub("", IMPORT.sub("", source))

    add("page.js")
    return "\n".join(parts.values())


def _as_script_data(data: Mapping[str, Any]) -> str:
    """JSON that no HTML parser mistakes for the end of its element."""
    return json.dumps(data, allow_nan=False, ensure_ascii=False).replace("<", "\\u003c")


def _colors() -> str:
    def rule(colors: Mapping[str, str]) -> str:
        return ":root { " + " ".join(f"--{name}: {value};" for name, value in colors.items()) + " }"

    return f"{rule(ON_WHITE)}\n@media (prefers-color-scheme: dark) {{ {rule(ON_DARK)} }}\n"


@cache
def _shared(name: str) -> str:
    return files("otgan.lessons.pages").joinpath(name).read_text(encoding="utf-8")


def _of_lesson(lesson: str, name: str) -> str:
    return files("otgan.lessons").joinpath(lesson, name).read_text(encoding="utf-8")
