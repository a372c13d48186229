"""Why a first call takes so long, said where the user looks; loaded together with Numba."""

from __future__ import annotations

import logging
import sys
from typing import Any

from numba.core import event

__all__ = ["announcement"]

logger = logging.getLogger(__name__)

TEXT = "otgan compiles loops, once for this installation: some seconds"


class _Announcement(event.Listener):
    """Hears of every loop that is compiled, since no disk holds it.

    The first one is announced: to whoever listens to the log, else by a line on the terminal, or by
    a counter of loops in a notebook. Where stderr is neither, nothing is written.

    Attributes
    ----------
    count : int
        Loops that this process has compiled, or is compiling.
    """

    def __init__(self) -> None:
        self.count = 0
        self.bar: Any = None

    def on_start(self, event: Any) -> None:
        """Announce the first loop."""
        self.count += 1
        if self.count > 1:
            return
        logger.info(TEXT)
        if logger.isEnabledFor(logging.INFO):
            return
        if "ipykernel" in sys.modules:
            from tqdm import tqdm

            self.bar = tqdm(desc=TEXT, unit=" loops")
        elif sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write(TEXT + "\n")

    def on_end(self, event: Any) -> None:
        """Count the loop in the notebook."""
        if self.bar is not None:
            self.bar.update()


announcement = _Announcement()
