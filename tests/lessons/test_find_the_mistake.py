"""The lesson `find-the-mistake`: its curves against other ways to them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import trapezoid
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from otgan.errors import InvalidInputError
from otgan.lessons.find_the_mistake import explain, run
from otgan.lessons.find_the_mistake.numbers import (
    REAL_LABEL,
    best_discriminator,
    density_between,
    density_of_mixture,
)

NUMBERS = run()
X = np.linspace(-8, 8, 4001)


def test_both_integrands_have_the_integral_one_half():
    for curve in (NUMBERS.forth, NUMBERS.back):
        assert_allclose(trapezoid(curve, NUMBERS.x), 0.5, atol=1e-4)
    assert abs(NUMBERS.forth - NUMBERS.back).max() > 0.3


@pytest.mark.parametrize("fake_label", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("x", [-2.0, -0.1, 0.2, 3.0])
def test_no_discriminator_has_a_smaller_cross_entropy(x, fake_label):
    p, q = norm.pdf(x, -2, 0.6), norm.pdf(x, 2, 0.6)

    def loss(D):
        on_real = REAL_LABEL * np.log(D) + (1 - REAL_LABEL) * np.log(1 - D)
        on_fake = fake_label * np.log(D) + (1 - fake_label) * np.log(1 - D)
        return -(p * on_real + q * on_fake) / (p + q)

    best = minimize_scalar(loss, bounds=(1e-9, 1 - 1e-9), options={"xatol": 1e-9}).x
    assert_allclose(best_discriminator(np.array([x]), fake_label), best, atol=1e-5)


@pytest.mark.parametrize("epsilon", [0.0, 0.3, 0.5, 1.0])
def test_points_between_are_a_convolution_and_a_mixture_is_not(epsilon):
    between, mixture = density_between(X, epsilon), density_of_mixture(X, epsilon)
    mean = epsilon * -2 + (1 - epsilon) * 2
    for curve in (between, mixture):
        assert_allclose([trapezoid(curve, X), trapezoid(X * curve, X)], [1, mean], atol=1e-9)
    rng = np.random.default_rng(0)
    points = epsilon * rng.normal(-2, 0.6, 10**5) + (1 - epsilon) * rng.normal(2, 0.6, 10**5)
    variance = trapezoid((X - mean) ** 2 * between, X)
    assert_allclose(variance, points.var(), rtol=0.02)  # four standard errors
    spread = trapezoid((X - mean) ** 2 * mixture, X)
    assert_allclose(spread, 0.36 + 16 * epsilon * (1 - epsilon), rtol=1e-9)


def test_a_card_lies_with_its_question_and_turns_with_its_answer():
    lying, turned = explain(NUMBERS), explain(run(card=1))
    card = NUMBERS.cards[0]
    assert card.right not in " ".join(lying.split())
    for text in (card.right, card.shows, card.cited):
        assert text in " ".join(turned.split())


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (-1, "card must be"),
        (10**6, f"card must be at most {len(NUMBERS.cards)}, got 1000000"),
        (1.5, "card must be"),
    ],
)
def test_a_card_that_is_not_there(card, message):
    with pytest.raises(InvalidInputError, match=message):
        run(card=card)
