"""What a run returns: its number, its plain values, its points."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from otgan.errors import InvalidInputError


def test_the_number_of_a_result_is_its_debiased_distance(trained):
    result = trained("lp")
    assert float(result) == float(result.evaluation) == result.evaluation.debiased_w1
    assert "\n" not in repr(result) and f"{result.evaluation.exact_w1:.4g}" in repr(result)


def test_plain_values_are_those_of_summary_json(trained):
    result = trained("lp")
    known = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert json.loads((result.out / "summary.json").read_text()) == known
    assert set(result.to_dict()) >= {
        "exact_w1",
        "floor",
        "debiased_w1",
        "verdict",
        "rank_correlations",
        "seconds",
    }


def test_a_result_is_equal_to_itself_alone(trained):
    result = trained("lp")
    assert {result: 1}[result] == 1  # networks and records have no other equality
    assert result != replace(result, kept_step=0)


def test_an_equal_integer_gives_the_same_points(trained):
    result = trained("lp")
    first, again, other = (result.generate(5, rng=rng) for rng in (3, 3, 4))
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert_array_equal(result.generate(5), result.generate(5, rng=0))


def test_a_generator_gives_new_points_at_every_call(trained):
    result, rng = trained("lp"), np.random.default_rng(0)
    first, second = result.generate(5, rng=rng), result.generate(5, rng=rng)
    assert not np.array_equal(first, second)
    assert_array_equal(first, result.generate(5, rng=np.random.default_rng(0)))


@pytest.mark.parametrize(
    "options",
    [{"n": 0}, {"n": 2.5}, {"n": 10**14}, {"n": 10**30}, {"rng": -1}, {"rng": None}, {"rng": "0"}],
)
def test_wrong_requests_are_refused(trained, options):
    (name,) = options
    with pytest.raises(InvalidInputError, match=f"{name} must be"):
        trained("lp").generate(**{"n": 5, **options})


def test_the_generator_can_be_stored(trained):
    again = pickle.loads(pickle.dumps(trained("lp").generator))
    assert again.state_dict().keys() == trained("lp").generator.state_dict().keys()
