# The public names of the package, loaded on first use.
from .debiased import debiased_wasserstein as debiased_wasserstein
from .held_out import (
    HeldOutBracket as HeldOutBracket,
    held_out_bracket as held_out_bracket,
)
from .interval import Interval as Interval
from .permutations import TestResult as TestResult, two_sample_test as two_sample_test
from .wasserstein import wasserstein_interval as wasserstein_interval
from .wasserstein_statistics import SlicedWasserstein as SlicedWasserstein
