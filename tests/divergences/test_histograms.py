from __future__ import annotations

import itertools
import math
import warnings
from decimal import Decimal, localcontext
from functools import partial
from types import ModuleType

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from otgan.divergences.histograms import (
    chi2_divergence,
    hellinger,
    js_distance,
    js_divergence,
    kl_divergence,
    total_variation,
)
from otgan.errors import InvalidInputError, UnequalMassError
from tests.cases import mistyped, refused

METRICS = [js_distance, total_variation, hellinger]
F_DIVERGENCES = [
    kl_divergence,
    js_divergence,
    total_variation,
    lambda p, q: hellinger(p, q) ** 2,
    chi2_divergence,
]
ALL = [kl_divergence, js_divergence, *METRICS, chi2_divergence]
LOG_2 = math.log(2)
SLACK = 1e-12  # rounding allowed in an inequality

masses = st.one_of(st.just(0.0), st.floats(0, 1), st.floats(1e-12, 1))


def histograms(bins):
    """One probability vector, often with empty, tiny or even subnormal bins."""
    return st.lists(masses, min_size=bins, max_size=bins).filter(any).map(normalized)


def normalized(weights):
    weights = np.asarray(weights, dtype=float)
    return weights / weights.sum()


def tuples_of_histograms(count, min_bins=1):
    sizes = st.integers(min_bins, 7)
    return sizes.flatmap(lambda bins: st.tuples(*[histograms(bins)] * count))


pairs = tuples_of_histograms(2)
triples = tuples_of_histograms(3)
positive_pairs = st.integers(2, 6).flatmap(
    lambda bins: st.tuples(
        *[st.lists(st.floats(1e-3, 1), min_size=bins, max_size=bins).map(normalized)] * 2
    )
)


@st.composite
def counts_of_equal_total(draw):
    """Two integer histograms of exactly the same total, often nearly equal."""
    p = draw(st.lists(st.integers(0, 10**15), min_size=2, max_size=6).filter(any))
    q = list(p)
    amounts = st.one_of(st.integers(0, 5), st.integers(0, 10**15))
    for source, amount in enumerate(draw(st.lists(amounts, max_size=len(p)))):
        moved = min(amount, q[source])
        q[source] -= moved
        q[(source + 1) % len(q)] += moved
    return p, q


@pytest.fixture(scope="module")
def torch() -> ModuleType:
    return pytest.importorskip("torch")


# ---------------------------------------------------------------- check values


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (kl_divergence, 0.30602708),
        (lambda p, q: kl_divergence(q, p), 0.35835189),
        (js_divergence, 0.07793227),
        (partial(js_divergence, base=2), 0.11243250),
        (js_distance, 0.27916352),
        (partial(js_distance, base=2), math.sqrt(0.11243250)),
        (total_variation, 0.3),
    ],
)
def test_the_dirt_piles(function, expected):
    assert_allclose(function([3, 2, 1, 4], [1, 2, 4, 3]), expected, rtol=5e-8)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (kl_divergence, 0.5),
        (partial(kl_divergence, base=2), 0.5 / LOG_2),
        (js_divergence, 0.11142148),
        (partial(js_divergence, base=2), 0.16074722),
        (total_variation, 0.38292492),
        (lambda p, q: hellinger(p, q) ** 2, 0.11750310),
        (chi2_divergence, math.e - 1),
    ],
)
def test_finely_binned_gaussians_one_apart(function, expected):
    x = np.linspace(-12, 13, 10_001)
    p, q = normalized(np.exp(-(x**2) / 2)), normalized(np.exp(-((x - 1) ** 2) / 2))
    assert_allclose(function(p, q), expected, rtol=1e-6)


def test_gaussian_tails_may_underflow():
    x = np.linspace(-45, 45, 2_001)
    p, q = normalized(np.exp(-(x**2) / 2)), normalized(np.exp(-((x - 1) ** 2) / 2))
    assert_allclose(js_divergence(p, q), 0.11142148, rtol=1e-6)
    assert_allclose(kl_divergence(p + 1e-300, q + 1e-300), 0.5, rtol=1e-6)


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("bins", [1, 5])
def test_equal_histograms_are_exactly_zero_apart(function, bins):
    p = np.linspace(0, 1, bins + 2)[1:-1]
    assert function(p, p) == 0


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (kl_divergence, math.inf),
        (js_divergence, LOG_2),
        (partial(js_divergence, base=2), 1),
        (js_distance, math.sqrt(LOG_2)),
        (total_variation, 1),
        (hellinger, 1),
        (chi2_divergence, math.inf),
    ],
)
def test_disjoint_histograms_are_as_far_apart_as_can_be(function, expected):
    assert function([0.1, 0.7, 0.2, 0, 0], [0, 0, 0, 0.9, 0.1]) == expected


def test_kl_of_an_infinite_ratio_is_infinite_only_one_way():
    assert kl_divergence([1, 1], [2, 0]) == math.inf
    assert_allclose(kl_divergence([2, 0], [1, 1]), LOG_2, rtol=1e-15)


# ---------------------------------------------------------------- accuracy


def exact_kl(p, q):
    terms = [Decimal(a) * (Decimal(a) / Decimal(b)).ln() for a, b in zip(p, q, strict=True) if a]
    return sum(terms) / sum(p)


def exact_js(p, q):
    m = [(Decimal(a) + Decimal(b)) / 2 for a, b in zip(p, q, strict=True)]
    return (exact_kl(p, m) + exact_kl(q, m)) / 2


@given(counts_of_equal_total())
def test_relative_accuracy_against_sixty_digits(pair):
    p, q = pair
    with localcontext() as context:
        context.prec = 60
        js = float(exact_js(p, q))
        kl = math.inf if any(a and not b for a, b in zip(p, q, strict=True)) else exact_kl(p, q)
    assert_allclose(js_divergence(p, q), js, rtol=1e-13)
    assert_allclose(js_distance(p, q), math.sqrt(js), rtol=1e-13)
    assert_allclose(kl_divergence(p, q), float(kl), rtol=1e-13)


@pytest.mark.parametrize("step", [1e-3, 1e-8, 1e-15, 2**-52])
def test_nearly_equal_histograms_do_not_cancel(step):
    p, q = [0.5 + step, 1 - (0.5 + step)], [0.5, 0.5]
    t = 2 * (p[0] - 0.5)  # exact, as is the sum of p
    assert_allclose(kl_divergence(p, q), t**2 / 2, rtol=t**2 + 1e-13)
    assert_allclose(js_divergence(p, q), t**2 / 8, rtol=t**2 + 1e-13)
    assert_allclose(hellinger(p, q), t / math.sqrt(8), rtol=t**2 + 1e-13)
    assert_allclose(chi2_divergence(p, q), t**2, rtol=1e-13)


def test_scipy_defect_a_subnormal_mass_is_not_zero():
    # scipy issue 19436: jensenshannon([0, 1], [5e-324, 1]) was inf
    p, q = [0, 1], [5e-324, 1]
    for function in ALL:
        assert_allclose(function(p, q), 0, atol=1e-150)
        assert_allclose(function(q, q), 0, atol=0)
    assert_allclose(kl_divergence([1, 0], q), -math.log(5e-324), rtol=1e-15)
    assert_allclose(chi2_divergence([1e-160, 1], q), 1e-320 / 5e-324, rtol=1e-3)


def test_a_subnormal_mass_survives_a_large_total():
    expected = math.log(10) - math.log(5e-324)
    assert_allclose(kl_divergence([10, 0], [5e-324, 10]), expected, rtol=1e-15)


@pytest.mark.parametrize("function", ALL)
def test_scipy_defect_one_rounding_error_is_not_nan(function):
    # scipy issues 20083 and 20779: jensenshannon was nan for one of the two orders
    low = np.nextafter(0.5, 0)
    p, q = [low, 1 - low], [1 - low, low]
    for a, b in [(p, q), (q, p), (p, [0.5, 0.5]), ([0.5, 0.5], p)]:
        assert_allclose(function(a, b), 0, atol=5e-16)


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("exponent", [-1070, -1022, -30, 40, 1015])
def test_the_unit_of_mass_does_not_matter(function, exponent):
    p, q = np.array([8, 4, 4, 0]), np.array([2, 4, 8, 2])
    unit = 2.0**exponent  # exact, and subnormal in the first case
    ulp = np.spacing(abs(exponent) * np.log(2))  # of the logarithms whose differences are taken
    assert_allclose(function(unit * p, unit * q), function(p, q), rtol=1e-13, atol=2 * ulp)


def test_chi2_beyond_the_largest_float_is_infinite():
    assert chi2_divergence([1.0, 0.0], [1e-320, 1.0]) == math.inf
    single = chi2_divergence(
        np.array([1, 0], dtype=np.float32), np.array([1e-44, 1], dtype=np.float32)
    )
    assert single.dtype == np.float32 and single == math.inf


# ---------------------------------------------------------------- distributions


@given(pairs)
def test_ranges_and_infinity_exactly_off_the_support(pair):
    for function, top in zip(ALL, [np.inf, LOG_2, LOG_2**0.5, 1, 1, np.inf], strict=True):
        assert 0 <= function(*pair) <= top
    p, q = pair
    assert np.isinf(kl_divergence(p, q)) == np.any((p > 0) & (q == 0))


@given(pairs)
def test_symmetry_and_identity(pair):
    for function in [js_divergence, *METRICS]:
        assert_allclose(function(*pair), function(*pair[::-1]), rtol=1e-12, atol=1e-15)
    for function in ALL:
        assert function(pair[0], pair[0]) == 0


@given(triples)
def test_triangle_inequality(triple):
    p, q, r = triple
    for metric in METRICS:
        assert metric(p, r) <= metric(p, q) + metric(q, r) + SLACK


@given(pairs)
def test_pinsker_and_bretagnolle_huber(pair):
    tv, kl = total_variation(*pair), kl_divergence(*pair)
    assert tv <= math.sqrt(kl / 2) + SLACK
    assert tv <= math.sqrt(-math.expm1(-kl)) + SLACK


@given(pairs)
def test_hellinger_and_total_variation(pair):
    tv, h = total_variation(*pair), hellinger(*pair)
    assert h**2 <= tv + SLACK
    assert tv <= h * math.sqrt(2 - h**2) + SLACK


@given(pairs)
def test_hellinger_is_one_minus_the_affinity(pair):
    p, q = pair
    assert_allclose(hellinger(p, q) ** 2, 1 - np.sqrt(p * q).sum(), atol=1e-14)


@given(pairs)
def test_kl_is_below_log_one_plus_chi2(pair):
    assert kl_divergence(*pair) <= math.log1p(chi2_divergence(*pair)) + SLACK


@given(pairs)
def test_js_lies_between_its_bounds_by_total_variation(pair):
    js, tv = js_divergence(*pair), total_variation(*pair)
    assert tv**2 / 2 - SLACK <= js <= LOG_2 * tv + SLACK


@given(pairs)
def test_js_is_the_mean_divergence_from_the_midpoint(pair):
    p, q = pair
    middle = (p + q) / 2
    middle = np.maximum(middle, np.finfo(float).smallest_subnormal * ((p > 0) | (q > 0)))
    by_definition = (kl_divergence(p, middle) + kl_divergence(q, middle)) / 2
    assert_allclose(js_divergence(p, q), by_definition, rtol=1e-9, atol=1e-15)


@given(pairs, st.data())
def test_data_processing(pair, data):
    bins = len(pair[0])
    labels = data.draw(st.lists(st.integers(0, bins - 1), min_size=bins, max_size=bins))
    merged = [np.bincount(labels, weights=histogram) for histogram in pair]
    for divergence in F_DIVERGENCES:
        fine = divergence(*pair)
        assert divergence(*merged) <= fine * (1 + SLACK) + SLACK


@given(pairs)
def test_splitting_all_bins_alike_changes_nothing(pair):
    p, q = (np.repeat(histogram, 2) for histogram in pair)
    for function in ALL:
        # chi2 by the reciprocal of a tiny mass is as inexact as that mass
        if np.all(pair[1][pair[1] > 0] > 1e-300):
            assert_allclose(function(p, q), function(*pair), rtol=1e-9, atol=1e-15)


@given(positive_pairs)
def test_agreement_with_scipy(pair):
    p, q = pair
    assert_allclose(kl_divergence(p, q), scipy.stats.entropy(p, q), rtol=1e-9, atol=1e-15)
    assert_allclose(kl_divergence(p, q, base=2), scipy.stats.entropy(p, q, base=2), atol=1e-14)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = scipy.spatial.distance.jensenshannon(p, q)
    if not np.isnan(oracle):
        assert_allclose(js_distance(p, q) ** 2, oracle**2, atol=1e-14)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_agreement_with_scipy_along_any_axis(axis):
    p, q = np.random.default_rng(0).uniform(0.1, 1, (2, 3, 4, 5))
    p, q = p / p.sum(axis, keepdims=True), q / q.sum(axis, keepdims=True)
    assert_allclose(
        kl_divergence(p, q, axis=axis), scipy.stats.entropy(p, q, axis=axis), rtol=1e-12
    )
    oracle = scipy.spatial.distance.jensenshannon(p, q, axis=axis, base=2)
    assert_allclose(js_distance(p, q, axis=axis, base=2), oracle, rtol=1e-12)


# ---------------------------------------------------------------- shapes, dtypes, libraries


@pytest.mark.parametrize("function", ALL)
def test_each_slice_is_one_call(function):
    p, q = np.random.default_rng(1).dirichlet(np.ones(4), (2, 3, 2))
    expected = [[function(p[i, j], q[i, j]) for j in range(2)] for i in range(3)]
    assert_allclose(function(p, q), expected, rtol=1e-13)
    for axis in range(3):
        moved = function(np.moveaxis(p, -1, axis), np.moveaxis(q, -1, axis), axis=axis)
        assert_allclose(moved, expected, rtol=1e-13)


@pytest.mark.parametrize("function", ALL)
def test_broadcasting_gives_all_pairs(function):
    clouds = np.random.default_rng(2).dirichlet(np.ones(4), 5)
    matrix = function(clouds[:, None], clouds[None])
    for i, j in itertools.product(range(5), repeat=2):
        assert_allclose(matrix[i, j], function(clouds[i], clouds[j]), rtol=1e-13)
    assert_array_equal(np.diag(matrix), 0)


def test_no_histograms_give_no_numbers():
    assert js_divergence(np.ones((0, 3)), np.ones(3)).shape == (0,)


@pytest.mark.parametrize("function", ALL)
def test_one_pair_gives_a_numpy_scalar(function):
    p, q = [3, 2, 1, 4], [1, 2, 4, 3]
    value = function(p, q)
    assert type(value) is np.float64
    single = function(np.array(p, dtype=np.float32), np.array(q, dtype=np.float32))
    assert type(single) is np.float32
    assert single == np.float32(value)  # computed in float64, rounded once


@pytest.mark.parametrize(
    ("dtype_p", "dtype_q", "expected"),
    [
        ("int8", "int64", "float64"),
        ("bool", "uint16", "float64"),
        ("float32", "float32", "float32"),
        ("float16", "float16", "float16"),
        ("float16", "float32", "float32"),
        ("float32", "float64", "float64"),
        ("float32", "int32", "float64"),
        (">f8", "float64", "float64"),
    ],
)
def test_floating_dtype_in_is_dtype_out(dtype_p, dtype_q, expected):
    p, q = np.array([[1, 1, 0]] * 2, dtype_p), np.array([[0, 1, 1]] * 2, dtype_q)
    for function in ALL:
        assert function(p, q).dtype == expected


def test_arguments_are_left_alone():
    p, q = np.array([3.0, 1.0]), np.array([1.0, 3.0])
    for array in (p, q):
        array.setflags(write=False)
    for function in ALL:
        function(p, q)
    assert_array_equal(p, [3, 1])


@pytest.mark.parametrize("function", ALL)
def test_torch_agrees_with_numpy(function, torch):
    p, q = np.random.default_rng(3).dirichlet(np.full(6, 0.1), (2, 7))
    p[0, :2] = q[0, :2] = 0
    p, q = p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)
    value = function(torch.from_numpy(p), torch.from_numpy(q))
    assert_allclose(value.numpy(), function(p, q), rtol=1e-12, atol=1e-15)
    single = function(torch.from_numpy(p).float(), torch.from_numpy(q).float())
    assert single.dtype == torch.float32 and single.shape == (7,)
    columns = function(torch.from_numpy(p).T, torch.from_numpy(q).T, axis=0)
    torch.testing.assert_close(columns, value)


@pytest.mark.parametrize("function", ALL)
def test_one_pair_of_tensors_gives_a_tensor_without_axes(function, torch):
    p, q = torch.tensor([3, 2, 1, 4]), torch.tensor([1, 2, 4, 3])
    value = function(p, q)
    assert value.shape == () and value.dtype == torch.float64
    assert function(p.to(torch.bfloat16), q.to(torch.bfloat16)).dtype == torch.bfloat16
    torch.testing.assert_close(function(p.double(), q.double()), value)


@pytest.mark.parametrize("function", ALL)
def test_an_array_beside_a_tensor_joins_the_tensor(function, torch):
    p, q = np.array([4.0, 1, 2, 3])[::-1], [1, 2, 4, 3]  # negative strides
    p.setflags(write=False)  # torch warns about read-only memory
    expected = function(p, q)
    for a, b in [(torch.tensor(p.copy()), q), (p, torch.tensor(q))]:
        value = function(a, b)
        assert isinstance(value, torch.Tensor) and value.dtype == torch.float64
        assert_allclose(value.numpy(), expected, rtol=1e-14)
    assert function(p.astype(np.float32), torch.tensor(q).float()).dtype == torch.float32


@pytest.mark.gpu
@pytest.mark.parametrize("function", ALL)
def test_the_device_stays_the_same(function, torch):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    p, q = np.random.default_rng(4).dirichlet(np.ones(6), (2, 7))
    on_device = torch.tensor(p, device="cuda", requires_grad=True)
    for other in (torch.tensor(q, device="cuda"), q):
        value = function(on_device, other)
        value.sum().backward()
        assert value.device == on_device.device
        assert_allclose(value.detach().cpu().numpy(), function(p, q), rtol=1e-12)
    with pytest.raises(InvalidInputError, match=r"must be on the same device, got cuda:0 and cpu"):
        function(on_device, torch.tensor(q))


# ---------------------------------------------------------------- gradients


@pytest.mark.parametrize("function", ALL)
def test_gradients_match_finite_differences(function, torch):
    rng = np.random.default_rng(5)
    p = torch.tensor(10 * rng.dirichlet(np.ones(5), 3), requires_grad=True)
    q = torch.tensor(10 * rng.dirichlet(np.ones(5), 3), requires_grad=True)
    assert torch.autograd.gradcheck(function, (p, q))


@pytest.mark.parametrize("function", ALL)
def test_gradients_through_softmax(function, torch):
    logits = 3 * np.random.default_rng(6).standard_normal((2, 4))
    a, b = (torch.tensor(row, requires_grad=True) for row in logits)
    assert torch.autograd.gradcheck(lambda a, b: function(a.softmax(0), b.softmax(0)), (a, b))
    assert torch.autograd.gradgradcheck(lambda a, b: function(a.softmax(0), b.softmax(0)), (a, b))


def gradients(torch, function, p, q):
    p, q = (torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in (p, q))
    return [g.numpy() for g in torch.autograd.grad(function(p, q), (p, q))]


@pytest.mark.parametrize("tiny", [1e-3, 1e-20, 1e-200])
@pytest.mark.parametrize("total", [1.0, 7.0])
def test_gradients_match_their_closed_forms_however_small_a_mass(torch, tiny, total):
    p, q = np.array([0.5, 0.5 - tiny, tiny]), np.array([tiny, 0.5 - tiny, 0.5])
    m = (p + q) / 2

    by_p, by_q = gradients(torch, kl_divergence, total * p, total * q)
    assert_allclose(by_p, (np.log(p / q) - kl_divergence(p, q)) / total, rtol=1e-12)
    assert_allclose(by_q, (1 - p / q) / total, rtol=1e-12, atol=1e-15)

    by_p, by_q = gradients(torch, js_divergence, total * p, total * q)
    assert_allclose(by_p, (np.log(p / m) - kl_divergence(p, m)) / (2 * total), rtol=1e-12)
    assert_allclose(by_q, (np.log(q / m) - kl_divergence(q, m)) / (2 * total), rtol=1e-12)


def test_a_gradient_survives_the_upper_bound(torch):
    # JS rounds to log 2 here, and must not be flattened by the trimming of rounding
    p, q = np.array([1 - 1e-30, 1e-30]), np.array([1e-30, 1 - 1e-30])
    by_p, _ = gradients(torch, js_divergence, p, q)
    assert_allclose(by_p, [0, (math.log(2e-30) - LOG_2) / 2], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("function", ALL)
def test_empty_bins_leave_the_other_gradients_alone(function, torch):
    p, q = [3.0, 2, 1, 4], [1.0, 2, 4, 3]
    expected = gradients(torch, function, p, q)
    found = gradients(torch, function, [0, *p, 0], [0, *q, 0])
    for gradient, reference in zip(found, expected, strict=True):
        assert np.isfinite(gradient).all()
        assert_allclose(gradient[1:-1], reference, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([0.5, 0.5, 0], [0.5, 0.5, 0]),  # equal
        ([1, 0, 0], [0, 0, 1]),  # disjoint
        ([1, 0, 1], [0.5, 0.5, 1]),  # one-sided
        ([1, 5e-324, 1e-323, 1e-310], [1, 1e-323, 1e-323, 2e-310]),  # 1/p overflows
    ],
)
def test_gradients_are_never_nan(function, p, q, torch):
    for gradient in gradients(torch, function, p, q):
        assert np.isfinite(gradient).all()


# ---------------------------------------------------------------- refusals

FORM = r"(?s)must (be|have) .*, got .*; to fix it, "


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        ([1, np.nan], [1, 1], r"p must be finite, got nan at index \(1,\)"),
        ([1, 1], [np.inf, 1], r"q must be finite, got inf at index \(0,\)"),
        ([[1, 1], [3, -1]], [1, 1], r"p must be non-negative, got -1 at index \(1, 1\)"),
        ([], [], r"at least one bin along axis 0, got shape \(0,\)"),
        ([0, 0], [1, 1], r"sums above 0 and below 1e\+307, got 0 and 2"),
        ([[1, 1]], [[1, 1], [0, 0]], r"got 2 and 0 in the histogram at index \(1,\)"),
        ([1e308, 1e308], [1, 1], r"sums above 0 and below 1e\+307, got inf and 2"),
        ([1, 2], [1, 2, 3], r"shapes that broadcast, got \(2,\) and \(3,\)"),
        ([1j, 1], [1, 1], r"p must be an array of real numbers, got an array of dtype complex128"),
        ([1, 1], ["a", "b"], r"q must be an array of real numbers, got an array of dtype <U1"),
        ([[1, 1], [1]], [1, 1], r"p must be an array of real numbers, got .*inhomogeneous"),
        ([None, 1], [1, 1], r"p must be an array of real numbers, got an array of dtype object"),
        (1.0, 1.0, r"axis must be one of the 0 axes of the shape \(\), got -1"),
    ],
)
def test_bad_histograms_are_refused(function, p, q, message):
    with pytest.raises(InvalidInputError, match=message) as caught:
        function(p, q)
    assert caught.match(FORM)


@pytest.mark.parametrize("function", ALL)
def test_unequal_masses_are_refused_by_how_much(function):
    with pytest.raises(UnequalMassError, match=FORM) as caught:
        function([1, 1], [1, 2])
    assert caught.match(r"equal sums, got 2 and 3 \(apart by 1, a relative 0.333\)")
    with pytest.raises(UnequalMassError, match=FORM) as caught:
        function([[2, 2], [1, 1], [2.1, 2]], [2, 2])
    assert caught.match(r"got 2 and 4 in the histogram at index \(1,\) \(apart by 2")


@pytest.mark.parametrize("function", ALL)
def test_masses_may_differ_by_rounding(function):
    p, q = np.array([3.0, 1.0]), np.array([1.0, 3.0])
    assert_allclose(function(p * (1 + 9e-6), q), function(p, q), rtol=1e-14)
    with pytest.raises(UnequalMassError):
        function(p * (1 + 1.1e-5), q)


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("axis", [1, -2, None, 0.0, "x", (0,)])
def test_bad_axes_are_refused(function, axis):
    with pytest.raises(InvalidInputError, match="axis must be one of the 1 axes") as caught:
        function([1, 1], [1, 1], axis=axis)
    assert caught.match(FORM)


@pytest.mark.parametrize("function", [kl_divergence, js_divergence, js_distance])
@pytest.mark.parametrize("base", [1, 0, -2, 0.5, math.inf, math.nan, "2", True])
def test_bad_bases_are_refused(function, base):
    with pytest.raises(InvalidInputError, match="base must be a finite number above 1") as caught:
        function([1, 1], [1, 1], base=base)
    assert caught.match(FORM)


@pytest.mark.parametrize("function", ALL)
def test_bad_tensors_are_refused(function, torch):
    good = torch.tensor([1.0, 1.0], requires_grad=True)
    for bad, message in [
        (torch.tensor([1.0, math.nan]), r"q must be finite, got nan at index \(1,\)"),
        (torch.tensor([3.0, -1.0], requires_grad=True), r"q must be non-negative, got -1"),
        (torch.tensor([1.0, 1j]), r"got an array of dtype complex64"),
        (torch.tensor([1.0, 2.0]), r"must have equal sums, got 2 and 3"),
        ([1j, 1], r"got an array of dtype complex128"),
        ([None, 1], r"q must be an array of real numbers, got .*object"),
    ]:
        with pytest.raises(InvalidInputError, match=message) as caught:
            function(good, bad)
        assert caught.match(FORM)


def test_pairs_of_arrays_as_numpy_returns_them_are_named():
    counted = np.unique([1, 1, 2], return_counts=True), np.unique([2, 2, 1], return_counts=True)
    with refused("numpy.unique", "dict(zip(*pair))"):
        js_divergence(*counted)
    right = js_divergence([2, 1], [1, 2])
    assert js_divergence(*(dict(zip(*pair, strict=True)) for pair in counted)) == right
    with refused("numpy.histogram", "pass the first"):
        js_divergence(np.histogram([0.0, 1.0]), np.histogram([0.0, 2.0]))


@pytest.mark.parametrize("function", ALL)
def test_normalize_is_true_or_false_and_nothing_that_counts_as_one_of_them(function):
    for normalize in ("no", 0, 1, None, ()):
        with refused("normalize must be True or False"):
            function([1, 2], [2, 4], normalize=mistyped(normalize))


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("scales", [(1e300, 1e-300), (1e-300, 1e300), (1e-300, 1), (5e-324, 1e306)])
def test_totals_far_apart_change_nothing_where_they_are_normalized(function, scales):
    # 0.5 for the total variation, or NaN: small masses vanished, and ratios overflowed
    p, q = np.array([1.0, 6, 1, 0, 2]), np.array([3.0, 3, 2, 0, 1])  # any scale is exact
    expected = function(p, q, normalize=True)
    found = function(p * scales[0], q * scales[1], normalize=True)
    assert_allclose(found, expected, rtol=1e-12)
    torch = pytest.importorskip("torch")
    tensors = (torch.tensor(p * scales[0]), torch.tensor(q * scales[1]))
    assert_allclose(float(function(*tensors, normalize=True)), expected, rtol=1e-12)


@pytest.mark.parametrize("function", [js_divergence, *METRICS])
def test_symmetric_divergences_are_so_to_the_last_bit(function):
    rng = np.random.default_rng(3)
    for p, q in rng.random((50, 2, 6)):
        assert function(p, q, normalize=True) == function(q, p, normalize=True)
