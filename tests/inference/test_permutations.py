from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import ot
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist, pdist

import otgan
from otgan import MMD, Classifier, Energy, NearestNeighbors, SlicedWasserstein, two_sample_test
from otgan.errors import DuplicateSamplesError, InterruptedFit, InvalidInputError, MissingExtraError
from otgan.inference.statistics import STATISTICS
from otgan.inference.wasserstein_statistics import Wasserstein
from tests.cases import mistyped

NAMES = sorted(STATISTICS)


def knn(k):
    return NearestNeighbors(k=k, start="none", whiten=False)


LABEL_FREE = [
    Wasserstein(),
    SlicedWasserstein(7),
    Energy(),
    MMD(),
    MMD(bandwidth=0.5),
    MMD("laplace"),
    MMD("imq", 2.0),
    knn(1),
    knn(3),
    NearestNeighbors(k=2, start="none"),
]


def samples(seed, n, m, d, shift=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + shift, rng.normal(size=(m, d))


def value(statistic, x, y, seed=0):
    return two_sample_test(x, y, statistic=statistic, n_resamples=1, rng=seed).statistic


def mean_gap(x, y):
    return float(np.linalg.norm(x.mean(axis=0) - y.mean(axis=0)))


# ---------------------------------------------------------------- the level is exact


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_p_values_are_uniform_under_equal_distributions(name, d):
    permutations, repeats = 99, 200
    rng = np.random.default_rng([d, *name.encode()])
    p = [
        two_sample_test(
            rng.normal(size=(20, d)),
            rng.normal(size=(16, d)),
            statistic=name,
            n_resamples=permutations,
            rng=rng,
        ).pvalue
        for _ in range(repeats)
    ]
    # uniform on 1/100, ..., 100/100: with a uniform step below, uniform on the interval
    spread = np.array(p) - rng.random(repeats) / (1 + permutations)
    assert scipy.stats.kstest(spread, "uniform").pvalue > 0.001  # for twelve such tests


def test_p_values_of_tests_that_stop_early_have_the_level_they_claim():
    repeats, enough = 800, 5
    rng = np.random.default_rng(1)
    p = np.array(
        [
            two_sample_test(
                rng.normal(size=15),
                rng.normal(size=12),
                n_resamples=199,
                stop_after=enough,
                rng=rng,
            ).pvalue
            for _ in range(repeats)
        ]
    )
    for stopped_at in (8, 10, 20, 50, 100):
        level = enough / stopped_at
        assert_allclose(np.mean(p <= level), level, atol=4 * np.sqrt(level * (1 - level) / repeats))


@pytest.mark.parametrize("statistic", ["wasserstein", "energy", mean_gap])
def test_a_tiny_problem_against_all_relabelings(statistic):
    x, y = samples(3, 3, 4, 2, shift=0.8)
    pool = np.concatenate([x, y])
    splits = [np.isin(np.arange(7), chosen) for chosen in itertools.combinations(range(7), 3)]
    every = np.array([value(statistic, pool[s], pool[~s]) for s in splits])
    result = two_sample_test(x, y, statistic=statistic, n_resamples=7000, rng=0)
    assert_allclose(
        np.unique(result.null_distribution.round(9)), np.unique(every.round(9)), atol=1e-9
    )
    exact = np.mean(every >= result.statistic - 1e-9)
    se = np.sqrt(exact * (1 - exact) / 7000)
    assert 0 < exact < 1
    assert_allclose(result.pvalue, exact, atol=4 * se)


class Recorded:
    """A statistic that remembers which labels it was asked about."""

    def __init__(self, statistic):
        self.statistic, self.labels, self.name = statistic, [], statistic.name

    def prepare(self, x, y, rng):
        prepared = self.statistic.prepare(x, y, rng)

        def values(labels):
            self.labels.extend(labels)
            return prepared.values(labels)

        return prepared._replace(values=values)


def exact_energy(tenths, row):
    """The energy distance of integers in units of 1/10, by rational numbers."""
    x = [Fraction(int(t), 10) for t in tenths[row]]
    y = [Fraction(int(t), 10) for t in tenths[~row]]

    def mean(a, b):
        return sum(abs(s - t) for s in a for t in b) / (len(a) * len(b))

    return 2 * mean(x, y) - mean(x, x) - mean(y, y)


def exact_area(tenths, row):
    """W1 on the line of integers in units of 1/10, by rational numbers."""
    area, order = Fraction(0), np.argsort(tenths, kind="stable")
    for at in range(len(order) - 1):
        seen = row[order[: at + 1]]
        gap = Fraction(int(seen.sum()), int(row.sum())) - Fraction(
            int((~seen).sum()), int((~row).sum())
        )
        area += abs(gap) * Fraction(int(tenths[order[at + 1]] - tenths[order[at]]), 10)
    return area


@pytest.mark.parametrize(
    ("statistic", "exact"),
    [
        (Energy(), exact_energy),
        (Wasserstein(), exact_area),
        (SlicedWasserstein(), exact_area),
    ],
)
def test_ties_count_although_decimals_are_rounded(statistic, exact):
    ties = 0
    for seed in range(8):
        tenths = np.random.default_rng(seed).integers(-2, 3, size=9)
        recorded = Recorded(statistic)
        result = two_sample_test(
            tenths[:5] / 10, tenths[5:] / 10, statistic=recorded, n_resamples=80, rng=seed
        )
        observed, *others = [exact(tenths, row) for row in recorded.labels]
        assert result.exceedances == sum(other >= observed for other in others)
        ties += sum(other == observed for other in others)
    assert ties > 20


def test_ties_of_optimal_costs_in_the_plane():
    corners = np.array([[0, 0], [0.1, 0], [0, 0.1], [0.1, 0.1]])
    result = two_sample_test(
        corners[:2], corners[2:], statistic="wasserstein", n_resamples=2000, rng=0
    )
    # two of the three ways to cut the square in halves cost 0.1, the diagonal one costs it too
    assert result.exceedances == 2000


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"knn", "mmd", "classifier"}))
def test_equal_points_give_no_evidence(name):
    result = two_sample_test(np.full((5, 2), 0.3), np.full((4, 2), 0.3), statistic=name, rng=0)
    assert (result.statistic, result.pvalue) == (0, 1)


# ---------------------------------------------------------------- the values are right


@pytest.mark.parametrize(("n", "m", "d"), [(30, 30, 2), (17, 40, 5), (1, 6, 3), (9, 1, 2)])
def test_wasserstein_is_the_exact_distance(n, m, d):
    x, y = samples(0, n, m, d, shift=0.3)
    expected = ot.emd2(np.full(n, 1 / n), np.full(m, 1 / m), cdist(x, y))
    assert_allclose(value("wasserstein", x, y), expected, rtol=1e-9)
    assert_allclose(value("wasserstein", x, y), otgan.wasserstein(x, y), rtol=1e-9)


def test_wasserstein_of_more_arcs_than_the_small_solver_takes():
    x, y = samples(0, 530, 500, 2)
    assert_allclose(value("wasserstein", x, y), otgan.wasserstein(x, y), rtol=1e-9)


@pytest.mark.parametrize(("n", "m"), [(25, 25), (30, 7), (1, 5)])
def test_on_the_line(n, m):
    x, y = samples(1, n, m, 1, shift=0.5)
    flat = x[:, 0], y[:, 0]
    expected = scipy.stats.wasserstein_distance(*flat)
    assert_allclose(value("wasserstein", x, y), expected)
    assert_allclose(value("sliced", x, y), expected)
    assert_allclose(value("energy", *flat), scipy.stats.energy_distance(*flat) ** 2)


@pytest.mark.parametrize(("n", "m", "d"), [(12, 12, 3), (15, 8, 2)])
def test_energy_and_mmd_are_their_definitions(n, m, d):
    x, y = samples(2, n, m, d, shift=0.4)
    xy, xx, yy = cdist(x, y), cdist(x, x), cdist(y, y)
    assert_allclose(value("energy", x, y), 2 * xy.mean() - xx.mean() - yy.mean())
    median = np.median(pdist(np.concatenate([x, y])))
    for statistic, width in (("mmd", median), (MMD(bandwidth=0.7), 0.7)):
        kernel = [np.exp(-(r**2) / (2 * width**2)).mean() for r in (xx, yy, xy)]
        assert_allclose(value(statistic, x, y), kernel[0] + kernel[1] - 2 * kernel[2])


def test_sliced_is_the_mean_over_its_directions():
    x, y = samples(3, 20, 14, 4, shift=0.4)
    directions = np.random.default_rng(7).normal(size=(4, 30))
    directions /= np.linalg.norm(directions, axis=0)
    expected = ot.sliced_wasserstein_distance(x, y, projections=directions, p=1)
    assert_allclose(value(SlicedWasserstein(30), x, y, seed=7), expected)


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("shift", [0.3, 100.0])
def test_knn_is_its_formula_near_and_far(k, shift):
    (n, m, d), (x, y) = (12, 17, 3), samples(4, 12, 17, 3, shift=shift)
    rho = np.sort(cdist(x, x), axis=1)[:, k]
    nu = np.sort(cdist(x, y), axis=1)[:, k - 1]
    expected = d * np.mean(np.log(nu / rho)) + np.log(m / (n - 1))
    assert_allclose(value(knn(k), x, y), expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("x", "y", "expected"), [([1, 2], [1.5, 2.5], 0), ([1, 2, 4], [1.5, 3], -np.log(2))]
)
def test_knn_by_hand(x, y, expected):
    assert_allclose(value(knn(1), x, y), expected, atol=1e-15)


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("statistic", LABEL_FREE, ids=repr)
def test_permuted_values_are_those_of_the_relabeled_samples(statistic, d):
    (x, y), rng = samples(5, 11, 8, d, shift=1.0), np.random.default_rng(5)
    pool = np.concatenate([x, y])
    labels = rng.permuted(np.tile(np.arange(19) < 11, (20, 1)), axis=1)
    values = statistic.prepare(x, y, np.random.default_rng(0)).values(labels)
    expected = [value(statistic, pool[row], pool[~row]) for row in labels]
    assert_allclose(values, expected, rtol=1e-9, atol=1e-12)


def test_the_classifier_scores_points_that_it_has_not_seen():
    from sklearn.linear_model import LogisticRegression

    x, y = samples(6, 30, 21, 2, shift=0.5)
    rng = np.random.default_rng(6)
    in_x, in_y = rng.permutation(30), rng.permutation(21)
    train = np.concatenate([x[in_x[:18]], y[in_y[:13]]])
    model = LogisticRegression().fit(train, [1] * 18 + [0] * 13)
    scores_x, scores_y = map(model.decision_function, (x[in_x[18:]], y[in_y[13:]]))
    statistic = Classifier(LogisticRegression(), train_fraction=0.6)
    assert_allclose(value(statistic, x, y, seed=6), scores_x.mean() - scores_y.mean())
    assert not hasattr(statistic.model, "coef_")


def test_a_classifier_without_decision_function():
    from sklearn.neighbors import KNeighborsClassifier

    x, y = samples(7, 60, 60, 2, shift=1.5)
    result = two_sample_test(x, y, statistic=Classifier(KNeighborsClassifier()), rng=0)
    assert 0 < result.statistic <= 1
    assert result.pvalue == 0.001


def test_the_default_classifier_sees_shift_scale_and_correlation():
    x, y = samples(8, 150, 150, 2)
    for other in (y + 0.7, 2 * y, y @ np.array([[1, 0.8], [0, 0.6]])):
        assert two_sample_test(x, other, statistic="classifier", rng=0).pvalue < 0.01
    many = samples(9, 60, 60, 70, shift=0.5)
    assert two_sample_test(*many, statistic="classifier", rng=0).pvalue < 0.01


def test_any_function_of_two_arrays():
    x, y = samples(9, 20, 25, 2, shift=1.0)
    result = two_sample_test(x, y, statistic=mean_gap, rng=0)
    assert (result.statistic_name, result.pvalue) == ("mean_gap", 0.001)
    assert_allclose(result.statistic, mean_gap(x, y))


# ---------------------------------------------------------------- results


def test_what_a_result_says():
    x, y = samples(10, 20, 30, 2)
    result = two_sample_test(x, y, n_resamples=300, rng=1)
    assert (result.n, result.m, result.n_resamples) == (20, 30, 300)
    assert result.null_distribution.shape == (300,)
    assert result.exceedances == np.sum(result.null_distribution >= result.statistic)
    assert result.pvalue == (1 + result.exceedances) / 301
    assert not result.stopped_early
    assert "\n" not in repr(result)
    assert f"{result.pvalue:.6g} ±" in result.report()


def test_stopping_early_is_the_beginning_of_the_full_test():
    x, y = samples(11, 20, 30, 2)
    full = two_sample_test(x, y, n_resamples=900, rng=1)
    early = two_sample_test(x, y, n_resamples=900, stop_after=10, rng=1)
    count = early.n_resamples
    assert count < 900
    assert early.stopped_early
    assert early.statistic == full.statistic
    assert_allclose(early.null_distribution, full.null_distribution[:count], rtol=1e-12)
    assert early.exceedances == 10 == np.sum(full.null_distribution[:count] >= full.statistic)
    assert early.null_distribution[-1] >= early.statistic
    assert early.pvalue == 10 / count


def test_without_enough_exceedances_nothing_stops():
    x, y = samples(12, 20, 30, 2, shift=1.0)
    result = two_sample_test(x, y, n_resamples=400, stop_after=10, rng=1)
    assert (result.n_resamples, result.stopped_early) == (400, False)
    assert result.pvalue == (1 + result.exceedances) / 401


def test_stopping_on_the_last_permutation():
    result = two_sample_test([0, 0], [0, 0], n_resamples=300, stop_after=300, rng=0)
    assert (result.pvalue, result.n_resamples, result.stopped_early) == (1, 300, True)


@pytest.mark.parametrize("name", NAMES)
def test_one_seed_one_result(name):
    x, y = samples(13, 12, 15, 2)
    results = [
        two_sample_test(x, y, statistic=name, n_resamples=50, rng=rng)
        for rng in (4, np.random.default_rng(4), 5)
    ]
    assert results[0] == results[1]
    assert_array_equal(results[0].null_distribution, results[1].null_distribution)
    assert np.any(results[0].null_distribution != results[2].null_distribution)


def test_more_permutations_continue_fewer():
    x, y = samples(14, 12, 15, 2)
    few, many = (two_sample_test(x, y, n_resamples=count, rng=0) for count in (100, 700))
    assert_allclose(many.null_distribution[:100], few.null_distribution, rtol=1e-12)


def test_units_do_not_matter():
    x, y = samples(15, 12, 15, 2)
    for name in NAMES:
        p = [
            two_sample_test(scale * x, scale * y, statistic=name, rng=0).pvalue
            for scale in (1, 2.0**-300, 2.0**300)
        ]
        assert p[0] == p[1] == p[2]


def test_torch_tensors_are_points_too():
    torch = pytest.importorskip("torch")
    x, y = samples(16, 10, 12, 2)
    result = two_sample_test(torch.from_numpy(x), torch.from_numpy(y), n_resamples=20, rng=0)
    assert result == two_sample_test(x, y, n_resamples=20, rng=0)


# ---------------------------------------------------------------- progress and interrupts


def test_progress_grows_and_shows_the_p_value_so_far():
    x, y = samples(17, 10, 12, 2)
    steps = []
    result = two_sample_test(x, y, n_resamples=600, rng=0, progress=lambda *s: steps.append(s))
    counts = [done for done, _, _ in steps]
    assert counts == sorted(set(counts)) and len(counts) > 1
    assert steps[-1] == (600, 600, f"p-value {result.pvalue:.4g} so far")


def test_progress_bar(capsys):
    two_sample_test([0, 1], [2, 3], n_resamples=20, rng=0)
    assert capsys.readouterr().err == ""
    two_sample_test([0, 1], [2, 3], n_resamples=20, rng=0, progress=True)
    assert "20/20" in capsys.readouterr().err


def interrupted_at(call):
    calls = itertools.count()

    def statistic(x, y):
        if next(calls) == call:
            raise KeyboardInterrupt
        return mean_gap(x, y)

    return statistic


def test_an_interrupt_keeps_what_was_done():
    x, y = samples(18, 10, 12, 2)
    with pytest.raises(InterruptedFit, match="399 of 999 permutations") as caught:
        two_sample_test(x, y, statistic=interrupted_at(400), rng=0)
    partial = caught.value.estimate
    expected = two_sample_test(x, y, statistic=mean_gap, n_resamples=399, rng=0)
    assert_array_equal(partial.null_distribution, expected.null_distribution)
    assert partial.pvalue == expected.pvalue


def test_an_interrupt_before_anything_was_done():
    with pytest.raises(KeyboardInterrupt) as caught:
        two_sample_test([0, 1], [2, 3], statistic=interrupted_at(1), rng=0)
    assert not isinstance(caught.value, InterruptedFit)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"statistic": "enrgy"}, "did you mean 'energy'"),
        ({"statistic": 3}, "statistic must be a name, an object"),
        ({"statistic": MMD}, "an object, not its class"),
        ({"statistic": lambda x, y: np.nan}, "must return a finite number, got nan"),
        ({"statistic": lambda x, y: x}, "must return a finite number"),
        ({"n_resamples": 0}, "n_resamples must be a whole number"),
        ({"n_resamples": 99.0}, "n_resamples must be a whole number"),
        ({"stop_after": 0}, "stop_after must be a whole number"),
        ({"stop_after": True}, "stop_after must be a whole number"),
        ({"rng": "seed"}, "rng must be a numpy.random.Generator"),
        ({"rng": -1}, "rng must be a numpy.random.Generator"),
        ({"progress": "yes"}, "progress must be True, False or a function"),
        ({"statistic": "knn"}, "at least 11 and 10 points"),
        (
            {"statistic": Classifier(train_fraction=0.9)},
            "two points to train on and one to hold out",
        ),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(InvalidInputError, match=message):
        two_sample_test([0.0, 1.0, 1.0], [2.0, 3.0, 4.0], **options)


def test_repeated_points_have_no_logarithms_of_distances():
    for x, y in (([0, 1, 1], [2, 3]), ([0, 1, 4], [1, 3])):
        with pytest.raises(DuplicateSamplesError, match=r"2 points that coincide.*'energy'"):
            two_sample_test(x, y, statistic=knn(1))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([], [1.0], "at least one point"),
        ([np.nan], [1.0], "must be finite"),
        ([[0, 1]], [[0, 1, 2]], "same number of columns"),
        ([0.0, 1e200], [1.0, 2.0], "rescale both"),
        ([0.0, 1e-200], [0.0, 0.0], "rescale both"),
    ],
)
def test_bad_samples_are_refused(x, y, message):
    with pytest.raises(InvalidInputError, match=message):
        two_sample_test(x, y)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SlicedWasserstein(n_projections=0), "n_projections must be"),
        (lambda: NearestNeighbors(k=mistyped(1.5)), "k must be"),
        (lambda: MMD(bandwidth=0), "bandwidth must be"),
        (lambda: MMD(bandwidth=mistyped("mean")), "bandwidth must be"),
        (lambda: Classifier(train_fraction=1), "train_fraction must be"),
        (lambda: Classifier(train_fraction=mistyped("half")), "train_fraction must be"),
        (lambda: Classifier(model=type), "model must be"),
    ],
)
def test_bad_statistics_are_refused(build, message):
    with pytest.raises(InvalidInputError, match=message):
        build()


@pytest.mark.parametrize("name", ["energy", "mmd", "wasserstein"])
def test_a_pool_too_large_for_its_matrix(name):
    x, y = samples(19, 15_000, 5_001, 2)
    with pytest.raises(InvalidInputError, match=r'at most 20,000.*20,001.*"sliced"'):
        two_sample_test(x, y, statistic=name)
    sliced = two_sample_test(x, y, statistic=SlicedWasserstein(3), n_resamples=5, rng=0)
    assert sliced.pvalue > 1 / 6


def test_a_median_distance_of_zero():
    with pytest.raises(InvalidInputError, match=r"MMD\(bandwidth=...\)"):
        two_sample_test([0, 0, 0, 0], [0, 0, 1], statistic="mmd")
    assert two_sample_test([0, 0, 0], [0, 1], statistic=MMD(bandwidth=1.0), rng=0).pvalue > 0.05


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr("otgan.errors.importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"otgan\[all\]"):
        two_sample_test(*samples(20, 10, 10, 2), statistic="classifier")
