"""Stacks of clouds: each as it is alone, whatever they share and whoever solves them."""

import numpy as np
import pytest

import otgan
from otgan.errors import UnequalMassError
from tests.cases import NAMED_METRICS, refused

torch = pytest.importorskip("torch")


def clouds(size=5, n=6, m=4, d=2, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.5, 1.5, (size, n, d)), rng.uniform(1, 2, (size, m, d))
    a, b = rng.dirichlet(np.ones(n), size), rng.dirichlet(np.ones(m), size)
    return x, y, a, b


def alone(*given, **options):
    """One by one, by `emd`, which knows no stacks."""
    axes = 2, 2, 1, 1
    whole = [v if v.ndim > k else np.stack([v] * 5) for v, k in zip(given, axes, strict=True)]
    return np.array([otgan.emd(*one, **options).distance for one in zip(*whole, strict=True)])


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("metric", NAMED_METRICS)
@pytest.mark.parametrize("p", [1, 2.5])
def test_each_is_as_it_is_alone(d, metric, p):
    x, y, a, b = clouds(d=d + (metric == "cosine"))
    found = otgan.wasserstein(x, y, a, b, p=p, metric=metric)
    np.testing.assert_allclose(found, alone(x, y, a, b, p=p, metric=metric), rtol=1e-9)


@pytest.mark.parametrize("shared", ["x", "y", "a", "b", "xa", "yb", "xy", "xyb"])
@pytest.mark.parametrize("of_tensors", [False, True])
def test_what_has_one_axis_less_is_shared(shared, of_tensors):
    given = {name: v[2] if name in shared else v for name, v in zip("xyab", clouds(), strict=True)}
    right = alone(*given.values())
    leaves = [torch.tensor(v, requires_grad=True) for v in given.values()]
    found = otgan.wasserstein(*leaves if of_tensors else given.values())
    np.testing.assert_allclose(found.detach() if of_tensors else found, right, rtol=1e-9)
    if of_tensors:
        found.sum().backward()
        assert [leaf.grad.shape for leaf in leaves] == [leaf.shape for leaf in leaves]


def test_gradients_are_those_of_each_alone():
    leaves = [torch.tensor(v, requires_grad=True) for v in clouds()]
    of_stack = torch.autograd.grad(otgan.wasserstein(*leaves, p=2).sum(), leaves)
    one_by_one = sum(otgan.wasserstein(*one, p=2) for one in zip(*leaves, strict=True))
    for got, expected in zip(of_stack, torch.autograd.grad(one_by_one, leaves), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("d", [1, 2])
def test_points_without_mass_only_fill_a_stack_up(d):
    x, y, a, b = clouds(d=d)
    a[:, 4:] = 0
    a /= a.sum(axis=1, keepdims=True)
    b[3] = [1, 0, 0, 0]
    found = otgan.wasserstein(x, y, a, b)
    np.testing.assert_allclose(found, alone(x[:, :4], y, a[:, :4], b), rtol=1e-9)
    leaf = torch.tensor(a, requires_grad=True)
    otgan.wasserstein(torch.tensor(x), torch.tensor(y), leaf, torch.tensor(b)).sum().backward()
    one = torch.tensor(a[1], requires_grad=True)  # the engine's potentials, by c-transforms too
    otgan.wasserstein(x[1], y[1], one, b[1]).backward()
    torch.testing.assert_close(leaf.grad[1], one.grad, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("d", [1, 2])
def test_what_the_loops_leave_open_goes_to_the_engine(d):
    x, y, a, b = clouds(d=d)
    a[1] = [1, 1e-12, 1e-13, 0, 0.5, 0.5]  # a light point
    x[4, 0] = 1e9  # an outlier
    a /= a.sum(axis=1, keepdims=True)
    found = otgan.wasserstein(x, y, a, b)
    np.testing.assert_allclose(found, alone(x, y, a, b), rtol=1e-9)


def test_stacks_that_are_large_alone_match_too():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 2, 600, 2))
    found = otgan.wasserstein(x, y)
    right = [otgan.emd(*pair).distance for pair in zip(x, y, strict=True)]
    np.testing.assert_allclose(found, right, rtol=1e-9)


@pytest.mark.parametrize("kind", [np.float32, np.float64, int])
def test_the_floating_dtype_of_the_points_is_kept(kind):
    x, y, _, _ = clouds()
    x, y = (9 * x).astype(kind), (9 * y).astype(kind)
    expected = np.float64 if kind is int else kind
    assert otgan.wasserstein(x, y).dtype == expected
    assert otgan.wasserstein(x.tolist(), y.tolist()).dtype == np.float64
    assert otgan.wasserstein(torch.tensor(x), torch.tensor(y)).numpy().dtype == expected


def test_the_line_wants_one_column():
    x, y, a, b = clouds(d=1)
    right = alone(x, y, a, b)
    np.testing.assert_allclose(otgan.wasserstein_1d(x, y, a, b), right, rtol=1e-9)
    np.testing.assert_allclose(otgan.wasserstein_1d(x.tolist(), y, a, b), right, rtol=1e-9)
    for z in (x[..., 0], clouds(d=2)[0], clouds(d=2)[0].tolist(), torch.tensor(x[..., 0])):
        with refused("points on the line", "(B, n, 1)"):
            otgan.wasserstein_1d(z, y)


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"y": clouds(size=4)[1]}, "x and y must hold as many problems, got stacks of 5 and 4"),
        ({"a": clouds(size=3)[2]}, "as many problems"),
        ({"y": clouds(d=3)[1]}, "same number of columns"),
        ({"a": -clouds()[2]}, "the weights of a[0] must be non-negative"),
        ({"a": clouds()[2][:, :3]}, "one weight for each point"),
        ({"x": clouds()[0][None]}, "shape (n, d)"),
        ({"x": clouds()[0] * np.nan}, "finite"),
        ({"x": clouds()[0][:, :0]}, "at least one point"),
    ],
)
@pytest.mark.parametrize("of_tensors", [False, True])
def test_wrong_stacks_are_refused(change, fragment, of_tensors):
    given = dict(zip("xyab", clouds(), strict=True)) | change
    if of_tensors:
        given = {name: torch.tensor(v) for name, v in given.items()}
    with refused(fragment.replace("the weights of ", "")):
        otgan.wasserstein(*given.values())


def test_unequal_masses_are_refused_wherever_they_are():
    x, y, a, b = clouds()
    a[3] *= 2
    with refused("total masses must be equal", error=UnequalMassError):
        otgan.wasserstein(x, y, a, b)


def test_an_error_names_the_problem():
    x, y, _, _ = clouds(d=1)
    x[1] *= 1e-200
    y[1] *= 1e-200
    with refused("extent") as caught:
        otgan.wasserstein(x, y, p=2)
    assert caught.value.__notes__ == ["for the clouds at index 1 of the stack"]


def test_what_is_not_finite_is_told_by_its_cloud():
    x = np.zeros((3, 4, 2))
    x[1, 2, 0] = np.nan
    with refused("x[1] must be finite", "at index (2, 0)"):
        otgan.wasserstein(x, np.ones((3, 5, 2)))
    with refused("y must be finite", "at index (2, 0)"):
        otgan.wasserstein(x[::2], x[1])
