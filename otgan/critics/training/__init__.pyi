# The public names of the package, loaded on first use.
from .data import as_distributions as as_distributions
from .loop import (
    Budget as Budget,
    CriticRecord as CriticRecord,
    fit_critic as fit_critic,
)
from .options import FitOptions as FitOptions
