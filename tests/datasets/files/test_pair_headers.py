"""Two files whose columns mean the same: first lines in common, names, labels of rows."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from otgan.datasets import load_pair
from otgan.errors import InvalidInputError


def written(folder, name, rows, header=None, fmt="%.17g"):
    path = folder / name
    np.savetxt(path, rows, delimiter=",", fmt=fmt, header=header or "", comments="")
    if header is None:
        path.write_text(path.read_text().lstrip("\n"))
    return path


SAMPLES = {
    "normal": (lambda rng, n: rng.normal(size=(n, 3)), "1e-3,1e-2,1e-1"),
    "counts": (lambda rng, n: rng.poisson(20, (n, 3)), "50,10,90"),
    "counts that repeat": (lambda rng, n: rng.poisson(1, (n, 1)), "50"),
    "rounded": (lambda rng, n: rng.normal(size=(n, 2)).round(1), "9.5,7.5"),
}


@pytest.mark.parametrize("n", [3, 500, 4000])
@pytest.mark.parametrize("kind", SAMPLES)
def test_a_first_line_in_common_is_asked_about(tmp_path, kind, n):
    if (kind, n) == ("counts that repeat", 3):
        n = 20  # three counts may well be those of the other file
    sample, header = SAMPLES[kind]
    rng = np.random.default_rng(0)
    x, y = sample(rng, n), sample(rng, n)
    paths = written(tmp_path, "a.csv", x, header), written(tmp_path, "b.csv", y, header)
    with pytest.raises(InvalidInputError, match=r"both files start with it.*--header.*--no-header"):
        load_pair(*paths)
    assert_array_equal(load_pair(*paths, header=True)[0].points, x)
    assert [len(table.points) for table in load_pair(*paths, header=False)] == [n + 1, n + 1]


def test_points_in_common_are_no_header(tmp_path):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 40, 2))
    grid = np.stack(np.meshgrid(range(5, 9), range(4)), axis=-1).reshape(-1, 2) / 3
    origin = np.array([[0.25, 0.75]])
    mixed = np.concatenate([grid[:1], rng.permutation(grid[1:])])
    pairs = [
        (x, x),
        (grid, grid),
        (grid, mixed),
        (grid, mixed[:7]),
        (np.concatenate([grid, grid[1:]]), np.concatenate([mixed, mixed[1:]])),
        (np.concatenate([origin, x]), np.concatenate([origin, y, x[5:6]])),
        (np.concatenate([origin, x, origin]), np.concatenate([origin, y])),
        (np.array([[0.5, 2.5]]), np.array([[0.5, 2.5], [3.5, 1.5]])),
    ]
    for a, b in pairs:
        paths = written(tmp_path, "a.csv", a), written(tmp_path, "b.csv", b)
        for table, rows in zip(load_pair(*paths), (a, b), strict=True):
            assert_array_equal(table.points, rows)


def test_arrays_have_no_first_line(tmp_path):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 9, 2))
    y[0] = x[0]
    for name, rows in (("a", x), ("b", y)):
        np.save(tmp_path / f"{name}.npy", rows)
    assert_array_equal(load_pair(tmp_path / "a.npy", tmp_path / "b.npy")[1].points, y)


def test_a_name_that_repeats_cannot_be_matched(tmp_path):
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    a.write_text("u,u\n1.5,2\n")
    b.write_text("u,u\n4,3.5\n")
    with pytest.raises(InvalidInputError, match=r"'u' more than once in .*a.csv.*columns=\[0\]"):
        load_pair(a, b)
    assert load_pair(a, b, columns=[0])[1].points == [[4]]
