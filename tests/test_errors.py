"""Errors say what is wrong on one line; warnings name the line of the caller."""

import inspect
import pickle
import warnings

import pytest

import otgan
from otgan import errors
from otgan.errors import InputWarning, MissingExtraError, nearest_name, require

ALL = [
    kind
    for name in errors.__all__
    if inspect.isclass(kind := getattr(errors, name)) and issubclass(kind, BaseException)
]


@pytest.mark.parametrize("kind", ALL)
def test_an_error_is_one_bounded_line_and_of_the_kind_that_it_says(kind):
    if kind is errors.InterruptedFit:
        pytest.skip("carries a result")
    message = str(kind("a\nb\x1b[31m" + "c" * 10_000))
    assert "\n" not in message and "\x1b" not in message and len(message) <= 2000
    assert issubclass(kind, (errors.OtganError, Warning))


def test_what_is_wrong_with_an_argument_is_a_value_error():
    for kind in ALL:
        if issubclass(kind, errors.InvalidInputError):
            assert issubclass(kind, ValueError)
    assert issubclass(errors.UnexpectedKeywordError, TypeError)
    assert issubclass(errors.OutputError, OSError)
    assert issubclass(errors.MissingExtraError, ImportError)


def test_a_solver_error_keeps_its_partial_result():
    assert errors.SolverError("stopped", 3.0).partial == 3.0
    assert pickle.loads(pickle.dumps(errors.InvalidInputError("wrong"))).args == ("wrong",)


def test_a_warning_names_the_line_that_called():
    calls = [
        lambda: otgan.emd([0.2, 0.8], [0.8, 0.2]),
        lambda: otgan.wasserstein([0.2, 0.8], [0.8, 0.2]),
        lambda: otgan.energy_distance([0.2, 0.8], [0.8, 0.2]),
        lambda: otgan.wasserstein_1d([0.2, 0.8], [0.8, 0.2]),
    ]
    for call in calls:
        with pytest.warns(InputWarning, match="as histograms do") as caught:
            call()
        assert [warning.filename for warning in caught] == [__file__]


def test_a_missing_package_is_named_with_the_command_that_installs_it():
    with pytest.raises(MissingExtraError, match=r'pip install "otgan\[plot\]"'):
        require("no_such_package", extra="plot", purpose="drawing")


def test_names_far_from_all_others_are_not_guessed():
    assert nearest_name("gaussian", ["ring8", "grid25"]) == "choose one of these"
    assert nearest_name("version", ["lesson", "report"]) == "choose one of these"
    for wrong, names, near in (
        ("lipp", ["clip", "gp", "lp"], "lp"),
        ("euclidian", ["euclidean", "sqeuclidean"], "euclidean"),
        ("rbf", ["gaussian", "laplacian"], "gaussian"),
        ("neighbours", ["classifier", "knn"], "knn"),
        ("GP", ["clip", "gp"], "gp"),
    ):
        assert nearest_name(wrong, names) == f"did you mean {near!r}?"
    assert nearest_name("ring", ["ring8", "grid25"]) == "did you mean 'ring8'?"


def test_warnings_can_be_silenced_by_their_class():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        assert otgan.emd([0.2, 0.8], [0.8, 0.2]).cost == 0
