"""Names that settings may take, to check them before torch is imported."""

from __future__ import annotations

__all__ = [
    "FEATURE_NAMES",
    "LATENTS",
    "OBJECTIVE_NAMES",
    "PRECISIONS",
    "STABILIZER_NAMES",
]

OBJECTIVE_NAMES = (
    "wasserstein",
    "minimax",
    "non-saturating",
    "least-squares",
    "hinge",
    "relativistic",
    "semi-supervised",
    "exact",
)
"""The keys of `objectives.OBJECTIVES`."""

STABILIZER_NAMES = (
    "feature-matching",
    "minibatch-discrimination",
    "historical-averaging",
    "label-smoothing",
    "virtual-batch-norm",
    "instance-noise",
)
"""The keys of `stabilizers.STABILIZERS`."""

LATENTS = ("gaussian", "uniform")
PRECISIONS = ("float32", "bfloat16", "float16")

FEATURE_NAMES = ("auto", "classifier", "autoencoder")
"""Features that are trained here."""
