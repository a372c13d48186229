"""The neural Kantorovich dual: critics, what keeps them Lipschitz, and what they are worth."""

import lazy_loader

from otgan.errors import require

require("torch", extra="torch", purpose="a critic")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
