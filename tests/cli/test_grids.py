"""``otgan emd-grid``: what it reads, prints and refuses."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.cli.main import main

RNG = np.random.default_rng(0)
A, B = RNG.integers(0, 256, (2, 6, 9))


def printed(capsys, *words):
    assert main(["emd-grid", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def arrays(tmp_path):
    np.save(tmp_path / "a.npy", A)
    np.savetxt(tmp_path / "b.csv", B, delimiter=",", fmt="%d")
    return tmp_path / "a.npy", tmp_path / "b.csv"


def test_it_prints_for_people_and_for_programs(arrays, capsys):
    expected = otgan.emd_grid(A, B, normalize=True)
    assert main(["emd-grid", *map(str, arrays), "--normalize"]) == 0
    text = capsys.readouterr().out
    assert f"distance  {expected.distance:.10g}   (W2, minkowski)" in text
    assert "cells     6 x 9" in text and f"solver    {expected.solver}, " in text
    values = printed(capsys, *arrays, "--normalize")
    assert values["shape"] == [6, 9] and values["metric"] == "minkowski"
    assert values["stats"].keys() == expected.stats.keys()
    assert values["distance"] == expected.distance


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        (["--p", "1"], {"p": 1}),
        (["--p", "1", "--metric", "euclidean"], {"p": 1, "metric": "euclidean"}),
        (["--spacing", "0.5"], {"spacing": 0.5}),
        (["--spacing", "0.5,2"], {"spacing": [0.5, 2]}),
        (["--periodic", "all"], {"periodic": True}),
        (["--periodic", "1"], {"periodic": [False, True]}),
        (["--rtol", "0.2"], {"rtol": 0.2}),
    ],
)
def test_options_are_those_of_the_function(arrays, capsys, flags, options):
    expected = otgan.emd_grid(A, B, normalize=True, **options)
    assert printed(capsys, *arrays, "--normalize", *flags)["distance"] == expected.distance


def test_levels_of_gray_are_masses(arrays, tmp_path, capsys):
    images = pytest.importorskip("PIL.Image")
    images.fromarray(B.astype(np.uint8)).save(tmp_path / "b.png")
    images.fromarray((257 * B).astype(np.uint16)).save(tmp_path / "deep.png")
    colored = np.repeat(B.astype(np.uint8)[:, :, None], 3, axis=2)
    images.fromarray(colored).save(tmp_path / "colored.png")
    expected = otgan.emd_grid(A, B, normalize=True).distance
    for name in ("b.png", "deep.png", "colored.png"):
        values = printed(capsys, arrays[0], tmp_path / name, "--normalize")
        assert values["shape"] == [6, 9]
        assert_allclose(values["distance"], expected, rtol=1e-12)


def test_histograms_and_arrays_with_three_axes(tmp_path, capsys):
    np.savetxt(tmp_path / "a.csv", A[0], fmt="%d")
    np.save(tmp_path / "b.npy", B[0])
    values = printed(capsys, tmp_path / "a.csv", tmp_path / "b.npy", "--normalize")
    assert values["shape"] == [9]
    assert values["distance"] == otgan.emd_grid(A[0], B[0], normalize=True).distance
    deep = RNG.random((2, 3, 4, 5))
    for name, masses in zip("ab", deep, strict=True):
        np.save(tmp_path / f"{name}.npy", masses)
    values = printed(capsys, tmp_path / "a.npy", tmp_path / "b.npy", "--normalize")
    assert values["distance"] == otgan.emd_grid(*deep, normalize=True).distance


@pytest.mark.parametrize(
    ("flags", "fragment"),
    [
        ([], "the two total masses must be equal"),
        (["--normalize", "--periodic", "2"], "--periodic must name axes from 0 to 1, got 2"),
        (["--normalize", "--periodic", "x"], "--periodic must be all, or numbers of axes"),
        (["--spacing", "x"], "--spacing must be a number"),
        (["--spacing", "0"], "--spacing must be a positive number"),
        (["--normalize", "--spacing", "1,2,3"], "one for each of 2 axes"),
        (["--metric", "euclid"], "--metric must be one of minkowski, euclidean"),
        (["--normalize", "--metric", "chebyshev", "--periodic", "0"], "periodic must be False"),
    ],
)
def test_what_cannot_be_is_refused(arrays, capsys, flags, fragment):
    assert main(["emd-grid", *map(str, arrays), *flags]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and fragment in shown.err and "to fix it" in shown.err


def test_totals_that_differ_name_the_flag(arrays, capsys):
    assert main(["emd-grid", *map(str, arrays)]) == 2
    message = capsys.readouterr().err
    assert "pass --normalize, which divides" in message and "--unmatched price" in message


def test_grids_of_two_sizes_are_refused(arrays, tmp_path, capsys):
    np.save(tmp_path / "small.npy", A[:3])
    assert main(["emd-grid", str(arrays[0]), str(tmp_path / "small.npy")]) == 2
    assert "the same shape, got (6, 9) and (3, 9)" in capsys.readouterr().err


def test_a_folder_is_no_grid(arrays, tmp_path, capsys):
    """Its pictures would be rows of one."""
    assert main(["emd-grid", str(arrays[0]), str(tmp_path)]) == 2
    assert "must be a file, got a folder" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["emd-grid", "a", "b"], ["emd-graph", "l", "a", "b"]])
def test_pictures_are_not_resized(capsys, command):
    with pytest.raises(SystemExit):
        main([*command, "--size", "4"])
    assert "unknown option --size" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.tif", "a.docx", "a.xlsx"])
def test_a_file_of_another_kind_is_told_what_is_read_and_how_to_convert(
    arrays, tmp_path, capsys, name
):
    (tmp_path / name).write_bytes(b"II*\0")
    assert main(["emd-grid", str(tmp_path / name), str(arrays[1])]) == 2
    message = capsys.readouterr().err
    for fragment in (".png", ".npy", ".csv", f"got {tmp_path / name}", "save a picture as PNG"):
        assert fragment in message
