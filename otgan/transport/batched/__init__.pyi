# The public names of the package, loaded on first use.
from .inputs import Stack as Stack
from .plans import (
    plans_of_costs as plans_of_costs,
    plans_of_points as plans_of_points,
    stacked_distances as stacked_distances,
)
from .result import StackedPlans as StackedPlans
