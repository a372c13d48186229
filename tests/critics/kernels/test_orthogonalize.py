"""Orthogonal factors against singular value decompositions, in float32, float64 and bfloat16."""

import pytest
import torch
from hypothesis import given, settings, strategies as st

from otgan.critics.kernels.matmul import knows_bfloat16
from otgan.critics.kernels.orthogonalize import nearly_polar, orthonormalize_, quick_dtype


def matrix(rows, columns, seed=0, smallest=0.02):
    """A matrix with singular values spread evenly over [smallest, 1], and its polar factor."""
    rng = torch.Generator().manual_seed(seed)
    u, _, v = torch.linalg.svd(torch.randn(rows, columns, generator=rng), full_matrices=False)
    return u @ torch.diag(torch.linspace(smallest, 1.0, min(rows, columns))) @ v, u @ v


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.floats(1e-3, 1e3))
def test_the_factor_has_the_singular_vectors_and_values_near_one(rows, columns, scale):
    one, polar = matrix(rows, columns)
    factor = nearly_polar(one * scale)
    # The published polynomial, iterated five times, maps [2e-3, 1] into [0.681, 1.203].
    values = torch.linalg.svdvals(factor)
    assert values.min() > 0.68 and values.max() < 1.21
    assert torch.linalg.matrix_norm(factor - polar, ord=2) < 0.32


def test_a_stack_is_the_matrices_one_by_one():
    stack = torch.stack([matrix(5, 3, seed)[0] for seed in range(4)])
    alone = torch.stack([nearly_polar(one) for one in stack])
    assert torch.allclose(nearly_polar(stack), alone, atol=1e-6)


def test_bfloat16_is_as_good_a_factor_and_taken_where_it_is_fast():
    for rows, columns in ((32, 32), (40, 7)):
        one, polar = matrix(rows, columns)
        factor = nearly_polar(one.bfloat16()).float()
        values = torch.linalg.svdvals(factor)
        assert values.min() > 0.66 and values.max() < 1.23
        assert torch.linalg.matrix_norm(factor - polar, ord=2) < 0.35
    knows = knows_bfloat16(torch.device("cpu"))
    assert (quick_dtype(torch.zeros(2, 2)) == torch.bfloat16) == knows
    assert quick_dtype(torch.zeros(2, 2, dtype=torch.float64)) == torch.float64


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (1, 4), (4, 1)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_iterations_end_at_the_polar_factor_whatever_the_scale(
    shape: tuple[int, int], scale: float
):
    one, polar = matrix(*shape, smallest=0.5)
    weight = scale * one.double()
    orthonormalize_(weight, 40)
    torch.testing.assert_close(weight, polar.double(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("iterations", [0, 1, 3])
def test_no_norm_is_above_one_after_any_number_of_iterations(iterations):
    for seed in range(20):
        weight = torch.randn(7, 5, generator=torch.Generator().manual_seed(seed)) * 10.0
        orthonormalize_(weight, iterations)
        limit = 1.7 if iterations == 0 else 1.0  # the first iteration maps [0, √3] into [0, 1]
        assert torch.linalg.matrix_norm(weight, ord=2) <= limit + 1e-5
