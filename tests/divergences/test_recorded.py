"""Divergences of histograms where torch transforms or records the call."""

import numpy as np
import pytest
import torch

import otgan
from otgan.errors import InvalidInputError, UnequalMassError
from tests.cases import refused

FUNCTIONS = [
    otgan.kl_divergence,
    otgan.js_divergence,
    otgan.js_distance,
    otgan.total_variation,
    otgan.hellinger,
    otgan.chi2_divergence,
]
DEPRECATED = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning:torch")


def histograms():
    p, q = np.random.default_rng(0).dirichlet(np.ones(5), (2, 3))
    return torch.tensor(p), torch.tensor(q)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_under_vmap(function):
    p, q = histograms()
    right = torch.tensor([function(*rows) for rows in zip(p.numpy(), q.numpy(), strict=True)])
    torch.testing.assert_close(torch.vmap(function)(p, q), right)
    by_column = torch.vmap(function, in_dims=(1, None))(p.T, q[0])
    torch.testing.assert_close(by_column, function(p, q[0]))
    columns = p.T.expand(2, 5, 3), q.T.expand(2, 5, 3)
    stacks = torch.vmap(lambda p, q: function(p, q, axis=0))(*columns)
    torch.testing.assert_close(stacks, right.expand(2, 3))


@DEPRECATED
@pytest.mark.parametrize("function", FUNCTIONS)
def test_derivatives_agree_in_both_modes(function):
    p, q = histograms()
    forward = torch.func.jacfwd(function, argnums=(0, 1))(p[0], q[0])
    backward = torch.func.jacrev(function, argnums=(0, 1))(p[0], q[0])
    for one, other in zip(forward, backward, strict=True):
        torch.testing.assert_close(one, other)


@DEPRECATED
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_recorded_trace_checks_and_measures_what_it_is_given(function):
    p, q = histograms()
    traced = torch.jit.trace(function, (p[0], q[0]))
    torch.testing.assert_close(traced(p[1], q[1]), function(p[1], q[1]))
    with pytest.raises(RuntimeError, match="must be non-negative"):  # torch wraps it
        traced(-p[0], q[0])


def test_bad_histograms_are_refused_inside_too():
    p, q = histograms()
    with refused("p must be non-negative"):
        torch.vmap(otgan.kl_divergence)(-p, q)
    with refused("equal sums", error=UnequalMassError):
        torch.vmap(otgan.js_divergence)(p, 2 * q)
    with refused("shapes that broadcast"):
        torch.vmap(otgan.js_divergence)(p, q[:, :4])
    compiled = torch.compile(otgan.kl_divergence, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(p, q), otgan.kl_divergence(p, q))
    with pytest.raises(InvalidInputError, match="must be finite"):
        compiled(p * torch.nan, q)
