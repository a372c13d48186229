"""Packs of points."""

import pytest
import torch

from otgan.errors import InvalidInputError
from otgan.gan.networks.packing import packed, packed_shape


def test_images_are_joined_along_channels():
    images = torch.randn(6, 2, 3, 4)
    joined = packed(images, 3)
    assert joined.shape == (2, *packed_shape((2, 3, 4), 3)) == (2, 6, 3, 4)
    assert torch.equal(joined[1], torch.cat([images[3], images[4], images[5]]))


def test_a_pack_of_one_is_a_point():
    points = torch.randn(4, 3)
    assert torch.equal(packed(points, 1), points)


@pytest.mark.parametrize(("n", "m", "size"), [(7, 2, 6), (2, 3, 3)])
def test_batches_that_are_no_multiple_are_refused(n, m, size):
    with pytest.raises(
        InvalidInputError, match=rf"pack={m} points, got {n}; .*batch_size to {size}"
    ):
        packed(torch.zeros(n, 2), m)
