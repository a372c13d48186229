"""Options are checked by type and range; the error names the option and quotes what came."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from otgan.inputs.options import (
    as_confidence,
    as_count,
    as_flag,
    as_number,
    as_order,
    as_positive,
    as_rng,
    as_seed,
    as_text,
    seed_from,
)
from tests.cases import refused

HUGE = 10**400
NO_NUMBERS = [None, True, np.bool_(True), "1", 1j, [1], Decimal(1), math.nan, np.float32("nan")]


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_counts(value):
    assert as_count(value, "n", least=3, most=3) == 3 and type(as_count(value, "n")) is int


@pytest.mark.parametrize("value", [None, True, np.bool_(True), 1.0, np.float64(1), "1", 0, -1])
def test_what_is_no_count_is_refused(value):
    with refused("n must be a whole number of at least 1", repr(value), "pass more"):
        as_count(value, "n", hint="pass more")


def test_counts_have_a_largest_one():
    with refused("n must be at most 1,000", "1001"):
        as_count(1001, "n", most=1000)


@pytest.mark.parametrize("value", [0, 7, np.int32(7), 2**63 - 1000])
def test_seeds(value):
    assert as_seed(value) == value


@pytest.mark.parametrize("value", [-1, 0.0, None, 2**63 - 1])
def test_seeds_fit_into_64_bits(value):
    with refused("rng must be"):
        as_seed(value)
    with refused("seed must be"):
        as_seed(value, name="seed")


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), Fraction(1, 2)])
def test_numbers(value):
    assert as_number(value, "rate", "positive", "pass one") == 0.5
    assert as_positive(value, "rate") == as_confidence(value) == 0.5
    assert type(as_positive(value, "rate")) is float


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number_is_refused(value):
    with refused("rate must be a number, positive", repr(value)):
        as_number(value, "rate", "positive", "pass one")
    with refused("rate must be a positive number", repr(value)):
        as_positive(value, "rate")
    with refused("confidence_level must be a number between 0 and 1", repr(value)):
        as_confidence(value)


def test_whole_numbers_beyond_float64_are_infinite():
    assert as_number(HUGE, "rate", "any", "pass one") == math.inf
    assert as_number(-HUGE, "rate", "any", "pass one") == -math.inf
    with refused("rate must be a positive number"):
        as_positive(HUGE, "rate")


@pytest.mark.parametrize("value", [0, -1.0, math.inf, -math.inf])
def test_positive_numbers_are_finite(value):
    with refused("rate must be a positive number", repr(value)):
        as_positive(value, "rate")


@pytest.mark.parametrize("value", [0, 1, 95, -0.1])
def test_confidence_levels_are_between_zero_and_one(value):
    with refused("confidence_level must be", repr(value), "0.95"):
        as_confidence(value)


@pytest.mark.parametrize("p", [1, 1.0, 2, np.float32(1.5), np.int64(3)])
def test_orders(p):
    assert as_order(p) == p and type(as_order(p)) is float


@pytest.mark.parametrize("p", [0, 0.5, -1, np.nan, np.inf, True, "1", None, [1]])
def test_orders_below_one_or_not_numbers_are_refused(p):
    with refused("p must be", repr(p)):
        as_order(p)


def test_generators():
    rng = np.random.default_rng(0)
    assert as_rng(rng) is rng
    assert as_rng(5).random() == np.random.default_rng(5).random()
    assert isinstance(as_rng(None), np.random.Generator)
    assert as_rng(2**70).random() == np.random.default_rng(2**70).random()
    for value in ("0", -1, 0.5, True, [1, 2], np.random.RandomState(0)):
        with refused("rng must be a numpy.random.Generator", repr(value)):
            as_rng(value)


def test_a_seed_is_an_integer_or_drawn_from_a_generator():
    assert seed_from(np.int64(7)) == 7 and seed_from(2**70) == 2**70
    drawn = [seed_from(np.random.default_rng(0)) for _ in range(2)]
    assert drawn[0] == drawn[1] != seed_from(np.random.default_rng(1))
    for value in (True, -1, "0", 0.5):
        with refused("rng must be"):
            seed_from(value)


def test_flags():
    assert as_flag(np.bool_(True), "resume", "pass one") is True
    for value in (0, 1, None, "yes"):
        with refused("resume must be True or False", repr(value)):
            as_flag(value, "resume", "pass one")


def test_text():
    assert as_text("cpu", "device", "pass one") == "cpu"
    assert as_text(torch.device("cpu"), "device", "pass one") == "cpu"
    with refused("device must be a string", "0"):
        as_text(0, "device", "pass one")
