"""Checkpoints: tensors and plain values in one file, with a digest that tells if any has changed.

PyTorch reads a flipped bit in a weight as another weight, and opens archives that unpack to any
size. So a checkpoint is looked at before it is loaded, nothing in it is ever executed, and what
came out is compared with the digest of what went in.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from otgan.atomic import replacing
from otgan.errors import DamagedFileError, InvalidInputError

__all__ = ["checked_checkpoint", "kind_of", "read_checkpoint", "write_checkpoint"]

FORMAT = 1
"""Grows when checkpoints change in a way that earlier versions cannot read."""

PLAIN = (bool, int, float, str, type(None))


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
    InvalidInputError
        Something else in the contents.
    """
    stored = {"otgan": kind, "format": FORMAT, **contents}
    stored["digest"] = _digest(stored)
    buffer = io.BytesIO()
    torch.save(stored, buffer)
    with replacing(path) as file:
        file.write(buffer.getbuffer())


def read_checkpoint(path: Path, kind: str, device: torch.device | str, cure: str) -> dict[str, Any]:
    """A checkpoint of that kind, exactly as it was written.

    Parameters
    ----------
    path : Path
    kind : {"run", "fit"}
    device : torch.device or str
        Where its tensors go.
    cure : str
        How the message ends if it cannot be used.

    Raises
    ------
    DamagedFileError
        Truncated, altered or something else.
    """
    try:
        _check_archive(path)
        stored = torch.load(path, map_location=device, weights_only=True)
    except Exception:  # whatever the unpickler makes of other files
        raise DamagedFileError(
            f"the checkpoint {path} must be one that a {kind} has written, got a damaged file or "
            f"one of another kind; to fix it, {cure}"
        ) from None
    return checked_checkpoint(stored, path, kind, cure)


def kind_of(stored: Any) -> str | None:
    """What kind of checkpoint these contents are of; None if they are of no checkpoint of ours."""
    kind = stored.get("otgan") if isinstance(stored, dict) else None
    return kind if isinstance(kind, str) else None


def checked_checkpoint(stored: Any, path: Path, kind: str, cure: str) -> dict[str, Any]:
    """The contents of a file, if they are a checkpoint of that kind and nothing in them changed.

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
    elif not _unchanged(stored, path.stat().st_size):
        wrong = "one whose contents were altered after it was written"
    if wrong:
        raise DamagedFileError(
            f"the checkpoint {path} must be one that a {kind} has written, got {wrong}; to fix it, "
            f"{cure}"
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


def _unchanged(stored: dict[str, Any], size: int) -> bool:
    told = stored.pop("digest", None)
    try:
        return told == _digest(stored, limit=size)
    except (ValueError, RuntimeError):  # tensors that are none, endless recursion
        return False


def _digest(contents: Any, limit: float = float("inf")) -> str:
    """SHA-256 of all values with their types and shapes; `limit` is how many bytes tensors have."""
    digest = hashlib.sha256()
    read = 0

    def add(value: Any) -> None:
        nonlocal read
        if isinstance(value, Mapping):
            digest.update(f"dict {len(value)};".encode())
            for key, item in value.items():
                add(key)
                add(item)
        elif isinstance(value, (list, tuple)):
            digest.update(f"list {len(value)};".encode())
            for item in value:
                add(item)
        elif isinstance(value, Tensor):
            if value.layout != torch.strided or value.is_quantized or value.is_meta:
                raise InvalidInputError("a tensor without plain numbers")
            read += value.numel() * value.element_size()
            if read > limit:  # views that repeat a small storage
                raise InvalidInputError("tensors that are larger than their file")
            digest.update(f"tensor {value.dtype} {tuple(value.shape)};".encode())
            plain = value.detach().cpu().contiguous().reshape(-1)
            digest.update(plain.view(torch.uint8).numpy().tobytes())
        elif type(value) in PLAIN:
            digest.update(f"{type(value).__name__} {value!r};".encode())
        else:
            raise InvalidInputError(
                f"a checkpoint must hold tensors and plain values, got {type(value).__name__}; to "
                "fix it, keep other things out of state_dict"
            )

    add(contents)
    return digest.hexdigest()
