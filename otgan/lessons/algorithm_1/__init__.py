"""Algorithm 1 of the WGAN paper, line by line: what each line says, and what runs for it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "exercises": ["EXERCISES"],
        "numbers": ["Algorithm1", "run"],
        "words": ["explain"],
        "figure": ["draw"],
        "web_page": ["MOST", "page"],
    },
)
