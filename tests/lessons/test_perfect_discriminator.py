import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose

from otgan.errors import InvalidInputError
from otgan.lessons.perfect_discriminator import draw, explain, run
from otgan.lessons.perfect_discriminator.numbers import discriminator
from otgan.plot import save

DELTAS = [1, 2, 4, 6, 8]
LOSS = [-1.16345140, -0.71263272, -0.12085397, -0.00769850, -0.00018707]
SATURATING = [0.397973, 0.449600, 0.137195, 0.0124532, 3.92875e-4]
NON_SATURATING = [0.602027, 1.55040, 3.86281, 5.98755, 7.99961]


def test_discriminator():
    assert_allclose(discriminator(0, 1), 0.6224593, atol=5e-8)
    assert_allclose(discriminator(0.5, 1), 0.5, rtol=1e-15)
    x = np.linspace(-30, 40, 15)
    r, g = np.exp(-(x**2) / 2), np.exp(-((x - 2) ** 2) / 2)
    seen = (r + g) > 1e-290
    values = np.array([discriminator(value, 2) for value in x])
    assert_allclose(values[seen], (r / np.where(seen, r + g, 1))[seen], rtol=1e-11, atol=1e-290)
    assert ((values >= 0) & (values <= 1)).all()


def test_classic_values():
    n = run(deltas=DELTAS)
    assert_allclose(n.loss, LOSS, atol=5.1e-9)
    assert_allclose(n.saturating, SATURATING, rtol=5e-6)
    assert_allclose(n.non_saturating, NON_SATURATING, rtol=5e-6)
    assert_allclose(n.wasserstein, 1, rtol=1e-11)
    assert_allclose(run(deltas=[0]).loss, -1.38629436, atol=5e-9)


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 12))
def test_identities(delta):
    n = run(deltas=[delta])
    assert_allclose(n.loss, 2 * n.js - 2 * math.log(2), atol=1e-11)
    assert_allclose(n.saturating, n.saturating_identity, atol=1e-11)
    assert_allclose(n.non_saturating, n.non_saturating_identity, rtol=1e-11, atol=1e-11)
    # The two losses share one gradient of the log-odds between them.
    assert_allclose(n.saturating + n.non_saturating, delta, rtol=1e-11, atol=1e-13)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 6), st.floats(-1, 1), st.floats(-8, 8))
def test_no_discriminator_does_better(delta, bias, at):
    """At every x, moving D away from D* lowers p_r log D + p_g log(1 - D)."""
    best = discriminator(at, delta)
    if not 0 < best < 1:
        return
    other = 1 / (1 + (1 - best) / best * math.exp(-bias))
    r, g = math.exp(-(at**2) / 2), math.exp(-((at - delta) ** 2) / 2)

    def value(d):
        return r * math.log(d) + g * math.log1p(-d)

    if 0 < other < 1:
        assert value(other) <= value(best) + 1e-12 * (r + g)


def test_text_holds_the_numbers():
    text = explain(run())
    for number in ("-1.38629436", "-1.16345140", "0.397973", "0.602027", "0.000392875", "7.99961"):
        assert number in text


def test_any_shift_can_be_drawn(tmp_path):
    for deltas, shown in (([0], 0), ([0, 1], 1), ([3], 12)):
        save(draw(run(deltas=deltas, shown=shown)), tmp_path / "discriminator.png")


@pytest.mark.parametrize("options", [{"deltas": [-1]}, {"shown": -1}, {"deltas": [np.nan]}])
def test_refuses_what_has_no_answer(options):
    with pytest.raises(InvalidInputError, match=f"{next(iter(options))} must be"):
        run(**options)


def test_the_derivative_at_zero_is_marked():
    rows = [line.split() for line in explain(run(deltas=[0, 1])).splitlines()[4:6]]
    assert [row[-1] for row in rows] == ["1+", "1"]
