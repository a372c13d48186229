"""Every kind of sampler and data set gives the points that it stands for, or is named."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

import otgan
from otgan.datasets import Sample, ring8
from otgan.datasets.samplers import CheckedSampler, as_sampler
from otgan.errors import InvalidInputError
from otgan.gan.data import as_training_data
from otgan.inference.held_out import held_out_bracket

N = 20_000
PLANE = torch.tensor([1.0, 2.0])


class Plain:
    def sample(self, k):
        return np.random.default_rng().normal([1.0, 2.0], size=(k, 2))


class WithGenerator:
    def sample(self, k, generator):
        return generator.normal([1.0, 2.0], size=(k, 2))


class OfShape:
    def sample(self, shape):
        return PLANE + torch.randn(*shape, 2)


class ByRandomState:
    def sample(self, n_samples=1, random_state=None):
        return np.random.RandomState(random_state).normal([1.0, 2.0], size=(n_samples, 2))


SAMPLERS = {
    "sample(k)": Plain(),
    "sample(k, generator)": WithGenerator(),
    "sample((k,))": OfShape(),
    "sample(n_samples, random_state)": ByRandomState(),
    "function of k": lambda k: np.random.default_rng().normal([1.0, 2.0], size=(k, 2)),
    "function of k and a generator": lambda k, rng: rng.normal([1.0, 2.0], size=(k, 2)),
    "function that gives lists": lambda k: Plain().sample(k).tolist(),
    "function that gives tensors": lambda k: PLANE + torch.randn(k, 2),
    "torch, an event": torch.distributions.MultivariateNormal(PLANE, torch.eye(2)),
    "torch, a batch": torch.distributions.Normal(PLANE, 1.0),
    "torch, independent": torch.distributions.Independent(torch.distributions.Normal(PLANE, 1), 1),
    "SciPy, several variables": stats.multivariate_normal([1.0, 2.0]),
    "SciPy, parameters in arrays": stats.norm([1.0, 2.0], 1.0),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_gives_its_distribution_and_fresh_points(name):
    """Means of 20,000 points of N((1, 2), I), to five standard errors."""
    rng = np.random.default_rng(0)
    sampler = as_sampler(SAMPLERS[name], "x", rng)
    points = sampler.sample(N, rng)
    assert isinstance(sampler, CheckedSampler) and sampler.d == 2
    assert points.shape == (N, 2) and points.dtype == np.float64
    np.testing.assert_allclose(points.mean(axis=0), [1.0, 2.0], atol=5 / np.sqrt(N))
    np.testing.assert_allclose(np.cov(points.T), np.eye(2), atol=0.06)
    assert not np.array_equal(points, sampler.sample(N, rng))
    assert sampler.sample(1, rng).shape == (1, 2)


@pytest.mark.parametrize(
    "distribution",
    [
        stats.expon(scale=3.0),
        stats.poisson(3.0),
        torch.distributions.Exponential(1 / 3.0),
        lambda k: np.random.default_rng().exponential(3.0, size=k),
    ],
)
def test_one_number_a_point_is_a_point_on_the_line(distribution):
    rng = np.random.default_rng(0)
    points = as_sampler(distribution, "x", rng).sample(N, rng)
    assert points.shape == (N, 1)
    assert abs(points.mean() - 3.0) < 5 * 3.0 / np.sqrt(N)


def test_distributions_of_torch_leave_the_generator_of_the_user_and_repeat_with_the_seed():
    distribution = torch.distributions.Normal(PLANE, 1.0)
    before = torch.random.get_rng_state()
    first, second = (
        as_sampler(distribution, "x", np.random.default_rng(0)).sample(5, np.random.default_rng(1))
        for _ in range(2)
    )
    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.array_equal(first, second)


# ---------------------------------------------------------------- data sets and images


class Labeled(Dataset):
    """Images with their labels, as torchvision gives them."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, k):
        return self.images[k], k % 10


IMAGES = np.random.default_rng(0).random((12, 3, 4, 4)).astype(np.float32)


@pytest.mark.parametrize(
    "data",
    [
        IMAGES,
        torch.tensor(IMAGES),
        TensorDataset(torch.tensor(IMAGES)),
        TensorDataset(torch.tensor(IMAGES), torch.arange(12)),
        Labeled(torch.tensor(IMAGES)),
        Labeled(IMAGES),
        DataLoader(Labeled(torch.tensor(IMAGES)), batch_size=5),
    ],
)
def test_images_and_data_sets_are_points(data):
    sampler = as_sampler(data, "x", np.random.default_rng(0))
    assert isinstance(sampler, Sample)
    np.testing.assert_array_equal(sampler.points, IMAGES.reshape(12, -1))


# ---------------------------------------------------------------- what is refused


def seeded(k):
    return np.random.default_rng(0).normal(size=(k, 2))


class Ending(IterableDataset):
    def __iter__(self):
        yield torch.zeros(2)


class Uneven(Dataset):
    def __len__(self):
        return 3

    def __getitem__(self, k):
        return torch.zeros(k + 1)


class Keyed(torch.utils.data.Dataset):
    """A data set whose items are dicts, as those of Hugging Face are."""

    def __len__(self):
        return 4

    def __getitem__(self, k):
        return {"image": torch.zeros(3), "label": k}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (seeded, "fresh points each time, got the same 64 twice"),
        (lambda k, rng: seeded(k), "fresh points each time"),
        (lambda k: np.full((k, 2), np.nan), "must be finite"),
        (lambda k: np.zeros((k + 1, 2)), "64 points for k=64, got shape"),
        (lambda k: np.zeros((2, k)), "got shape"),
        (lambda k: np.zeros((k, 0)), "got shape"),
        (lambda k: 1.0, "got a float"),
        (lambda k: None, "got a NoneType"),
        (lambda k: [["a"]] * k, "real numbers"),
        (lambda k: 1 / 0, "division by zero"),
        (lambda: np.zeros((3, 2)), "must give an array of shape"),
        (Plain, "got the class Plain"),
        (stats.gamma, "shape parameter|missing"),
        (Ending(), "without end, got a Ending that ended after 1"),
        (Uneven(), r"points of one shape, got \(1,\) and \(3,\)"),
        (TensorDataset(torch.zeros(3, 2), torch.zeros(3, 2)), "items of two arrays"),
        (TensorDataset(*(torch.zeros(3, 2),) * 3), "items of 3 parts"),
        (TensorDataset(torch.zeros(0, 2)), "at least one point"),
        (Keyed(), "items that are a dict with the keys 'image', 'label'; .* the tuple"),
        ({"x": [1.0]}, "an array or a table, got a dict"),
        (3.0, "must have shape"),
    ],
)
def test_what_gives_no_points_is_named(data, message):
    with pytest.raises(InvalidInputError, match=message) as error:
        as_sampler(data, "x", np.random.default_rng(0))
    assert "to fix it" in str(error.value)


def test_a_distribution_on_one_point_may_give_it_each_time():
    rng = np.random.default_rng(0)
    assert as_sampler(lambda k: np.ones((k, 2)), "x", rng).sample(3, rng).tolist() == [[1, 1]] * 3


def test_a_sampler_that_changes_its_mind_is_named():
    calls = []

    def changing(k):
        calls.append(k)
        return np.random.default_rng().normal(size=(k, 2 if len(calls) < 4 else 3))

    rng = np.random.default_rng(0)
    sampler = as_sampler(changing, "x", rng)
    while len(calls) < 3:
        sampler.sample(5, rng)
    with pytest.raises(InvalidInputError, match="points of 2 numbers as before, got 3"):
        sampler.sample(5, rng)


# ---------------------------------------------------------------- where samplers go


@pytest.mark.parametrize("name", ["function of k", "torch, a batch", "SciPy, several variables"])
def test_estimator_bracket_and_trainer_take_the_same_samplers(name):
    """W1 of N((1, 2), I) and N((4, 6), I) is 5."""
    distribution, other = SAMPLERS[name], stats.multivariate_normal([4.0, 6.0])
    points = other.rvs(size=500, random_state=0)
    r = otgan.estimate_w1(distribution, points, "exact", device="cpu")
    assert abs(r.value - 5.0) <= 5 * r.se < 0.6
    s = held_out_bracket(points, distribution)
    assert s.lower_estimate - 5 * s.lower_se <= 5.0 <= s.upper_estimate + 5 * s.upper_se
    source = as_training_data(distribution)
    np.testing.assert_allclose(source.center, [1.0, 2.0], atol=0.1)
    assert source.held_out(7, np.random.default_rng(0)).shape == (7, 2)


def test_the_trainer_takes_images_and_data_sets():
    images = np.random.default_rng(0).random((40, 1, 4, 4))
    for data in (images, torch.tensor(images), Labeled(torch.tensor(images))):
        source = as_training_data(data)
        assert source.d == 16 and source.modes is None
    assert as_training_data(ring8()).modes is not None


def test_images_go_where_points_go():
    rng = np.random.default_rng(0)
    x, y = torch.tensor(rng.random((60, 1, 3, 3))), torch.tensor(rng.random((60, 1, 3, 3)) + 0.5)
    exact = otgan.emd(x.reshape(60, -1), y.reshape(60, -1)).distance
    assert otgan.estimate_w1(x, y, "exact", device="cpu").sample_distance == pytest.approx(
        exact, rel=1e-9
    )
