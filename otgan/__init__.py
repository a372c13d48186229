"""Optimal transport and divergences, and the GANs built on them.

Every number comes with a bracket that can be checked: a plan above, potentials below.
The public names are loaded on first use; importing otgan loads neither torch nor Numba.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
