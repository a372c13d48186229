"""Progress of long computations: a bar, a function of the caller's, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from otgan.errors import InvalidInputError

__all__ = ["Progress", "Report", "as_progress", "reporting"]

Progress = bool | Callable[[int, int | None, str], None]
"""False, True for a bar on the terminal, or a function of (done, total, message).

`total` is None where nobody knows how much there is to do.
"""

Report = Callable[[int, str], None]
"""Takes what is done in all, and a message."""


def as_progress(progress: Any) -> Progress:
    """The option, checked.

    Examples
    --------
    >>> as_progress("yes")
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: progress must be True, False or a function of (done, total, \
message), got 'yes'; to fix it, pass one of them
    """
    if isinstance(progress, bool) or callable(progress):
        return progress
    raise InvalidInputError(
        "progress must be True, False or a function of (done, total, message), got "
        f"{progress!r}; to fix it, pass one of them"
    )


@contextmanager
def reporting(
    progress: Progress, total: int | None, message: str, *, unit: str = "it", done: int = 0
) -> Iterator[Report]:
    """A function to report with while the block runs; `done` was done before.

    Examples
    --------
    >>> with reporting(lambda *now: print(*now), 2, "test") as report:
    ...     report(1, "half way")
    ...     report(2, "")
    1 2 half way
    2 2 test
    """
    if progress is True:
        from tqdm import tqdm

        with tqdm(total=total, initial=done, desc=message, unit=unit) as bar:

            def show(now: int, text: str) -> None:
                bar.update(now - bar.n)
                if text:
                    bar.set_postfix_str(text)

            yield show
    elif progress is False:
        yield lambda now, text: None
    else:
        yield lambda now, text: progress(now, total, text or message)
