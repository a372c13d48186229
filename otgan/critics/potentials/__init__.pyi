# The public names of the package, loaded on first use.
from .bounds import (
    CertifiedPotentials as CertifiedPotentials,
    LowerBounds as LowerBounds,
    certified_lower_bound as certified_lower_bound,
    certified_potentials as certified_potentials,
    lower_confidence_bound as lower_confidence_bound,
    skill_score as skill_score,
)
from .mcshane import ExactCritic as ExactCritic, McShane as McShane, exact_critic as exact_critic
from .regression import PotentialFit as PotentialFit, fit_potential as fit_potential
