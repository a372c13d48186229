# The public names of the package, loaded on first use.
from .build import build_critic as build_critic, build_generator as build_generator
from .dcgan import dcgan_critic as dcgan_critic, dcgan_generator as dcgan_generator
from .features import critic_features as critic_features
from .fourier import fourier_critic as fourier_critic
from .mlp import mlp_critic as mlp_critic, mlp_generator as mlp_generator
from .modules import (
    as_module as as_module,
    check_critic as check_critic,
    check_generator as check_generator,
    scores_mix_points as scores_mix_points,
)
from .packing import packed as packed, packed_shape as packed_shape
from .resnet import resnet_critic as resnet_critic, resnet_generator as resnet_generator
from .spectral import SpectralNorm as SpectralNorm
