# The public names of the package, loaded on first use.
from .estimator import estimate_w1 as estimate_w1
from .result import DualEstimate as DualEstimate
