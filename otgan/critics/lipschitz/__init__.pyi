# The public names of the package, loaded on first use.
from .convolution import convolution_norm as convolution_norm
from .layers import (
    LipschitzProof as LipschitzProof,
    lipschitz_from_weights as lipschitz_from_weights,
    prove_lipschitz as prove_lipschitz,
)
from .sampled import sampled_lipschitz as sampled_lipschitz
