"""What is matched by name, what by position, and what is refused."""

import datetime
from collections import Counter

import numpy as np
import pandas as pd
import polars
import pytest
import xarray
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import jensenshannon

import otgan
from otgan.inputs.bins import align_histograms
from otgan.inputs.labels import align_measures, align_points
from otgan.measures import DiscreteMeasure, as_pair
from tests.cases import made, points_of, refused, torch

UV = pd.DataFrame({"u": [1.0, 2.0, 3.0], "v": [4.0, 5.0, 6.0]})


def second(x, y):
    return align_points(x, y)[1]


# ---------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (UV, UV),
        (UV, UV[["v", "u"]]),
        (UV, UV.to_numpy()),
        (UV, pd.DataFrame(UV.to_numpy())),  # numbered by pandas
        (UV, polars.DataFrame(UV.to_numpy())),  # numbered by polars
        (pd.DataFrame(UV.to_numpy()), UV),
        (pd.DataFrame(UV.to_numpy()), pd.DataFrame(UV.to_numpy())[[1, 0]]),
        (pd.DataFrame(UV.to_numpy()), UV.set_axis(["0", "1"], axis=1)),
        (pd.DataFrame(UV.to_numpy()), UV.set_axis(["0", "1"], axis=1)[["1", "0"]]),
        (UV.set_axis([2019, 2020], axis=1), UV.set_axis([2019, 2020], axis=1)[[2020, 2019]]),
        (UV.set_axis([("a", 1), ("a", 2)], axis=1), UV.set_axis([("a", 1), ("a", 2)], axis=1)),
        (UV, UV.iloc[::-1].iloc[::-1].astype({"u": "Int64", "v": "float32"})),
    ],
)
def test_columns_end_up_in_the_order_of_the_first(x, y):
    assert_array_equal(second(x, y), UV)


@pytest.mark.parametrize(
    ("x", "y", "fragments"),
    [
        (UV, UV.rename(columns={"v": "w"}), ["'v' only in x", "'w' only in y"]),
        (UV, UV.assign(w=1), ["'w' only in y"]),
        (UV.assign(w=1), UV, ["'w' only in x"]),
        (UV, UV.rename(columns=str.upper), ["'u', 'v' only in x", "'U', 'V' only in y"]),
        (pd.DataFrame(UV.to_numpy()), UV.set_axis([1, 2], axis=1), ["0 only in x", "2 only in y"]),
        (UV.set_axis([2019, 2020], axis=1), UV.set_axis([2020, 2021], axis=1), ["2019 only in x"]),
        (UV.set_axis(["u", "u"], axis=1), UV.set_axis(["u", "u"], axis=1), ["'u' more than once"]),
        (UV, UV.set_axis(["u", "u"], axis=1), ["'u' more than once"]),
    ],
)
def test_names_that_differ_are_refused(x, y, fragments):
    with refused(*fragments, "plain arrays" if "once" not in fragments[0] else "a plain array"):
        second(x, y)


def test_axes_of_xarray_are_matched_by_their_names():
    x = xarray.DataArray(UV, dims=("row", "name"), coords={"name": ["u", "v"]})
    assert_array_equal(second(x, x.T), UV)
    assert_array_equal(second(x, x[:, ::-1]), UV)
    assert_array_equal(second(x, x.rename(row="other")), UV)
    assert_array_equal(second(x.drop_vars("name"), x.drop_vars("name").T), UV)
    with refused("the same axes in one order"):
        second(x, x.T.rename(row="other"))


def test_variables_of_a_dataset_are_columns():
    x = xarray.Dataset({name: ("row", UV[name]) for name in "uv"})
    y = xarray.Dataset({name: ("row", UV[name]) for name in "vu"})
    assert_array_equal(second(x, y), UV)
    assert_array_equal(second(UV, y), UV)
    with refused("'w' only in y"):
        second(x, y.rename(u="w"))


def test_images_of_xarray_are_matched_along_every_axis():
    axes = "sample", "channel", "lat", "lon"
    lat = [10.0, 20.0]
    x = xarray.DataArray(np.arange(24.0).reshape(2, 1, 2, 6), dims=axes, coords={"lat": lat})
    assert_array_equal(second(x, x[:, :, ::-1]), x)
    mu, nu = as_pair(x, x[:, :, ::-1], None, None)
    assert_array_equal(mu.points, nu.points)
    with refused("20.0 only in x", "30.0 only in y"):
        second(x, x.assign_coords(lat=[10.0, 30.0]))


def test_lists_of_clouds_follow_the_first_that_is_named():
    clouds = [UV.to_numpy(), UV[["v", "u"]], UV]
    distances = otgan.pairwise_wasserstein(clouds)
    assert distances[1, 2] == 0 < distances[0, 1]
    with refused("clouds[1] and others[0]", "'w' only in others[0]"):
        otgan.pairwise_wasserstein(clouds[:2], [UV.rename(columns={"u": "w"})])


def test_one_column_series_have_no_names_to_match():
    assert otgan.wasserstein_1d(UV["u"], UV["v"]) == 3


@pytest.mark.parametrize(
    ("points", "fragment"),
    [
        ({"u": [1]}, "pass its keys as points"),
        (polars.LazyFrame({"u": [1]}), ".collect()"),
        (xarray.Dataset({"u": ("row", [1.0]), "v": ("column", [1.0])}), ".to_dataarray()"),
        (pd.MultiIndex.from_tuples([(1, 2)]), "pass a DataFrame, a Series or an array"),
        (UV.groupby("u"), "pass a DataFrame, a Series or an array"),
        ([UV.loc[0], UV.loc[1]], "pandas.DataFrame(rows)"),
        (UV.assign(day=pd.Timestamp("2020-01-01")), "the column 'day' of x"),
        (UV.assign(wait=pd.Timedelta("1s")), "divide by one unit"),
        (UV.assign(name="a"), "the column 'name' of x"),
        (UV.assign(z=1j), "real and imaginary parts"),
        (UV["u"].astype(int).value_counts(), "wasserstein(p.index, q.index, p, q)"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused_with_its_cure(points, fragment):
    with refused(fragment):
        as_pair(points, points, None, None)


def test_rows_that_are_named_tuples_are_matched_by_their_fields():
    rows, swapped = (list(table.itertuples(index=False)) for table in (UV, UV[["v", "u"]]))
    assert_array_equal(second(rows, swapped), UV)
    assert_array_equal(second(UV, swapped), UV)
    assert_array_equal(second(rows, UV.to_numpy()), UV)
    with refused("'w' only in y"):
        second(rows, list(UV.rename(columns={"u": "w"}).itertuples(index=False)))
    with refused("rows with the same names"):
        second([rows[0], swapped[0]], UV)
    with refused("pandas.DataFrame(rows)"):
        otgan.wasserstein([{"u": 1, "v": 2}, {"v": 1, "u": 2}], UV.to_numpy())


# ---------------------------------------------------------------- weights


def weights_of(x, a):
    return align_measures(x, x, a, None)[2]


@pytest.mark.parametrize(
    ("index", "given", "right"),
    [
        (list("abc"), pd.Series([3, 1, 2], list("cab")), [1, 2, 3]),
        (list("abc"), {"c": 3, "a": 1}, [1, 0, 3]),
        (range(3), pd.Series([3, 1, 2], [2, 0, 1]), [1, 2, 3]),
        ([5, 6, 9], pd.Series([1, 2, 3]), [1, 2, 3]),  # numbered by pandas: positions
        (range(3), pd.Series([1, 2, 3], range(10, 13)), [1, 2, 3]),
        ([1, 1, 2], pd.Series([1, 2, 3], [1, 1, 2]), [1, 2, 3]),
        (list("abc"), [1, 2, 3], [1, 2, 3]),
        (range(1, 4), pd.Series([1, 2, 3]), [1, 2, 3]),  # made beside a slice of points
        (range(1, 4), pd.Series([3, 1, 2], [3, 1, 2]), [1, 2, 3]),
        (range(1, 4), pd.Series([2, 3], range(2, 4)), [0, 2, 3]),
        (range(0, 6, 2), pd.Series([3, 2, 1], range(4, -1, -2)), [1, 2, 3]),
        (range(3), pd.Series([1, 2, 3], ["0", "1", "2"]), [1, 2, 3]),
    ],
)
def test_weights_follow_the_index_of_their_points(index, given, right):
    assert_array_equal(weights_of(UV.set_axis(index), given), right)


@pytest.mark.parametrize(
    ("index", "given", "fragment"),
    [
        (list("abc"), pd.Series([1, 2, 3], list("abd")), "got also 'd'"),
        (list("abc"), pd.Series([1, 2, 3], [7, 8, 9]), "of one kind, got text and numbers"),
        ([1, 1, 2], pd.Series([1, 2, 3], [1, 2, 1]), "more than once"),
        (list("abc"), pd.Series([1, 2, 3], list("aba")), "more than once"),
        (range(1, 4), pd.Series([1, 2, 3], [2, 3, 4]), "got also 4"),
        (range(1, 4), pd.Series([1, 2, 3], range(3, 6)), "got also 4, 5"),
        (range(3), pd.Series([1, 2, 3], ["2", "0", "1"]), "of one kind, got numbers and text"),
    ],
)
def test_weights_that_do_not_belong_to_the_points_are_refused(index, given, fragment):
    with refused(fragment):
        weights_of(UV.set_axis(index), given)


def test_parts_of_a_table_are_compared_as_points_whatever_their_rows_are_called():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(20, 2)), columns=["u", "v"])
    mass = pd.Series(rng.uniform(size=20))
    mixed = rng.permutation(20)
    for first, second in ((slice(10), slice(10, 20)), (mixed[:10], mixed[10:])):
        x, y, a, b = table.iloc[first], table.iloc[second], mass.iloc[first], mass.iloc[second]
        plain = [part.to_numpy() for part in (x, y, a, b)]
        assert otgan.wasserstein(x, y) == otgan.wasserstein(*plain[:2])
        right = otgan.wasserstein(*plain, normalize=True)
        assert otgan.wasserstein(x, y, a, b, normalize=True) == right
        fresh = pd.Series(plain[2]), pd.Series(plain[3])  # numbered anew
        assert otgan.wasserstein(x, y, *fresh, normalize=True) == right


def test_rows_of_costs_that_do_not_count_from_zero_have_labels():
    costs = pd.DataFrame([[0.0, 2], [1, 0], [5, 1]], index=range(1, 4))
    a = pd.Series([1.0, 1], index=range(2, 4))  # the first row has no mass
    assert otgan.emd_from_cost(costs, a).cost == 1
    values = pd.Series([1.0, 2, 3])
    assert_array_equal(otgan.c_transform(costs, values), [-1, -2])
    for call in (otgan.emd_from_cost, otgan.c_transform):
        with refused("4"):
            call(costs, values.set_axis([2, 3, 4]))


def test_counts_in_the_order_of_their_size_have_no_positions():
    counted = pd.Series([3, 3, 1, 2, 2, 2]).value_counts()
    with refused("masses by value in no order"):
        otgan.wasserstein_1d([1, 2, 3], [0.0], counted)
    with refused("masses by value in no order"):
        otgan.emd_from_cost(np.ones((3, 3)), counted)
    assert_allclose(otgan.wasserstein_1d([1, 2, 3], [0.0], counted.sort_index()), 13 / 6)
    assert_allclose(otgan.wasserstein_1d(counted.index, [0.0], counted), 13 / 6)
    assert_allclose(otgan.wasserstein_1d(counted.sort_index().index, [0.0], counted), 13 / 6)


def test_a_column_that_is_called_count_may_be_points():
    column = pd.Series([1, 5, 3], [4, 7, 9], name="count")
    assert DiscreteMeasure.of(column).n == 3


def test_potentials_and_plans_follow_the_labels_of_the_costs():
    labels = list("abc")
    costs = pd.DataFrame(np.abs(np.subtract.outer([0, 1, 3], [0, 1, 3])), labels, labels)
    a, b = pd.Series([1, 1, 0], labels), pd.Series([0, 1, 1], labels)
    found = otgan.emd_from_cost(costs, a, b)
    order = list("cab")
    plan = pd.DataFrame(found.plan.toarray(), labels, labels)
    f, g = pd.Series(found.f, labels), pd.Series(found.g, labels)
    proof = otgan.certify(costs, plan.loc[order, order], f[order], g[order], a[order], b[order])
    assert proof.gap == 0 and proof.upper == found.cost == 1.5
    assert_array_equal(otgan.c_transform(costs, f[order]), otgan.c_transform(costs, f))
    assert otgan.dual_violation(costs, f[order], g[order]) == 0
    with refused("'c' only in C", "'d' only in f"):
        otgan.c_transform(costs, f.rename({"c": "d"}))


# ---------------------------------------------------------------- histograms


def test_tables_of_histograms_are_matched_along_both_axes():
    p = pd.DataFrame([[1.0, 2], [3, 4]], ["r", "s"], ["a", "b"])
    q = pd.DataFrame([[5.0, 0, 3], [1, 1, 2]], ["s", "r"], ["b", "c", "a"])
    for axis in (-1, 1):
        for ours, right in zip(
            align_histograms(p, q, axis),
            ([[1, 2, 0], [3, 4, 0]], [[2, 1, 1], [3, 5, 0]]),
            strict=True,
        ):
            assert_array_equal(ours, right)
    ours = align_histograms(p.T, q.T, 0)
    assert_array_equal(ours[1], [[2, 3], [1, 5], [1, 0]])
    with refused("'s' only in p", "'t' only in q"):
        align_histograms(p, q.rename({"s": "t"}), -1)
    with refused("'a', 'b' only in p"):  # along the other axis no label may lack
        align_histograms(p, p.T, 0)


@pytest.mark.parametrize(
    ("p", "q", "fragment"),
    [
        ({"1": 1, "2": 1}, {1: 1, 2: 1}, "of one kind, got text and numbers"),
        ({"2020-01-01": 1}, {datetime.date(2020, 1, 1): 1}, "of one kind, got text and date"),
        ({pd.Timestamp("2020"): 1}, {pd.Timestamp("2020", tz="UTC"): 1}, "in a time zone"),
        (lambda: {"a": torch.ones((), requires_grad=True)}, {"a": 1}, "which has a gradient"),
        ({0.1 * 3: 1, 2: 1}, {0.3: 1, 2: 1}, "differ by rounding"),
        (Counter([np.float32(0.1)]), Counter([0.1]), "differ by rounding"),
        (Counter([0.5, 1.5, 2.5]), Counter([1.0, 2.0, 1.0]), "fractions without one in common"),
        (pd.cut([0, 1], 2).value_counts(), pd.cut([0, 3], 2).value_counts(), "which overlap"),
        (pd.Series([1, 1], ["a", "a"]), {"a": 2, "b": 1}, "more than once"),
        ({"b": 1, "a": 2}, [1, 2], "masses by value in no order"),
        ({"a": [1, 2]}, {"a": [2, 1]}, "one number for each of its keys"),
    ],
)
def test_labels_that_cannot_be_matched_are_refused(p, q, fragment):
    with refused(fragment):
        otgan.js_divergence(made(p), q, normalize=True)


def test_labels_that_are_far_enough_apart_are_different_ones():
    days = Counter([10**9 + 1.5]), Counter([10**9 + 2.5])
    assert_allclose(otgan.js_divergence(*days), np.log(2), rtol=1e-15)


def test_missing_values_are_one_label():
    p = pd.Series([1.0, np.nan, np.nan]).value_counts(dropna=False)
    assert otgan.js_divergence(p, Counter({1: 1, None: 2})) == 0


def test_counts_of_several_columns_are_matched_by_the_names_of_these():
    p = pd.DataFrame({"u": [0, 0, 1], "v": ["a", "a", "b"]})
    swapped = p[["v", "u"]].value_counts()
    assert otgan.js_divergence(p.value_counts(), swapped) == 0
    frame = polars.DataFrame({"u": [1, 0, 0], "v": ["b", "a", "a"]})
    records = (frame.select(polars.struct(names)).to_series() for names in (["u", "v"], ["v", "u"]))
    assert otgan.js_divergence(*(record.value_counts() for record in records)) == 0
    by_polars = polars.DataFrame({"u": [1, 0, 0]}).group_by("u").len()
    assert otgan.js_divergence(by_polars, Counter([0, 0, 1])) == 0
    assert otgan.js_divergence(p["u"].value_counts().reset_index(), Counter([0, 0, 1])) == 0


def test_series_numbered_by_pandas_are_positions():
    assert otgan.js_divergence(pd.Series([1, 2]), [1, 2]) == 0
    assert otgan.js_divergence(pd.Series([1, 2]), pd.Series([1, 2], list("ba"))) == 0
    assert type(otgan.js_divergence(*[pd.Series([1, 2], dtype="float32")] * 2)) is np.float32


def test_a_range_that_does_not_count_from_zero_is_labels():
    masses = np.arange(1.0, 7)
    p, q = pd.Series(masses, range(1, 7)), pd.Series(masses, range(2, 8))
    right = jensenshannon([*masses, 0], [0, *masses]) ** 2
    assert_allclose(otgan.js_divergence(p, q), right, rtol=1e-14)
    assert_allclose(otgan.js_divergence(p, q.set_axis(list(q.index))), right, rtol=1e-14)
    assert_allclose(otgan.total_variation(p[:3], p[3:], normalize=True), 1)
    counts = (pd.Series(np.bincount(sample))[1:] for sample in ([1, 2, 3, 6], [0, 1, 2, 3, 3, 5]))
    assert otgan.kl_divergence(*counts, normalize=True) == np.inf
    steps = pd.Series([1.0, 2], range(0, 4, 2)), pd.Series([2.0, 1], range(2, -1, -2))
    assert otgan.js_divergence(*steps) == 0


@pytest.mark.parametrize(
    "index", [range(1, 4), [1, 2, 3], [2019, 2020, 2021], [0.0, 1.0, 3.0], [0, 1, np.nan]]
)
def test_a_counted_index_beside_other_whole_numbers_is_refused(index):
    p, q = pd.Series([1.0, 2, 3]), pd.Series([1.0, 2, 3], index)
    for one, other in ((p, q), (q, p)):
        with refused("the same numbers as labels", "0, 1, 2", ".to_numpy() if positions count"):
            otgan.js_divergence(one, other)
    assert otgan.js_divergence(p.to_numpy(), q) == 0
    assert otgan.js_divergence(p.set_axis(q.index), q) == 0


def test_slices_of_one_series_are_no_positions_as_histograms():
    p = pd.Series([1.0, 2, 3, 4, 5, 6])
    with refused("got 0, 1, 2 in p and 3, 4, 5 in q"):
        otgan.total_variation(p.iloc[:3], p.iloc[3:], normalize=True)
    with refused("0, 1 only in p and 2, 3 only in q"):  # row by row
        rows = pd.DataFrame(np.ones((4, 2)))
        otgan.total_variation(rows[:2], rows[2:])
    centers = p.set_axis(np.arange(6) / 2)
    assert otgan.js_divergence(p, centers) == 0


def test_columns_numbered_by_polars_or_numpy_are_positions_beside_names():
    p = np.array([[1.0, 2, 3]])
    named = pd.DataFrame(p, columns=list("abc"))
    records = np.array([(1.0, 2.0, 3.0)], "f8, f8, f8")
    for numbered in (pd.DataFrame(p), polars.DataFrame(p), records):
        assert_array_equal(otgan.js_divergence(numbered, named), [0])
    one_more = polars.DataFrame(np.array([[1.0, 2, 3, 0]]))
    assert_array_equal(otgan.js_divergence(polars.DataFrame(p), one_more), [0])


# ---------------------------------------------------------------- Gaussians


def test_gaussians_of_tables_are_matched_by_the_names_of_their_coordinates():
    from otgan.divergences.closed_forms import Gaussian, kl, wasserstein

    rng = np.random.default_rng(0)
    mix = np.array([[1.0, 0.5], [0, 1]])
    x, y = (pd.DataFrame(rng.normal(size=(50, 2)) @ mix, columns=["u", "v"]) for _ in "xy")
    y, z = y + [1, 9], (y + [1, 9])[["v", "u"]]
    P, Q, R = (Gaussian(table.mean(), table.cov()) for table in (x, y, z))
    plain = Gaussian(y.mean().to_numpy(), y.cov().to_numpy())
    assert kl(P, R) == kl(P, Q) == kl(P, plain)
    assert wasserstein(P, R, p=2) == wasserstein(P, plain, p=2)
    mixed = Gaussian(z.mean(), y.cov())
    assert_array_equal(mixed.mean, Q.mean)
    with refused("'v' only in P", "'w' only in Q"):
        kl(P, Gaussian(y.mean().rename({"v": "w"}), [[1, 0], [0, 1]]))


# ---------------------------------------------------------------- data to train on


@pytest.mark.parametrize("table", [pd.DataFrame, polars.DataFrame])
def test_a_table_to_train_on_is_data_although_it_has_a_method_called_sample(table):
    from otgan.gan.data import as_training_data

    points = np.arange(40.0).reshape(20, 2)
    columns = {"u": points[:, 0], "v": points[:, 1]}
    assert_array_equal(
        points_of(as_training_data(table(columns)).train), points_of(as_training_data(points).train)
    )
