# The public names of the package, loaded on first use.
from .adversarial import (
    Hinge as Hinge,
    LeastSquares as LeastSquares,
    Minimax as Minimax,
    NonSaturating as NonSaturating,
    Relativistic as Relativistic,
    Wasserstein as Wasserstein,
)
from .base import Objective as Objective
from .by_name import (
    OBJECTIVES as OBJECTIVES,
    as_objective as as_objective,
)
from .exact import Exact as Exact
from .semi_supervised import SemiSupervised as SemiSupervised
