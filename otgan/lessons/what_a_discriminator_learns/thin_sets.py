"""Two lines, or two surfaces, and a discriminator between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from otgan.critics.networks.feedforward import mlp
from otgan.gan.game import Game
from otgan.gan.objectives.adversarial import Minimax
from otgan.lessons.critic_step import critic_step
from otgan.lessons.what_a_discriminator_learns.records import Separation

__all__ = ["PAIRS", "SLOPE", "ThinPair", "separate", "share_within"]

SLOPE = 0.8
"""The real set rises by this along the first coordinate, the generated one falls."""

WAVE = 0.3
"""Height of the surfaces' wave along the second coordinate."""

APART = 0.3
"""Second coordinate of the lines in space: this, and less this."""

WIDTH, DEPTH, BATCH, LEARNING_RATE = 64, 2, 512, 5e-3
TEST_POINTS, SHOWN = 50_000, 200


@dataclass(frozen=True)
class ThinPair:
    """Two sets of points (t, ± SLOPE t), or with a second coordinate between.

    Attributes
    ----------
    name : str
    d : int
        Dimensions of the space.
    surface : bool
        Whether the second coordinate u is free, and adds ± WAVE sin 2u to the last.
    """

    name: str
    d: int
    surface: bool = False

    @property
    def meets(self) -> bool:
        """Lines of a plane do, in a point; surfaces, in a curve; lines in space do not."""
        return self.surface or self.d == 2

    def sample(self, n: int, sign: int, rng: torch.Generator) -> Tensor:
        """Points of the real set (sign 1) or of the generated one (sign -1), shape (n, d)."""
        t, u = 2 * torch.rand(2, n, generator=rng) - 1
        if self.surface:
            return torch.stack([t, u, sign * (SLOPE * t + WAVE * torch.sin(2 * u))], dim=1)
        line = [t, sign * SLOPE * t]
        if self.d == 3:
            line.insert(1, torch.full_like(t, sign * APART))
        return torch.stack(line, dim=1)


PAIRS = (
    ThinPair("lines in the plane", 2),
    ThinPair("lines in space", 3),
    ThinPair("surfaces in space", 3, surface=True),
)


def share_within(distance: float) -> float:
    """What part of a set has the other one, if they meet, within this distance above or below.

    Both for lines and for surfaces the difference of heights is 2 SLOPE t, plus a function of u,
    and t is uniform on [-1, 1]: so it is distance / (2 SLOPE), as long as that strip does not
    reach an edge.

    Examples
    --------
    >>> share_within(0.001)
    0.000625
    """
    return distance / (2 * SLOPE)


def separate(pair: ThinPair, steps: int, rng: int) -> Separation:
    """Train a discriminator, and look at it on new points as it learns."""
    torch.manual_seed(rng)
    generator = torch.Generator().manual_seed(rng)
    critic, game = mlp(pair.d, width=WIDTH, depth=DEPTH), Game(Minimax(), None)
    optimizer = torch.optim.Adam(critic.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    shown = [pair.sample(SHOWN, sign, generator) for sign in (1, -1)]
    looks = _moments(steps)
    accuracy, js, scores = [], [], []
    for step in range(steps + 1):
        if step in looks:
            with torch.no_grad():
                scores.append([critic(points).squeeze(1).double().numpy() for points in shown])
                test = [pair.sample(TEST_POINTS, sign, generator) for sign in (1, -1)]
                real, fake = (critic(points).squeeze(1).double() for points in test)
            accuracy.append(float(((real > 0).double().mean() + (fake < 0).double().mean()) / 2))
            js.append(Minimax().divergence(real, fake))
        if step < steps:
            real, fake = (pair.sample(BATCH, sign, generator) for sign in (1, -1))
            critic_step(game, critic, optimizer, real, fake, generator)
            schedule.step()
    return Separation(
        name=pair.name,
        real=shown[0].double().numpy(),
        fake=shown[1].double().numpy(),
        meet=pair.meets,
        steps=np.array(looks),
        accuracy=np.array(accuracy),
        js=np.array(js),
        real_scores=np.array([both[0] for both in scores]),
        fake_scores=np.array([both[1] for both in scores]),
    )


def _moments(steps: int) -> list[int]:
    """0, 10, 20, 50, 100, ... and the last step."""
    grid = [0, *(m * 10**k for k in range(1, 6) for m in (1, 2, 5))]
    return [step for step in grid if step < steps] + [steps]
