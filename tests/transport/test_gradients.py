"""Gradients against finite differences, away from ties, and sane values at them.

`gradcheck` moves each entry by 1e-6; a central difference is then off by the third derivative
times 1e-12 and by rounding of 1e-16 / 1e-6, well within 1e-7 for values of order one.
"""

import numpy as np
import pytest

import otgan
from otgan.errors import InputWarning
from tests.cases import NAMED_METRICS, mistyped, refused

torch = pytest.importorskip("torch")

DIFFERENCES = {"eps": 1e-6, "atol": 1e-7, "rtol": 1e-6}


def draw(*shape, seed):
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape)


def tensors(d, *, dtype=torch.float64, device="cpu"):
    """Points and weights without ties, all of them leaves that want a gradient."""
    arrays = draw(5, d, seed=1), draw(4, d, seed=2) + 1, draw(5, seed=3), draw(4, seed=4)
    x, y, a, b = arrays
    b *= a.sum() / b.sum()
    return [torch.tensor(v, dtype=dtype, device=device, requires_grad=True) for v in (x, y, a, b)]


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("metric", NAMED_METRICS)
@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_finite_differences_in_points_and_weights(d, metric, p):
    if metric == "cosine":
        d += 1  # on the line it knows two values only

    def distance(x, y, a, b):
        return otgan.wasserstein(x, y, a, b, p=p, metric=metric)

    assert torch.autograd.gradcheck(distance, tensors(d), **DIFFERENCES)


@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_finite_differences_on_the_line(p):
    def distance(x, y, a, b):
        return otgan.wasserstein_1d(x[:, 0], y[:, 0], a, b, p=p)

    assert torch.autograd.gradcheck(distance, tensors(1), **DIFFERENCES)


@pytest.mark.parametrize("d", [1, 2])
def test_the_value_is_that_of_numpy(d):
    x, y, a, b = tensors(d)
    arrays = [v.detach().numpy() for v in (x, y, a, b)]
    for p in (1, 2):
        expected = torch.tensor(otgan.wasserstein(*arrays, p=p))
        # the same plan priced twice: a few ulps
        value = otgan.wasserstein(x, y, a, b, p=p).detach()
        torch.testing.assert_close(value, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("scale", [1e-6, 2.0, 1e6])
def test_only_the_shape_of_the_weights_matters(d, scale):
    x, y, a, b = tensors(d)
    otgan.wasserstein(x, y, a, b).backward()
    a2, b2 = ((scale * w).detach().requires_grad_() for w in (a, b))
    otgan.wasserstein(x.detach(), y.detach(), a2, b2).backward()
    for before, after in ((a, a2), (b, b2)):
        # Homogeneous of degree zero: no slope along the weights (POT #364), and slopes in
        # inverse proportion to them. 1e-12 is rounding over five terms of order one.
        torch.testing.assert_close(after.grad * scale, before.grad, rtol=1e-12, atol=1e-12)
        along = (before.grad * before).sum().detach()
        torch.testing.assert_close(along, torch.zeros_like(along), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("d", [1, 2])
def test_dtype_and_device_are_kept(dtype, d):
    x, y, a, b = tensors(d, dtype=dtype)
    reference = [v.detach().double().requires_grad_() for v in (x, y)]
    value = otgan.wasserstein(x, y, p=2)
    value.backward()
    otgan.wasserstein(*reference, p=2).backward()
    assert value.dtype == dtype and value.device == x.device and value.shape == ()
    for tensor, exact in zip((x, y), reference, strict=True):
        assert tensor.grad.dtype == dtype
        # The chain rule rounds once in the root and once in the leaf, at most 4 ulps together.
        ulps = 4 * torch.finfo(dtype).eps
        torch.testing.assert_close(tensor.grad.double(), exact.grad, rtol=ulps, atol=ulps)
    assert a.grad is None and b.grad is None


def test_the_first_tensor_decides_and_the_rest_may_be_numpy():
    x, y, a, b = tensors(2, dtype=torch.float32)
    value = otgan.wasserstein(x, y.detach().numpy()[::-1], b=b.detach().tolist()[::-1], a=a)
    torch.testing.assert_close(value, otgan.wasserstein(x, y, a, b))
    assert otgan.wasserstein(torch.tensor([0, 3]), [1]).dtype == torch.float64


def test_gradients_reach_weights_alone():
    _, _, a, b = tensors(1)
    otgan.wasserstein(np.arange(5.0), np.arange(4.0) ** 2, a, b.detach()).backward()
    assert torch.isfinite(a.grad).all() and a.grad.abs().max() > 0


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("metric", NAMED_METRICS)
@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_coinciding_points_have_a_finite_gradient(d, metric, p):
    x, _, a, _ = tensors(d)
    y, b = x.detach().clone().requires_grad_(), a.detach().clone().requires_grad_()
    value = otgan.wasserstein(x, y, a, b, p=p, metric=metric)
    value.backward()
    assert value == 0
    for leaf in (x, y):
        torch.testing.assert_close(leaf.grad, torch.zeros_like(leaf), rtol=0, atol=0)
    assert torch.isfinite(a.grad).all() and torch.isfinite(b.grad).all()


def test_one_coinciding_pair_among_others():
    x = torch.tensor([[0.0, 0.0], [5.0, 0.0]], requires_grad=True)
    otgan.wasserstein(x, [[0.0, 0.0], [5.0, 2.0]]).backward()
    torch.testing.assert_close(x.grad, torch.tensor([[0.0, 0.0], [0.0, -0.5]]), rtol=0, atol=0)


def test_the_upstream_factor_is_kept():
    # POT #309: a factor or a sign after the call was ignored.
    x, y, _, _ = tensors(2)
    (-3 * otgan.wasserstein(x, y)).backward()
    tripled, x.grad = x.grad, None
    otgan.wasserstein(x, y).backward()
    torch.testing.assert_close(tripled, -3 * x.grad, rtol=1e-14, atol=0)


def test_descent_reaches_the_target():
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0]], requires_grad=True)
    y = torch.tensor([[3.0, 1.0], [2.0, -1.0]])
    for _ in range(30):
        (slope,) = torch.autograd.grad(otgan.wasserstein(x, y, p=2) ** 2, x)
        x = (x - slope / 2).detach().requires_grad_()  # halves the way: the slope is x - y
    assert otgan.wasserstein(x, y) < 4 * 0.5**30 * 2 + 1e-6  # float32


def test_a_callable_has_a_value_but_no_gradient():
    x, y, _, _ = tensors(2)

    def metric(u, v):
        return float(abs(u - v).sum())

    value = otgan.wasserstein(x.detach(), y.detach(), metric=metric)
    expected = otgan.wasserstein(x.detach(), y.detach(), metric="cityblock")
    torch.testing.assert_close(value, expected, rtol=1e-14, atol=0)
    with refused("named for a gradient", "callable"):
        otgan.wasserstein(x, y, metric=mistyped(lambda u, v: pytest.fail("it is asked first")))


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_powers_beyond_float64_are_refused(scale):
    x = torch.tensor([0.0, scale], dtype=torch.float64)
    with refused("extent", "rescale"):
        otgan.wasserstein_1d(x, 0 * x, p=2)


@pytest.mark.gpu
@pytest.mark.parametrize("d", [1, 2])
def test_on_the_gpu(d):
    on_cpu, on_gpu = tensors(d), tensors(d, device="cuda")
    values = [otgan.wasserstein(*leaves, p=2) for leaves in (on_cpu, on_gpu)]
    for value in values:
        value.backward()
    assert values[1].device.type == "cuda" and values[1].dtype == torch.float64
    torch.testing.assert_close(values[1].cpu(), values[0], rtol=1e-13, atol=0)  # sums reordered
    for expected, leaf in zip(on_cpu, on_gpu, strict=True):
        assert leaf.grad.device.type == "cuda"
        torch.testing.assert_close(leaf.grad.cpu(), expected.grad, rtol=1e-12, atol=1e-14)


SECOND = {"eps": 1e-6, "atol": 1e-6, "rtol": 1e-5}


@pytest.mark.parametrize("metric", NAMED_METRICS)
@pytest.mark.parametrize("p", [1, 3])
def test_second_derivatives_in_points_and_weights_together(metric, p):
    def distance(x, y, a, b):
        return otgan.wasserstein(x, y, a, b, p=p, metric=metric)

    assert torch.autograd.gradgradcheck(distance, tensors(2), **SECOND)


TORCHS_OWN = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")


@TORCHS_OWN
@pytest.mark.parametrize("d", [1, 2])
def test_forward_mode_and_batched_derivatives(d):
    def distance(x, y, a, b):
        return otgan.wasserstein(x, y, a, b, p=2)

    assert torch.autograd.gradcheck(
        distance, tensors(d), **DIFFERENCES, check_forward_ad=True, check_batched_grad=True
    )


@TORCHS_OWN
def test_a_tangent_of_weights_alone_is_not_lost():
    x, y, a, b = (v.detach() for v in tensors(2))
    along = torch.linspace(-1, 1, 5, dtype=torch.float64)
    _, tangent = torch.func.jvp(lambda a: otgan.wasserstein(x, y, a, b), (a,), (along,))
    leaf = a.clone().requires_grad_()
    (slope,) = torch.autograd.grad(otgan.wasserstein(x, y, leaf, b), leaf)
    torch.testing.assert_close(tangent, slope @ along, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("metric", NAMED_METRICS)
@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
def test_second_derivatives_are_finite_where_points_coincide(metric, p):
    x, y, a, b = tensors(2)
    same = torch.cat([x[:2].detach(), y[2:].detach()]).requires_grad_()
    leaves = [x, same, a, b]
    value = otgan.wasserstein(x, same, a, b, p=p, metric=metric)
    slopes = torch.autograd.grad(value, leaves, create_graph=True)
    total = sum((slope**2).sum() for slope in slopes)
    for second in torch.autograd.grad(total, leaves):
        assert torch.isfinite(second).all()


@TORCHS_OWN
def test_a_recorded_trace_solves_the_problem_it_is_given():
    def distance(x, y, a, b):
        return otgan.wasserstein(x, y, a, b, p=2)

    traced = torch.jit.trace(distance, [v.detach() for v in tensors(2)])
    x, y, a, b = (v.detach() for v in tensors(2))
    # Other points, and more of them, than those it was recorded with.
    given = torch.cat([x + 1, -2 * x, x * x]), y, torch.cat([a, a, a]), 3 * b
    torch.testing.assert_close(traced(*given), distance(*given), rtol=0, atol=0)
    found = []
    for function in (traced, distance):
        leaves = [v.clone().requires_grad_() for v in given]
        (slope,) = torch.autograd.grad(function(*leaves), leaves[2], create_graph=True)
        found.append(torch.autograd.grad((slope**2).sum(), leaves[0])[0])
    torch.testing.assert_close(*found, rtol=1e-12, atol=1e-14)


@TORCHS_OWN
@pytest.mark.slow
def test_compiled_and_exported_with_gradients():
    from torch import nn

    class Distance(nn.Module):
        def forward(self, x, y, a, b):
            return otgan.wasserstein(x, y, a, b, p=2)

    usual = Distance()
    exported = torch.export.export(usual, tuple(v.detach() for v in tensors(2))).module()
    for function in (torch.compile(usual, fullgraph=True), exported):
        found = []
        for call in (function, usual):
            x, y, a, b = (v.detach() for v in tensors(2))
            leaves = [v.requires_grad_() for v in (x.flip(1) + 1, y, a, b)]
            value = call(*leaves)
            found.append([value.detach(), *torch.autograd.grad(value, leaves)])
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


def test_what_hides_its_numbers_is_refused_by_name():
    stack = torch.zeros(3, 2, 2)
    with refused("torch.vmap", "call this function outside"):
        torch.vmap(lambda x: otgan.emd(x, x).cost)(stack)
    with refused("metric must be named", "torch.vmap"):
        torch.vmap(lambda x: otgan.wasserstein(x, x, metric=lambda u, v: 0.0))(stack)


def odd_tensors():
    points = torch.ones(3, 2)
    yield points.to_sparse()
    yield torch.zeros(2, 2, device="meta")
    yield torch.quantize_per_tensor(points, 0.1, 0, torch.qint8)
    yield torch.nested.nested_tensor([points, points])


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_tensors_that_are_not_dense_are_refused():
    for odd in odd_tensors():
        with refused("x must be a dense tensor"):
            otgan.wasserstein(odd, [[0.0, 0.0]])
        with refused("C must be a dense tensor"):
            otgan.transport_cost(odd)


def test_a_distance_beyond_its_dtype_is_refused():
    x = torch.tensor([[6e4]], dtype=torch.float16)
    with refused("must fit", "float16", "got 120000", ".float()"):
        otgan.wasserstein(x, -x)


def test_tensors_of_points_promote_as_in_torch():
    half, single = torch.tensor([[6e4]], dtype=torch.float16), torch.tensor([[-6e4]])
    value = otgan.wasserstein(half, single)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(half.item() + 6e4, rel=1e-6)


def test_directions_of_vectors_whose_squares_underflow():
    u = torch.rand(3, 2, dtype=torch.float64) + 0.1
    value = otgan.wasserstein(u * 1e-170, u + 1, metric="cosine")
    assert float(value) == pytest.approx(otgan.wasserstein(u, u + 1, metric="cosine").item())


def test_tensors_that_look_like_histograms_are_warned_of():
    with pytest.warns(InputWarning, match="as histograms do"):
        otgan.wasserstein(torch.tensor([0.2, 0.8]), torch.tensor([0.7, 0.3]))
