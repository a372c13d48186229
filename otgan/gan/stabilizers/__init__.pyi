# The public names of the package, loaded on first use.
from .base import Stabilizer as Stabilizer
from .by_name import (
    STABILIZERS as STABILIZERS,
    as_stabilizers as as_stabilizers,
)
