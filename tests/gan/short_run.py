"""Settings of the shortest run that still writes every file, and points for it."""

import numpy as np

RUN = {"steps": 4, "batch_size": 8, "n_critic": 1, "width": 8, "depth": 1, "monitor_every": 2}
RUN |= {"monitor_points": 32, "evaluation_points": 32, "device": "cpu"}
CLOUD = np.random.default_rng(0).normal(size=(605, 2))
