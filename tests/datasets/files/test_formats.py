"""Loaders: files good and bad."""

import gzip
import struct
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from otgan.datasets import load, load_idx, load_images, load_pair, load_points
from otgan.errors import DamagedFileError, InputWarning, InvalidInputError
from tests.cases import mistyped, points_of


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_points_round_trip_through_files(tmp_path, rng):
    points = rng.normal(size=(7, 3))
    np.save(tmp_path / "p.npy", points)
    np.savetxt(tmp_path / "p.csv", points, delimiter=",", fmt="%.17g")
    np.savetxt(tmp_path / "h.csv", points, delimiter=",", fmt="%.17g", header="a,b,c", comments="")
    for name in ("p.npy", "p.csv", "h.csv"):
        assert_array_equal(load_points(tmp_path / name), points)
    assert_array_equal(points_of(load(tmp_path / "p.npy")), points)


def test_images_in_npy_become_rows(tmp_path):
    np.save(tmp_path / "i.npy", np.arange(24.0).reshape(2, 3, 4))
    assert load_points(tmp_path / "i.npy").shape == (2, 12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one row"),
        ("x,y\n", "at least one row"),
        ("1,2\n3\n", "2 columns in every row, got 1 in line 2"),
        ("1,2\n3,x\n", "numbers only, got 'x' in line 2"),
        ("1,2\n3,nan\n", "must be finite, got nan"),
        ("1,2\n3,\n", "numbers only, got '' in line 2"),
        ("1;2\n3;x\n", "numbers only, got 'x' in line 2"),
    ],
)
def test_bad_csv_is_refused(tmp_path, text, message):
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(InvalidInputError, match=message):
        load_points(tmp_path / "bad.csv")


@pytest.mark.parametrize(
    ("a", "b", "names"),
    [
        ("u,v\n1,2\n", "\nu, v\n3,4\n", ("u", "v")),
        ("u,v\n1,2\n", "3,4\n", ("u", "v")),
        ("1,2\n", "u,v\n3,4\n", ("u", "v")),
        ("1,2\n", "3,4\n", ()),
    ],
)
def test_columns_have_the_names_of_the_headers(tmp_path, a, b, names):
    files = tmp_path / "a.csv", tmp_path / "b.csv"
    for file, text in zip(files, (a, b), strict=True):
        file.write_text(text)
    first, second = load_pair(*files)
    assert (first.names or second.names) == names
    assert (first.points.tolist(), second.points.tolist()) == ([[1, 2]], [[3, 4]])
    np.save(tmp_path / "c.npy", np.zeros((2, 2)))
    assert load_pair(tmp_path / "c.npy", files[1])[1].names == (names if "u" in b else ())


def test_headers_that_differ_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("u,v\n1,2\n")
    (tmp_path / "b.csv").write_text("u,w\n3,4\n")
    named = "got u, v in .*a.csv, and .* in .*fix it, keep the same"
    with pytest.raises(InvalidInputError, match=named):
        load_pair(tmp_path / "a.csv", tmp_path / "b.csv")


def test_bad_files_are_refused(tmp_path):
    (tmp_path / "bad.npy").write_bytes(b"not numpy")
    (tmp_path / "binary.csv").write_bytes(bytes(range(128, 256)))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))
    (tmp_path / "p.txt").write_text("1,2")
    for name, message in (
        ("bad.npy", "must be a NumPy file"),
        ("objects.npy", "must be a NumPy file"),
        ("binary.csv", "must be a text file"),
        ("p.txt", r"must be in a .npy or .csv file"),
        ("absent.csv", "must exist"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            load_points(tmp_path / name)


@pytest.mark.parametrize("zipped", [False, True])
def test_idx_files_as_mnist_comes(tmp_path, rng, zipped):
    images = rng.integers(0, 256, size=(5, 4, 3), dtype=np.uint8)
    raw = struct.pack(">HBBIII", 0, 8, 3, 5, 4, 3) + images.tobytes()
    path = tmp_path / ("t10k-images-idx3-ubyte" + (".gz" if zipped else ""))
    path.write_bytes(gzip.compress(raw) if zipped else raw)
    assert_array_equal(load_idx(path), images.reshape(5, 12) / 255.0)
    assert load(path).d == 12


@pytest.mark.parametrize(
    "raw", [b"", b"\0\0\x08\x03\0\0", b"PNG!", struct.pack(">HBBII", 0, 8, 2, 9, 9) + b"123"]
)
def test_broken_idx_files_are_refused(tmp_path, raw):
    path = tmp_path / "x-ubyte"
    path.write_bytes(raw)
    with pytest.raises(InvalidInputError, match="complete IDX file"):
        load_idx(path)


def test_a_folder_of_pictures(tmp_path):
    from PIL import Image

    Image.new("RGB", (40, 20), (255, 0, 0)).save(tmp_path / "a.png")
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(tmp_path / "b.png")
    Image.new("L", (9, 30), 128).save(tmp_path / "c.jpg")
    (tmp_path / "notes.txt").write_text("no image")
    points = load_images(tmp_path, size=4)
    assert points.shape == (3, 4 * 4 * 3)
    assert_allclose(points[0].reshape(3, 16).T, np.broadcast_to([1.0, 0.0, 0.0], (16, 3)))
    assert_allclose(points[1], 1.0)  # transparent is white
    assert_allclose(points[2], 128 / 255, atol=0.01)
    assert load_images(tmp_path, size=4, gray=True).shape == (3, 16)
    assert load(tmp_path).d == 32 * 32 * 3


def test_folders_without_pictures_are_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"must hold images.*got none"):
        load_images(tmp_path)
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(InvalidInputError, match="readable image"):
        load_images(tmp_path)


@pytest.mark.parametrize(("name", "nearest"), [("ring", "ring8"), ("swiss_roll", "swissroll")])
def test_unknown_names_offer_the_nearest(name, nearest):
    with pytest.raises(InvalidInputError, match=f"did you mean '{nearest}'"):
        load(name)
    with pytest.raises(InvalidInputError, match="check the path"):
        load("/no/such/thing.csv")


def test_names_that_a_library_made_up_are_no_names(tmp_path):
    pd.DataFrame([[1.5, 2.5]]).to_csv(tmp_path / "a.csv")
    pd.DataFrame([[3.5, 4.5]], columns=["u", "v"]).to_csv(tmp_path / "b.csv")
    pd.DataFrame([[4.5, 3.5]], columns=[1, 0]).to_csv(tmp_path / "c.csv")
    a, b, c = (tmp_path / f"{name}.csv" for name in "abc")
    assert load_pair(a, b)[1].points.tolist() == [[3.5, 4.5]]
    assert load_pair(a, c)[1].points.tolist() == [[4.5, 3.5]]
    with pytest.raises(InvalidInputError, match=r"lacks 1, 0"):
        load_pair(c, b, columns=[1, 2])


def test_folders_in_a_folder_of_pictures_are_spoken_of(tmp_path):
    from PIL import Image

    Image.new("L", (4, 4), 51).save(tmp_path / "a.png")
    (tmp_path / "cats").mkdir()
    (tmp_path / ".hidden.png").write_bytes(b"no image")
    with pytest.warns(InputWarning, match=r"folders inside it \(cats\) were not read"):
        assert_allclose(load_images(tmp_path, size=2), 0.2)
    (tmp_path / "a.png").unlink()
    with pytest.raises(InvalidInputError, match=r"got none, and folders \(cats\)"):
        load_images(tmp_path)


def test_deep_gray_pictures_keep_their_levels_when_they_are_resized(tmp_path):
    from PIL import Image

    levels = np.repeat(np.repeat([[0, 65535], [1, 32768]], 16, axis=0), 16, axis=1)
    Image.fromarray(levels.astype(np.uint16)).save(tmp_path / "a.png")
    shown = load_images(tmp_path, size=8, gray=True).reshape(8, 8)
    assert shown.min() >= 0.0 and shown.max() <= 1.0
    assert_allclose(shown[::7, ::7], [[0.0, 1.0], [1 / 65535, 32768 / 65535]], atol=2e-6)


def test_pictures_that_would_fill_the_memory_are_refused(tmp_path):
    from PIL import Image

    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(InvalidInputError, match=r"fit into memory.*24 TB"):
        load_images(tmp_path, size=10**6)
    for size in (0, 2.5, "8", None):
        with pytest.raises(InvalidInputError, match="size must be"):
            load_images(tmp_path, size=mistyped(size))


def test_columns_of_arrays_and_images_can_be_chosen(tmp_path, rng):
    points = rng.normal(size=(5, 3))
    np.save(tmp_path / "a.npy", points)
    assert_array_equal(load_points(tmp_path / "a.npy", columns=[2, 0]), points[:, [2, 0]])
    assert_array_equal(load_points(tmp_path / "a.npy", index=True), points[:, 1:])
    with pytest.raises(InvalidInputError, match="columns must be among the 3"):
        load_points(tmp_path / "a.npy", columns=[3])
    with pytest.raises(InvalidInputError, match="columns without names"):
        load_points(tmp_path / "a.npy", columns=["u"])
    raw = struct.pack(">HBBII", 0, 8, 2, 2, 2) + b"\0\xff\x33\0"
    (tmp_path / "a-ubyte").write_bytes(raw)
    assert load_points(tmp_path / "a-ubyte", columns=[1]).tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize("suffix", ["parquet", "feather"])
def test_what_columns_of_parquet_and_feather_may_hold(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"

    def write(frame):
        getattr(frame, f"to_{suffix}")(path)

    good = pd.DataFrame(
        {"i": [1, 2], "b": [True, False], "f": np.array([0.5, 1.5], np.float32)}
    ).assign(n=pd.array([3, 4], dtype="Int64"))
    write(good)
    assert load_points(path).tolist() == [[1, 1, 0.5, 3], [2, 0, 1.5, 4]]
    for column, found in (
        (["a", "b"], "must hold numbers, got the type (large_)?string"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "the type timestamp"),
        ([[1.0], [2.0]], "the type list"),
        (pd.array([1, None], dtype="Int64"), "missing values, got 1"),
        ([1.5, np.nan], "missing values, got 1"),
        (pd.Categorical(["x", "y"]), "the type dictionary"),
    ):
        write(good.assign(z=column))
        with pytest.raises(InvalidInputError, match=f"column 'z' of .*{found}"):
            load_points(path)
        assert load_points(path, columns=["f", "i"]).tolist() == [[0.5, 1], [1.5, 2]]


def test_the_index_of_pandas_in_parquet_is_no_coordinate(tmp_path):
    frame = pd.DataFrame({"u": [1.5, 2.5]}, index=[7, 3])
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.warns(InputWarning, match="__index_level_0__, the index that pandas wrote"):
        assert load_points(tmp_path / "a.parquet").tolist() == [[1.5], [2.5]]
    assert load_points(tmp_path / "a.parquet", index=False).tolist() == [[1.5, 7], [2.5, 3]]
    frame.rename_axis("day").to_parquet(tmp_path / "a.parquet")
    with pytest.warns(InputWarning, match="day, the index that pandas wrote"):
        assert load_points(tmp_path / "a.parquet").tolist() == [[1.5], [2.5]]


def test_without_pyarrow_tables_of_text_are_read_and_the_extra_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("1,2\n")
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    code = f"""
import sys
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name == "pyarrow" else find(name, *rest)
from otgan.datasets import load_points
from otgan.errors import MissingExtraError
print(load_points({str(tmp_path / "a.csv")!r}).tolist())
try:
    load_points({str(tmp_path / "a.parquet")!r})
except MissingExtraError as error:
    print(error)
print([name for name in ("PIL", "torch", "pandas") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    points, error, heavy = done.stdout.splitlines()
    assert (points, heavy) == ("[[1.0, 2.0]]", "[]")
    assert error.startswith("reading Parquet files needs") and "otgan[tables]" in error


def test_files_under_the_name_of_another_kind_are_told_apart(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((3, 2)))
    np.savez(tmp_path / "a.npz", np.ones((3, 2)))
    pd.DataFrame({"u": [1.5]}).to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"1,2\n"))
    for file, name in (
        ("a.npy", "b.csv"),
        ("a.npz", "b.csv"),
        ("a.csv.gz", "b.csv"),
        ("a.npy", "b.npz"),
        ("a.parquet", "b.feather"),
        ("a.csv.gz", "b-ubyte"),
    ):
        (tmp_path / name).write_bytes((tmp_path / file).read_bytes())
        with pytest.raises(DamagedFileError, match=f"{name} must be what its name says"):
            load_points(tmp_path / name)
    for name in ("a.csv.zip", "a.npy.gz", "a.csv.xz"):
        (tmp_path / name).write_bytes(b"no matter what")
        with pytest.raises(InvalidInputError, match="to fix it, unpack it"):
            load_points(tmp_path / name)
