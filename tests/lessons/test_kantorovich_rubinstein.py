import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist, pdist

from otgan import dual_violation, emd, emd_from_cost, emd_linprog
from otgan.errors import InvalidInputError
from otgan.lessons.kantorovich_rubinstein import draw, explain, run
from otgan.lessons.kantorovich_rubinstein.numbers import mcshane
from otgan.plot import save

ROUNDING = 1e-12


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_every_critic_is_below_every_plan(n, m, seed):
    numbers = run(n=n, m=m, trials=40, rng=seed)
    w = numbers.distance
    assert numbers.dual_values.max() <= w + ROUNDING
    assert numbers.improved_values.max() <= w + ROUNDING
    assert (numbers.improved_values >= numbers.dual_values - ROUNDING).all()
    assert numbers.primal_costs.min() >= w - ROUNDING
    assert (numbers.lower <= w + ROUNDING).all() and (numbers.upper >= w - ROUNDING).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_both_sides_meet(n, m, seed):
    numbers = run(n=n, m=m, trials=1, rng=seed)
    C = cdist(numbers.x, numbers.y)
    assert numbers.gap <= ROUNDING
    assert (np.diff(numbers.lower) >= 0).all() and (np.diff(numbers.upper) <= 0).all()
    assert_allclose(numbers.lower[-1], numbers.upper[-1], rtol=1e-11)
    assert_allclose(emd_linprog(C).cost, numbers.distance, rtol=1e-9)
    assert_allclose((numbers.plan * C).sum(), numbers.distance, rtol=1e-11)


def test_optimal_potentials_extend_to_a_critic_on_the_plane():
    numbers = run(trials=1)
    critic_x = mcshane(numbers.y, -numbers.g, numbers.x)
    critic_y = mcshane(numbers.y, -numbers.g, numbers.y)
    assert_allclose(critic_x.mean() - critic_y.mean(), numbers.distance, rtol=1e-12)
    assert dual_violation(cdist(numbers.x, numbers.y), critic_x, -critic_y) <= ROUNDING
    # it falls at slope one along every arc that carries mass
    i, j = np.nonzero(numbers.plan > 1e-9)
    lengths = np.linalg.norm(numbers.x[i] - numbers.y[j], axis=1)
    assert_allclose(critic_x[i] - critic_y[j], lengths, rtol=1e-11)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_mcshane_has_slopes_up_to_one_and_passes_through_what_allows_it(k, d, seed):
    rng = np.random.default_rng(seed)
    centers, z = rng.normal(size=(k, d)), rng.normal(scale=2, size=(20, d))
    values = mcshane(centers, rng.normal(size=k), z)
    steps = pdist(values[:, None])
    assert (steps <= pdist(z) + ROUNDING).all()
    assert_allclose(mcshane(z, values, z), values, atol=ROUNDING)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_weak_duality_for_weighted_clouds(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(5, 2)), rng.normal(size=(6, 2))
    a, b = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(6))
    centers, heights = rng.normal(size=(4, 2)), rng.normal(size=4)
    score = a @ mcshane(centers, heights, x) - b @ mcshane(centers, heights, y)
    coupling = emd_from_cost(rng.random((5, 6)), a, b).plan
    cost = float((coupling.toarray() * cdist(x, y)).sum())
    assert score <= emd(x, y, a, b).distance + ROUNDING <= cost + 2 * ROUNDING


def test_same_seed_same_numbers():
    assert_allclose(run(trials=5).dual_values, run(trials=5).dual_values, rtol=0)
    assert run(trials=5, rng=1).distance != run(trials=5).distance


def test_text_holds_the_numbers():
    numbers = run()
    text = explain(numbers)
    assert f"{numbers.distance:.10g}" in text
    assert f"{numbers.dual_values.max():.8g}" in text
    assert f"{numbers.primal_costs.min():.8g}" in text


def test_smallest_clouds_can_be_drawn(tmp_path):
    save(draw(run(n=1, m=1, trials=1)), tmp_path / "one.png")


@pytest.mark.parametrize("name", ["n", "m", "trials"])
def test_refuses_empty_clouds(name):
    with pytest.raises(InvalidInputError, match=f"{name} must be at least 1"):
        run(**{name: 0})
