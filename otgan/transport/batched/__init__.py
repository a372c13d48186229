"""Stacks of problems of equal sizes, (B, n, d) or (B, n, m), solved side by side."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
