"""What a discriminator learns: to tell thin sets apart, and then to leave no gradient."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "exercises": ["EXERCISES"],
        "records": ["WhatADiscriminatorLearns"],
        "numbers": ["run"],
        "words": ["explain"],
        "figure": ["draw"],
        "web_page": ["MOST", "page"],
    },
)
