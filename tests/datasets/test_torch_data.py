"""Data sets, loaders and streams of PyTorch: what is read from them, and what is said."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from otgan.datasets.samplers import as_sampler
from otgan.errors import InputWarning, InvalidInputError
from otgan.gan.data import as_training_data
from tests.cases import points_of

pytestmark = pytest.mark.torch

POINTS = torch.arange(24.0).reshape(12, 2)
PAIRS = TensorDataset(POINTS, torch.arange(12) % 3)


def sample_of(data):
    return as_sampler(data, "x", np.random.default_rng(0))


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (PAIRS, range(12)),
        (Subset(PAIRS, [5, 3]), [5, 3]),
        (ConcatDataset([PAIRS, Subset(PAIRS, [0])]), [*range(12), 0]),
        (DataLoader(PAIRS, batch_size=5, shuffle=True, drop_last=True), range(12)),
        (DataLoader(PAIRS, batch_size=None), range(12)),
    ],
    ids=["set", "subset", "two", "loader", "loader without batches"],
)
def test_points_and_labels_are_read_in_the_order_of_the_data_set(data, rows):
    found = sample_of(data)
    assert_array_equal(found.points, POINTS.numpy()[list(rows)])
    assert_array_equal(found.labels, np.array(rows) % 3)


@pytest.mark.parametrize(
    "sampler",
    [WeightedRandomSampler([1.0] * 12, 12), SubsetRandomSampler([0, 1])],
    ids=lambda sampler: type(sampler).__name__,
)
def test_loaders_that_draw_some_items_more_often_are_refused(sampler):
    with pytest.raises(InvalidInputError, match=f"with a {type(sampler).__name__}, .* to fix it"):
        sample_of(DataLoader(PAIRS, sampler=sampler))


def test_a_function_that_joins_batches_is_said_not_to_count():
    with pytest.warns(InputWarning, match="without its collate_fn"):
        sample_of(DataLoader(PAIRS, collate_fn=lambda batch: batch))


class Items(Dataset):
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, k):
        return self.items[k]


@pytest.mark.parametrize(
    "item",
    [
        (0.5, 1.5),
        [0.5, 1.5],
        (1, 2),
        (torch.tensor(0.5), torch.tensor(1.5)),
        (np.array([0.5]), np.float32(1.5)),
    ],
)
def test_two_numbers_are_not_taken_for_a_point_on_the_line_and_its_label(item):
    with pytest.raises(InvalidInputError, match="got items of two numbers, which may be one point"):
        sample_of(Items([item] * 12))


def test_points_on_the_line_have_whole_labels():
    found = sample_of(Items([(0.5 * k, k % 3) for k in range(12)]))
    assert found.points.shape == (12, 1)
    assert_array_equal(found.labels, np.arange(12) % 3)
    named = sample_of(Items([(0.5 * k, "even" if k % 2 else "odd") for k in range(12)]))
    assert named.points.shape == (12, 1) and named.labels is None


class Jittered(Dataset):
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __len__(self):
        return 20

    def __getitem__(self, k):
        return POINTS[k % 12].numpy() + self.rng.normal(size=2)


def test_random_transforms_are_said():
    with pytest.warns(InputWarning, match="other values when an item is read again"):
        points = sample_of(Jittered()).points
    assert points.shape == (20, 2)


class Normal(IterableDataset):
    """Items with a label, numbered in their first coordinate."""

    def __init__(self, end):
        self.end = end

    def __iter__(self):
        rng = np.random.default_rng(0)
        for k in range(self.end):
            yield np.array([k, rng.normal()]), 0


@pytest.mark.parametrize("lend", [lambda data: data, DataLoader], ids=["set", "loader"])
def test_a_stream_gives_its_items_in_order(lend):
    stream = sample_of(lend(Normal(10**6)))
    rng = np.random.default_rng(0)
    first = stream.sample(3, rng)[:, 0]
    assert_array_equal(stream.sample(3, rng)[:, 0], first[-1] + [1, 2, 3])


def test_a_stream_is_trained_on_without_a_split_and_is_not_resumed():
    data = as_training_data(Normal(10**6))
    assert data.n_train == 0 and data.halves == (data.train, data.train)
    assert not data.record.checkable
    reason = data.record.why_not_resumable
    assert reason is not None and reason.startswith("points of an IterableDataset come in an order")
    assert as_training_data(POINTS).record.why_not_resumable is None


def test_a_stream_that_ends_says_after_how_many():
    with pytest.raises(InvalidInputError, match=r"without end, got a Normal that ended after 99"):
        sample_of(Normal(99))
    stream = sample_of(Normal(200))
    with pytest.raises(InvalidInputError, match="got a Normal that ended after 200; to fix it"):
        stream.sample(100, np.random.default_rng(0))


def test_images_of_a_data_set_are_images():
    images = torch.rand(20, 3, 4, 4)
    data = as_training_data(TensorDataset(images, torch.zeros(20, dtype=torch.int64)))
    assert data.shape == (3, 4, 4)
    assert {row.tobytes() for row in points_of(data.train)} <= {
        row.tobytes() for row in images.double().reshape(20, -1).numpy()
    }
