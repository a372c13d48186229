"""Find the mistake: the cards, and the curves of three of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from otgan.errors import InvalidInputError
from otgan.inputs.options import as_count
from otgan.keywords import checks_keywords
from otgan.lessons.densities import Normal
from otgan.lessons.mistakes import Mistake, mistakes
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = [
    "REAL_LABEL",
    "FindTheMistake",
    "best_discriminator",
    "density",
    "density_between",
    "density_of_mixture",
    "integrands",
    "run",
]

DATA, GENERATED = Normal(-2, 0.6), Normal(2, 0.6)
REAL_LABEL = 0.9
GRID = np.linspace(-6, 6, 241)


@checks_keywords
@dataclass(frozen=True, repr=False)
class FindTheMistake(Record):
    """The cards of the lesson, and the curves of three of them.

    Attributes
    ----------
    cards : tuple of Mistake
    turned : int
        The number of the card that is shown with its answer, from 1; 0 for none.
    x : ndarray, shape (k,)
    forth, back : ndarray, shape (k,)
        p log(p/q) and q log(q/p) for p = N(0, 1) and q = N(1, 1): their integrals are KL both ways.
    one_sided, two_sided : ndarray, shape (k,)
        The best discriminator of data N(-2, .6²) and a generator N(2, .6²) for labels .9 and 0,
        and for .9 and .1.
    mixture, between : ndarray, shape (k,)
        Densities of half of the data with half of the generated points, and of points halfway
        between a pair of them.
    """

    cards: tuple[Mistake, ...]
    turned: int
    x: FloatArray
    forth: FloatArray
    back: FloatArray
    one_sided: FloatArray
    two_sided: FloatArray
    mixture: FloatArray
    between: FloatArray


def density(distribution: Normal, x: FloatArray) -> FloatArray:
    """Of a normal distribution at these points."""
    return np.exp([distribution.log_pdf(value) for value in x.tolist()])


def integrands(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Integrands p log(p/q) and q log(q/p) of KL, for p = N(0, 1) and q = N(1, 1)."""
    p, q = density(Normal(0, 1), x), density(Normal(1, 1), x)
    return p * np.log(p / q), q * np.log(q / p)


def best_discriminator(x: FloatArray, fake_label: float) -> FloatArray:
    """(a p_r + b p_g) / (p_r + p_g) for labels a = `REAL_LABEL` and b.

    References
    ----------
    Salimans et al., Improved techniques for training GANs (NeurIPS 2016), section 3.4.
    """
    p, q = density(DATA, x), density(GENERATED, x)
    return (REAL_LABEL * p + fake_label * q) / (p + q)


def density_of_mixture(x: FloatArray, epsilon: float) -> FloatArray:
    """Of a point that is real with probability epsilon, and otherwise generated."""
    return epsilon * density(DATA, x) + (1 - epsilon) * density(GENERATED, x)


def density_between(x: FloatArray, epsilon: float) -> FloatArray:
    """Of epsilon times a real point plus 1 - epsilon times a generated one.

    References
    ----------
    Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), section 4.
    """
    mean = epsilon * DATA.mean + (1 - epsilon) * GENERATED.mean
    std = float(np.hypot(epsilon * DATA.std, (1 - epsilon) * GENERATED.std))
    return density(Normal(mean, std), x)


@checks_parameters
def run(*, card: int = 0) -> FindTheMistake:
    """Collect the cards.

    Parameters
    ----------
    card : int
        Which one to turn, from 1; 0 for none.

    Returns
    -------
    FindTheMistake

    Raises
    ------
    InvalidInputError
        There is no such card.

    Examples
    --------
    >>> numbers = run()
    >>> numbers.cards[0].title, numbers.cards[0].question
    ('Two metrics', 'What is wrong?')
    >>> step = numbers.x[1] - numbers.x[0]
    >>> print(f"{step * numbers.forth.sum():.4f} {step * numbers.back.sum():.4f}")
    0.5000 0.5000
    """
    cards = mistakes()
    turned = as_count(card, "card", least=0)
    if turned > len(cards):
        raise InvalidInputError(
            f"card must be at most {len(cards)}, got {turned}; to fix it, pass the number of one"
        )
    forth, back = integrands(GRID)
    return FindTheMistake(
        cards=cards,
        turned=turned,
        x=GRID,
        forth=forth,
        back=back,
        one_sided=best_discriminator(GRID, 0.0),
        two_sided=best_discriminator(GRID, 0.1),
        mixture=density_of_mixture(GRID, 0.5),
        between=density_between(GRID, 0.5),
    )
