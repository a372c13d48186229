# The public names of the package, loaded on first use.
from .cones import ConeNetwork as ConeNetwork
from .ensemble import Ensemble as Ensemble
from .features import FourierFeatures as FourierFeatures, WithRadius as WithRadius
from .feedforward import (
    MaxMin as MaxMin,
    OnOriginalScale as OnOriginalScale,
    fourier_mlp as fourier_mlp,
    mlp as mlp,
    orthogonal_mlp as orthogonal_mlp,
    radial_mlp as radial_mlp,
)
