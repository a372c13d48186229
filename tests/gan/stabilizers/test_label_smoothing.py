"""One-sided label smoothing: the best discriminator, and why generated labels stay zero."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.testing import assert_close

from otgan.gan.objectives import LeastSquares, Minimax, NonSaturating
from otgan.gan.objectives.by_name import OBJECTIVES
from otgan.gan.stabilizers import OneSidedLabelSmoothing
from tests.cases import refused
from tests.gan.three_values import P, Q, best_scores


@pytest.mark.parametrize("objective", [Minimax(), NonSaturating()])
def test_the_best_discriminator_is_the_usual_one_times_the_label(objective):
    smoothed = OneSidedLabelSmoothing(0.9).adapt_objective(objective)
    expected = 0.9 * P / (P + Q)
    assert_close(best_scores(smoothed.critic_loss).sigmoid(), expected)
    assert_close(float(expected[1]), 0.45)  # half the label where p = q


def test_that_of_least_squares_too():
    smoothed = OneSidedLabelSmoothing(0.8).adapt_objective(LeastSquares())
    assert_close(best_scores(smoothed.critic_loss), 0.8 * P / (P + Q))


def test_labels_for_generated_points_would_keep_them_where_there_is_no_data():
    def two_sided(real, fake):
        return binary_cross_entropy_with_logits(
            real, torch.full_like(real, 0.9)
        ) + binary_cross_entropy_with_logits(fake, torch.full_like(fake, 0.1))

    expected = (0.9 * P + 0.1 * Q) / (P + Q)
    assert_close(best_scores(two_sided).sigmoid(), expected)
    with refused("fake_label must be zero, got 0.1", "(a p_r + b p_g) / (p_r + p_g)"):
        OneSidedLabelSmoothing(0.9, fake_label=0.1)


def test_the_generators_loss_stays_as_it_is():
    scores = torch.tensor([-1.0, 2.0])
    for objective in (Minimax(), NonSaturating(), LeastSquares()):
        smoothed = OneSidedLabelSmoothing().adapt_objective(objective)
        assert_close(
            smoothed.generator_loss(scores, scores), objective.generator_loss(scores, scores)
        )


def test_the_loss_by_hand_and_its_divergence_is_not_named():
    smoothed = OneSidedLabelSmoothing(0.75).adapt_objective(NonSaturating())
    undecided, sure = torch.zeros(2), torch.full((2,), math.log(3.0))
    # D = 3/4 on real points is at its best: the entropy of (3/4, 1/4); log 2 for generated ones.
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    loss = smoothed.critic_loss(sure, undecided)
    assert_close(float(loss), entropy + math.log(2.0), atol=1e-6, rtol=0.0)
    assert math.isnan(smoothed.divergence(sure, undecided))


@pytest.mark.parametrize(
    "name", ["wasserstein", "hinge", "relativistic", "semi-supervised", "exact"]
)
def test_objectives_without_labels_are_refused(name):
    with refused("one-sided label smoothing must come with", repr(name), "leave it out"):
        OneSidedLabelSmoothing().adapt_objective(OBJECTIVES[name])


def test_two_different_labels_are_refused():
    with refused("must be one number", "0.8 of the objective", "0.9 of label smoothing"):
        OneSidedLabelSmoothing(0.9).adapt_objective(Minimax(real_label=0.8))
    same = OneSidedLabelSmoothing(0.8).adapt_objective(Minimax(real_label=0.8))
    assert same == Minimax(real_label=0.8)


@pytest.mark.parametrize("label", [0.0, -0.1, 1.1, math.nan, "0.9"])
def test_labels_outside_of_zero_to_one_are_refused(label):
    with refused("real_label must be"):
        OneSidedLabelSmoothing(label)
