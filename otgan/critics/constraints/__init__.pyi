# The public names of the package, loaded on first use.
from .base import (
    Constraint as Constraint,
    CriticLoss as CriticLoss,
    HeldOutGap as HeldOutGap,
)
from .by_name import (
    CONSTRAINTS as CONSTRAINTS,
    as_constraint as as_constraint,
)
from .clipping import WeightClipping as WeightClipping
from .cones import Cones as Cones
from .distillation import Distillation as Distillation
from .norm_constrained import (
    OrthogonalWeights as OrthogonalWeights,
    SpectralNormalization as SpectralNormalization,
)
from .penalties import (
    DivergencePenalty as DivergencePenalty,
    GradientPenalty as GradientPenalty,
)
from .zero_centered import ZeroCenteredPenalty as ZeroCenteredPenalty
