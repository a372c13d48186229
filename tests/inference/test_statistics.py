"""Statistics by name, by object and by function, and what they are not."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.errors import InvalidInputError
from otgan.inference.statistics import STATISTICS, FunctionOfSamples, as_statistic
from otgan.label_statistic import check_pool_size


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_every_name_makes_an_object_of_that_name(name):
    statistic = as_statistic(name)
    assert statistic.name == name
    assert as_statistic(statistic) is statistic


def test_the_energy_statistic_needs_no_compiled_loops():
    code = """
import sys, otgan
otgan.two_sample_test([[0, 0], [1, 0]], [[2, 1], [3, 1]], n_resamples=5)
otgan.two_sample_test([[0, 0], [1, 0]], [[2, 1], [3, 1]], statistic="mmd", n_resamples=5)
print("numba" in sys.modules, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_function_sees_the_points_of_either_label():
    x, y = np.array([[0.0], [1.0], [2.0]]), np.array([[10.0], [20.0]])
    statistic = FunctionOfSamples(lambda u, v: u.sum() - 100 * v.sum())
    assert statistic.name == "<lambda>"
    prepared = statistic.prepare(x, y, np.random.default_rng(0))
    labels = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1]], bool)
    assert_allclose(prepared.values(labels), [3 - 3000, 31 - 200])
    assert (prepared.n, prepared.m, prepared.batch) == (3, 2, 1)


@pytest.mark.parametrize("value", [None, "high", np.nan, np.inf, np.zeros(2)])
def test_a_function_must_return_a_finite_number(value):
    with pytest.raises(InvalidInputError, match="must return a finite number"):
        otgan.two_sample_test([0, 1], [2, 3], statistic=lambda x, y: value, n_resamples=2)


@pytest.mark.parametrize("statistic", [3, None, otgan.MMD, otgan.NearestNeighbors])
def test_what_is_no_statistic_is_refused(statistic):
    with pytest.raises(InvalidInputError, match="statistic must be") as error:
        as_statistic(statistic)
    assert "to fix it" in str(error.value)


def test_the_limit_of_a_pool_names_what_stores_no_matrix():
    check_pool_size(10_000, 10_000, "mmd")
    with pytest.raises(InvalidInputError, match=r"20,000 points.*'mmd'.*got 20,001.*\"sliced\""):
        check_pool_size(10_001, 10_000, "mmd")


# ---------------------------------------------------------------- one object, both uses


def samples(d=2):
    rng = np.random.default_rng(1)
    return rng.normal(size=(60, d)), rng.normal(size=(50, d)) + 0.7


@pytest.mark.parametrize(
    "method",
    [
        otgan.NearestNeighbors(k=3, start="none", whiten=False),
        otgan.NearestNeighbors(k=3, start="none"),
        otgan.NearestNeighbors(k="matched"),
        otgan.NearestNeighbors(),
    ],
    ids=repr,
)
def test_neighbors_are_the_same_in_estimates_and_tests(method):
    x, y = samples()
    test = otgan.two_sample_test(x, y, statistic=method, n_resamples=19)
    assert test.statistic_name == "knn" and test.pvalue <= 0.15
    assert_allclose(test.statistic, method.kl_value(x, y), rtol=1e-10)
    estimate = otgan.kl_from_samples(x, y, method=method)
    if method.k != "auto":
        assert_allclose(test.statistic, estimate.value, rtol=1e-10)


def test_a_classifier_serves_estimates_and_tests():
    linear_model = pytest.importorskip("sklearn.linear_model")
    method, (x, y) = otgan.Classifier(linear_model.LogisticRegression()), samples()
    test = otgan.two_sample_test(x, y, statistic=method, n_resamples=99)
    assert test.statistic_name == "classifier" and test.pvalue < 0.05
    assert otgan.kl_from_samples(x, y, method=method).value > 0


def test_a_model_without_probabilities_serves_tests_alone():
    svm = pytest.importorskip("sklearn.svm")
    method, (x, y) = otgan.Classifier(svm.LinearSVC()), samples()
    assert otgan.two_sample_test(x, y, statistic=method, n_resamples=99).pvalue < 0.05
    for estimate in (otgan.kl_from_samples, otgan.js_from_samples):
        with pytest.raises(InvalidInputError, match="fit and predict_proba, got"):
            estimate(x, y, method=method)


def test_a_random_model_gives_one_result_for_one_seed():
    ensemble = pytest.importorskip("sklearn.ensemble")
    method, (x, y) = otgan.Classifier(ensemble.RandomForestClassifier(5)), samples()
    first, again = (otgan.two_sample_test(x, y, statistic=method, n_resamples=9) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("name", ["sliced", "wasserstein"])
def test_on_the_line_the_statistic_is_the_distance(name):
    x, y = samples(1)
    test = otgan.two_sample_test(x, y, statistic=name, n_resamples=1)
    assert_allclose(test.statistic, otgan.wasserstein_1d(x[:, 0], y[:, 0]), rtol=1e-12)
    assert_allclose(test.statistic, otgan.sliced_wasserstein(x, y).value, rtol=1e-12)
