"""Divergences and distances between parametric distributions, in closed form or by quadrature.

By a closed form where there is one, otherwise by quadrature (or by summation, if both distributions
are discrete) to a stated accuracy, or by an error: never by sampling. Nothing here is a public name
of `otgan` itself, where `kl_divergence` and its kind compare histograms and points::

    from otgan.divergences.closed_forms import Gaussian, kl

    kl(Gaussian(0, 1), Gaussian(1, 4))  # means and variances

Everything is in nats: divide by log 2 for bits. A discrete distribution and a continuous one have
no mass in common (KL is infinite, JS is log 2, total variation and Hellinger distance are 1), but a
finite Wasserstein distance.
"""

from otgan.divergences.closed_forms.distances import (
    hellinger,
    js,
    kl,
    total_variation,
    wasserstein,
)
from otgan.divergences.closed_forms.distributions import (
    Exponential,
    Gamma,
    Gaussian,
    Laplace,
    ParametricDistribution,
    Poisson,
    Uniform,
)

__all__ = [
    "Exponential",
    "Gamma",
    "Gaussian",
    "Laplace",
    "ParametricDistribution",
    "Poisson",
    "Uniform",
    "hellinger",
    "js",
    "kl",
    "total_variation",
    "wasserstein",
]
