"""How often a call validates points and weights."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from otgan import measures

ENTRIES = ("as_named_samples", "as_pair", "as_points", "as_samples", "as_weights")
"""The functions that validate points or weights; one within another counts once."""


def validations(call: Callable[[], object]) -> list[str]:
    """The functions that entered `otgan.measures` during a call, in order."""
    entered: list[str] = []
    depth = 0

    def counted(real: Any) -> Callable[..., Any]:
        def entry(*args: Any, **kwargs: Any) -> Any:
            nonlocal depth
            if not depth:
                caller = sys._getframe(1)
                entered.append(f"{caller.f_globals['__name__']}.{caller.f_code.co_name}")
            depth += 1
            try:
                return real(*args, **kwargs)
            finally:
                depth -= 1

        return entry

    modules = [module for name, module in sys.modules.items() if name.startswith("otgan")]
    with ExitStack() as patches:
        for name in ENTRIES:
            real: Callable[..., Any] = getattr(measures, name)
            for module in modules:
                if vars(module).get(name) is real:
                    patches.enter_context(patch.object(module, name, counted(real)))
        of = counted(measures.DiscreteMeasure.of)
        patches.enter_context(patch.object(measures.DiscreteMeasure, "of", of))
        call()
    return entered
