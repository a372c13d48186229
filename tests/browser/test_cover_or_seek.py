"""Bumps that are dragged apart, and fits beside the library's."""

import pytest
from numpy.testing import assert_allclose

from otgan.lessons.cover_or_seek.fitting import Bumps, best_fit
from tests.browser.moves import caption, drag, slide

NAME = "cover-or-seek"


@pytest.mark.parametrize(
    ("left", "right", "weight", "pi"),
    [(-3, 3, 0.5, 0.5), (-4.5, 4.5, 0.5, 0.5), (-1, 4, 0.3, 0.95), (0, 0.2, 0.9, 0.05)],
)
def test_fits_are_those_of_the_library(opened, left, right, weight, pi):
    parameters = {"left": left, "right": right, "weight": weight, "pi": pi}
    with opened(NAME) as page:
        found = page.evaluate("parameters => window.lesson.values(parameters)", parameters)
    fits = [best_fit(Bumps(left, right, weight), one) for one in (0, pi, 1)]
    for name in ("mean", "std", "value"):
        expected = [getattr(fit, name) for fit in fits]
        assert_allclose(found[name], expected, rtol=1e-9, atol=1e-9, err_msg=name)


def test_js_gives_up_one_bump_later_than_kl(opened):
    with opened(NAME) as page:
        words = caption(page, "fits")
        assert "by JS it covers both bumps, by KL(Q‖P) it sits on one" in words
        slide(page, "separation of the bumps", "ArrowLeft", times=5)
        assert "by KL(Q‖P) it covers both" in caption(page, "fits")
        slide(page, "separation of the bumps", "End")
        words = caption(page, "fits")
        assert "12 deviations apart" in words and "by JS it sits on one bump" in words
        assert "KL(P‖Q) covers both" in words


def test_bumps_and_a_fit_of_ones_own_can_be_dragged(opened):
    with opened(NAME) as page:
        drag(page, page.get_by_label("Place of the right bump"), -200, 0)
        assert "6 deviations" not in caption(page, "fits")
        before = page.inner_text("#numbers tbody tr:last-child")
        drag(page, page.get_by_label("Mean of your Q"), 60, 0)
        assert page.inner_text("#numbers tbody tr:last-child") != before
        best = page.inner_text("#numbers tbody tr:first-child").split()
        assert best[:3] == ["best", "by", "KL(P‖Q)"]
