"""Folders of images."""

from __future__ import annotations

import warnings
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

__all__ = ["read_folder"]

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
    points = as_points([_read_image(file, size, gray, limit) for file in files], str(folder))
    notes: tuple[str, ...] = ()
    if folders:
        notes = (f"{folder}: images in folders inside it ({', '.join(folders)}) were not read",)
    image_shape = (1 if gray else 3, size, size)
    return Table(points, notes=notes, shape=points.shape, image_shape=image_shape)


def _read_image(path: Path, size: int, gray: bool, limit: int) -> FloatArray:
    """Values in [0, 1], shape (channels * size * size,)."""
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
                return _square_values(opened, size, gray)
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
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(opened)
    if image.mode[0] == "I":  # 16 bits of gray
        deep = Image.fromarray(np.asarray(image).astype(np.float32))
        levels = np.asarray(ImageOps.fit(deep, (size, size)), dtype=np.float64)
        values = np.clip(levels / 65535.0, 0.0, 1.0)
        return values.ravel() if gray else np.tile(values.ravel(), 3)
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    flat = Image.alpha_composite(white, image).convert("L" if gray else "RGB")
    values = np.asarray(ImageOps.fit(flat, (size, size)), dtype=np.float64) / 255.0
    return values.ravel() if gray else values.transpose(2, 0, 1).ravel()
