"""A critic whose gradient penalty is too weak for its data, and what an audit says of it.

Run: python examples/audit_picture.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

import otgan
from otgan.critics.audit.plot import critic_audit
from otgan.critics.networks.mlp import mlp
from otgan.datasets import ring8
from otgan.measures import FloatArray
from otgan.plot import save

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "audit.png"
WEIGHT, BATCH, STEPS = 1.0, 128, 1200


def ring_and_gaussian(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    return ring8().sample(n, rng), 0.5 * rng.normal(size=(n, 2))


def train(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.nn.Module, float]:
    """The critic of a WGAN with gradient penalty as it is usually written, and its last loss."""
    torch.manual_seed(0)
    critic = mlp(2, width=64, depth=3)
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.9))
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, STEPS)
    for _ in range(STEPS):
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
    rng = np.random.default_rng(0)
    x, y = (torch.tensor(points).float() for points in ring_and_gaussian(5000, rng))
    critic, loss = train(x, y)
    fresh = ring_and_gaussian(600, rng)
    # Minus the last loss is what many scripts print as W1.
    audit = otgan.audit_critic(critic, *fresh, penalty_weight=WEIGHT, reported=-loss)
    print(audit)
    print("\npicture:", save(critic_audit(audit), PICTURE, dpi=100))


if __name__ == "__main__":
    main()
