"""KL, JS and their relatives: between histograms, parametric distributions and samples.

With them, scores of generated points beside real ones.

The functions are public names of `otgan`; between parametric distributions, those of
`otgan.divergences.closed_forms`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules={"closed_forms"})
