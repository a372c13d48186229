"""A critic audited
================

A critic whose gradient penalty is too weak for its data, and what an audit says of it.

Run::

    python examples/critic_audited.py [--plot audit.png] [--steps N]
    python examples/critic_audited.py --plot audit.png  # below
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

import otgan
from otgan.critics.networks.feedforward import mlp
from otgan.datasets import ring8
from otgan.measures import FloatArray

WEIGHT, BATCH = 1.0, 128


def ring_and_gaussian(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    return ring8().sample(n, rng), 0.5 * rng.normal(size=(n, 2))


def train(x: torch.Tensor, y: torch.Tensor, steps: int) -> tuple[torch.nn.Module, float]:
    """The critic of a WGAN with gradient penalty as it is usually written, and its last loss."""
    torch.manual_seed(0)
    critic = mlp(2, width=64, depth=3)
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.9))
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    for _ in range(steps):
        u, v = x[torch.randint(len(x), (BATCH,))], y[torch.randint(len(y), (BATCH,))]
        between = torch.lerp(u, v, torch.rand(BATCH, 1)).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        penalty = WEIGHT * (gradient.norm(dim=1) - 1.0).square().mean()
        loss = critic(v).mean() - critic(u).mean() + penalty
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return critic, loss.item()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plot", metavar="FILE", help="also save a picture")
    parser.add_argument("--steps", type=int, default=1200, help="of training (default 1200)")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    x, y = (torch.tensor(points).float() for points in ring_and_gaussian(5000, rng))
    critic, loss = train(x, y, options.steps)
    fresh = ring_and_gaussian(600, rng)
    # Minus the last loss is what many scripts print as W1.
    audit = otgan.audit_critic(critic, *fresh, penalty_weight=WEIGHT, reported=-loss)
    print(audit)
    if options.plot:
        from otgan.critics.audit.plot import critic_audit
        from otgan.plot import save

        print("\npicture:", save(critic_audit(audit), options.plot, dpi=100))


if __name__ == "__main__":
    main()
