"""One Gaussian for two bumps: KL(P‖Q) covers both, KL(Q‖P) seeks one, JS does either."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "exercises": ["EXERCISES"],
        "numbers": ["CoverOrSeek", "run"],
        "words": ["explain"],
        "figure": ["draw"],
        "web_page": ["MOST", "page"],
    },
)
