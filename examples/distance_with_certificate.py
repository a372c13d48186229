"""A distance and its certificate
==============================

The exact distance of two weighted clouds of points, and a check that trusts no solver.

Run::

    python examples/distance_with_certificate.py [plan.png]
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.spatial.distance import cdist

import otgan
from otgan.plot import panels, save


def main() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 2)), rng.normal(size=(400, 2)) * [2.0, 0.5] + [1.0, 0.0]
    a, b = rng.dirichlet(np.ones(300)), rng.dirichlet(np.ones(400))
    result = otgan.emd(x, y, a, b)
    print(f"W1 = {result.distance:.12g}, certified to {result.gap:.1e}, by {result.solver}")

    # The upper bound is what the plan costs, if its rows and columns add up to the weights.
    C = cdist(x, y)
    plan = result.plan.toarray()
    primal = (plan * C).sum()
    rows, columns = np.abs(plan.sum(axis=1) - a).max(), np.abs(plan.sum(axis=0) - b).max()
    print(f"the plan costs      {primal:.12g}; its marginals are off by {max(rows, columns):.1e}")

    # The lower bound is what the potentials earn, if no pair earns more than it costs: any plan
    # then costs at least Σ plan_ij (f_i + g_j) = Σ a_i f_i + Σ b_j g_j.
    dual = a @ result.f + b @ result.g
    excess = (result.f[:, None] + result.g - C).max()
    print(f"the potentials earn {dual:.12g}; f + g exceeds the cost by {max(excess, 0.0):.1e}")
    print(f"so the optimum lies in [{dual:.12g}, {primal:.12g}], whatever the solver did")

    # W2 between the same clouds: its cost is squared, its distance is not.
    second = otgan.emd(x, y, a, b, p=2)
    print(f"W2 = {second.distance:.12g}, the root of {second.cost:.12g}")

    with panels(1, 2, width=4.6) as (figure, axes):
        for axis, r, order in zip(axes, (result, second), (1, 2), strict=True):
            r.plot(axis, x=x, y=y)
            axis.set_title(f"the plan of W{order} = {r.distance:.4g}")
    print("picture:", save(figure, *sys.argv[1:] or ["plan.png"], dpi=100))


if __name__ == "__main__":
    main()
