"""Images in every mode, and turned as their metadata say."""

import struct
import zlib

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

import otgan
from otgan.datasets import load_images
from otgan.errors import InvalidInputError


def test_gray_pictures_of_16_bits_are_not_white(tmp_path):
    rng = np.random.default_rng(4)
    levels = rng.integers(0, 2**16, size=(2, 8, 8), dtype=np.uint16)
    points = []
    for i, image in enumerate(levels):
        (tmp_path / str(i)).mkdir()
        Image.fromarray(image).save(tmp_path / str(i) / "a.png")
        points.append(load_images(tmp_path / str(i), size=8))
    right = np.sqrt(3) * np.linalg.norm(levels[0] / 65535.0 - levels[1] / 65535.0)  # three channels
    assert_allclose(otgan.emd(*points).distance, right, rtol=1e-12)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_pictures_are_turned_as_they_say(tmp_path, suffix):
    image = Image.new("RGB", (32, 32))
    image.paste((255, 255, 255), (0, 0, 16, 32))  # white on the left; turned, on the top
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / f"a.{suffix}", exif=exif)
    shown = load_images(tmp_path, size=32, gray=True).reshape(32, 32)
    assert_allclose(shown[4:12], 1.0, atol=0.05)
    assert_allclose(shown[20:28], 0.0, atol=0.05)


@pytest.mark.parametrize(
    ("name", "mode", "found"),
    [
        ("a.tif", "L", "a.tif"),
        ("a.HEIC", None, "a.HEIC"),
        ("a.jpg", "CMYK", "mode CMYK"),
        ("a.gif", "frames", "3 frames"),
        ("a.png", "deep", "16 bits for each color"),
    ],
)
def test_pictures_that_are_not_read_are_refused_by_name(tmp_path, name, mode, found):
    Image.new("L", (4, 4)).save(tmp_path / "b.png")
    if mode is None:
        (tmp_path / name).write_bytes(b"no matter what")
    elif mode == "frames":
        frames = [Image.new("L", (4, 4), 80 * i) for i in range(3)]
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    elif mode == "deep":
        Image.new("RGB", (4, 4)).save(tmp_path / name)
        raw = bytearray((tmp_path / name).read_bytes())
        raw[24] = 16
        raw[29:33] = struct.pack(">I", zlib.crc32(raw[12:29]))
        (tmp_path / name).write_bytes(raw)
    else:
        Image.new(mode, (4, 4)).save(tmp_path / name)
    with pytest.raises(InvalidInputError, match=found):
        load_images(tmp_path)
