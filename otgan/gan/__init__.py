"""Generative adversarial networks whose progress is measured in exact distance."""

import lazy_loader

from otgan.errors import require

require("torch", extra="torch", purpose="training a GAN")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
