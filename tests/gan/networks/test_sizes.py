"""Shapes of points, and the sizes that images are halved to."""

import pytest

from otgan.errors import InvalidInputError
from otgan.gan.networks.sizes import as_image_shape, as_shape, halved


@pytest.mark.parametrize(
    ("size", "down", "up"),
    [
        ((8, 8), [(8, 8), (4, 4), (2, 2)], [(8, 8), (4, 4), (2, 2)]),
        ((11, 13), [(11, 13), (5, 6), (2, 3)], [(11, 13), (6, 7), (3, 4)]),
        ((28, 28), [(28, 28), (14, 14), (7, 7)], [(28, 28), (14, 14), (7, 7)]),
        ((8, 64), [(8, 64), (4, 32), (2, 16)], [(8, 64), (4, 32), (2, 16)]),
    ],
)
def test_sizes_by_hand(size, down, up):
    assert halved(*size) == down
    assert halved(*size, up=True) == up


def test_the_published_sizes():
    assert [h for h, _ in halved(64, 64)] == [64, 32, 16, 8, 4]


@pytest.mark.parametrize("shape", [(), (3, 4), (1, 2, 3, 4), "abc", 5, None])
def test_other_numbers_of_axes_are_refused(shape):
    with pytest.raises(InvalidInputError, match=r"shape must be \(d,\) for vectors or \(c, h, w\)"):
        as_shape(shape)


@pytest.mark.parametrize("shape", [(0,), (1, 8, 0), (1.5,), (True,)])
def test_sizes_that_are_no_counts_are_refused(shape):
    with pytest.raises(InvalidInputError, match="each size in shape must be a whole number"):
        as_shape(shape)


@pytest.mark.parametrize("shape", [(1, 7, 8), (1, 8, 65), (3, 128, 128)])
def test_images_of_other_sizes_are_refused_by_name(shape):
    with pytest.raises(InvalidInputError, match="network 'resnet' must be given images with sides"):
        as_image_shape(shape, "resnet")
