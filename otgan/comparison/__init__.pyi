# The public names of the package, loaded on first use.
from .plot import two_samples as two_samples
from .result import ComparedQuantity as ComparedQuantity, Comparison as Comparison
from .table import compare as compare
