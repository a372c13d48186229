"""Three critics that are trained here, and what has been measured of the claims."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.lessons.gan_and_wgan_side_by_side import explain
from otgan.lessons.gan_and_wgan_side_by_side.numbers import CLIPPED_AT
from tests.lessons.cached import numbers_of


@pytest.fixture(scope="module")
def numbers():
    return numbers_of("gan-and-wgan-side-by-side")


def test_critics_are_what_their_constraints_make_them(numbers):
    gan, wgan, penalized = numbers.trained
    assert_allclose(wgan.largest_weight, CLIPPED_AT, rtol=1e-6)
    assert wgan.steepest < 0.01 < gan.largest_weight
    assert 0.5 < penalized.steepest < 2 < gan.steepest
    assert gan.steps == 5 * wgan.steps == 5 * penalized.steps


def test_scores_are_no_probabilities_but_their_sigmoids_are(numbers):
    gan = numbers.trained[0]
    scores = np.concatenate([gan.real_scores, gan.generated_scores])
    assert scores.min() < 0 and scores.max() > 1
    assert ((1 / (1 + np.exp(-scores)) > 0) & (1 / (1 + np.exp(-scores)) <= 1)).all()


def test_every_critic_scores_real_images_higher(numbers):
    """Each is trained to."""
    for trained in numbers.trained:
        assert trained.real_scores.mean() > trained.generated_scores.mean()


def test_differences_are_those_of_the_seeds(numbers):
    for claim in numbers.claims:
        pairs = list(zip(claim.less_values, claim.more_values, strict=True))
        assert len(pairs) == len(claim.networks)
        assert_allclose(claim.difference, np.mean([a.mean() - b.mean() for a, b in pairs]))
        if claim.verdict != "not told apart":
            assert (claim.difference < 0) == (claim.verdict == "held")
            assert abs(claim.difference) > 2 * claim.se


def test_all_claims_are_counted_and_told(numbers):
    text = explain(numbers)
    title = text.partition("\n")[0]
    for verdict in ("held", "not held", "not told apart"):
        assert f"{len(numbers.with_verdict(verdict))} {verdict}" in title
    assert sum(claim.text in text for claim in numbers.claims) == len(numbers.claims)


def test_a_step_takes_longer_and_the_way_to_half_does_not(numbers):
    text = " ".join(explain(numbers).split())
    for claim in numbers.claims:
        if "takes longer than GAN" in claim.text:
            assert claim.verdict != "held" and f"({claim.verdict})" in text
    gan = {game.networks: game.milliseconds.mean() for game in numbers.played("GAN")}
    ratios = [
        game.milliseconds.mean() / gan[game.networks]
        for name in ("WGAN", "WGAN-GP")
        for game in numbers.played(name)
        if game.networks in gan
    ]
    assert min(ratios) > 1
    assert f"{min(ratios):.1f} to {max(ratios):.1f} times as long" in text
