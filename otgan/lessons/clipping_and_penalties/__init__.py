"""Weight clipping and gradient penalties: gradients by layer, surfaces and weights of critics."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "exercises": ["EXERCISES"],
        "records": ["ClippingAndPenalties"],
        "numbers": ["run"],
        "words": ["explain"],
        "figure": ["draw"],
        "web_page": ["MOST", "page"],
    },
)
