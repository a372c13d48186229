"""What one run of the algorithm is asked, and what it does."""

from __future__ import annotations

from dataclasses import dataclass

from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["Settings", "Training"]


@dataclass(frozen=True, repr=False)
class Settings(Record):
    """What Algorithm 1 requires, but for the size of batches.

    Attributes
    ----------
    limit : float
        c: weights of the critic are clipped to [-c, c].
    n_critic : int
        Critic steps for one of the generator.
    learning_rate : float
        α.
    """

    limit: float
    n_critic: int
    learning_rate: float

    def __str__(self) -> str:
        return f"c = {self.limit:g}, n_critic = {self.n_critic}, α = {self.learning_rate:g}"

    def changes_of(self, usual: Settings) -> str:
        """In what these settings differ from others; all of them if in nothing.

        Examples
        --------
        >>> Settings(0.1, 5, 0.01).changes_of(Settings(0.1, 1, 0.01))
        'n_critic = 5'
        """
        pairs = zip(str(self).split(", "), str(usual).split(", "), strict=True)
        return ", ".join(own for own, other in pairs if own != other) or str(self)


@dataclass(frozen=True, repr=False)
class Training(Record):
    """One run of the algorithm; P_g is N(shift, scale²).

    Attributes
    ----------
    settings : Settings
    shift, scale : ndarray, shape (steps + 1,)
        θ, before the first and after every step of the generator.
    w1 : ndarray, shape (steps + 1,)
        W₁(P_r, P_g), exactly.
    gap : ndarray, shape (steps,)
        1/m Σ f_w(x) - 1/m Σ f_w(g_θ(z)) of the last batch of every iteration, as line 5 sees it.
    pull : ndarray, shape (steps,)
        Length of the generator's gradient, g_θ of line 10.
    weights : ndarray, shape (49,)
        w at the end: weights and biases of the hidden layer, then of the last one.
    """

    settings: Settings
    shift: FloatArray
    scale: FloatArray
    w1: FloatArray
    gap: FloatArray
    pull: FloatArray
    weights: FloatArray

    @property
    def last_w1(self) -> float:
        """Mean of W₁ over the last tenth of the steps, since it may go up and down."""
        return float(self.w1[-max(1, len(self.gap) // 10) :].mean())

    @property
    def steps_without_pull(self) -> int:
        """How many steps the generator made at the end without any gradient."""
        moved = self.pull.nonzero()[0]
        return len(self.pull) - (int(moved[-1]) + 1 if len(moved) else 0)
