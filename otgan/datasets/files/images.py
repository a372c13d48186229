"""Images: those of a folder, cut to one size, and single ones in gray."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from otgan.datasets.files.read_options import Table
from otgan.datasets.files.safe_open import (
    as_input_errors,
    as_path,
    check_memory,
    open_regular,
    refuse_size,
)
from otgan.errors import DamagedFileError, InvalidInputError, OtganError, require
from otgan.inputs.options import as_count
from otgan.measures import FloatArray, as_points

__all__ = ["SUFFIXES", "read_folder", "read_gray_image"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp"}
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
"""Formats that Pillow may read: none that another program renders, as EPS is."""
MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "I;16", "I;16B", "I;16L", "I"}
OTHERS = (
    ".apng .arw .avif .avifs .cr2 .cr3 .cur .dcm .dds .dib .dng .emf .eps .exr .fits .flif .hdr "
    ".heic .heif .icns .ico .j2c .j2k .jif .jp2 .jpf .jpx .jxl .mpo .nef .orf .pbm .pcx .pfm .pgm "
    ".pic .pnm .ppm .ps .psd .qoi .ras .raw .rw2 .sgi .svg .svgz .tga .tif .tiff .wmf .xbm .xcf "
    ".xpm"
)
"""Suffixes of images that are refused instead of skipped."""
BYTES_A_PIXEL = 16
"""Memory while an image is read: itself, with transparency, on white, and the result."""


def read_folder(folder: Path, size: int, gray: bool, limit: int) -> Table:
    """All images of a folder, cut square, resized and flattened to values in [0, 1]."""
    require("PIL", extra="plot", purpose="reading images")
    as_count(size, "size", hint="pass the pixels on a side")
    as_count(limit, "limit", hint="pass the most bytes that a image may take")
    with as_input_errors(folder, "a folder of images"):
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
        folders = [entry.name for entry in entries if entry.is_dir()]
    files = [entry for entry in entries if entry.suffix.lower() in SUFFIXES]
    known = ", ".join(sorted(SUFFIXES))
    others = [entry.name for entry in entries if entry.suffix.lower() in OTHERS.split()]
    if others:
        raise InvalidInputError(
            f"{folder} must hold images that can be read ({known}), got {others[0]}"
            + (f" and {len(others) - 1} more such files" if len(others) > 1 else "")
            + "; to fix it, convert them to PNG or move them elsewhere"
        )
    if not files:
        inside = f", and folders ({', '.join(folders[:6])})" if folders else ""
        raise InvalidInputError(
            f"{folder} must hold images ({known}), got none{inside}; to fix it, name the folder "
            "that holds them"
        )
    check_memory(folder, len(files) * size * size * (1 if gray else 3))
    square = partial(_square_values, size=size, gray=gray)
    points = as_points([_read_image(file, limit, square) for file in files], str(folder))
    notes: tuple[str, ...] = ()
    if folders:
        notes = (f"{folder}: images in folders inside it ({', '.join(folders)}) were not read",)
    image_shape = (1 if gray else 3, size, size)
    return Table(points, notes=notes, shape=points.shape, image_shape=image_shape)


def read_gray_image(path: Path, limit: int) -> FloatArray:
    """Levels of gray in [0, 1], shape (height, width): 0 is black, and white also what is behind.

    Parameters
    ----------
    path : path
    limit : int
        Bytes that it may take while it is read.
    """
    require("PIL", extra="plot", purpose="reading images")
    return _read_image(path, limit, _gray_levels)


def _read_image(path: Path, limit: int, values: Callable[[Any], FloatArray]) -> FloatArray:
    """The values of an image that Pillow has opened."""
    from PIL import Image

    path, kind = as_path(path), "a readable image"
    with as_input_errors(path, kind), open_regular(path) as file, warnings.catch_warnings():
        # The size is checked here.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        start = file.read(26)
        file.seek(0)
        try:
            with Image.open(file, formats=FORMATS) as opened:
                pixels = opened.width * opened.height
                if pixels * BYTES_A_PIXEL > limit:
                    where = f"{path}, {opened.width} x {opened.height} pixels,"
                    refuse_size(where, pixels * BYTES_A_PIXEL, limit)
                _check_kind(opened, start, path)
                return values(opened)
        except Image.DecompressionBombError as reason:
            raise InvalidInputError(
                f"{path} must be an image of fewer pixels, got one that Pillow refuses "
                f"({reason}); to fix it, make it smaller, or raise PIL.Image.MAX_IMAGE_PIXELS"
            ) from None
        except (OtganError, OSError, MemoryError):
            raise
        except Exception as reason:  # Pillow's decoders raise errors of many kinds
            raise DamagedFileError(
                f"{path} must be {kind}, got {type(reason).__name__}: {reason}; to fix it, remove "
                "or replace it"
            ) from None


def _check_kind(opened: Any, start: bytes, path: Path) -> None:
    """Refuse what Pillow would silently reduce: colors of 16 bits, animations, CMYK."""
    found = ""
    colors_of_16_bits = start[:4] == b"\x89PNG" and start[24:25] == b"\x10" and start[25] != 0
    if colors_of_16_bits or (opened.mode[0] == "I" and "transparency" in opened.info):
        found = "16 bits for each color or transparency, of which eight would be lost"
    elif opened.mode not in MODES or (opened.mode == "I" and opened.format != "PNG"):
        found = f"pixels of the mode {opened.mode}"
    elif opened.format != "MPO" and getattr(opened, "n_frames", 1) > 1:
        found = f"an animation of {opened.n_frames} frames"
    if found:
        raise InvalidInputError(
            f"{path} must be one image in gray or RGB, got {found}; to fix it, convert it to a "
            "PNG file of eight bits (gray ones may have 16)"
        )


def _square_values(opened: Any, size: int, gray: bool) -> FloatArray:
    """Values in [0, 1], shape (channels * size * size,)."""
    from PIL import ImageOps

    flat, white = _flat(opened, gray)
    values = np.asarray(ImageOps.fit(flat, (size, size)), dtype=np.float64) / white
    if flat.mode == "F":
        values = np.clip(values, 0.0, 1.0)
        return values.ravel() if gray else np.tile(values.ravel(), 3)
    return values.ravel() if gray else values.transpose(2, 0, 1).ravel()


def _gray_levels(opened: Any) -> FloatArray:
    flat, white = _flat(opened, gray=True)
    levels: FloatArray = np.asarray(flat, dtype=np.float64) / white
    return levels


def _flat(opened: Any, gray: bool) -> tuple[Any, float]:
    """The image upright, on white where it is transparent, and the level of white."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(opened)
    if image.mode[0] == "I":  # 16 bits of gray
        return Image.fromarray(np.asarray(image).astype(np.float32)), 65535.0
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("L" if gray else "RGB"), 255.0
