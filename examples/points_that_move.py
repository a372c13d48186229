"""Points that descend a distance
==============================

Points that descend their exact distance to a target: the gradient goes through the solver.

Run::

    python examples/points_that_move.py
"""

from __future__ import annotations

import numpy as np
import torch

import otgan
from otgan.datasets import ring8

N, STEPS = 200, 30


def main() -> None:
    rng = np.random.default_rng(0)
    target = torch.tensor(ring8().sample(N, rng))
    points = torch.tensor(0.3 * rng.normal(size=(N, 2)), requires_grad=True)
    distances = []
    for step in range(STEPS + 1):
        distance = otgan.wasserstein(points, target, p=2)
        distances.append(distance.item())
        if step % 10 == 0:
            print(f"step {step:3d}: W2 = {distance.item():.4f}")
        if step == STEPS:
            break
        # The gradient of W2² / 2 is (x_i - where x_i goes) / N: a step of 0.1 N is a tenth of
        # the way, for all points at once, and W2 falls by a tenth.
        (gradient,) = torch.autograd.grad(distance**2 / 2, points)
        with torch.no_grad():
            points -= 0.1 * N * gradient
    left = distances[-1] / distances[0]
    print(f"the last is {left:.4f} of the first; 0.9^{STEPS} = {0.9**STEPS:.4f}")


if __name__ == "__main__":
    main()
