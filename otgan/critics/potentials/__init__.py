"""Kantorovich potentials of samples, extended to all points, and the bounds that they prove."""
