"""Points of the generator that was kept, beside real ones and the nearest training points."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist
from torch import nn

from otgan.datasets import Sample
from otgan.gan.monitor import Monitor
from otgan.measures import FloatArray

__all__ = ["kept_sample"]

N_NEAREST = 12
"""Generated points whose nearest training points are looked up."""


def kept_sample(monitor: Monitor, generator: nn.Module) -> dict[str, FloatArray]:
    """Arrays to be drawn at the end of a run.

    Returns
    -------
    dict
        ``real`` and ``generated``, shape (n, d), the latter from the latents of every measurement;
        and, for a finite data set, ``nearest``: for each of the first twelve generated points the
        training point at the least Euclidean distance.
    """
    generated = monitor.generate(generator, len(monitor.real), 0, "monitor latents")
    arrays = {"real": monitor.real, "generated": generated}
    train = monitor.data.train
    if isinstance(train, Sample):
        closest = cdist(generated[:N_NEAREST], train.points).argmin(axis=1)
        arrays["nearest"] = np.asarray(train.points[closest])
    return arrays
