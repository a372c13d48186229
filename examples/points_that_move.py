"""Points that descend a distance
==============================

Points that descend their exact distance to a target: the gradient goes through the solver.

Run::

    python examples/points_that_move.py [points.png]
"""

from __future__ import annotations

import sys

import numpy as np
import torch

import otgan
from otgan.datasets import ring8
from otgan.plot import BLUE, ORANGE, panels, save

N, STEPS = 200, 30


def main() -> None:
    rng = np.random.default_rng(0)
    target = torch.tensor(ring8().sample(N, rng))
    points = torch.tensor(0.3 * rng.normal(size=(N, 2)), requires_grad=True)
    distances, states = [], []
    for step in range(STEPS + 1):
        distance = otgan.wasserstein(points, target, p=2)
        distances.append(distance.item())
        if step % 10 == 0:
            print(f"step {step:3d}: W2 = {distance.item():.4f}")
            states.append(points.detach().numpy().copy())
        if step == STEPS:
            break
        # The gradient of W2² / 2 is (x_i - where x_i goes) / N: a step of 0.1 N is a tenth of
        # the way, for all points at once, and W2 falls by a tenth.
        (gradient,) = torch.autograd.grad(distance**2 / 2, points)
        with torch.no_grad():
            points -= 0.1 * N * gradient
    left = distances[-1] / distances[0]
    print(f"the last is {left:.4f} of the first; 0.9^{STEPS} = {0.9**STEPS:.4f}")

    with panels(1, len(states), width=2.6, height=2.8) as (figure, axes):
        for k, (axis, state) in enumerate(zip(axes, states, strict=True)):
            axis.scatter(target[:, 0], target[:, 1], s=6, color=BLUE)
            axis.scatter(state[:, 0], state[:, 1], s=6, color=ORANGE)
            title = f"step {10 * k}: W2 = {distances[10 * k]:.3f}"
            axis.set(title=title, aspect="equal", xticks=[], yticks=[])
    print("picture:", save(figure, *sys.argv[1:] or ["points.png"], dpi=100))


if __name__ == "__main__":
    main()
