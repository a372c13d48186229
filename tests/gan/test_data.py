"""Training data: how they are split, scaled, and told from others."""

import hashlib
import math
import struct
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from torch.utils.data import TensorDataset

from otgan.datasets import StackedDigits, ring8
from otgan.errors import InvalidInputError
from otgan.gan.data import PILOT_POINTS, as_training_data
from otgan.gan.modes import MixtureModes
from tests.cases import points_of

POINTS = np.random.default_rng(0).normal(size=(60, 3)) * [1.0, 2.0, 3.0] + 5.0


@pytest.mark.parametrize(
    "data",
    [
        POINTS,
        POINTS.astype(np.float32),
        torch.tensor(POINTS, dtype=torch.float32),
        POINTS[:, 0],
        POINTS[:, :2] * 1e6 + 1e9,
    ],
    ids=["array", "float32", "tensor", "line", "far and wide"],
)
def test_a_finite_data_set_is_split_into_disjoint_parts(data):
    split = as_training_data(data)
    parts = [points_of(split.train), *(points_of(half) for half in split.halves)]
    assert [len(part) for part in parts] == [36, 12, 12]
    given = np.asarray(data, dtype=float).reshape(60, -1)
    assert_array_equal(np.sort(np.concatenate(parts), axis=0), np.sort(given, axis=0))
    assert (split.record.n, split.record.d, split.d) == (60, *given.shape[1:] * 2)


def test_center_and_scale_are_those_of_the_training_points():
    split = as_training_data(POINTS)
    assert_allclose(split.center, points_of(split.train).mean(axis=0), rtol=1e-15)
    assert_allclose(split.scale, points_of(split.train).std(axis=0).mean(), rtol=1e-15)
    assert as_training_data(np.full((20, 2), 7.0)).scale == 1.0  # equal points have none


def test_the_seed_decides_the_split():
    first, again, other = (points_of(as_training_data(POINTS, seed).train) for seed in (3, 3, 4))
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_held_out_samples_come_from_their_halves_without_repetition():
    split, rng = as_training_data(POINTS), np.random.default_rng(0)
    first, second = split.held_out(100, rng), split.second_held_out(100, rng)
    for drawn, half in zip((first, second), split.halves, strict=True):
        assert_array_equal(np.sort(drawn, axis=0), np.sort(points_of(half), axis=0))
    assert len(split.held_out(5, rng)) == 5


def test_pairs_of_held_out_samples_are_new_disjoint_splits():
    split, rng = as_training_data(POINTS), np.random.default_rng(0)
    both = np.concatenate([points_of(half) for half in split.halves])
    pairs = [split.held_out_pair(100, rng) for _ in range(2)]
    for pair in pairs:
        assert [len(sample) for sample in pair] == [12, 12]
        assert_array_equal(np.sort(np.concatenate(pair), axis=0), np.sort(both, axis=0))
    assert not np.array_equal(pairs[0][0], pairs[1][0])


def test_a_sampler_gives_new_points_and_knows_its_modes():
    data = as_training_data("ring8")
    assert data.halves == (data.train, data.train)
    assert (data.record.n, data.record.d, data.record.name) == (0, 2, "ring8")
    assert isinstance(data.modes, MixtureModes)
    assert_array_equal(data.modes.mixture.modes, ring8().modes)
    pilot = ring8().sample(PILOT_POINTS, np.random.default_rng(0))
    assert_allclose(data.center, pilot.mean(axis=0), rtol=1e-14)
    assert as_training_data(POINTS).modes is None


def test_the_fingerprint_is_that_of_the_points_in_their_order():
    split = as_training_data(POINTS)
    ordered = np.concatenate([*(points_of(half) for half in split.halves), points_of(split.train)])
    expected = hashlib.sha256(b"(60, 3) " + ordered.astype("<f8").tobytes()).hexdigest()
    assert split.record.fingerprint == expected
    assert as_training_data(-np.zeros((20, 1))).record == as_training_data(np.zeros((20, 1))).record


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (POINTS, None),
        (POINTS + 1e-12, "other values in the same shape"),
        (POINTS[::-1], "other values in the same shape"),
        (POINTS[1:], "59 points instead of 60 points"),
        (POINTS[:, 1:], "points in 2 dimensions instead of 3"),
    ],
)
def test_other_data_are_told_by_their_values(other, message):
    known, given = as_training_data(POINTS).record, as_training_data(other).record
    assert known.checkable
    found = known.difference(given)
    if message is None:
        assert found is None
    else:
        assert found is not None and found.startswith(message)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(60) % 3, None),
        ((np.arange(60) + 1) % 3, "other labels"),
        (None, "points without labels instead of points with labels"),
    ],
)
def test_other_labels_are_other_data(labels, message):
    known, given = (
        as_training_data(
            torch.tensor(POINTS)
            if classes is None
            else TensorDataset(torch.tensor(POINTS), torch.tensor(classes))
        ).record
        for classes in (np.arange(60) % 3, labels)
    )
    assert known.fingerprint == given.fingerprint
    assert known.difference(given) == message
    assert replace(known, labels=None).difference(given) is None  # a draft recorded none


def test_a_sampler_that_ignores_its_generator_is_known_by_its_quantiles():
    def normal(shift):
        own = np.random.default_rng(1)
        return lambda k: own.normal(shift, size=(k, 2))

    known, same, other = (as_training_data(normal(shift)).record for shift in (0.0, 0.0, 3.0))
    assert not known.checkable and known.fingerprint == ""
    assert known.difference(same) is None
    difference = known.difference(other)
    assert difference is not None and "other values" in difference


def test_training_data_stay_as_they_are():
    data = as_training_data(POINTS)
    assert as_training_data(data, 7) is data


def test_too_few_points_are_refused():
    with pytest.raises(InvalidInputError, match=r"at least ten points, .* got 9; to fix it"):
        as_training_data(POINTS[:9])
    assert math.isfinite(as_training_data(POINTS[:10]).scale)


# ---------------------------------------------------------------- images and labels

IMAGES = np.random.default_rng(1).integers(3, 250, size=(40, 3, 4, 5), dtype=np.uint8)
IMAGES[:20, 0, 0, 0], IMAGES[20:, 0, 0, 0] = 0, 254  # any split has the whole range
LABELS = torch.arange(40) % 4


def items(images):
    return TensorDataset(torch.tensor(images), LABELS)


@pytest.mark.parametrize("given", [np.asarray, torch.tensor, items], ids=["array", "tensor", "set"])
def test_images_keep_their_shape_and_are_seen_between_minus_one_and_one(given):
    data = as_training_data(given(IMAGES))
    assert (data.shape, data.record.shape, data.d, data.n_train) == ((3, 4, 5), (3, 4, 5), 60, 24)
    assert_array_equal(data.center, np.full(60, 127.0))
    assert data.scale == 127.0
    assert data.as_images() is data
    rows = {row.tobytes() for row in IMAGES.reshape(40, -1).astype(float)}
    assert all(row.tobytes() in rows for row in points_of(data.train))


def test_images_of_one_value_have_a_scale():
    data = as_training_data(np.full((10, 1, 2, 2), 7.0))
    assert data.scale == 1.0 and data.center[0] == 7.0


@pytest.mark.parametrize("value", [0.1, 0.3, 1e9 + 0.1])
def test_points_of_one_value_have_no_scale_of_roundings(value):
    """The mean of equal numbers is rounded, and their deviation from it is not their spread."""
    assert np.full((200, 2), value).std(axis=0).min() > 0
    data = as_training_data(np.full((200, 2), value))
    assert data.scale == 1.0
    assert_array_equal(data.center, [value, value])


@pytest.mark.parametrize("factor", [1e120, 1e-120])
def test_data_whose_squares_overflow_are_refused_before_training(factor):
    rng = np.random.default_rng(0)
    for given in (factor * POINTS, factor * IMAGES, lambda k: factor * rng.normal(size=(k, 2))):
        with pytest.raises(InvalidInputError, match="data must spread over at least 1e-100 and at"):
            as_training_data(given)


def test_functions_and_files_of_images_are_images(tmp_path):
    data = as_training_data(lambda k, rng: rng.random((k, 1, 2, 3)))
    assert data.shape == (1, 2, 3) and data.n_train == 0
    assert_allclose([data.center[0], data.scale], 0.5, atol=1e-3)
    np.save(tmp_path / "x.npy", IMAGES)
    np.save(tmp_path / "flat.npy", IMAGES.reshape(40, -1))
    assert as_training_data(tmp_path / "x.npy").shape == (3, 4, 5)
    assert as_training_data(tmp_path / "flat.npy").shape == (60,)
    assert as_training_data(tmp_path / "x.npy", columns=[0, 1]).shape == (2,)
    header = bytes([0, 0, 8, 3]) + struct.pack(">3I", 40, 4, 5)
    (tmp_path / "train-images-ubyte").write_bytes(header + IMAGES[:, 0].tobytes())
    assert as_training_data(tmp_path / "train-images-ubyte").shape == (1, 4, 5)


def test_a_folder_of_pictures_is_one_of_images_channel_by_channel(tmp_path):
    for k in range(10):
        Image.fromarray(np.full((8, 8, 3), [k, 2 * k, 3 * k], np.uint8)).save(tmp_path / f"{k}.png")
    data = as_training_data(tmp_path)
    assert data.shape == (3, 32, 32)
    points = 255 * points_of(data.train).reshape(-1, 3, 32 * 32)
    assert_allclose(points, points[:, :1] * np.array([[1], [2], [3]]), atol=1e-9)


def test_digits_are_vectors_until_they_are_wanted_as_images():
    data = as_training_data("digits")
    images = data.as_images()
    assert (data.shape, images.shape, images.record.name) == ((64,), (1, 8, 8), "digits")
    assert images.train is data.train
    assert_array_equal(images.center, np.full(64, 0.5))
    assert images.scale == 0.5
    assert data.record.difference(images.record) == "points of shape (1, 8, 8) instead of (64,)"


@pytest.mark.parametrize("data", [np.zeros((20, 64)), "ring8", lambda k, rng: rng.random((k, 4))])
def test_vectors_are_not_taken_for_images(data):
    with pytest.raises(InvalidInputError, match=r"must be images .* got points of \d+ numbers; to"):
        as_training_data(data).as_images()


def test_channels_that_come_last_are_named():
    with pytest.raises(InvalidInputError, match=r"got \(n, 8, 6, 3\), with the channels last; to"):
        as_training_data(np.zeros((20, 8, 6, 3)))


def test_labels_stay_with_their_points():
    data = as_training_data(items(IMAGES))
    known = {row.tobytes(): k % 4 for k, row in enumerate(IMAGES.reshape(40, -1).astype(float))}
    assert_array_equal(data.train_labels, [known[row.tobytes()] for row in points_of(data.train)])
    points, labels = data.labeled_batch(9, np.random.default_rng(5))
    assert_array_equal(points, data.train.sample(9, np.random.default_rng(5)))
    assert_array_equal(labels, [known[row.tobytes()] for row in points])
    assert_array_equal(data.require_labels(4), data.train_labels)
    assert set(as_training_data("digits").require_labels(10).tolist()) == set(range(10))


def test_missing_and_wrong_labels_are_named():
    with pytest.raises(InvalidInputError, match=r"a label for each point .* got 36 points without"):
        as_training_data(POINTS).require_labels()
    with pytest.raises(InvalidInputError, match="got a sampler without labels"):
        as_training_data("ring8").require_labels()
    with pytest.raises(InvalidInputError, match=r"from 0 to 2, got 0 to 3.*SemiSupervised\(4\)"):
        as_training_data(items(IMAGES)).require_labels(3)
    targets = TensorDataset(torch.tensor(IMAGES), torch.arange(40) / 3)
    assert as_training_data(targets).train_labels is None  # numbers that are no classes


# ---------------------------------------------------------------- stacked digits and flips


def test_stacked_digits_are_measured_on_digits_that_are_never_trained_on():
    data = as_training_data("stacked_digits")
    parts = [data.train, *data.halves]
    digits_of = [part.digits for part in parts if isinstance(part, StackedDigits)]
    assert [len(part.points) for part in digits_of] == [1077, 360, 360]
    rows = [{row.tobytes() for row in part.points} for part in digits_of]
    assert not (rows[0] & rows[1] or rows[0] & rows[2] or rows[1] & rows[2])
    assert (data.shape, data.n_train, data.record.n) == ((3, 8, 8), 0, 0)
    assert_array_equal(data.center, np.full(192, 0.5))
    assert data.scale == 0.5
    assert data.modes is not None
    held_out = data.held_out(500, np.random.default_rng(0))
    assert data.modes.coverage(held_out).of == 1000


def test_half_of_the_training_images_are_mirrored_and_none_that_are_held_out():
    data = as_training_data(IMAGES, flips=True)
    plain = as_training_data(IMAGES)
    assert_array_equal(points_of(data.train), points_of(plain.train))
    drawn = data.train.sample(4000, np.random.default_rng(0)).reshape(-1, 3, 4, 5)
    known = {row.tobytes() for row in points_of(plain.train)}
    mirrored = [image.ravel().tobytes() not in known for image in drawn]
    assert all(image.ravel().tobytes() in known for image in drawn[~np.array(mirrored)])
    assert all(image[..., ::-1].ravel().tobytes() in known for image in drawn[mirrored])
    assert abs(np.mean(mirrored) - 0.5) < 4 * 0.5 / math.sqrt(4000)
    for half, other in zip(data.halves, plain.halves, strict=True):
        rng = np.random.default_rng(1), np.random.default_rng(1)
        assert_array_equal(half.sample(20, rng[0]), other.sample(20, rng[1]))
    assert plain.record.difference(data.record) == "flips=True instead of False"


def test_flips_are_a_function_of_the_generator_and_keep_their_labels():
    data = as_training_data(items(IMAGES), flips=True)
    points, labels = data.labeled_batch(50, np.random.default_rng(7))
    assert_array_equal(points, data.train.sample(50, np.random.default_rng(7)))
    unmirrored = as_training_data(items(IMAGES))
    same = unmirrored.train.sample(50, np.random.default_rng(7)).reshape(-1, 3, 4, 5)
    images = points.reshape(-1, 3, 4, 5)
    assert all(
        np.array_equal(a, b) or np.array_equal(a[..., ::-1], b)
        for a, b in zip(images, same, strict=True)
    )
    assert_array_equal(labels, unmirrored.labeled_batch(50, np.random.default_rng(7))[1])


@pytest.mark.parametrize(
    ("data", "got"), [(POINTS, "got points of 3 numbers"), ("ring8", "got a sampler")]
)
def test_flips_of_what_is_no_image_are_refused(data, got):
    with pytest.raises(InvalidInputError, match=f"flips=True must come with .* {got}.* to fix it"):
        as_training_data(data, flips=True)


@pytest.mark.parametrize("data", ["digits", "ring8", IMAGES])
def test_options_of_reading_are_refused_for_data_that_are_not_read(data):
    """Digits do not become pictures of 32 x 32 pixels by a flag that nobody looks at."""
    with pytest.raises(InvalidInputError, match=r"size= \(--size\) must come with a file"):
        as_training_data(data, size=32)


def test_folders_of_pictures_have_any_size_and_name_the_one_that_is_broken(tmp_path):
    for k in range(12):
        Image.new("RGB", (9, 7), (20 * k, 0, 0)).save(tmp_path / f"{k}.png")
    assert as_training_data(tmp_path, size=16).shape == (3, 16, 16)
    gray = as_training_data(tmp_path, size=8, gray=True)
    assert gray.shape == (1, 8, 8) and gray.record.reading == {"size": 8, "gray": True}
    (tmp_path / "7.png").write_bytes((tmp_path / "7.png").read_bytes()[:40])
    with pytest.raises(InvalidInputError, match=r"7\.png must be a readable image"):
        as_training_data(tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((0, 3, 8, 8)), "at least one point"),
        (np.full((20, 1, 2, 2), np.nan), "must be finite"),
        ([], "at least one point"),
    ],
)
def test_images_that_are_none_are_named(data, message):
    with pytest.raises(InvalidInputError, match=message):
        as_training_data(data)


def test_images_without_an_axis_of_channels_are_refused():
    with pytest.raises(InvalidInputError, match=r"got \(20, 8, 8\), without .* images\[:, None\]"):
        as_training_data(np.zeros((20, 8, 8)))


def test_a_sampler_that_gives_points_of_another_dimension_than_it_says_is_refused():
    class Cloud:
        d = 2

        def sample(self, n, rng):
            return rng.normal(size=(n, 3))

    with pytest.raises(InvalidInputError, match="give points of d=2 numbers, as it says, got 3"):
        as_training_data(Cloud())
