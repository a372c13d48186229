"""Names of networks and norms, to check a setting before torch is imported."""

from __future__ import annotations

__all__ = ["CRITIC_NORMS", "GENERATOR_NORMS", "NETWORKS"]

NETWORKS = ("auto", "mlp", "fourier", "dcgan", "resnet")
"""``"auto"`` is replaced by one of the others once the shape of points is known."""

CRITIC_NORMS = (None, "layer", "instance", "spectral", "batch")
GENERATOR_NORMS = (None, "batch")
