"""W1 estimated by critics: which constraint, which evaluation, and what to make of the number."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
