"""estimate_w1 and the bounds beside it, against distances that are known."""

import math
import os
import signal
import threading
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import otgan
from otgan.critics.constraints.base import Constraint
from otgan.critics.constraints.by_name import CONSTRAINTS
from otgan.critics.constraints.penalties import GradientPenalty
from otgan.critics.forward import scores
from otgan.critics.networks.feedforward import mlp, orthogonal_mlp, radial_mlp
from otgan.critics.potentials.projection_lower_bound import projection_lower_bound
from otgan.critics.training.options import FitOptions
from otgan.datasets import (
    dirac_and_sphere,
    funnel_pair,
    gaussians_on_line,
    round_gaussians,
    shifted,
)
from otgan.errors import InterruptedFit, InvalidInputError, TrainingDivergedError

Pair = tuple[np.ndarray, np.ndarray]

SMALL = FitOptions(batch_size=128, test_points=20_000)


def small(d):
    return mlp(d, width=32, depth=2)


def small_for(constraint):
    """A small network of the constraint's kind."""
    return lambda d: CONSTRAINTS[constraint].build(d, 32, 2)


QUICK: dict[str, Any] = {"steps": 300, "device": "cpu", "options": SMALL, "network": small}


def radial(d):
    """The default network, smaller."""
    return radial_mlp(d, width=64)


def quick_for(constraint):
    return {**QUICK, "network": small_for(constraint) if constraint in CONSTRAINTS else None}


@pytest.fixture(scope="module")
def gaussians() -> Pair:
    """Two Gaussians in the plane, apart by a shift of length 5, which is their distance."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(600, 2)), rng.normal(size=(600, 2)) + [3.0, 4.0]


# ---------------------------------------------------------------- every constraint


@pytest.mark.parametrize("constraint", [*sorted(CONSTRAINTS), "exact"])
def test_bounds_hold_for_every_constraint(gaussians: Pair, constraint):
    r = otgan.estimate_w1(*gaussians, constraint=constraint, **quick_for(constraint))
    exact = otgan.emd(*gaussians).distance
    assert_allclose(r.sample_distance, exact, rtol=1e-12)
    assert r.sample_sizes == (600, 600)
    assert 0.95 * exact <= r.sample_lower <= exact * (1 + 1e-9)
    assert 0 < r.sample_lower_zero <= r.sample_lower and 0 <= r.skill <= 1
    assert f"zero everywhere {r.sample_lower_zero:.5g}" in r.report()
    assert r.lipschitz_lower <= r.lipschitz_upper * (1 + 1e-5)
    assert r.value > 0 and r.raw_gap > 0 and r.se > 0
    assert 0 < r.population_low < 5.0 < r.population_high
    assert r.interval[0] < r.value < r.interval[1]
    assert r.constraint == constraint
    assert repr(r).startswith("DualEstimate(value=") and "\n" not in repr(r)
    assert "W1 between the distributions" in r.report()


@pytest.mark.parametrize("constraint", ["gp", "lp", "orthogonal", "distilled", "exact"])
def test_value_is_near_the_truth(gaussians: Pair, constraint):
    """Four standard errors of 300 held-out points, and 3 % for a short training."""
    # The two-sided penalty holds on to slopes of the wrong sign, and lets go of them slowly.
    steps = 1500 if constraint == "gp" else 300
    r = otgan.estimate_w1(
        *gaussians, constraint=constraint, **{**quick_for(constraint), "steps": steps}
    )
    assert abs(r.value - 5.0) <= 4 * r.se + 0.15


def test_the_curve_is_recorded(gaussians: Pair):
    r = otgan.estimate_w1(*gaussians, constraint="lp", **QUICK)
    steps = [record.step for record in r.history]
    assert steps == sorted(set(steps)) and steps[-1] == r.steps == 300 and len(steps) == 50
    assert r.n_held_out == 300


@pytest.mark.parametrize("constraint", sorted(CONSTRAINTS))
@pytest.mark.parametrize("factor", [32.0, 1 / 32])  # powers of two scale exactly
def test_scale_of_the_data_only_scales_the_result(gaussians: Pair, constraint, factor):
    x, y = gaussians
    options = {**quick_for(constraint), "steps": 60}
    r = otgan.estimate_w1(x, y, constraint, **options)
    scaled = otgan.estimate_w1(factor * x, factor * y, constraint, **options)
    # Differences in the last place of float32 grow over 60 steps.
    for name in ("value", "se", "raw_gap", "sample_distance", "population_low", "population_high"):
        assert_allclose(getattr(scaled, name), factor * getattr(r, name), rtol=1e-3)
    assert_allclose(scaled.lipschitz_lower, r.lipschitz_lower, rtol=1e-3)


@pytest.mark.parametrize("factor", [30.0, 1 / 30])
def test_scale_of_samplers(factor):
    base, large = round_gaussians(2, 2.0, 1.0), round_gaussians(2, 2.0 * factor, 1.0 * factor)
    assert_allclose(large.w1, factor * base.w1, rtol=1e-12)
    small_value = otgan.estimate_w1(base.x, base.y, "lp", **QUICK)
    value = otgan.estimate_w1(large.x, large.y, "lp", **QUICK)
    assert_allclose(value.value, factor * small_value.value, rtol=0, atol=5 * value.se)
    for low_high in ("population_low", "population_high", "sample_distance"):
        ends = getattr(value, low_high), factor * getattr(small_value, low_high)
        assert_allclose(*ends, rtol=1e-6)


# ---------------------------------------------------------------- penalized optimum


@pytest.mark.parametrize("one_sided", [False, True])
def test_two_gaussians_on_the_line_show_the_penalized_optimum(one_sided):
    """A perfect critic at weight 10 shows W1 + ∫ΔF²/(2·10·u) = 2.21034 for N(0,1), N(2,1).

    Less twice the penalty it is W1 = 2.
    """
    pair = gaussians_on_line(0.0, 1.0, 2.0, 1.0)
    rule = GradientPenalty(10.0, one_sided=one_sided)
    r = otgan.estimate_w1(
        pair.x,
        pair.y,
        rule,
        steps=1500,
        network=lambda d: mlp(d, width=64, depth=2),
        device="cpu",
        options=replace(SMALL, batch_size=512),
    )
    assert abs(r.raw_gap - 2.21034) <= 4 * r.se + 0.02 * 2.21034
    assert abs(r.value - 2.0) <= 4 * r.se + 0.02 * 2.0


def test_value_never_exceeds_truth_where_the_weights_prove_it():
    pair = funnel_pair(4, 4)
    r = otgan.estimate_w1(pair.x, pair.y, "orthogonal", **quick_for("orthogonal"))
    assert_allclose(r.lipschitz_upper, 1.0, rtol=0, atol=1e-6)
    assert 0.5 * pair.w1 < r.value <= pair.w1 + 4 * r.se
    assert r.population_low <= pair.w1


@pytest.mark.parametrize("rate", [0.04, 30.0])
def test_deep_orthogonal_critics_are_proved_to_rounding_whatever_the_rate(rate):
    pair = funnel_pair(4, 4)
    options = replace(SMALL, matrix_rate=rate)
    r = otgan.estimate_w1(
        pair.x, pair.y, "orthogonal", steps=5, options=options, device="cpu",
        network=lambda d: orthogonal_mlp(d, width=64, depth=9),
    )  # fmt: skip
    assert abs(r.lipschitz_upper - 1.0) < 1e-6


# ---------------------------------------------------------------- samplers


@pytest.mark.parametrize(
    "pair", [dirac_and_sphere(16, 2.0), shifted(np.full(16, 0.25)), round_gaussians(16, 2.0, 1.0)]
)
def test_automatic_estimates_of_known_pairs(pair):
    options = replace(SMALL, batch_size=512)
    r = otgan.estimate_w1(
        pair.x, pair.y, **{**QUICK, "steps": 1000, "network": radial, "options": options}
    )
    assert abs(r.value - pair.w1) <= 4 * r.se + 0.02 * pair.w1
    assert r.population_low <= pair.w1 <= r.population_high
    assert r.reason.startswith("1,000 points in 16 dimensions leave")


def test_automatic_choice_says_why(gaussians: Pair):
    near = otgan.estimate_w1(*gaussians, **QUICK)
    assert near.constraint == "exact" and "precise enough" in near.reason
    low, high = near.interval
    assert low <= 5.0 <= high
    pair = funnel_pair(16, 4)
    far = otgan.estimate_w1(pair.x, pair.y, **{**QUICK, "steps": 20})
    assert far.constraint == "lp" and "too much for the linear program" in far.reason
    assert not far.converged and "under-trained" in far.verdict


class Cloud:
    """Normal points in space around a shift, of a kind."""

    def __init__(self, shift, kind=np.asarray):
        self.rng, self.shift, self.kind = np.random.default_rng(int(shift)), shift, kind


class PlainSampler(Cloud):
    """What a user may bring: sample(k), and nothing else."""

    def sample(self, k):
        return self.kind(self.rng.normal(size=(k, 3)) + self.shift)


class SeededSampler(Cloud):
    def sample(self, k, rng):
        return self.kind(rng.normal(size=(k, 3)) + self.shift)


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor, np.ndarray.tolist])
@pytest.mark.parametrize("sampler", [PlainSampler, SeededSampler])
def test_samplers_of_ones_own(sampler, kind):
    truth = 2.0 * math.sqrt(3.0)
    budget: dict[str, Any] = {**QUICK, "steps": 800, "options": replace(SMALL, batch_size=512)}
    r = otgan.estimate_w1(sampler(0.0, kind), sampler(2.0, kind), "lp", **budget)
    assert abs(r.value - truth) <= 4 * r.se + 0.03 * truth
    assert r.population_low <= truth <= r.population_high
    assert r.sample_sizes == (1000, 1000)


def test_an_array_beside_a_sampler():
    pair = shifted([3.0, 4.0])
    points = pair.y.sample(3000, np.random.default_rng(0))
    r = otgan.estimate_w1(pair.x, points, "lp", **QUICK)
    assert abs(r.value - 5.0) <= 4 * r.se + 0.15
    assert r.sample_sizes == (2048, 2048)


def test_wrong_samplers_are_refused():
    class Longer:
        def sample(self, k):
            return np.zeros((k + 1, 3))

    with pytest.raises(
        InvalidInputError,
        match=r"^x.sample must give 64 points for k=64, got shape \(65, 3\); to fix it, pass",
    ):
        otgan.estimate_w1(Longer(), Longer(), **QUICK)
    with pytest.raises(InvalidInputError, match="same number of columns, got 3 and 2"):
        otgan.estimate_w1(PlainSampler(0), np.zeros((9, 2)), **QUICK)


# ---------------------------------------------------------------- the same again


def test_same_seed_same_estimate_and_critic_reproduces_the_gap(gaussians: Pair):
    x, y = gaussians
    first, second = (otgan.estimate_w1(x, y, "lp", **QUICK) for _ in range(2))
    assert first.value == second.value
    other: dict[str, Any] = {**QUICK, "options": replace(SMALL, rng=1)}
    assert otgan.estimate_w1(x, y, "lp", **other).value != first.value
    with torch.no_grad():
        f_x, f_y = (scores(first.critic, torch.tensor(p).float()).mean() for p in (x, y))
    assert abs(float(f_x - f_y) - first.raw_gap) <= 4 * first.se


def test_torch_input_float32_and_lists(gaussians: Pair):
    x, y = gaussians
    values = [
        otgan.estimate_w1(kind(x), kind(y), "gp", **{**QUICK, "steps": 30}).value
        for kind in (np.asarray, torch.tensor, np.ndarray.tolist)
    ]
    assert values[0] == values[1] == values[2]


def test_a_fit_is_interrupted_and_resumed_to_the_same_bits(gaussians: Pair, tmp_path):
    whole = otgan.estimate_w1(*gaussians, constraint="lp", **QUICK)
    file = tmp_path / "critic.pt"
    call: dict[str, Any] = {**QUICK, "options": replace(SMALL, checkpoint=file)}

    class StopsAtStep100(GradientPenalty):
        """Presses Ctrl-C for the user."""

        def points(self, real, fake, rng):
            self.calls.append(None)
            if len(self.calls) == 100:
                os.kill(os.getpid(), signal.SIGINT)
            return super().points(real, fake, rng)

        calls: ClassVar[list[None]] = []

    scaled = otgan.estimate_w1(*gaussians, constraint="lp", **{**QUICK, "steps": 1}).reason
    assert threading.current_thread() is threading.main_thread()
    rule = StopsAtStep100(weight=20 * rough(gaussians), one_sided=True, endpoint_fraction=0.5)
    with pytest.raises(InterruptedFit, match="stopped at step 100") as stop:
        otgan.estimate_w1(*gaussians, constraint=rule, **call)
    assert isinstance(stop.value, KeyboardInterrupt)
    partial = stop.value.estimate
    assert partial.steps == 100 and abs(partial.value - 5.0) <= 4 * partial.se + 0.3
    resumed = otgan.estimate_w1(*gaussians, constraint="lp", **call)
    assert "penalty weight" in scaled
    assert resumed.steps == 300 and len(resumed.history) == len(whole.history)
    assert resumed.value == whole.value
    again = otgan.estimate_w1(*gaussians, constraint="lp", **call)
    assert again.value == whole.value


def rough(clouds: Pair):
    """The rough distance that scales penalties, as the estimator finds it."""
    from otgan.critics.estimation.bracket import initial_bracket
    from otgan.critics.training.data import as_distributions

    distributions = as_distributions(*clouds, options=SMALL, device=torch.device("cpu"))
    return max(
        projection_lower_bound(distributions.x.pilot, distributions.y.pilot),
        initial_bracket(distributions, SMALL.rng).lower_estimate,
    )


def test_a_checkpoint_of_another_problem_is_refused(gaussians: Pair, tmp_path):
    call: dict[str, Any] = {
        **QUICK,
        "steps": 5,
        "options": replace(SMALL, checkpoint=tmp_path / "critic.pt"),
    }
    otgan.estimate_w1(*gaussians, constraint="lp", **call)
    with pytest.raises(InvalidInputError, match="must be of the same problem"):
        otgan.estimate_w1(*gaussians, constraint="orthogonal", **{**call, "network": None})
    with pytest.raises(InvalidInputError, match="must be of the same problem"):
        otgan.estimate_w1(gaussians[0], gaussians[1] + 1.0, "lp", **call)
    call["options"].checkpoint.write_text("something else")
    with pytest.raises(InvalidInputError, match="must be one that a fit has written"):
        otgan.estimate_w1(*gaussians, constraint="lp", **call)


def test_a_budget_in_seconds_ends():
    pair = funnel_pair(4, 4)
    r = otgan.estimate_w1(pair.x, pair.y, "lp", seconds=1.0, device="cpu", options=SMALL)
    assert 0 < r.seconds < 1.5 and r.steps > 0


# ---------------------------------------------------------------- verdicts


def test_equal_distributions_are_near_zero():
    rng = np.random.default_rng(2)
    r = otgan.estimate_w1(rng.normal(size=(800, 2)), rng.normal(size=(800, 2)), "lp", **QUICK)
    assert abs(r.value) <= 4 * r.se + 0.05
    assert r.converged  # a gap of nothing but noise is not one that still grows
    assert 0.0 <= r.sample_lower <= r.sample_distance
    assert r.population_low <= 0.05


OTHERS = ["clip", "spectral", "orthogonal", "cones", "distilled"]
EVERY = ["gp", "lp", "div", "exact", *(pytest.param(n, marks=pytest.mark.slow) for n in OTHERS)]


@pytest.mark.parametrize("constraint", EVERY)
@pytest.mark.parametrize("steps", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_critic_that_learned_nothing_claims_nothing(gaussians: Pair, constraint, steps):
    """Never below zero, never an interval without width, nor one that misses W1 = 5."""
    r = otgan.estimate_w1(
        *gaussians, constraint=constraint, **{**quick_for(constraint), "steps": steps}
    )
    assert r.value >= 0 and r.se > 0
    assert 0 <= r.interval[0] < r.interval[1]
    assert r.interval[0] <= 5.0 <= r.interval[1]
    assert r.converged == (constraint == "exact")
    assert constraint == "exact" or r.verdict.startswith("under-trained")
    assert "inf" not in r.verdict and "nan" not in r.report()


@pytest.mark.parametrize("constraint", EVERY)
def test_point_masses_have_estimates_that_are_not_negative(constraint):
    x, y = np.zeros((40, 2)), np.tile([3.0, 4.0], (40, 1))
    for left, right, w1 in ((x, y, 5.0), (x, x, 0.0)):
        r = otgan.estimate_w1(left, right, constraint, **{**quick_for(constraint), "steps": 2})
        assert r.value >= 0 and 0 <= r.interval[0] < r.interval[1]
        assert r.interval[0] <= w1 * (1 + 1e-12) and r.interval[1] >= w1 * (1 - 1e-12)
        assert_allclose([r.sample_distance, r.population_high], w1, rtol=1e-12)


@pytest.mark.parametrize("constraint", EVERY)
def test_a_sample_against_itself_shows_zero(gaussians: Pair, constraint):
    x, _ = gaussians
    r = otgan.estimate_w1(x, x, constraint, **{**quick_for(constraint), "steps": 10})
    assert r.value == 0.0 == r.interval[0] < r.interval[1]


class Zero(torch.nn.Module):
    """Weights of zero, which stay so."""

    def __init__(self, d):
        super().__init__()
        self.layer = torch.nn.Linear(d, 1)

    def forward(self, points):
        return 0.0 * self.layer(points)


@pytest.mark.parametrize("constraint", ["clip", "gp", "lp", "div", "spectral", "orthogonal"])
def test_a_critic_that_is_zero_everywhere_is_judged(gaussians: Pair, constraint):
    r = otgan.estimate_w1(
        *gaussians, constraint=constraint, **{**QUICK, "network": Zero, "steps": 20}
    )
    assert r.value == r.raw_gap == r.lipschitz_lower == 0.0
    assert not r.converged and r.interval == (0.0, r.population_high)
    assert r.population_low > 4.5  # by potentials of a sample, as the weights prove nothing


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e6, 1e12])
def test_an_estimate_scales_with_the_data_to_any_unit(gaussians: Pair, scale):
    x, y = gaussians
    r = otgan.estimate_w1(scale * x, scale * y, "lp", **{**QUICK, "steps": 60})
    base = otgan.estimate_w1(x, y, "lp", **{**QUICK, "steps": 60})
    assert_allclose(r.value, scale * base.value, rtol=1e-2)
    assert r.interval[0] < r.interval[1]


def test_identical_samples_are_no_distance_apart(gaussians: Pair):
    x = gaussians[0]
    for constraint in ("auto", "exact"):
        r = otgan.estimate_w1(x, x[::-1], constraint, **{**QUICK, "steps": 50})
        assert r.sample_distance == 0.0 and abs(r.value) <= 4 * r.se + 0.05
    assert r.value >= 0.0


def test_the_linear_program_says_when_it_knows_little():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(300, 30)), rng.normal(size=(300, 30)) + 0.5
    r = otgan.estimate_w1(x, y, "exact", **QUICK)
    assert not r.converged and "little is known" in r.verdict
    assert abs(r.value - 0.5 * math.sqrt(30)) <= 2 * r.se
    assert r.interval[0] <= 0.5 * math.sqrt(30) <= r.interval[1]


@pytest.mark.parametrize("n", [4, 5])
def test_few_points_are_enough_for_a_number(n):
    rng = np.random.default_rng(4)
    r = otgan.estimate_w1(rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) + 9, "lp", **QUICK)
    assert r.n_held_out == 4 and r.sample_lower <= r.sample_distance * (1 + 1e-9)


def test_an_under_trained_critic_is_said_to_be_one():
    pair = funnel_pair(2, 4)
    r = otgan.estimate_w1(pair.x, pair.y, "lp", **{**QUICK, "steps": 10})
    assert not r.converged and r.verdict.startswith("under-trained")
    assert "under-trained" in repr(r)


def test_a_constraint_of_ones_own_plugs_in(gaussians: Pair):
    class HalfSlope(Constraint):
        """A linear critic whose slope is projected to one half."""

        name = "half"

        def build(self, d, width, depth):
            return torch.nn.Linear(d, 1)

        def project(self, critic):
            with torch.no_grad():
                critic.weight.mul_(0.5 / critic.weight.norm())

        def optimizer(self, parameters, learning_rate):
            return torch.optim.SGD(parameters, lr=learning_rate or 0.1)

        def distance(self, reading):
            return reading.gap / reading.lipschitz_upper

    faster: dict[str, Any] = {**QUICK, "network": None, "options": replace(SMALL, vector_rate=0.05)}
    r = otgan.estimate_w1(*gaussians, constraint=HalfSlope(), **faster)
    assert_allclose(r.lipschitz_upper, 0.5, rtol=1e-5)
    assert abs(r.value - 5.0) <= 4 * r.se + 0.05


def test_a_network_of_ones_own_plugs_in(gaussians: Pair):
    def network(d):
        return torch.nn.Sequential(torch.nn.Linear(d, 24), torch.nn.SiLU(), torch.nn.Linear(24, 1))

    r = otgan.estimate_w1(*gaussians, constraint="lp", **{**QUICK, "network": network})
    assert abs(r.value - 5.0) <= 4 * r.se + 0.15
    assert any(isinstance(m, torch.nn.SiLU) for m in r.critic.modules())


class Remembers(torch.nn.Module):
    """A layer that two threads must not ask at once, and that knows who asked."""

    def __init__(self):
        super().__init__()
        self.askers = set()

    def forward(self, points):
        self.askers.add(threading.get_ident())
        return points


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_layers_of_ones_own_are_asked_by_one_thread(two_threads):
    pair, layer = shifted([3.0, 4.0]), Remembers()
    few: dict[str, Any] = {
        "steps": 2,
        "device": "cpu",
        "options": SMALL,
    }  # more points than one thread would take
    otgan.estimate_w1(
        pair.x, pair.y, "gp", network=lambda d: torch.nn.Sequential(layer, small(d)), **few
    )
    assert layer.askers == {threading.get_ident()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [[np.nan, 0.0]] * 9}, "x must be finite"),
        ({"x": np.zeros((9, 3))}, "same number of columns, got 3 and 2"),
        ({"x": np.zeros((1, 2))}, "held_out must leave points on both sides"),
        (
            {"constraint": "nothing"},
            "constraint must be one of auto, exact, clip, gp, .* distilled,",
        ),
        ({"steps": 0}, "steps must be a whole number of at least 1, got 0"),
        ({"seconds": -1}, "seconds must be positive, got -1"),
        ({"device": "no-such-device"}, "device must be one that this PyTorch can use"),
    ],
)
def test_wrong_input_is_refused(change, message):
    arguments = {"x": np.zeros((9, 2)), "y": np.ones((9, 2)), **change}
    with pytest.raises(InvalidInputError, match=message):
        otgan.estimate_w1(arguments.pop("x"), arguments.pop("y"), **arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"constraint": None},
            "got None without build, distance, name, optimizer; to fix it, derive",
        ),
        (
            {"constraint": GradientPenalty},
            r"got the class GradientPenalty itself; to fix it, pass GradientPenalty\(\)",
        ),
        ({"constraint": "LP"}, "did you mean 'lp'"),
        ({"network": mlp(2)}, "network must be a function that builds a critic"),
        ({"network": lambda d: None}, "must return a torch module with parameters"),
        ({"network": lambda d: mlp(d + 1)}, "must return a module for float32 points of shape"),
        ({"network": lambda d: mlp(d).half()}, "must return a module of float32 or float64"),
        ({"x": float}, "x must be points or a sampler, got the class float"),
    ],
)
def test_wrong_constraints_networks_and_samplers_are_refused(gaussians: Pair, change, message):
    arguments = {"x": gaussians[0], "y": gaussians[1], "constraint": "lp", **change}
    with pytest.raises(InvalidInputError, match=message):
        otgan.estimate_w1(arguments.pop("x"), arguments.pop("y"), **arguments)


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf])
def test_weights_must_be_positive(weight):
    with pytest.raises(InvalidInputError, match="weight must be a positive number"):
        GradientPenalty(weight=weight)


@pytest.mark.parametrize(
    "wrong", [{"held_out": 0.0}, {"held_out": 1.0}, {"batch_size": 0}, {"matrix_rate": 0.0}]
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(InvalidInputError, match=f"{next(iter(wrong))} must be"):
        FitOptions(**wrong)


def test_divergence_is_an_error_not_a_number(gaussians: Pair):
    class Explosive(GradientPenalty):
        def penalty(self, critic, real, fake, rng):
            return super().penalty(critic, real, fake, rng) * math.nan

    with pytest.raises(TrainingDivergedError, match="must stay finite"):
        otgan.estimate_w1(*gaussians, constraint=Explosive(), **QUICK)


@pytest.mark.gpu
@pytest.mark.parametrize("constraint", sorted(CONSTRAINTS))
def test_estimate_on_a_gpu(gaussians: Pair, constraint):
    r = otgan.estimate_w1(
        *gaussians, constraint=constraint, **{**quick_for(constraint), "device": "cuda"}
    )
    assert r.sample_lower <= r.sample_distance
    if constraint in ("lp", "gp", "orthogonal"):
        assert abs(r.value - 5.0) <= 4 * r.se + 0.15
