"""The numbers of the lesson `gan-and-wgan-side-by-side`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.measured import measured
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["Claim", "Clothes", "Played", "SideBySide", "Trained", "measurements"]


@dataclass(frozen=True, repr=False)
class Claim(Record):
    """That a number is less in some runs than in others, and what seeds say of it.

    Attributes
    ----------
    text : str
    number : str
        relative_w1, seconds_to_half, cost, reverse_kl or spread.
    less, more : str
        The games that are said to have less, and more.
    verdict : str
        held, not held or not told apart: by Welch's test over seeds, at 5 % for all
        claims together.
    difference, se : float
        Mean of the first less that of the second, averaged over networks; its standard error.
    networks : tuple of str
        Pairs of networks, each of which both games had.
    less_values, more_values : tuple of ndarray
        Seeds, for each pair of networks.
    """

    text: str
    number: str
    less: str
    more: str
    verdict: str
    difference: float
    se: float
    networks: tuple[str, ...]
    less_values: tuple[FloatArray, ...]
    more_values: tuple[FloatArray, ...]


@dataclass(frozen=True, repr=False)
class Played(Record):
    """A game with a pair of networks: its seeds.

    Attributes
    ----------
    name, networks : str
    seeds : ndarray of int, shape (k,)
    milliseconds : ndarray, shape (k,)
        Of the processor, for a generator step with those of the critic.
    debiased_w1, reverse_kl : ndarray, shape (k,)
    converged : int
        Runs whose debiased W1 ended within two standard errors of zero or below a tenth of its
        start.
    """

    name: str
    networks: str
    seeds: FloatArray
    milliseconds: FloatArray
    debiased_w1: FloatArray
    reverse_kl: FloatArray
    converged: int


@dataclass(frozen=True, repr=False)
class Clothes(Record):
    """A game on Fashion-MNIST: its seeds.

    Attributes
    ----------
    name : str
    seeds : ndarray of int, shape (k,)
    frechet : ndarray, shape (k,)
        Squared Fréchet distance of features.
    coverage : ndarray, shape (k,)
        The fraction of real images that have a generated one nearby.
    """

    name: str
    seeds: FloatArray
    frechet: FloatArray
    coverage: FloatArray


@dataclass(frozen=True, repr=False)
class Trained(Record):
    """A game played now on digits, and what its critic is like.

    Attributes
    ----------
    name : str
    steps : int
        Of the generator.
    real_scores, generated_scores : ndarray, shape (n,)
        What the last layer of the critic gives for held-out and for generated images.
    largest_weight : float
        Of all weights and biases of the critic.
    steepest : float
        The largest gradient norm met at images and between them, which a penalty asks to be 1.
    debiased_w1, debiased_w1_se : float
    """

    name: str
    steps: int
    real_scores: FloatArray
    generated_scores: FloatArray
    largest_weight: float
    steepest: float
    debiased_w1: float
    debiased_w1_se: float


@checks_keywords
@dataclass(frozen=True, repr=False)
class SideBySide(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    claims : tuple of Claim
        Measured by benchmarks/claims.py, with so many `seconds` of one processor a run.
    games : tuple of Played
        All that was played for them.
    clothes : tuple of Clothes
        Measured by benchmarks/fashion.py, with so many `clothes_seconds` a run.
    seconds, clothes_seconds : int
    trained : tuple of Trained
        A GAN, a WGAN and a WGAN-GP, trained now.
    """

    claims: tuple[Claim, ...]
    games: tuple[Played, ...]
    clothes: tuple[Clothes, ...]
    seconds: int
    clothes_seconds: int
    trained: tuple[Trained, ...]

    def with_verdict(self, verdict: str) -> tuple[Claim, ...]:
        """The claims that ended so."""
        return tuple(claim for claim in self.claims if claim.verdict == verdict)

    def played(self, name: str) -> tuple[Played, ...]:
        """A game with every pair of networks."""
        return tuple(game for game in self.games if game.name == name)


def measurements() -> dict[str, Any]:
    """All but what is trained now, as this package holds it."""
    found = measured("gan_and_wgan_side_by_side")
    return {
        "claims": tuple(map(_claim, found["claims"])),
        "games": tuple(Played(**_with_arrays(game)) for game in found["games"]),
        "clothes": tuple(Clothes(**_with_arrays(game)) for game in found["fashion"]),
        "seconds": found["seconds"],
        "clothes_seconds": found["fashion_seconds"],
    }


def _claim(found: dict[str, Any]) -> Claim:
    sides = {
        side: tuple(np.array(values) for values in found[side])
        for side in ("less_values", "more_values")
    }
    return Claim(**{**found, **sides, "networks": tuple(found["networks"])})


def _with_arrays(found: dict[str, Any]) -> dict[str, Any]:
    return {k: np.array(value) if isinstance(value, list) else value for k, value in found.items()}
