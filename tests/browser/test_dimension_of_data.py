"""Clouds whose dimension is read in the browser."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.lessons.dimension_of_data.estimation import estimate_dimension
from tests.browser.moves import caption, slide

NAME = "dimension-of-data"


@pytest.mark.parametrize(("n", "d", "neighbors"), [(50, 2, 2), (200, 5, 10), (120, 20, 60)])
def test_an_estimate_is_that_of_the_library(opened, n, d, neighbors):
    points = np.random.default_rng([n, d]).normal(size=(n, d))
    parameters = {"points": points.tolist(), "neighbors": neighbors}
    with opened(NAME) as page:
        found = page.evaluate("parameters => window.lesson.values(parameters)", parameters)
    expected = vars(estimate_dimension(points, neighbors))
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert_allclose(value, expected[name], rtol=1e-9, err_msg=name)


def reading(page):
    return float(re.findall(r"the points read (\S+) ±", caption(page, "scales"))[0])


@pytest.mark.parametrize("shape", ["generator", "cube", "sphere", "normal"])
def test_a_page_samples_shapes_of_the_dimension_that_it_says(opened, shape):
    with opened(NAME) as page:
        page.get_by_label("shape", exact=True).select_option(shape)
        assert abs(reading(page) - 2) < 0.25
        slide(page, "k, its dimension", "ArrowRight", times=3)
        assert abs(reading(page) - 5) < 1
        slide(page, "k, its dimension", "Home")
        assert abs(reading(page) - 1) < 0.15


def test_noise_is_read_and_the_space_is_not(opened):
    space = "dimension of the space, if that is not less"
    with opened(NAME) as page:
        slide(page, space, "End")
        assert abs(reading(page) - 2) < 0.25 and "40 dimensions" in caption(page, "cloud")
        slide(page, "deviation of noise", "End")
        assert reading(page) > 8 and "with noise 40" in caption(page, "scales")
        slide(page, space, "Home")
        assert "in 2 dimensions" in caption(page, "cloud") and abs(reading(page) - 2) < 0.25
