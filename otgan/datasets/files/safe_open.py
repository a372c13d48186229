"""Regular files, opened with their size checked before memory is allocated."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from otgan.errors import DamagedFileError, InvalidInputError

__all__ = [
    "DECOMPRESSORS",
    "as_input_errors",
    "as_path",
    "check_decompressed_size",
    "check_memory",
    "format_bytes",
    "largest_size",
    "open_decompressed",
    "open_regular",
    "refuse_size",
]

DECOMPRESSORS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open}

USUAL_RATIO = 8
"""Contents of up to so many times the size of their file are never refused."""

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def as_path(path: Any, *, folder: bool = False) -> Path:
    """A path to a regular file, or to a folder if `folder`; raises otherwise."""
    try:
        checked = Path(path)
        mode = checked.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInputError(
            f"the file or folder must exist, got {str(path)!r}; to fix it, check the path"
        ) from None
    except (OSError, ValueError, TypeError) as reason:
        raise InvalidInputError(
            f"the path must lead to a file or folder, got {_quoted(path)} "
            f"({getattr(reason, 'strerror', None) or reason}); to fix it, check the path"
        ) from None
    kind = "a file" if stat.S_ISREG(mode) else KINDS.get(stat.S_IFMT(mode), "something else")
    wanted = "a folder" if folder else "a file"
    if kind != wanted:
        raise InvalidInputError(
            f"{checked} must be {wanted}, got {kind}; to fix it, name {wanted} on disk"
        )
    return checked


@contextmanager
def as_input_errors(path: Path, kind: str) -> Iterator[None]:
    """Turn errors of reading into :class:`InvalidInputError` that names the file."""
    try:
        yield
    except FileNotFoundError:
        raise InvalidInputError(
            f"the file or folder must exist, got {str(path)!r}; to fix it, check the path"
        ) from None
    except PermissionError:
        raise InvalidInputError(
            f"{path} must be readable, got no permission; to fix it, change who may read it"
        ) from None
    except UnicodeDecodeError as reason:
        raise DamagedFileError(
            f"{path} must be {kind} in UTF-8, got {reason}; to fix it, export it as CSV in UTF-8"
        ) from None
    except MemoryError:
        raise InvalidInputError(
            f"{path} must fit into memory, got {format_bytes(path.stat().st_size)} on disk; to fix "
            "it, keep fewer points or columns"
        ) from None
    except (OSError, EOFError, zlib.error, csv.Error) as reason:
        raise DamagedFileError(
            f"{path} must be {kind}, got {reason}; to fix it, write or fetch it again"
        ) from None


@contextmanager
def open_regular(path: Path) -> Iterator[io.BufferedReader]:
    """The bytes of a regular file."""
    with path.open("rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("no regular file any more")
        yield file


@contextmanager
def open_decompressed(path: Path, limit: int, *, growth: int = 1) -> Iterator[io.BufferedReader]:
    """The bytes of a file, decompressed if its name ends in .gz or .bz2, within limits.

    Each byte will take `growth` bytes in memory.
    """
    decompress = DECOMPRESSORS.get(path.suffix.lower())
    with open_regular(path) as file:
        if decompress is None:
            yield file
            return
        with decompress(file, "rb") as packed:
            yield io.BufferedReader(_LimitedStream(packed, path, limit, growth), 2**16)


def check_decompressed_size(path: Path, limit: int, *, growth: int) -> None:
    """Raise if the contents of a compressed file are too large, before they are parsed."""
    if path.suffix.lower() in DECOMPRESSORS:
        with open_decompressed(path, limit, growth=growth) as file:
            while file.read(2**20):
                pass


class _LimitedStream(io.RawIOBase):
    """A stream that raises once more bytes than allowed were read."""

    def __init__(self, stream: Any, path: Path, limit: int, growth: int) -> None:
        self.stream, self.path, self.limit, self.given = stream, path, limit, 0
        self.allowed = largest_size(path, limit // growth)
        self.growth = growth

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self.stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.given += len(chunk)
        if self.given > self.allowed:
            refuse_size(self.path, self.allowed * self.growth + 1, self.limit, at_least=True)
        return len(chunk)


def largest_size(path: Path, limit: int) -> int:
    """Bytes that the contents of a compressed file may take.

    Data compress to a half or a tenth; files made to exhaust memory, to a thousandth.
    """
    return max(limit, USUAL_RATIO * path.stat().st_size)


def refuse_size(path: Path | str, size: int, limit: int, *, at_least: bool = False) -> NoReturn:
    """Raise because the contents would take more memory than allowed."""
    raise InvalidInputError(
        f"{path} must take at most {format_bytes(limit)} of memory once unpacked, got "
        f"{'more than ' * at_least}{format_bytes(size)}; to fix it, keep fewer points, or if this "
        f"is what you expect, raise limit (--limit), which is {limit}"
    )


def check_memory(where: Path | str, points: int) -> None:
    """Raise if `points` numbers need more memory than the machine has."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return  # unknown on this system
    if 8 * points > memory:
        raise InvalidInputError(
            f"{where} must fit into memory as float64, got {format_bytes(8 * points)} of points "
            f"where there are {format_bytes(memory)}; to fix it, keep fewer points or columns"
        )


def _quoted(path: Any) -> str:
    """A path for an error message."""
    return repr(str(path))[:200] if isinstance(path, (str, Path)) else f"a {type(path).__name__}"


def format_bytes(size: int) -> str:
    """A size with its unit.

    Examples
    --------
    >>> format_bytes(16), format_bytes(2**31), format_bytes(1_600_000_000_000)
    ('16 bytes', '2.15 GB', '1.6 TB')
    """
    if size < 1000:
        return f"{size} bytes"
    if size >= 10**24:
        return "more than 10^24 bytes"
    power = min((len(str(size)) - 1) // 3, 6)
    return f"{size / 1000**power:.3g} {' kMGTPE'[power]}B"
