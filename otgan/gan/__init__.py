"""Wasserstein GANs whose progress is measured in exact distance."""

from otgan.errors import require

require("torch", extra="torch", purpose="training a GAN")
