# The public names of the package, loaded on first use.
from .plot import two_samples as two_samples
from .result import Comparison as Comparison
from .row import ComparedQuantity as ComparedQuantity
from .table import compare as compare
