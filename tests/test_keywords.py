"""Unknown keywords of public functions and classes: the error names the nearest option."""

import dataclasses
import importlib
import inspect
import pickle
import pkgutil
from operator import attrgetter
from typing import Any

import pytest

import otgan
from otgan.errors import MissingExtraError, OtganError, UnexpectedKeywordError, is_installed
from otgan.keywords import SETTINGS, checks_keywords, checks_keywords_of, nearest_option

PACKAGES = [
    "otgan",
    *(m.name for m in pkgutil.walk_packages(otgan.__path__, "otgan.") if m.ispkg),
    "otgan.plot",
]


def is_protocol(thing):
    return getattr(thing, "_is_protocol", False)


def has_options(thing):
    """Whether it is a function or a class of ours that can be called."""
    if isinstance(thing, type):
        ours = "__init__" in vars(thing) and thing.__module__.startswith("otgan.")
        called = not (inspect.isabstract(thing) or is_protocol(thing))
        return ours and called and not issubclass(thing, BaseException)
    return inspect.isfunction(thing)


def offered(package):
    """What a package offers; nothing, if it needs torch where there is none."""
    try:
        module = importlib.import_module(package)
        return [getattr(module, name) for name in getattr(module, "__all__", ())]
    except MissingExtraError:
        assert not is_installed("torch")
        return []


CALLABLES = {
    thing: f"{thing.__module__}.{thing.__qualname__}"
    for package in PACKAGES
    for thing in offered(package)
    if has_options(thing)
}
"""All that the packages offer, once, with its full name."""


@pytest.mark.parametrize("thing", CALLABLES, ids=CALLABLES.get)
def test_every_public_function_and_class_names_an_unknown_keyword(thing):
    message = rf"^{thing.__name__}\(\) has no option 'no_such_option'; "
    with pytest.raises(UnexpectedKeywordError, match=message):
        thing(no_such_option=1)


def test_there_are_many_of_them():
    assert len(CALLABLES) > (150 if is_installed("torch") else 120)


NEAREST = [
    ("emd", "metrc", "metric"),
    ("GANConfig", "lr", "learning_rate"),
    ("GradientPenalty", "wieght", "weight"),
    ("wasserstein_interval", "seed", "rng"),
    ("datasets.load_table", "cols", "columns"),
    ("emd", "numThreads", "n_jobs"),
    ("wasserstein", "threads", "n_jobs"),
    ("GradientPenalty", "lambda_", "weight"),
    ("sinkhorn_divergence", "lambda_", "reg"),
    ("MMD", "sigma", "bandwidth"),
    ("Classifier", "share", "train_fraction"),
    ("estimate_w1", "numItermax", "steps"),
    ("lessons.load", "nam", "name"),
    ("emd", "tolerance", "rtol"),
    ("wasserstein_1d", "u_weights", "a"),
    ("sinkhorn_divergence", "numItermax", "max_iterations"),
    ("sinkhorn_divergence", "blur", "reg"),
    ("two_sample_test", "n_permutations", "n_resamples"),
    ("mmd", "sigma", "bandwidth"),
    ("NearestNeighbors", "n_neighbors", "k"),
    ("emd", "extra_mass_penalty", "unmatched"),
    ("emd_from_cost", "m", "mass"),
    ("persistence_distance", "internal_p", "q"),
    ("persistence_distance", "order", "p"),
]


@pytest.mark.parametrize(("path", "wrong", "near"), NEAREST)
def test_the_nearest_option_is_named(path, wrong, near):
    function = attrgetter(path)(otgan)
    with pytest.raises(TypeError) as caught:
        function(**{wrong: 1})
    name = function.__name__
    assert str(caught.value) == f"{name}() has no option {wrong!r}; did you mean {near!r}?"
    assert isinstance(caught.value, OtganError)


ELSEWHERE = [
    ("estimate_w1", "seed", "pass options=FitOptions(rng=...)"),
    ("estimate_w1", "progress", "pass options=FitOptions(progress=...)"),
    ("train_gan", "steps", "pass config=GANConfig(steps=...)"),
    ("train_gan", "lr", "pass config=GANConfig(learning_rate=...)"),
    ("train_gan", "verbose", "did you mean 'progress'?"),
    ("kl_from_samples", "k", "pass method=NearestNeighbors(k=...)"),
    ("js_from_samples", "n_neighbors", "pass method=NearestNeighbors(k=...)"),
    ("mmd", "unbiased", "call mmd_squared, which is the unbiased square"),
    ("energy_distance", "squared", "call energy_distance_squared, which is the unbiased square"),
]


@pytest.mark.parametrize(("name", "wrong", "hint"), ELSEWHERE)
def test_options_that_are_elsewhere_are_named(name, wrong, hint):
    with pytest.raises(UnexpectedKeywordError) as caught:
        getattr(otgan, name)(**{wrong: 1})
    assert str(caught.value) == f"{name}() has no option {wrong!r}; {hint}"


def test_the_named_settings_are_fields():
    own = {"estimate_w1": otgan.FitOptions, "train_gan": otgan.GANConfig}
    for name, holder in own.items():
        fields = {field.name for field in dataclasses.fields(holder)}
        assert set(SETTINGS[name][1].split()) == fields


def test_toy_settings_name_their_own_function():
    message = r"^GANConfig.preset\(\) has no option 'step'; did you mean 'steps'\?$"
    with pytest.raises(UnexpectedKeywordError, match=message):
        otgan.GANConfig.preset("toy", step=1)


def test_without_a_near_option_all_are_listed():
    unknown: dict[str, Any] = {"banana": 1}
    with pytest.raises(UnexpectedKeywordError, match=r"swissroll\(\) has .* options are: none$"):
        otgan.datasets.swissroll(**unknown)
    with pytest.raises(UnexpectedKeywordError, match=r"its options are: .*batch_size, .*width$"):
        otgan.GANConfig(**unknown)


def test_other_errors_of_a_call_stay_as_they_are():
    @checks_keywords
    def broken(x, *, y=0):
        raise TypeError("its own")

    with pytest.raises(TypeError, match="its own"):
        broken(1, y=2)
    options: Any = {"y": 2}
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        broken(**options)


def test_signature_documentation_and_identity_stay():
    emd = otgan.emd
    assert list(inspect.signature(emd).parameters)[:4] == ["x", "y", "a", "b"]
    assert emd.__doc__ and emd.__name__ == "emd"
    assert pickle.loads(pickle.dumps(emd)) is emd is importlib.import_module(emd.__module__).emd
    penalty = otgan.GradientPenalty(weight=3.0)
    assert pickle.loads(pickle.dumps(penalty)) == penalty == dataclasses.replace(penalty)
    assert "weight" in inspect.signature(otgan.GradientPenalty).parameters
    # doctest takes a function for one of its module by this
    assert emd.__globals__ is vars(importlib.import_module(emd.__module__))


def test_a_function_of_any_keywords_must_say_which():
    with pytest.raises(TypeError, match="use checks_keywords_of"):
        checks_keywords(lambda **options: options)

    class Options(dict):
        color: str

    paint = checks_keywords_of(Options)(lambda **options: options)
    assert paint(color="red") == {"color": "red"}
    with pytest.raises(UnexpectedKeywordError, match="did you mean 'color'"):
        paint(colour="red")


def test_options_far_from_all_others_are_not_guessed():
    assert nearest_option("banana", ["rtol", "metric"]) is None
    assert nearest_option("p", ["potential", "metric"]) is None  # an order is no potential
    assert nearest_option("Metric", ["rtol", "metric"]) == "metric"
