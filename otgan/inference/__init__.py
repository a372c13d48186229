"""How sure to be of a distance: intervals for the distributions, and permutation tests."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
