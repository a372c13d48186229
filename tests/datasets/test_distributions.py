"""Constants of the papers, and the same distribution from NumPy and from torch."""

import pickle
from types import ModuleType

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from otgan.datasets import (
    Ball,
    Cube,
    GaussianMixture,
    Sample,
    Shifted,
    Spheres,
    digits,
    funnel_pair,
    grid25,
    load,
    ring8,
    swissroll,
)
from tests.cases import mistyped, refused

TRIANGLE = np.array([[0.0, 3.0], [4.0, 0.0], [-1.0, -1.0]])

DISTRIBUTIONS = {
    "ring": ring8(),
    "grid": grid25(),
    "swiss roll": swissroll(),
    "one Gaussian": GaussianMixture(np.array([[1.0, 2.0, 3.0]]), 0.5),
    "sample": Sample(TRIANGLE),
    "cube": Cube(3, 2.5),
    "ball": Ball(4, 2.0),
    "gathered ball": Ball(4, 2.0, 8.0),
    "spheres": Spheres(TRIANGLE, 0.5),
    "shifted": Shifted(Cube(2, 1.0), np.array([5.0, -5.0])),
    "funnelled": funnel_pair(8, 16).x,
}

each_distribution = pytest.mark.parametrize(
    "distribution", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS.keys()
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch")


def test_ring_has_the_papers_constants(rng):
    distribution = ring8()
    assert_allclose(np.linalg.norm(distribution.modes, axis=1), 2 / 1.414)
    assert len(np.unique(distribution.modes.round(6), axis=0)) == 8  # no mode twice
    assert_allclose(distribution.std, 0.02 / 1.414)
    points = distribution.sample(20_000, rng)
    offsets = points[:, None] - distribution.modes
    nearest = np.linalg.norm(offsets, axis=2).argmin(axis=1)
    assert_allclose(np.bincount(nearest) / 20_000, 1 / 8, atol=4 * np.sqrt(7 / 64 / 20_000))
    assert_allclose(offsets[np.arange(20_000), nearest].std(), distribution.std, rtol=0.02)


def test_grid_has_the_papers_constants():
    distribution = grid25()
    assert_allclose(np.unique(distribution.modes[:, 0]) * 2.828, [-4, -2, 0, 2, 4], atol=1e-12)
    assert len(np.unique(distribution.modes, axis=0)) == 25
    assert_allclose(distribution.std, 0.05 / 2.828)


def test_swiss_roll_is_that_of_scikit_learn(rng):
    from sklearn.datasets import make_swiss_roll

    ours = swissroll().sample(50_000, rng)
    theirs = make_swiss_roll(50_000, noise=0.25, random_state=0)[0][:, [0, 2]] / 7.5
    for q in (0.05, 0.5, 0.95):
        a, b = np.quantile(ours, q, axis=0), np.quantile(theirs, q, axis=0)
        assert_allclose(a, b, atol=0.03)


def test_digits_are_the_real_ones():
    points = digits().points
    assert points.shape == (1797, 64)
    assert (points.min(), points.max()) == (0.0, 1.0)


@pytest.mark.parametrize("name", ["ring8", "grid25", "swissroll", "digits"])
def test_same_generator_same_points(name):
    distribution = load(name)
    first, second = (distribution.sample(5, np.random.default_rng(1)) for _ in range(2))
    assert first.shape == (5, distribution.d)
    assert_array_equal(first, second)


@each_distribution
def test_torch_and_numpy_draw_from_one_distribution(distribution, rng, torch):
    n = 20_000
    ours = distribution.sample(n, rng)
    theirs = distribution.sample(n, torch.Generator().manual_seed(0)).double().numpy()
    for moment in (lambda x: x, lambda x: x**2, lambda x: x[:, :1] * x, np.abs):
        a, b = moment(ours), moment(theirs)
        # Five standard errors of the difference, for at most 4 x 8 moments of eleven distributions.
        se = np.sqrt((a.var(axis=0) + b.var(axis=0)) / n)
        assert_allclose(a.mean(axis=0) - b.mean(axis=0), 0, atol=5 * se.max() + 1e-6)


@each_distribution
def test_library_device_and_dtype_follow_the_generator(distribution, torch):
    ours = distribution.sample(3, np.random.default_rng(0))
    assert ours.shape == (3, distribution.d) and ours.dtype == np.float64
    assert distribution.sample(3, np.random.default_rng(0), dtype="float32").dtype == np.float32
    assert_array_equal(
        ours.astype(np.float32), distribution.sample(3, np.random.default_rng(0), dtype="float32")
    )
    generator = torch.Generator()
    theirs = distribution.sample(3, generator.manual_seed(1))
    assert theirs.shape == (3, distribution.d) and theirs.dtype == torch.float32
    double = distribution.sample(3, generator.manual_seed(1), dtype="float64")
    assert double.dtype == torch.float64
    assert torch.equal(double.float(), theirs)  # the same points, rounded
    assert distribution.sample(3, generator, dtype=torch.float16).dtype == torch.float16


@each_distribution
def test_without_a_generator_points_are_fresh(distribution):
    first, second = distribution.sample(8), distribution.sample(8)
    assert isinstance(first, np.ndarray) and (first != second).any()
    assert distribution.sample(0).shape == (0, distribution.d)


@each_distribution
def test_sampling_in_torch_never_waits_for_the_device(distribution, torch):
    """What the capture of a CUDA graph forbids: numbers read back, shapes that depend on data,
    constants made anew on the host."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Recorder(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            called.add(function.overloadpacket.__name__)
            return function(*args, **(kwargs or {}))

    called: set[str] = set()
    generator = torch.Generator().manual_seed(0)
    distribution.sample(64, generator)  # brings the constants
    with Recorder():
        distribution.sample(64, generator)
    forbidden = {"_local_scalar_dense", "nonzero", "masked_select", "lift_fresh", "item", "unique"}
    assert called and not called & forbidden


@pytest.mark.gpu
@each_distribution
def test_sampling_can_be_captured_in_a_cuda_graph(distribution, torch):
    generator = torch.Generator("cuda").manual_seed(0)
    distribution.sample(64, generator)
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(generator)
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        points = distribution.sample(4096, generator)
    graph.replay()
    first = points.cpu().clone()
    graph.replay()
    second = points.cpu()
    assert first.isfinite().all() and (first != second).any()  # fresh points at every replay


@each_distribution
def test_distributions_survive_a_journey_to_another_process(distribution, torch):
    distribution.sample(1, torch.Generator())
    twin = pickle.loads(pickle.dumps(distribution))
    assert_array_equal(
        distribution.sample(5, np.random.default_rng(2)), twin.sample(5, np.random.default_rng(2))
    )


def test_radii_of_spheres_and_balls(rng):
    offsets = Spheres(TRIANGLE, 0.5).sample(1000, rng)[:, None] - TRIANGLE
    assert_allclose(np.linalg.norm(offsets, axis=2).min(axis=1), 0.5, rtol=1e-12)
    n = 20_000
    for power in (1.0, 8.0):
        radii = np.linalg.norm(Ball(4, 2.0, power).sample(n, rng), axis=1)
        # (r / radius)^(d / power) is uniform, of mean 1/2 and variance 1/12.
        assert_allclose(((radii / 2.0) ** (4 / power)).mean(), 0.5, atol=5 / np.sqrt(12 * n))


def test_a_shifted_distribution_of_anybodys(rng):
    class Constant:
        d = 2

        def sample(self, n, rng):
            return np.ones((n, 2))

    assert_array_equal(Shifted(Constant(), np.array([1.0, 2.0])).sample(2, rng), [[2, 3], [2, 3]])


def test_bad_requests_are_refused(rng):
    distribution = ring8()
    for n in (-1, 2.5, True, "3"):
        with refused("n must be a whole number"):
            distribution.sample(mistyped(n), rng)
    for generator in (-1, "cpu", np.random.RandomState(0)):
        with refused("rng must be a numpy.random.Generator, a torch.Generator, a seed or None"):
            distribution.sample(3, generator)
    for dtype in ("int64", "nonsense", complex):
        with refused("dtype must be a real floating dtype"):
            distribution.sample(3, rng, dtype=dtype)
