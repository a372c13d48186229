"""A neural critic beside the exact number: what it shows, what that means, how it looks."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "records": ["NeuralCritic"],
        "exercises": ["EXERCISES"],
        "numbers": ["run"],
        "words": ["explain"],
        "figure": ["draw"],
        "web_page": ["MOST", "page"],
    },
)
