"""How many dimensions data have: an estimate, held to shapes of known dimension."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "exercises": ["EXERCISES"],
        "numbers": ["DimensionOfData", "run"],
        "words": ["explain"],
        "figure": ["draw"],
        "web_page": ["MOST", "page"],
    },
)
