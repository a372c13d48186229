"""GAN and WGAN side by side: what is said of them, and what was measured."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "exercises": ["EXERCISES"],
        "numbers": ["SideBySide", "run"],
        "words": ["explain"],
        "figure": ["draw"],
        "web_page": ["MOST", "page"],
    },
)
