# The public names: the one list that the lazy loader, type checkers and editors read.
from .divergences.histograms import (
    chi2_divergence,
    hellinger,
    js_distance,
    js_divergence,
    kl_divergence,
    total_variation,
)

__version__: str
