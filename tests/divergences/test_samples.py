"""KL and JS from samples: closed forms, hand cases, refusals, and defects known from elsewhere."""

import math
from typing import Literal

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import otgan
from otgan.divergences.kernel_density import KernelDensity
from otgan.divergences.nearest_neighbors import NearestNeighbors
from otgan.divergences.plug_in import Discrete, Histogram
from otgan.errors import DuplicateSamplesError, InvalidInputError
from tests.cases import mistyped

METHODS: list[Literal["knn", "histogram", "kde"]] = ["knn", "histogram", "kde"]


def gaussians(n, m, *, d=1, shift=1.0, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    y = scale * rng.normal(size=(m, d))
    y[:, 0] += shift
    return rng.normal(size=(n, d)), y


class TestNearestNeighbors:
    def test_cases_by_hand(self):
        plain = NearestNeighbors(k=1, start="none", whiten=False)
        x, y = np.array([[1.0], [2.0]]), np.array([[1.5], [2.5]])
        assert_allclose(plain.kl_value(x, y), 0.0, atol=1e-15)
        x, y = np.array([[1.0], [2.0], [4.0]]), np.array([[1.5], [3.0]])
        assert_allclose(plain.kl_value(x, y), -math.log(2))

    def test_the_formula_by_brute_force(self):
        x, y = gaussians(40, 25, d=3)
        own = np.sort(np.linalg.norm(x[:, None] - x, axis=2), axis=1)
        other = np.sort(np.linalg.norm(x[:, None] - y, axis=2), axis=1)
        for k in (1, 4):
            direct = 3 * np.log(other[:, k - 1] / own[:, k]).mean() + math.log(25 / 39)
            plain = NearestNeighbors(k=k, start="none", whiten=False)
            assert_allclose(plain.kl_value(x, y), direct)
        two = NearestNeighbors(k=2, k_y=5, start="none", whiten=False)
        direct = 3 * np.log(other[:, 4] / own[:, 2]).mean() + math.log(25 / 39)
        direct += (1 + 1 / 1) - (1 + 1 / 2 + 1 / 3 + 1 / 4) - 1  # ψ(2) - ψ(5)
        assert_allclose(two.kl_value(x, y), direct)

    def test_one_radius_for_both_is_the_nearest_neighbor_where_they_agree(self):
        x, y = gaussians(60, 45, d=2)
        own = np.sort(np.linalg.norm(x[:, None] - x, axis=2), axis=1)[:, 1:]
        other = np.sort(np.linalg.norm(x[:, None] - y, axis=2), axis=1)
        terms = []
        for rho, nu in zip(own, other, strict=True):
            radius = max(rho[0], nu[0])
            k, l = (rho <= radius).sum(), (nu <= radius).sum()  # noqa: E741
            from scipy.special import digamma

            terms.append(2 * math.log(nu[l - 1] / rho[k - 1]) + digamma(k) - digamma(l))
        direct = np.mean(terms) + math.log(45 / 59)
        matched = NearestNeighbors("matched", whiten=False)
        assert_allclose(matched.kl_value(x, y), direct)

    @pytest.mark.parametrize("start", ["none", "gaussian"])
    def test_coordinates_do_not_matter_when_whitened(self, start):
        x, y = gaussians(200, 150, d=3)
        mix = np.array([[2.0, 0.3, 0.0], [0.0, 0.01, 0.4], [5.0, 0.0, 1.0]])
        method = NearestNeighbors(k=5, start=start)
        assert_allclose(method.kl_value(x @ mix + 7, y @ mix + 7), method.kl_value(x, y), rtol=1e-8)

    def test_a_gaussian_start_removes_the_bias_in_high_dimension(self):
        d = 10
        errors: dict[Literal["none", "auto"], list[float]] = {"none": [], "auto": []}
        covariance = 0.001 * np.eye(d) + 0.999
        truth = 0.5 * np.linalg.solve(covariance, np.ones(d)).sum()
        for seed in range(6):
            rng = np.random.default_rng(seed)
            x = rng.multivariate_normal(np.zeros(d), covariance, 1000)
            y = rng.multivariate_normal(np.ones(d), covariance, 1000)
            for start, found in errors.items():
                found.append(NearestNeighbors(k=5, start=start).kl_value(x, y) - truth)
        assert abs(np.mean(errors["auto"])) < 0.05
        assert np.mean(errors["none"]) < -0.1

    def test_heavy_tails_get_no_gaussian_start(self):
        rng = np.random.default_rng(0)
        x, y = rng.standard_cauchy((500, 2)), rng.standard_cauchy((400, 2))
        e = otgan.kl_from_samples(x, y)
        assert e.diagnostics["gaussian_start"] == 0
        assert abs(e.value) < 4 * e.se

    @pytest.mark.parametrize(("n", "m"), [(2000, 500), (500, 2000), (300, 300)])
    def test_unequal_sizes(self, n, m):
        x, y = gaussians(n, m, scale=2.0)
        e = otgan.kl_from_samples(x, y)
        assert (e.n, e.m) == (n, m)
        assert abs(e.value - 0.4431471806) < 4 * e.se < 0.8

    def test_equal_distributions_are_not_clamped(self):
        values = [
            NearestNeighbors().kl_value(*gaussians(300, 300, shift=0.0, seed=s)) for s in range(40)
        ]
        assert min(values) < 0 < max(values)
        assert abs(np.mean(values)) < 4 * np.std(values) / math.sqrt(40) + 0.005

    def test_a_known_density(self):
        x, _ = gaussians(2000, 1, d=2)
        truth = 0.5  # N(0, I) against N(0, [[1, 1], [1, 2]])
        q = stats.multivariate_normal([0, 0], [[1, 1], [1, 2]])
        e = otgan.kl_from_samples(x, q.logpdf)
        assert abs(e.value - truth) < 4 * e.se < 0.2
        plain = otgan.kl_from_samples(x, q.logpdf, method=NearestNeighbors(k=4, start="none"))
        assert abs(plain.value - truth) < 4 * plain.se < 0.3

    def test_neighbors_that_say_nothing_are_a_warning(self):
        x, y = gaussians(300, 300, shift=8.0)
        e = otgan.kl_from_samples(x, y)
        assert any("log m" in sentence for sentence in e.warnings)

    def test_settings_that_disagree_are_a_warning(self):
        x, y = gaussians(1000, 1000, shift=4.0)
        e = otgan.kl_from_samples(x, y)
        assert any("disagree" in sentence for sentence in e.warnings)
        assert any("farther from y" in sentence for sentence in e.warnings)
        calm = otgan.kl_from_samples(*gaussians(1000, 1000, shift=0.5))
        assert calm.warnings == ()

    def test_the_same_call_gives_the_same_number(self):
        x, y = gaussians(200, 100)
        assert otgan.kl_from_samples(x, y) == otgan.kl_from_samples(x, y)

    def test_more_than_250_dimensions(self):
        x, y = gaussians(200, 150, d=300)
        e = otgan.kl_from_samples(x, y)
        assert e.diagnostics["gaussian_start"] == 0
        assert math.isfinite(e.value)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"k": 0},
            {"k": 2.5},
            {"k": "five"},
            {"k": True},
            {"k_y": 0},
            {"start": "normal"},
            {"whiten": "no"},
            {"whiten": 0},
            {"start": "gaussian", "k_y": 3},
        ],
    )
    def test_parameters_without_meaning(self, wrong):
        with pytest.raises(InvalidInputError, match="to fix it"):
            NearestNeighbors(**wrong)

    def test_too_few_points(self):
        with pytest.raises(InvalidInputError, match="k must be at most"):
            NearestNeighbors(k=9, start="none").kl_value(*gaussians(8, 20))
        with pytest.raises(InvalidInputError, match="at least 16"):
            otgan.kl_from_samples(*gaussians(10, 12))
        with pytest.raises(InvalidInputError, match="Gaussian start"):
            otgan.kl_from_samples(
                *gaussians(40, 40, d=9), method=NearestNeighbors(start="gaussian")
            )


class TestJensenShannon:
    @pytest.mark.parametrize(
        ("shift", "truth"), [(0, 0), (1, 0.11142148), (2, 0.33683082), (6, 0.68929793)]
    )
    @pytest.mark.parametrize(("n", "m"), [(1500, 1500), (600, 2400)])
    def test_gaussians_that_move_apart(self, shift, truth, n, m):
        e = otgan.js_from_samples(*gaussians(n, m, shift=shift))
        assert abs(e.value - truth) < 4 * e.se + 0.002
        assert e.se < 0.02

    def test_symmetric(self):
        x, y = gaussians(300, 300)
        assert_allclose(otgan.js_from_samples(x, y).value, otgan.js_from_samples(y, x).value)

    def test_unequal_sizes_are_no_bias(self):
        values = [
            otgan.js_from_samples(*gaussians(200, 1000, shift=0.0, seed=s)).value for s in range(60)
        ]
        assert abs(np.mean(values)) < 4 * np.std(values) / math.sqrt(60) + 0.001

    def test_many_dimensions_are_a_warning(self):
        x, y = gaussians(300, 300, d=20, shift=2)
        e = otgan.js_from_samples(x, y)
        assert e.value < 0.3
        assert any("classifier" in sentence for sentence in e.warnings)
        assert otgan.js_from_samples(*gaussians(300, 300, d=20, shift=0)).warnings == ()

    @pytest.mark.parametrize(("n", "m"), [(50, 50), (400, 60)])
    def test_intervals_of_few_points_hold(self, n, m):
        held = 0
        for seed in range(60):
            low, high = otgan.js_from_samples(*gaussians(n, m, seed=seed)).interval
            held += low < 0.11142148 < high
        assert held >= 60 * 0.95 - 3 * math.sqrt(60 * 0.05 * 0.95)

    def test_standard_error_is_the_spread(self):
        found = [otgan.js_from_samples(*gaussians(400, 300, shift=1.5, seed=s)) for s in range(60)]
        spread = np.std([e.value for e in found])
        assert 0.75 * spread < np.mean([e.se for e in found]) < 1.5 * spread

    def test_disjoint_distributions_reach_log_2(self):
        x, y = gaussians(200, 300, shift=100.0)
        assert_allclose(otgan.js_from_samples(x, y).value, math.log(2))


class TestOtherMethods:
    def test_histogram_and_kernels_find_kl(self):
        x, y = gaussians(3000, 3000)
        for method in ("histogram", "kde"):
            e = otgan.kl_from_samples(x, y, method=method)
            assert abs(e.value - 0.5) < 4 * e.se + 0.03
            e = otgan.js_from_samples(x, y, method=method)
            assert abs(e.value - 0.11142148) < 4 * e.se + 0.01

    def test_in_the_plane(self):
        x, y = gaussians(4000, 3000, d=2, shift=1.5)
        for method in ("kde", "knn"):
            e = otgan.kl_from_samples(x, y, method=method)
            assert abs(e.value - 1.125) < 4 * e.se < 0.6
        e = otgan.kl_from_samples(x, y, method="histogram")
        assert e.value < 1.0
        assert "too small" in e.warnings[0]
        for method in METHODS:
            low, high = otgan.js_from_samples(x, y, method=method).interval
            assert low - 0.005 < 0.22117083 < high + 0.005

    def test_equal_distributions_have_no_bias_in_bins(self):
        found = [
            otgan.js_from_samples(*gaussians(300, 500, shift=0, seed=s), method="histogram")
            for s in range(60)
        ]
        assert np.mean([e.diagnostics["plug_in"] for e in found]) > 0.008
        assert abs(np.mean([e.value for e in found])) < 0.002

    @pytest.mark.parametrize("method", ["histogram", "kde"])
    def test_three_dimensions_are_refused(self, method):
        with pytest.raises(InvalidInputError, match="one or two columns"):
            otgan.kl_from_samples(*gaussians(100, 100, d=3), method=method)

    def test_counts(self):
        rng = np.random.default_rng(0)
        p, q = np.array([0.2, 0.3, 0.5]), np.array([0.5, 0.3, 0.2])
        truth = float(otgan.kl_divergence(p, q)), float(otgan.js_divergence(p, q))
        covered = np.zeros(2)
        for _ in range(200):
            x, y = rng.choice(3, 400, p=p), rng.choice(3, 300, p=q)
            for i, estimate in enumerate((otgan.kl_from_samples, otgan.js_from_samples)):
                low, high = estimate(x, y, method="discrete").interval
                covered[i] += low < truth[i] < high
        assert (covered > 200 * 0.95 - 4 * math.sqrt(200 * 0.05 * 0.95)).all()

    def test_values_that_y_never_shows(self):
        x, y = np.array([0, 0, 1, 2.0]), np.array([0, 0, 1, 1.0])
        with pytest.raises(InvalidInputError, match=r"1 values \(25.0% of x\)"):
            otgan.kl_from_samples(x, y, method="discrete")
        smooth = otgan.kl_from_samples(x, y, method=Discrete(smoothing=0.5))
        exact = otgan.kl_divergence([2.5, 1.5, 1.5], [2.5, 2.5, 0.5])
        assert_allclose(smooth.diagnostics["plug_in"], exact)
        assert math.isfinite(otgan.js_from_samples(x, y, method="discrete").value)

    def test_parameters_without_meaning(self):
        for make in (
            lambda: Histogram(1),
            lambda: Histogram(mistyped(2.5)),
            lambda: KernelDensity(0),
            lambda: Discrete(-1),
            lambda: Discrete(mistyped("0.5")),
            lambda: NearestNeighbors(whiten=mistyped("no")),
            lambda: Discrete(mistyped("half")),
            lambda: Discrete(mistyped(True)),
        ):
            with pytest.raises(InvalidInputError, match="to fix it"):
                make()
        with pytest.raises(InvalidInputError, match="cells"):
            otgan.kl_from_samples(*gaussians(30, 30), method=Histogram(40))


class TestTies:
    def test_repeated_rows_are_refused(self):
        x, y = gaussians(100, 80, d=2)
        repeated = np.repeat(x, 6, axis=0)
        with pytest.raises(DuplicateSamplesError, match="500 repeated rows in x, 0 in y"):
            otgan.kl_from_samples(repeated, y)
        with pytest.raises(DuplicateSamplesError, match="3 that both hold"):
            otgan.js_from_samples(x, np.concatenate([y, x[:3]]))

    def test_dropped(self):
        x, y = gaussians(300, 200)
        copied = np.concatenate([x, x[:30]])
        e = otgan.kl_from_samples(copied, y, ties="drop")
        assert e.diagnostics["dropped"] == 30
        assert_allclose(e.value, otgan.kl_from_samples(x, y).value)

    def test_rounded_values_jittered(self):
        x, y = gaussians(2000, 2000, scale=2.0)
        e = otgan.kl_from_samples(x.round(1), y.round(1), ties="jitter")
        assert_allclose(e.diagnostics["jitter"], 0.1)
        assert abs(e.value - 0.4431) < 4 * e.se

    def test_counted(self):
        x, y = np.array([0, 0, 1, 1, 1, 2.0]), np.array([0, 0, 1, 1, 2, 2.0])
        e = otgan.kl_from_samples(x, y, ties="discrete")
        assert e.method == "discrete, less bias"
        assert_allclose(e.diagnostics["plug_in"], otgan.kl_divergence([2, 3, 1], [2, 2, 2]))
        assert otgan.kl_from_samples(*gaussians(50, 50), ties="discrete").method == "knn"


class TestDoor:
    @pytest.mark.parametrize("estimate", [otgan.kl_from_samples, otgan.js_from_samples])
    def test_bad_input(self, estimate):
        x, y = gaussians(50, 50)
        for wrong in (
            lambda: estimate(x, np.full((50, 1), np.nan)),
            lambda: estimate(x, np.zeros((50, 2))),
            lambda: estimate([], y),
            lambda: estimate(x, y, method="knnn"),
            lambda: estimate(x, y, method=NearestNeighbors),
            lambda: estimate(x, y, method=5),
            lambda: estimate(x, y, ties="ignore"),
            lambda: estimate(x, y, confidence_level=95),
        ):
            with pytest.raises(InvalidInputError, match="to fix it"):
                wrong()

    def test_near_names_are_suggested(self):
        with pytest.raises(InvalidInputError, match="did you mean 'histogram'"):
            otgan.kl_from_samples([1, 2], [3, 4], method=mistyped("histogramm"))

    def test_a_method_of_the_users_own(self):
        class Always:
            def kl(self, x, y, *, confidence_level, rng):
                return otgan.Estimate(1.0, 0.0, (1.0, 1.0), "own", len(x), len(y), confidence_level)

            js = kl

        assert float(otgan.kl_from_samples([1, 2], [3, 4], method=Always())) == 1.0

    def test_a_density_that_is_wrong(self):
        x, _ = gaussians(50, 1, d=2)
        for wrong in (lambda z: z, lambda z: np.full(len(z), -np.inf), lambda z: 1.0):
            with pytest.raises(InvalidInputError, match="log density"):
                otgan.kl_from_samples(x, wrong)
        with pytest.raises(InvalidInputError, match="must be 'knn'"):
            otgan.kl_from_samples(x, lambda z: z[:, 0], method="kde")

    def test_densities_in_the_wrong_place(self):
        x, _ = gaussians(50, 1)
        log_q = stats.norm(1).logpdf
        column = otgan.kl_from_samples(x, log_q)  # returns the shape (n, 1) of its input
        assert_allclose(column.value, otgan.kl_from_samples(x, lambda z: log_q(z[:, 0])).value)
        for wrong in (
            lambda: otgan.js_from_samples(x, log_q),
            lambda: otgan.js_from_samples(log_q, x),
            lambda: otgan.kl_from_samples(log_q, x),
        ):
            with pytest.raises(InvalidInputError, match="got the function"):
                wrong()
        density = otgan.kl_from_samples(gaussians(500, 1)[0], stats.norm(1).pdf)
        assert any("for its logarithm" in sentence for sentence in density.warnings)

    def test_counting_what_does_not_repeat(self):
        x, y = gaussians(100, 100)
        with pytest.raises(InvalidInputError, match="values must repeat"):
            otgan.js_from_samples(x, y, method="discrete")
        with pytest.raises(InvalidInputError, match="beside this method"):
            otgan.kl_from_samples(x, y, method="kde", ties="discrete")

    def test_a_seed_that_is_none(self):
        with pytest.raises(InvalidInputError, match="rng must be"):
            otgan.kl_from_samples(*gaussians(50, 50), rng="a")

    def test_a_wider_level_is_a_wider_interval(self):
        x, y = gaussians(100, 100)
        narrow, wide = (otgan.kl_from_samples(x, y, confidence_level=c) for c in (0.5, 0.99))
        assert narrow.interval[1] - narrow.interval[0] < wide.interval[1] - wide.interval[0]
        assert wide.confidence_level == 0.99

    def test_tensors(self):
        torch = pytest.importorskip("torch")
        x, y = gaussians(100, 100)
        ours = otgan.kl_from_samples(torch.tensor(x), torch.tensor(y))
        assert ours == otgan.kl_from_samples(x, y)


class TestFlatSamples:
    """Samples in a flat of lower dimension have densities there, and only there."""

    def test_constant_and_copied_columns(self):
        x, y = gaussians(500, 400)
        plain_kl, plain_js = otgan.kl_from_samples(x, y), otgan.js_from_samples(x, y)
        for widen in (
            lambda z: np.column_stack([z, np.ones(len(z))]),
            lambda z: np.column_stack([z, 2 * z, 0 * z]),
        ):
            assert_allclose(otgan.kl_from_samples(widen(x), widen(y)).value, plain_kl.value)
            assert_allclose(otgan.js_from_samples(widen(x), widen(y)).value, plain_js.value)

    def test_fewer_points_than_dimensions_are_a_warning(self):
        e = otgan.kl_from_samples(*gaussians(30, 30, d=50))
        assert any("50 dimensions" in sentence for sentence in e.warnings)

    def test_an_estimate_that_moves_with_the_balls_is_a_warning(self):
        rng = np.random.default_rng(0)
        x = rng.normal(size=2000)
        y = 0.95 * rng.choice([-1, 1], 2000) + 0.31 * rng.normal(size=2000)  # KL is 1.1
        e = otgan.kl_from_samples(x, y)
        assert e.value < 0.95
        assert any("with smaller balls" in sentence for sentence in e.warnings)

    def test_too_few_points_for_js(self):
        with pytest.raises(InvalidInputError, match="at least 16"):
            otgan.js_from_samples([1.0, 2.0, 3.0, 5.0], [1.5, 2.5, 7.0, 9.0])
