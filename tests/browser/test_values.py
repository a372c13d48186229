"""The numbers of a page are those of the library, to nine digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.lessons.piles_of_dirt import run as piles

RTOL = 1e-9
ATOL = 1e-12
"""What the library's quadratures promise where a number is zero."""


def numbers_on_page(opened, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """What the page says for these parameters; an infinity as one."""
    with opened(name) as page:
        return page.evaluate("parameters => window.lesson.values(parameters)", parameters)


def check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """All numbers of a page are among the expected ones."""
    assert found
    for name, value in found.items():
        assert_allclose(
            np.array(value, float), np.array(expected[name], float), RTOL, ATOL, err_msg=name
        )


@pytest.mark.parametrize(
    ("P", "Q"),
    [([3, 2, 1, 4], [1, 2, 4, 3]), ([1, 0, 0, 2.5, 0.25], [0, 2, 1.75, 0, 0]), ([2, 1], [2, 1])],
)
def test_piles_of_dirt(opened, P, Q):
    numbers = piles(P=P, Q=Q)
    check(numbers_on_page(opened, "piles-of-dirt", {"P": P, "Q": Q}), vars(numbers))
