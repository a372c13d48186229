"""The losses of two players: values by hand, the best critic, and the generator's gradients."""

import math

import pytest
import torch
from torch.testing import assert_close

from otgan import js_divergence, total_variation
from otgan.gan.objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Relativistic,
    Wasserstein,
)
from tests.cases import refused
from tests.gan.three_values import FAKE, REAL, P, Q, best_scores

CLASSICAL = [Minimax(), NonSaturating()]
SCORES_R, SCORES_F = torch.tensor([0.0, 2.0]), torch.tensor([-1.0, 1.0, 3.0])
log2, exp, log1p = math.log(2.0), math.exp, math.log1p


def soft(score):
    """log(1 + exp(score)), by hand."""
    return log1p(exp(score))


CRITIC_LOSSES = [
    (Wasserstein(), 0.0),  # 1 - 1
    (Minimax(), (soft(0) + soft(-2)) / 2 + (soft(-1) + soft(1) + soft(3)) / 3),
    (NonSaturating(), (soft(0) + soft(-2)) / 2 + (soft(-1) + soft(1) + soft(3)) / 3),
    (LeastSquares(), (1 + 1) / 4 + (1 + 1 + 9) / 6),
    (Hinge(), (1 + 0) / 2 + (0 + 2 + 4) / 3),
]
GENERATOR_LOSSES = [
    (Wasserstein(), -1.0),
    (Minimax(), -(soft(-1) + soft(1) + soft(3)) / 3),
    (NonSaturating(), (soft(1) + soft(-1) + soft(-3)) / 3),
    (LeastSquares(), (4 + 0 + 4) / 6),
    (Hinge(), -1.0),
]


@pytest.mark.parametrize(("objective", "expected"), CRITIC_LOSSES)
def test_critic_losses_by_hand(objective, expected):
    assert_close(float(objective.critic_loss(SCORES_R, SCORES_F)), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("objective", "expected"), GENERATOR_LOSSES)
def test_generator_losses_by_hand(objective, expected):
    loss = objective.generator_loss(SCORES_R[:0], SCORES_F)
    assert_close(float(loss), expected, rtol=1e-6, atol=1e-7)
    assert not objective.uses_real


def test_the_relativistic_losses_are_of_pairs():
    real, fake = torch.tensor([0.0, 2.0]), torch.tensor([1.0, -1.0])
    objective = Relativistic()
    assert_close(float(objective.critic_loss(real, fake)), (soft(1) + soft(-3)) / 2)
    assert_close(float(objective.generator_loss(real, fake)), (soft(-1) + soft(3)) / 2)
    assert objective.uses_real
    of_all = (soft(1) + soft(-1) + soft(-1) + soft(-3)) / 4  # every real with every generated one
    assert_close(objective.divergence(real, fake), log2 - of_all, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("objective", CLASSICAL)
def test_the_best_discriminator_and_its_divergence_are_those_of_densities(objective):
    scores = best_scores(objective.critic_loss)
    assert_close(scores, torch.log(P / Q))  # the logit of p / (p + q)
    js = float(js_divergence(P.numpy(), Q.numpy()))
    assert_close(objective.divergence(scores[REAL], scores[FAKE]), js)
    loss = float(objective.critic_loss(scores[REAL], scores[FAKE]))
    assert_close(-loss, 2 * js - 2 * log2)  # L(G, D*)


def test_the_best_critic_of_least_squares():
    objective = LeastSquares()
    scores = best_scores(objective.critic_loss)
    assert_close(scores, P / (P + Q))
    triangular = float(((P - Q).square() / (P + Q)).sum())
    assert_close(objective.divergence(scores[REAL], scores[FAKE]), triangular)


def test_the_best_critic_of_hinge():
    """Any is as good where the densities are equal; elsewhere the sign of their difference."""
    objective, best = Hinge(), torch.sign(P - Q)
    tv = float(total_variation(P.numpy(), Q.numpy()))
    assert_close(objective.divergence(best[REAL], best[FAKE]), tv)
    rng = torch.Generator("cpu").manual_seed(0)
    for _ in range(200):
        other = best + torch.randn(3, generator=rng, dtype=torch.float64)
        assert objective.divergence(other[REAL], other[FAKE]) <= tv + 1e-12


def test_the_relativistic_divergence_is_least_for_equal_and_largest_for_disjoint_values():
    same = torch.zeros(4)
    assert_close(Relativistic().divergence(same, same), 0.0, atol=1e-7, rtol=0.0)
    assert_close(Relativistic().divergence(same + 50.0, same), log2, atol=1e-7, rtol=0.0)


def test_the_wasserstein_divergence_is_the_gap():
    assert Wasserstein().divergence(torch.tensor([3.0, 5.0]), torch.tensor([1.0])) == 3.0


@pytest.mark.parametrize("objective", [*CLASSICAL, LeastSquares(), Hinge()])
def test_a_critic_that_is_not_the_best_shows_less(objective):
    best = objective.divergence(*(best_scores(objective.critic_loss)[k] for k in (REAL, FAKE)))
    other = torch.tensor([0.3, -0.2, 0.1], dtype=torch.float64)
    assert objective.divergence(other[REAL], other[FAKE]) < best


@pytest.mark.parametrize(
    ("objective", "slope"),
    [
        (Minimax(), lambda score: -1 / (1 + exp(-score))),  # -D
        (NonSaturating(), lambda score: -1 / (1 + exp(score))),  # D - 1
        (LeastSquares(), lambda score: score - 1),
        (Wasserstein(), lambda score: -1.0),
        (Hinge(), lambda score: -1.0),
    ],
)
def test_slopes_of_the_generators_loss(objective, slope):
    scores = torch.tensor([-20.0, -1.0, 0.0, 3.0], requires_grad=True)
    loss = objective.generator_loss(scores[:0], scores)
    (gradient,) = torch.autograd.grad(loss, scores)
    expected = torch.tensor([slope(float(score)) / 4 for score in scores.detach()])
    assert_close(gradient, expected, rtol=1e-5, atol=1e-12)


def test_where_the_discriminator_is_sure_one_generator_stops_learning():
    scores = torch.tensor([-20.0], requires_grad=True)
    slopes = [
        abs(float(torch.autograd.grad(objective.generator_loss(scores[:0], scores), scores)[0]))
        for objective in CLASSICAL
    ]
    assert slopes[0] < 1e-8
    assert slopes[1] > 1.0 - 1e-8


@pytest.mark.parametrize(
    ("shift", "saturating", "other"), [(1.0, 0.397973, 0.602027), (2.0, 0.449600, 1.55040)]
)
def test_gradients_at_the_best_discriminator_of_shifted_gaussians(shift, saturating, other):
    """Real N(0, 1), generated N(s, 1): 2 dJS/ds, and d/ds [KL(q, p) - 2 JS]."""
    quantiles = (torch.arange(100_000, dtype=torch.float64) + 0.5) / 100_000
    z = math.sqrt(2.0) * torch.erfinv(2.0 * quantiles - 1.0)
    for objective, expected in zip(CLASSICAL, (saturating, other), strict=True):
        s = torch.tensor(shift, dtype=torch.float64, requires_grad=True)
        scores = shift**2 / 2 - shift * (z + s)  # log p / q, held fixed while s moves
        loss = objective.generator_loss(scores[:0], scores)
        (gradient,) = torch.autograd.grad(loss, s)
        assert_close(float(gradient), expected, rtol=1e-4, atol=0.0)


@pytest.mark.parametrize("objective", [Wasserstein(), Hinge(), Relativistic()])
def test_objectives_without_labels_say_so(objective):
    with refused("one-sided label smoothing must come with", repr(objective.name)):
        objective.with_real_label(0.9)


@pytest.mark.parametrize("kind", [Minimax, NonSaturating, LeastSquares])
@pytest.mark.parametrize("label", [0.0, 1.5, math.nan, True])
def test_labels_outside_of_zero_to_one_are_refused(kind, label):
    with refused("real_label must be", "change it in the objective"):
        kind(real_label=label)


@pytest.mark.parametrize("objective", [*CLASSICAL, LeastSquares(), Hinge(), Relativistic()])
def test_losses_of_scores_that_are_huge_are_finite(objective):
    scores = torch.tensor([1e4, -1e4])
    assert torch.isfinite(objective.critic_loss(scores, scores.flip(0)))
    assert torch.isfinite(objective.generator_loss(scores, scores.flip(0)))
