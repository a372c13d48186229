"""Generators and critics for vectors and images: built in, or the user's own, checked."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
