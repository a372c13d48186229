"""The numbers of a page are those of the library, to nine digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr

from otgan import wasserstein
from otgan.lessons.algorithm_1.records import Settings
from otgan.lessons.clipping_and_penalties.records import layer_factors, steepest
from otgan.lessons.densities import Normal
from otgan.lessons.find_the_mistake.numbers import (
    best_discriminator,
    density_between,
    density_of_mixture,
)
from otgan.lessons.gaussians_apart import run as gaussians
from otgan.lessons.gaussians_apart.numbers import compare
from otgan.lessons.kantorovich_rubinstein.numbers import mcshane
from otgan.lessons.measured import over_seeds
from otgan.lessons.neural_critic.exact import PerfectCritics, steepest_clipped
from otgan.lessons.parallel_lines import run as lines
from otgan.lessons.perfect_discriminator import run as discriminators
from otgan.lessons.piles_of_dirt import run as piles
from otgan.lessons.two_halves_of_duality import run as halves
from otgan.lessons.what_a_discriminator_learns.thin_sets import share_within
from otgan.lessons.xy_game import run as game
from tests.lessons.cached import numbers_of

RTOL = 1e-9
ATOL = 1e-12
"""What the library's quadratures promise where a number is zero."""


def numbers_on_page(opened, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """What the page says for these parameters; an infinity as one."""
    with opened(name) as page:
        return page.evaluate("parameters => window.lesson.values(parameters)", parameters)


def check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """All numbers of a page are among the expected ones."""
    assert found
    for name, value in found.items():
        assert_allclose(
            np.array(value, float), np.array(expected[name], float), RTOL, ATOL, err_msg=name
        )


@pytest.mark.parametrize(
    ("P", "Q"),
    [([3, 2, 1, 4], [1, 2, 4, 3]), ([1, 0, 0, 2.5, 0.25], [0, 2, 1.75, 0, 0]), ([2, 1], [2, 1])],
)
def test_piles_of_dirt(opened, P, Q):
    numbers = piles(P=P, Q=Q)
    found = numbers_on_page(opened, "piles-of-dirt", {"P": P, "Q": Q})
    moves = found.pop("moves")
    assert [move.pop("row") for move in moves] == [move.row for move in numbers.moves]
    for move, expected in zip(moves, numbers.moves, strict=True):
        check(move, vars(expected))
    check(found, vars(numbers))


def test_parallel_lines(opened):
    parameters = {"thetas": [-1.5, 0.0, 0.05, 2.0], "sigmas": [0.05, 0.4, 1.0]}
    check(numbers_on_page(opened, "parallel-lines", parameters), vars(lines(**parameters)))


@pytest.mark.parametrize(
    ("mean", "std"), [(0.0, 1.0), (0.0, 2.0), (1.0, 2.0), (2.5, 0.3), (9.9, 1.0), (10.0, 4.0)]
)
def test_gaussians_apart(opened, mean, std):
    found = numbers_on_page(opened, "gaussians-apart", {"mean": mean, "std": std})
    slopes = {name: found.pop(name) for name in list(found) if name.endswith("_slope")}
    check(found, vars(compare(Normal(0, 1), Normal(mean, std))))
    if std == 1:
        expected = gaussians(deltas=[mean])
        check(slopes, {name: getattr(expected, name)[0] for name in slopes})
    elif mean > 0:  # the library has slopes of equal deviations alone: central differences
        step = 1e-4
        low, high = (compare(Normal(0, 1), Normal(mean + s, std)) for s in (-step, step))
        for name, slope in slopes.items():
            value = name.removesuffix("_slope")
            difference = (getattr(high, value) - getattr(low, value)) / (2 * step)
            assert_allclose(slope, difference, rtol=1e-6, atol=1e-7, err_msg=name)


def test_perfect_discriminator(opened):
    parameters = {"deltas": [0.0, 0.3, 1.0, 4.0, 8.0]}
    found = numbers_on_page(opened, "perfect-discriminator", parameters)
    check(found, vars(discriminators(**parameters)))


@pytest.mark.parametrize(
    ("pair", "look", "fixed", "step"), [(0, 0, 0, 0), (0, 4, 1, -1), (2, -1, 2, -1)]
)
def test_what_a_discriminator_learns(opened, pair, look, fixed, step):
    import torch

    from otgan.gan.objectives.adversarial import Minimax, NonSaturating
    from otgan.lessons.what_a_discriminator_learns.web_page import rounded

    numbers = numbers_of("what-a-discriminator-learns")
    shown = rounded(numbers)
    look %= len(numbers.separations[pair].steps)
    step %= len(numbers.fixed[fixed].steps)
    norms = np.array(shown["fixed"][fixed]["norms"])
    mistaken = 1 - shown["separations"][pair]["accuracy"][look]
    later = norms[2][numbers.fixed[fixed].steps >= 200]
    expected = {
        "mistaken": mistaken,
        "within": mistaken / share_within(1.0),
        "falls": norms[:, 0] / norms[:, step],
        "drift": np.abs(later / later[0] - 1).max(),
    }
    scores = torch.tensor(shown["fixed"][fixed]["fake_scores"][step], dtype=torch.float64)
    for name, objective in {"saturating": Minimax(), "non_saturating": NonSaturating()}.items():
        at = scores.clone().requires_grad_()
        loss = objective.generator_loss(at.new_empty(0), at)
        loss.backward()
        expected[name] = float(loss.detach())
        assert at.grad is not None
        expected[f"{name}_slope"] = -float(at.grad.sum())  # both losses fall with the score
    parameters = {"pair": pair, "look": look, "fixed": fixed, "step": step}
    check(numbers_on_page(opened, "what-a-discriminator-learns", parameters), expected)


@pytest.mark.parametrize("eta", [0.05, 0.9])
def test_xy_game(opened, eta):
    parameters = {"eta": eta, "steps": 50, "start": [1.5, -0.5]}
    found = numbers_on_page(opened, "xy-game", parameters)
    expected = game(**parameters)
    check(found, {name: getattr(expected, name) for name in found})


@pytest.mark.parametrize(("n", "m", "grid"), [(12, 14, 0), (1, 3, 0), (9, 6, 1), (20, 30, 0)])
def test_kantorovich_rubinstein(opened, n, m, grid):
    rng = np.random.default_rng([n, m])
    x, y, heights = rng.normal(size=(n, 2)), rng.normal(size=(m, 2)) + 1, rng.normal(size=m)
    if grid:  # many ties
        x, y = x.round(), y.round()
    parameters = {"x": x.tolist(), "y": y.tolist(), "heights": heights.tolist()}
    found = numbers_on_page(opened, "kantorovich-rubinstein", parameters)
    score = mcshane(y, heights, x).mean() - mcshane(y, heights, y).mean()
    distance = wasserstein(x, y)
    check(found, {"distance": distance, "score": score, "independent": cdist(x, y).mean()})
    assert found["score"] <= found["distance"] <= found["independent"] + RTOL


@pytest.mark.parametrize(("n", "m", "grid"), [(4, 4, 1), (1, 3, 0), (6, 5, 0), (8, 8, 1)])
def test_two_halves_of_duality(opened, n, m, grid):
    rng = np.random.default_rng([n, m])
    x, y, f, heights = (rng.normal(scale=2, size=size) for size in (n, m, n, 9))
    if grid:  # many ties
        x, y = x.round(), y.round()
    g = (np.abs(x[:, None] - y) - f[:, None]).min(axis=0) - rng.exponential(size=m)
    K = np.array([0.01, 1.0, 30.0])
    parameters = {"x": x, "y": y, "f": f, "g": g, "K": K, "heights": heights}
    numbers = halves(**parameters)
    plain = {name: value.tolist() for name, value in parameters.items()}
    found = numbers_on_page(opened, "two-halves-of-duality", plain)
    check(found.pop("critic"), vars(numbers.critic))
    check(found, vars(numbers))


@pytest.mark.parametrize(
    ("limit", "n_critic", "learning_rate", "steps"),
    [(0.1, 5, 0.01, 300), (1.0, 2, 0.02, 100), (0.01, 5, 0.005, 200), (0.001, 1, 0.05, 150)],
)
def test_algorithm_1(opened, limit, n_critic, learning_rate, steps):
    settings = {"limit": limit, "n_critic": n_critic, "learning_rate": learning_rate}
    found = numbers_on_page(opened, "algorithm-1", {**settings, "steps": steps})
    problem = numbers_of("algorithm-1").problem
    expected = vars(problem.train(Settings(**settings), steps))
    for name, value in found.items():
        # RMSProp divides rounding, too, by a gradient's size: to nine digits of the largest value.
        atol = RTOL * np.abs(expected[name]).max()
        assert_allclose(value, expected[name], rtol=0, atol=atol, err_msg=name)


@pytest.mark.parametrize(("weight", "width"), [(0.1, 8), (1.0, 64), (37.0, 512)])
def test_neural_critic(opened, weight, width):
    found = numbers_on_page(opened, "neural-critic", {"weight": weight, "width": width})
    steepest = steepest_clipped(numbers_of("neural-critic").limit, 1, width, 2)
    line = PerfectCritics(Normal(0, 1), Normal(2, 1))
    gap, w1 = line.gap(weight), line.w1
    check(found, {"gap": gap, "w1": w1, "corrected": w1, "steepest": steepest})


@pytest.mark.parametrize(("critic", "look", "width"), [(0, -1, 64), (2, 0, 7), (-1, -1, 512)])
def test_clipping_and_penalties(opened, critic, look, width):
    numbers = numbers_of("clipping-and-penalties")
    one = numbers.critics[critic]
    low, high = layer_factors(0.013, width)
    parameters = {
        "critic": critic % len(numbers.critics),
        "look": look % len(numbers.steps),
        "limit": 0.013,
        "width": width,
    }
    expected = {
        "factor": one.factor[look],
        "reading": one.reading[look],
        "random_signs": low,
        "equal_signs": high,
        "steepest": steepest(0.013, width, one.depth),
    }
    check(numbers_on_page(opened, "clipping-and-penalties", parameters), expected)


def test_critic_or_emd(opened):
    numbers = numbers_of("critic-or-emd")
    check(
        numbers_on_page(opened, "critic-or-emd", {}),
        {
            "midpoint": numbers.midpoint,
            "midpoint_se": numbers.midpoint_se,
            "nearer_than_emd": numbers.critic_nearer_than(numbers.emd[:, -1]),
            "nearer_than_midpoint": numbers.critic_nearer_than(numbers.midpoint[:, -1]),
        },
    )


def test_how_sure_are_you(opened):
    numbers = numbers_of("how-sure-are-you")
    for k, n in enumerate(numbers.floors[0].counts[:3].tolist()):
        found = numbers_on_page(opened, "how-sure-are-you", {"n": n})
        scale = np.sqrt(n)
        expected = {
            "normal": numbers.floors[0].exact[k] / scale,
            "uniform": numbers.floors[1].exact[k] / scale,
            "covers_truth": [trial.covers_truth for trial in numbers.trials],
            "covers_mean": [trial.covers_mean for trial in numbers.trials],
            "coverage": [one.coverage for one in numbers.intervals],
        }
        check(found, expected)


def test_which_distance(opened):
    numbers = numbers_of("which-distance")
    sizes = [1, 1000, 100, 10, 20, 0.05, 0.9, 0.3, 0.1]  # those of the lesson's own changes
    for change, size in zip(numbers.changes, sizes, strict=True):
        found = numbers_on_page(
            opened, "which-distance", {"change": change.name, "size": float(size)}
        )
        check(found, vars(change.shifts))


@pytest.mark.parametrize("number", ["modes", "reverse_kl", "debiased_w1"])
def test_mode_collapse_and_its_cures(opened, number):
    for k, experiment in enumerate(numbers_of("mode-collapse-and-its-cures").experiments):
        chosen = [runs.rate for runs in experiment.groups if runs.choosing]
        for rate in ["best", *chosen[:1]]:
            shown = [
                runs
                for runs in experiment.groups
                if (not runs.choosing if rate == "best" else runs.choosing and runs.rate == rate)
            ]
            means = [over_seeds(getattr(runs, number)) for runs in shown]
            found = numbers_on_page(
                opened,
                "mode-collapse-and-its-cures",
                {"experiment": k, "rate": rate, "number": number},
            )
            check(found, {name: [getattr(one, name) for one in means] for name in found})


@pytest.mark.parametrize("loss", ["critic_estimate", "critic_loss", "generator_loss"])
def test_does_the_loss_mean_anything(opened, loss):
    for k, curve in enumerate(numbers_of("does-the-loss-mean-anything").curves):
        for count in (4, 11, len(curve.steps)):
            found = numbers_on_page(
                opened, "does-the-loss-mean-anything", {"curve": k, "loss": loss, "count": count}
            )
            used = slice(min(count, curve.until_floor))
            expected = spearmanr(getattr(curve, loss)[used], curve.debiased_w1[used]).statistic
            check(found, {"correlation": expected})
        assert_allclose(found["correlation"], curve.correlations[loss], RTOL)


def test_gan_and_wgan_side_by_side(opened):
    for k, claim in enumerate(numbers_of("gan-and-wgan-side-by-side").claims):
        found = numbers_on_page(opened, "gan-and-wgan-side-by-side", {"claim": k})
        check(found, {"difference": claim.difference, "se": claim.se})


@pytest.mark.parametrize(("fake_label", "epsilon"), [(0.0, 0.0), (0.1, 0.5), (1.0, 0.85)])
def test_find_the_mistake(opened, fake_label, epsilon):
    x = [-5.0, -2.0, -0.3, 0.0, 1.7, 6.0]
    parameters = {"x": x, "fake_label": fake_label, "epsilon": epsilon}
    expected = {
        "discriminator": best_discriminator(np.array(x), fake_label),
        "mixture": density_of_mixture(np.array(x), epsilon),
        "between": density_between(np.array(x), epsilon),
    }
    check(numbers_on_page(opened, "find-the-mistake", parameters), expected)
