"""Lipschitz constants of networks: bounded above by their weights, and below by sampled slopes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
