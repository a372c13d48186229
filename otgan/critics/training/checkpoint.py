"""Checkpoints: tensors and plain values in one file, with a digest that shows any changed bit.

PyTorch reads a flipped bit in a weight as another weight, and opens archives that unpack to any
size. So a file is checked before it is loaded, and nothing in it is ever executed. The digest is
the comment of the archive: `torch.load` reads the file as any other.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from otgan.errors import DamagedFileError, InvalidInputError
from otgan.output_files import replacing

__all__ = ["checked_checkpoint", "is_run", "kind_of", "read_checkpoint", "write_checkpoint"]

FORMAT = 1
"""Grows when checkpoints change in a way that earlier versions cannot read."""

DIGEST = 64
"""Length of a SHA-256 in hexadecimal digits."""


def write_checkpoint(path: Path, kind: str, contents: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    path : Path
    kind : {"run", "fit"}
    contents : dict
        Of tensors, numbers, strings, None, and lists, tuples and dicts of these.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    buffer = io.BytesIO()
    torch.save({"otgan": kind, "format": FORMAT, **contents}, buffer)
    # An archive ends with the length of its comment, and the comment.
    archive = buffer.getvalue()[:-2] + struct.pack("<H", DIGEST)
    with replacing(path) as file:
        file.write(archive)
        file.write(hashlib.sha256(archive).hexdigest().encode())


def read_checkpoint(path: Path, kind: str, device: torch.device | str, hint: str) -> dict[str, Any]:
    """A checkpoint of that kind, exactly as it was written.

    Parameters
    ----------
    path : Path
    kind : {"run", "fit"}
    device : torch.device or str
        Where its tensors go.
    hint : str
        How the message ends if it cannot be used.

    Raises
    ------
    DamagedFileError
        Truncated, altered or something else.
    """
    try:
        _check_archive(path)
        stored = torch.load(path, map_location=device, weights_only=True)
    except PermissionError:
        raise InvalidInputError(
            f"the checkpoint {path} must be a file that may be read, got no permission; to fix it, "
            "change its owner or mode"
        ) from None
    except Exception:  # whatever the unpickler makes of other files
        raise DamagedFileError(
            f"the checkpoint {path} must be one that a {kind} has written, got a damaged file or "
            f"one of another kind; to fix it, {hint}"
        ) from None
    return checked_checkpoint(stored, path, kind, hint)


def kind_of(stored: Any) -> str | None:
    """What kind of checkpoint these contents are of; None if they are of no checkpoint of ours."""
    kind = stored.get("otgan") if isinstance(stored, dict) else None
    return kind if isinstance(kind, str) else None


def is_run(path: Path) -> bool:
    """Whether a file is the checkpoint of a run, altered or not; its weights are not loaded."""
    try:
        _check_archive(path)
        return kind_of(torch.load(path, map_location="meta", weights_only=True)) == "run"
    except Exception:  # whatever the unpickler makes of other files
        return False


def checked_checkpoint(stored: Any, path: Path, kind: str, hint: str) -> dict[str, Any]:
    """The contents of a file, if they are a checkpoint of that kind and no bit of it has changed.

    Raises
    ------
    DamagedFileError
        They are not.
    """
    wrong = None
    version = stored.get("format") if isinstance(stored, dict) else None
    if kind_of(stored) != kind:
        wrong = "a file of another kind, or of an earlier version"
    elif type(version) is not int or version > FORMAT:
        wrong = f"one of a newer version of otgan (format {version!r})"
    elif not _unchanged(path):
        wrong = "one that was altered after it was written"
    if wrong:
        raise DamagedFileError(
            f"the checkpoint {path} must be one that a {kind} has written, got {wrong}; to fix it, "
            f"{hint}"
        )
    return stored


def _check_archive(path: Path) -> None:
    """Raise unless it is an archive as `torch.save` writes them, and no larger than it looks."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if any("/code/" in entry.filename for entry in entries):
        raise ValueError("TorchScript")
    packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if packed or sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise ValueError("an archive that unpacks to more than there is")


def _unchanged(path: Path) -> bool:
    left, digest = path.stat().st_size - DIGEST, hashlib.sha256()
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(left, 2**20))):
            digest.update(block)
            left -= len(block)
        return file.read() == digest.hexdigest().encode()
