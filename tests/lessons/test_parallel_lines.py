import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from otgan import js_divergence
from otgan.errors import InvalidInputError
from otgan.lessons.parallel_lines import draw, explain, run
from otgan.plot import save


def test_bare_segments():
    n = run(sigmas=[1])
    apart = n.thetas != 0
    assert (~apart).sum() == 1
    for kl in (n.kl, n.kl_reversed):
        assert_array_equal(kl, np.where(apart, np.inf, 0))
    assert_allclose(n.js, np.where(apart, math.log(2), 0), rtol=1e-14)
    assert_allclose(n.w, np.abs(n.thetas), rtol=1e-13)
    assert n.gap <= 1e-13


def test_noise():
    n = run(thetas=[0, 1, -1], sigmas=[0.5, 1])
    assert_allclose(n.js_noisy[:, 1], [0.33683082, 0.11142148], atol=5e-9)
    assert_allclose(n.js_noisy[:, 2], n.js_noisy[:, 1], rtol=1e-11)
    assert_allclose(n.js_noisy[:, 0], 0, atol=1e-14)
    assert_allclose(n.w_noisy, [[0, 1, 1]] * 2, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.floats(-3, 3), st.floats(0.3, 3))
def test_noise_against_a_fine_histogram(theta, sigma):
    n = run(thetas=[theta], sigmas=[sigma], points=3)
    x = np.linspace(-3 - 12 * sigma, 3 + 12 * sigma, 4001)
    p, q = np.exp(-((x - np.array([[0], [theta]])) ** 2) / (2 * sigma**2))
    assert_allclose(n.js_noisy[0, 0], js_divergence(p / p.sum(), q / q.sum()), atol=1e-11)
    assert_allclose(n.w_noisy[0, 0], abs(theta), atol=1e-11)
    assert_allclose(n.w[0], abs(theta), rtol=1e-12, atol=1e-15)


def test_text_holds_the_numbers():
    text = explain(run())
    for number in ("0.69314718", "0.33683082", "0.11142148", "inf", "0.3368 where"):
        assert number in text


def test_every_shift_has_its_row_and_rounding_is_zero():
    for thetas in ([-1, 0, 1], [-1, 0, 2], [-3, -2]):
        rows = [line.split() for line in explain(run(thetas=thetas, sigmas=[0.5])).splitlines()[4:]]
        assert [row[0] for row in rows[: len(thetas)]] == [str(theta) for theta in thetas]
        for row in rows[: len(thetas)]:
            assert row[0] != "0" or row[1:] == ["0"] * 5


@pytest.mark.parametrize("thetas", [[0], [-1, -0.5], [1, 2]])
def test_any_thetas_can_be_explained_and_drawn(thetas, tmp_path):
    n = run(thetas=thetas, sigmas=[1, 2, 3, 4])
    assert explain(n)
    save(draw(n), tmp_path / "lines.png")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thetas": [np.nan]}, "thetas must be finite"),
        ({"thetas": [[0, 1], [1, 2]]}, "thetas must be numbers on the line"),
        ({"sigmas": [0.0]}, "positive, finite standard deviation"),
        ({"points": 0}, "points must be at least 1"),
    ],
)
def test_refuses_what_has_no_answer(options, message):
    with pytest.raises(InvalidInputError, match=message):
        run(**options)
