# The public names of the package, loaded on first use.
from .context import (
    Limits as Limits,
    Outcome as Outcome,
    PricingPass as PricingPass,
    SolveContext as SolveContext,
)
from .forbidden import solve_allowed as solve_allowed
from .multiscale import solve_matrix as solve_matrix, solve_points as solve_points
