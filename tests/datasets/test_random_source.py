"""Random numbers by one protocol, from generators of NumPy and of torch."""

import numpy as np
import pytest
import torch

from otgan.datasets.random_source import NumpySource, TorchSource, as_random_source
from tests.cases import refused

GENERATORS = {
    "numpy": lambda: np.random.default_rng(0),
    "torch": lambda: torch.Generator().manual_seed(0),
}


@pytest.mark.parametrize("library", GENERATORS)
def test_numbers_follow_their_distributions(library):
    source, n = as_random_source(GENERATORS[library]()), 20_000
    uniform = np.asarray(source.uniform(n))
    assert uniform.min() >= 0 and uniform.max() < 1 and abs(uniform.mean() - 0.5) < 0.01
    normal = np.asarray(source.normal(n, 2))
    assert normal.shape == (n, 2) and abs(normal.mean()) < 0.02 and abs(normal.std() - 1) < 0.02
    assert np.bincount(np.asarray(source.integers(4, n))).tolist() == pytest.approx(
        [n / 4] * 4, rel=0.1
    )


@pytest.mark.parametrize("library", GENERATORS)
def test_the_same_seed_gives_the_same_numbers(library):
    one, other = (as_random_source(GENERATORS[library]()) for _ in range(2))
    np.testing.assert_array_equal(np.asarray(one.normal(5)), np.asarray(other.normal(5)))


def test_numpy_gives_float64_and_torch_is_made_for_float32():
    numpy_source, torch_source = (as_random_source(make()) for make in GENERATORS.values())
    assert isinstance(numpy_source, NumpySource) and numpy_source.dtype == np.float64
    assert isinstance(torch_source, TorchSource) and torch_source.dtype == torch.float32
    assert torch_source.normal(2).dtype == torch.float64  # which it computes in


def test_a_fresh_generator_is_made_if_none_is_passed():
    one, other = as_random_source(), as_random_source()
    assert one.uniform() != other.uniform()


def test_an_integer_seeds_a_generator_of_numpy():
    assert as_random_source(5).uniform() == np.random.default_rng(5).random(())


@pytest.mark.parametrize("rng", [-1, True, 0.5, "seed", np.random.RandomState(0), torch])
def test_other_generators_are_refused(rng):
    with refused("rng must be a numpy.random.Generator, a torch.Generator, a seed or None"):
        as_random_source(rng)
