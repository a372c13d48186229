"""Integrands that are dragged, and their areas beside the library's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.lessons.densities import Normal
from otgan.lessons.kl_integrands.numbers import areas, far_bump
from tests.browser.moves import caption, slide

NAME = "kl-integrands"


@pytest.mark.parametrize(
    ("p", "q", "weight", "delta"),
    [
        ((0, 1), (1, 1), 0.1, 0.0),
        ((0, 1), (1, 2), 0.01, 4.0),
        ((-2, 0.3), (2.5, 3), 0.5, 10.0),
        ((1, 0.7), (1, 0.7), 0.3, 2.5),
    ],
)
def test_numbers_are_those_of_the_library(opened, p, q, weight, delta):
    P, Q = Normal(*p), Normal(*q)
    parameters = {"P": vars(P), "Q": vars(Q), "weight": weight, "delta": delta}
    with opened(NAME) as page:
        found = page.evaluate("parameters => window.lesson.values(parameters)", parameters)
    pair = vars(areas(P, Q))
    far = dict(zip(("kl", "kl_reversed", "js"), far_bump(weight, delta), strict=True))
    far["w1"] = weight * delta
    expected = {**pair, **{f"bump_{name}": value for name, value in far.items()}}
    assert len(found) == 9
    for name, value in found.items():
        assert_allclose(np.array(value), expected[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_mirrored_areas_part_as_a_deviation_changes(opened):
    with opened(NAME) as page:
        assert "the areas are equal" in caption(page, "integrands")
        page.get_by_label("Mean of q").focus()
        page.keyboard.press("ArrowRight")
        assert "the areas are equal" in caption(page, "integrands")
        slide(page, "deviation of q", "ArrowRight")
        assert "KL is not symmetric" in caption(page, "integrands")
        page.get_by_role("button", name="As it should be").click()
        words = caption(page, "integrands")
        assert "0.4431" in words and "1.307" in words and "N(1, 2²)" in caption(page, "densities")
        page.get_by_role("button", name="As it is usually drawn").click()
        assert "the areas are equal" in caption(page, "integrands")


def test_kl_does_not_notice_how_far_the_bump_is(opened):
    with opened(NAME) as page:
        slide(page, "distance of the bump", "End")
        assert "KL(P‖Q) = 0.1054, at most 0.1054; KL(Q‖P) = 4.675" in caption(page, "growth")
        assert "W₁ = 1." in caption(page, "growth")
