"""Stacks of digits: what they show, how likely each number is, and how well it is read."""

import gzip
import struct

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from otgan.datasets import Sample, StackedDigits, digits, load, load_labeled_images
from otgan.errors import DamagedFileError, InvalidInputError
from tests.cases import mistyped

LABELS = np.arange(20) % 10
MARKED = Sample(LABELS[:, None] + 0.5 * np.eye(20)[:, :16], LABELS, (1, 4, 4))
"""Images whose values are their label, rounded down."""


def test_channels_are_independent_digits_and_the_mode_is_the_number_that_they_make():
    stacks = StackedDigits(3, MARKED)
    points, modes = stacks.sample_labeled(20_000, 0)
    shown = np.floor(points.reshape(-1, 3, 16)[:, :, 5]).astype(int)
    assert_array_equal(modes, shown @ [100, 10, 1])
    assert_array_equal(points, stacks.sample(20_000, 0))
    counts = np.bincount(modes, minlength=1000)
    assert_allclose(counts.mean(), 20.0)
    assert_allclose(counts.var(), 20.0, rtol=0.25)  # Poisson, nearly: five standard errors


def test_probabilities_are_the_products_of_the_digits():
    labels = np.repeat([0, 1, 9], [1, 1, 2])
    stacks = StackedDigits(2, Sample(np.zeros((4, 1)), labels, (1, 1, 1)))
    expected = np.zeros(100)
    for (first, p), (second, q) in [
        (a, b) for a in [(0, 0.25), (1, 0.25), (9, 0.5)] for b in [(0, 0.25), (1, 0.25), (9, 0.5)]
    ]:
        expected[10 * first + second] = p * q
    assert_allclose(stacks.mode_probabilities, expected)


def test_the_digits_of_scikit_learn_are_read_right_where_they_are_new():
    known, order = digits(), np.random.default_rng(0).permutation(1797)
    assert known.labels is not None
    halves = [Sample(known.points[k], known.labels[k], (1, 8, 8)) for k in np.split(order, [1078])]
    train, held_out = (StackedDigits(3, half) for half in halves)
    assert train.classifier_accuracy(held_out) >= 0.97
    points, modes = held_out.sample_labeled(2000, 1)
    assert np.mean(train.modes_of(points) == modes) >= 0.97**3


def test_by_name_there_are_three_channels():
    stacks = load("stacked_digits")
    assert isinstance(stacks, StackedDigits)
    assert (stacks.d, stacks.image_shape, stacks.n_modes) == (192, (3, 8, 8), 1000)


@pytest.mark.parametrize("channels", [0, 7, 2.0, "3", True])
def test_channels_must_be_few(channels):
    with pytest.raises(InvalidInputError, match="channels must be"):
        StackedDigits(mistyped(channels))


@pytest.mark.parametrize(
    "wrong",
    [
        Sample(np.zeros((20, 16))),
        Sample(np.zeros((20, 16)), LABELS),
        Sample(np.zeros((20, 16)), None, (1, 4, 4)),
        Sample(np.zeros((20, 16)), LABELS, (4, 2, 2)),
        Sample(np.zeros((20, 16)), LABELS + 1, (1, 4, 4)),
    ],
)
def test_digits_must_be_labeled_images_of_one_channel(wrong):
    with pytest.raises(InvalidInputError, match=r"digits must be images of one channel .* to fix"):
        StackedDigits(2, wrong)


@pytest.mark.parametrize("wrong", [np.zeros((20, 16)), "mnist", None])
def test_digits_that_are_no_sample_are_named(wrong):
    with pytest.raises(InvalidInputError, match=r"digits must be a Sample .* to fix it, pass Sam"):
        StackedDigits(2, wrong)


# ---------------------------------------------------------------- from the files of MNIST


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())
    return path


def test_stacks_of_the_digits_in_two_files(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, size=(20, 5, 4), dtype=np.uint8)
    first = write_idx(tmp_path / "train-images-idx3-ubyte", images)
    second = tmp_path / "train-labels-idx1-ubyte.gz"
    with gzip.open(second, "wb") as file:
        file.write(write_idx(tmp_path / "plain-ubyte", LABELS).read_bytes())
    known = load_labeled_images(first, second)
    assert_array_equal(known.points, images.reshape(20, -1) / 255.0)
    assert_array_equal(known.labels, LABELS)
    stacks = StackedDigits(2, known)
    assert stacks.image_shape == (2, 5, 4)
    points, modes = stacks.sample_labeled(50, 3)
    for point, mode in zip(points.reshape(50, 2, -1), modes, strict=True):
        rows = [int(np.flatnonzero((known.points == part).all(axis=1))[0]) for part in point]
        assert mode == LABELS[rows] @ [10, 1]


def test_files_that_do_not_belong_together_are_named(tmp_path):
    images = write_idx(tmp_path / "images-ubyte", np.zeros((20, 5, 4)))
    labels = write_idx(tmp_path / "labels-ubyte", LABELS[:19])
    with pytest.raises(InvalidInputError, match=r"a label for each of the 20 images .* got 19; to"):
        load_labeled_images(images, labels)
    with pytest.raises(InvalidInputError, match=r"must hold labels, got an IDX file of shape \(20"):
        load_labeled_images(images, images)
    with pytest.raises(InvalidInputError, match=r"must hold images, got an IDX file of shape \(19"):
        load_labeled_images(labels, labels)
    labels.write_bytes(labels.read_bytes()[:-1])
    with pytest.raises(DamagedFileError, match="complete IDX file"):
        load_labeled_images(images, labels)
