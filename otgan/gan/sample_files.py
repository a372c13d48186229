"""Generated points written to a file, or as pictures into a folder."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from otgan.errors import InvalidInputError, OutputError, require
from otgan.gan.load import Run
from otgan.gan.pictures import as_pixels
from otgan.measures import FloatArray
from otgan.output_files import make_folder, replacing

__all__ = ["check_free", "write_sample"]

FILES = (".npy", ".csv")

PICTURE = re.compile(r"\d{5,}\.png")


def check_free(path: Path, *, overwrite: bool) -> None:
    """Raise if a file, or pictures in a folder, would be overwritten unasked; or on another format.

    Raises
    ------
    InvalidInputError
        An ending that is neither .npy nor .csv nor that of a folder.
    OutputError
        Something is there already.
    """
    if path.suffix and path.suffix not in FILES and not path.is_dir():
        raise InvalidInputError(
            f"points must be written to a file that ends in .npy or .csv, or as pictures into a "
            f"folder, got {str(path)!r}; to fix it, change the ending, or leave it out"
        )
    there = any(path.iterdir()) if path.is_dir() else path.exists()
    if there and not overwrite:
        raise OutputError(
            f"the place of the points must be free, got {str(path)!r}, which is there already; to "
            "fix it, name another, or pass --overwrite (overwrite=True)"
        )


def write_sample(run: Run, n: int, path: Path, *, rng: int = 0, overwrite: bool = False) -> None:
    """Write `n` generated points of a run, in the units of its data.

    Parameters
    ----------
    run : Run
    n : int
    path : Path
        A .npy file, in which images keep their shape; a .csv file, one point a row; or, for images,
        a folder for pictures 00000.png, 00001.png, ..., whose black and white are the least and the
        greatest value of the data.
    rng : int
        Which latents.
    overwrite : bool
        Whether an earlier file, or earlier pictures of this kind in the folder, are replaced.

    Raises
    ------
    InvalidInputError
        Pictures of vectors.
    OutputError
        Something is there already, or it cannot be written.
    """
    check_free(path, overwrite=overwrite)
    if path.suffix not in FILES:
        _check_pictures(run, path)
    points = run.generate(n, rng=rng)
    if path.suffix not in FILES:
        _write_pictures(run, points, path)
        return
    make_folder(path.parent)
    with replacing(path) as file:
        if path.suffix == ".npy":
            np.save(file, points)
        else:
            np.savetxt(file, points.reshape(n, -1), delimiter=",", fmt="%.17g")


def _check_pictures(run: Run, path: Path) -> None:
    require("PIL", extra="plot", purpose="writing pictures")
    shape = run.generator.units.shape
    if len(shape) != 3:
        raise InvalidInputError(
            f"pictures must come from a generator of images, got one of vectors of {shape[0]} "
            f"numbers; to fix it, write {path}.npy or {path}.csv instead of a folder"
        )


def _write_pictures(run: Run, images: FloatArray, folder: Path) -> None:
    from PIL import Image

    make_folder(folder)
    for old in folder.iterdir():
        if PICTURE.fullmatch(old.name):
            old.unlink()
    units = run.generator.units
    pixels = as_pixels(images, units.center[0] - units.scale, units.center[0] + units.scale)
    for index, picture in enumerate(pixels):
        with replacing(folder / f"{index:05d}.png") as file:
            Image.fromarray(picture).save(file, format="PNG")
