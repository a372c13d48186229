"""What critic and generator minimize: an object each, passed wherever its short name is."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
