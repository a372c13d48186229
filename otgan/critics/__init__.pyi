# The public names of the package, loaded on first use.
from . import (
    audit as audit,
    constraints as constraints,
    estimation as estimation,
    kernels as kernels,
    lipschitz as lipschitz,
    networks as networks,
    potentials as potentials,
    training as training,
)
from .audit.audit import audit_critic as audit_critic
from .audit.result import CriticAudit as CriticAudit
from .constraints.base import Constraint as Constraint
from .estimation.estimator import estimate_w1 as estimate_w1
from .estimation.result import DualEstimate as DualEstimate
from .training.options import FitOptions as FitOptions
