"""What torchrun tells each of the processes that it starts, read without torch."""

from __future__ import annotations

import os
from typing import NamedTuple

from otgan.errors import InvalidInputError

__all__ = ["Launch", "launch"]

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""All of them are set by torchrun, and by whoever starts processes in its place."""


class Launch(NamedTuple):
    """Which of `size` processes this one is; `local_rank` counts those on its machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0


def launch() -> Launch:
    """The place of this process among those started with it; alone if no launcher started it.

    Raises
    ------
    InvalidInputError
        Variables of the environment that are no such numbers.

    References
    ----------
    PyTorch documentation, torchrun (Elastic Launch), section Environment Variables.

    Examples
    --------
    >>> launch()
    Launch(rank=0, size=1, local_rank=0)
    """
    if not all(name in os.environ for name in VARIABLES):
        return Launch()
    found = Launch(_number("RANK"), _number("WORLD_SIZE"), _number("LOCAL_RANK", "0"))
    if not 0 <= found.rank < found.size:
        raise InvalidInputError(
            f"RANK must be in 0 ... WORLD_SIZE - 1, got RANK={found.rank}, WORLD_SIZE="
            f"{found.size}; to fix it, start the processes with torchrun"
        )
    return found


def _number(name: str, default: str | None = None) -> int:
    text = os.environ[name] if default is None else os.environ.get(name, default)
    if not text.isdecimal():
        raise InvalidInputError(
            f"the environment variable {name} must be a whole number, got {text!r}; to fix it, "
            "start the processes with torchrun, or unset it"
        )
    return int(text)
