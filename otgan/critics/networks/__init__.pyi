# The public names of the package, loaded on first use.
from .cones import ConeNetwork as ConeNetwork
from .ensemble import Ensemble as Ensemble
from .feedforward import (
    MaxMin as MaxMin,
    OnOriginalScale as OnOriginalScale,
    mlp as mlp,
    orthogonal_mlp as orthogonal_mlp,
    radial_mlp as radial_mlp,
)
