"""Generated points in files, and as pictures."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import otgan
from otgan.errors import InvalidInputError, OutputError
from otgan.gan.pictures import as_pixels
from otgan.gan.sample_files import write_sample
from tests.gan.short_run import RUN


@pytest.fixture(scope="module")
def loaded(finished_run):
    return otgan.load_run(finished_run.out)


@pytest.fixture(scope="module", params=[1, 2, 3])
def run_of_images(request, tmp_path_factory):
    """A run on images with that many channels, and values from 10 to 250."""
    out = tmp_path_factory.mktemp("images")
    images = np.random.default_rng(0).integers(10, 251, (60, request.param, 8, 8)).astype(float)
    images[0, 0, 0, 0], images[0, 0, 0, 1] = 10, 250
    otgan.train_gan(images, otgan.GANConfig(**{**RUN, "width": 4}, features=None), out=out)
    return otgan.load_run(out)


@pytest.mark.parametrize("name", ["x.npy", "new/x.csv"])
def test_files_hold_the_points_to_all_digits(loaded, tmp_path, name):
    write_sample(loaded, 7, tmp_path / name, rng=5)
    assert_array_equal(otgan.datasets.load_points(tmp_path / name), loaded.generate(7, rng=5))


def test_pictures_are_the_images_with_the_range_of_the_data(run_of_images, tmp_path):
    write_sample(run_of_images, 3, tmp_path / "pictures")
    files = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert files == ["00000.png", "00001.png", "00002.png"]
    expected = as_pixels(run_of_images.generate(3), 10.0, 250.0)
    for name, pixels in zip(files, expected, strict=True):
        assert_array_equal(np.asarray(Image.open(tmp_path / "pictures" / name)), pixels)


def test_images_keep_their_shape_in_npy_files(run_of_images, tmp_path):
    write_sample(run_of_images, 3, tmp_path / "x.npy")
    assert_array_equal(np.load(tmp_path / "x.npy"), run_of_images.generate(3))


def test_nothing_is_overwritten_unasked(loaded, tmp_path):
    path = tmp_path / "x.npy"
    path.write_text("precious")
    with pytest.raises(OutputError, match="must be free"):
        write_sample(loaded, 2, path)
    assert path.read_text() == "precious"
    write_sample(loaded, 2, path, overwrite=True)
    assert np.load(path).shape == (2, 2)


def test_earlier_pictures_are_replaced_and_other_files_stay(run_of_images, tmp_path):
    write_sample(run_of_images, 4, tmp_path)
    (tmp_path / "notes.txt").write_text("kept")
    with pytest.raises(OutputError, match="must be free"):
        write_sample(run_of_images, 1, tmp_path)
    write_sample(run_of_images, 1, tmp_path, overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {"00000.png", "notes.txt"}


def test_pictures_of_vectors_and_other_formats_are_refused(loaded, tmp_path):
    with pytest.raises(InvalidInputError, match="got one of vectors of 2 numbers"):
        write_sample(loaded, 2, tmp_path / "pictures")
    with pytest.raises(InvalidInputError, match=r"ends in .npy or .csv"):
        write_sample(loaded, 2, tmp_path / "x.parquet")
    assert list(tmp_path.iterdir()) == []
