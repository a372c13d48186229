"""Trained critics against what a perfect one shows, and that against closed forms."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.special import ndtr

from otgan.critics.networks.feedforward import mlp
from otgan.lessons.densities import Normal
from otgan.lessons.neural_critic import explain, run
from otgan.lessons.neural_critic.exact import PerfectCritics, steepest_clipped
from otgan.lessons.neural_critic.numbers import LINE, NOISE
from tests.lessons.cached import numbers_of

# ---------------------------------------------------------------- perfect critics

GAPS = {
    1: [6.44536, 1.54454, 1.05445, 1.00545],
    2: [23.03446, 4.10345, 2.21034, 2.02103],
    4: [85.30068, 12.13007, 4.81301, 4.08130],
}
OF_POWER = {1: [0.61385, 1.08907], 2: [1.40552, 4.20689], 4: [3.21695, 16.26014]}


@pytest.mark.parametrize("shift", GAPS)
def test_perfect_critics_show_what_is_known(shift):
    line = PerfectCritics(Normal(0, 1), Normal(shift, 1))
    assert_allclose([line.gap(w) for w in (0.1, 1, 10, 100)], GAPS[shift], atol=5.1e-6)
    of_power = [line.gap_of_power(2, 6), line.gap_of_power(0.5, 2)]
    assert_allclose(of_power, OF_POWER[shift], atol=5.1e-6)
    assert_allclose(line.w1, shift, rtol=1e-12)


def test_excess_is_linear_in_one_over_the_weight():
    assert_allclose(2 * LINE.gap(2.0) - LINE.gap(1.0), 2.0, rtol=1e-12)


def test_nearly_points_show_what_points_show():
    """Two points at distance d show d + d² / (2 weight), or d (d / (k p))^(1 / (p - 1))."""
    line = PerfectCritics(Normal(0, 0.01), Normal(1, 0.01))
    assert_allclose(line.gap(10), 1 + 1 / 20, rtol=1e-3)  # the flow's ends, of the size of 0.01
    assert_allclose(line.gap_of_power(2, 6), (1 / 12) ** 0.2, rtol=5e-3)


def test_scale_goes_with_the_weight():
    large = PerfectCritics(Normal(0, 10), Normal(20, 10))
    assert_allclose(large.gap(10), 10 * LINE.gap(1), rtol=1e-9)


def test_reading_of_a_clipped_critic_in_closed_form():
    """Of W1 = 2 is lost ∫ (Φ(x) - Φ(x - 2)) dx up to 1 - √2, and ∫ Φ = x Φ(x) + φ(x)."""

    def integral(x):
        return x * ndtr(x) + math.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    lost = integral(1 - math.sqrt(2)) - integral(-1 - math.sqrt(2))
    assert_allclose(LINE.clipped_reading, 2 - lost, atol=LINE.x[1] - LINE.x[0])  # half a cell


@pytest.mark.parametrize(("d", "width", "depth"), [(1, 64, 1), (2, 16, 3), (3, 8, 2)])
def test_no_clipped_network_is_steeper(d, width, depth):
    network, limit = mlp(d, width=width, depth=depth), 0.01
    points = torch.rand(64, d, generator=torch.Generator().manual_seed(0)).requires_grad_()

    def slopes():
        (gradient,) = torch.autograd.grad(network(points).sum(), points)
        return gradient.norm(dim=1).numpy()

    most = steepest_clipped(limit, d, width, depth)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.clamp_(-limit, limit)
    assert slopes().max() < most
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(limit)
    assert_allclose(slopes(), most, rtol=1e-5)


# ---------------------------------------------------------------- trained ones


@pytest.fixture(scope="module")
def numbers():
    return numbers_of("neural-critic")


def assert_near_perfect(n, trained):
    """Within four standard errors, and what the training may leave undone, as a share."""
    clip, *penalized, spectral, orthogonal = n.on_line
    for fit in penalized:
        assert abs(fit.gap - fit.ideal) <= 4 * fit.gap_se + trained * fit.ideal, fit
        assert abs(fit.value - n.w1) <= 4 * fit.se + trained * n.w1, fit
    for fit in (spectral, orthogonal):
        assert fit.slope <= fit.proved * (1 + 1e-5) and fit.proved <= 1 + 1e-5
        assert fit.gap <= fit.value * (1 + 1e-5) <= n.w1 + 4 * fit.se
        assert fit.value >= (1 - 4 * trained) * n.w1  # slopes below one are slow to grow
    assert abs(clip.value - n.clipped_ideal) <= 4 * clip.se + trained * n.clipped_ideal


def test_critics_on_the_line_against_perfect_ones(numbers):
    assert_allclose(numbers.w1, 2.0, rtol=1e-12)
    assert_near_perfect(numbers, trained=0.03)


def test_two_weights_cancel_the_excess(numbers):
    for w in numbers.weighed:
        assert w.extrapolated == 2 * w.double.gap - w.single.gap
        assert abs(w.double.gap - LINE.gap(2 * w.weight)) <= 4 * w.double.gap_se + 0.03 * 3
        # Three times the training error of a gap: once of S(w), twice of S(2w).
        error = 4 * w.extrapolated_se + 0.03 * (w.single.ideal + 2 * w.double.ideal)
        assert abs(w.extrapolated - 2.0) <= error


def test_slopes_add_up_to_the_gap(numbers):
    for w in numbers.weighed:
        flow = np.interp(w.x, LINE.x, LINE.flow)
        beyond = 2.0 - np.trapezoid(flow, w.x)  # W1 that passes outside of x
        shown = np.trapezoid(flow * w.slopes, w.x)
        assert abs(shown - w.single.gap) <= 4 * w.single.gap_se + beyond * w.slopes.max()


def test_width_decides_what_clipping_shows(numbers):
    for c in numbers.clipped:
        assert c.fit.slope <= c.fit.proved * (1 + 1e-5) <= c.steepest * (1 + 2e-5)
        assert c.fit.gap <= c.steepest * numbers.w1
        assert abs(c.fit.value - numbers.clipped_ideal) <= 4 * c.fit.se + 0.03 * numbers.w1
    first, last = numbers.clipped[0], numbers.clipped[-1]
    # Quadratic in the width; how many units agree in sign is the luck of the start.
    expected = (last.width / first.width) ** 2
    assert expected / 3 < last.fit.gap / first.fit.gap < 3 * expected


def assert_surfaces(n, least):
    for s in n.surfaces:
        assert_allclose(s.bound, NOISE * math.sqrt(math.pi / 2))
        assert s.w1 <= s.bound + 4 * s.w1_se
        assert s.value <= s.w1 + 4 * math.hypot(s.se, s.w1_se)
        assert s.fraction >= least if s.constraint == "lp" else s.fraction <= 0.4
    assert n.fraction_at_limit > 0.6


def test_surfaces_hold_what_they_are_said_to(numbers):
    assert_surfaces(numbers, least=0.85)


def test_text_holds_the_numbers(numbers):
    text = explain(numbers)
    clip, gp, lp, div, *_ = numbers.on_line
    (weighed,) = numbers.weighed
    for number in (
        "2.2103", "4.103", "1.4055", "1.777", f"{gp.value:.3f}", f"{lp.gap:.3f}",
        f"{div.value:.3f}", f"{clip.gap:.2g}", f"{weighed.extrapolated:.3f}",
        f"{numbers.fraction_at_limit:.0%}", *(f"{s.fraction:.0%}" for s in numbers.surfaces),
        *(f"{c.steepest:.2g}" for c in numbers.clipped),
    ):  # fmt: skip
        assert number in text, number


@pytest.mark.slow
def test_the_whole_lesson():
    n = run()
    assert_near_perfect(n, trained=0.015)
    assert_surfaces(n, least=0.95)
    assert [w.weight for w in n.weighed] == [0.1, 1.0, 10.0]
    for w in n.weighed:
        assert abs(w.single.gap - w.single.ideal) <= 4 * w.single.gap_se + 0.04 * w.single.ideal
        # The training error counts in units of what is subtracted.
        assert abs(w.single.value - 2.0) <= 4 * w.single.se + 0.01 * w.single.ideal
