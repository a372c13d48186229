"""Optimal transport between discrete measures, certified."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={
        "distances",
        "duality",
        "exact",
        "linprog",
        "max_sliced",
        "pairwise",
        "result",
        "sinkhorn",
        "sliced",
    },
)
