"""The network simplex method, from coarse to fine: the solver of exact transport."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
