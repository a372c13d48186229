"""Files that can be read safely: regular ones, of a size that is checked before memory is taken."""

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
    "UNPACKERS",
    "allowance",
    "as_path",
    "check_memory",
    "check_unpacked",
    "faults_named",
    "in_bytes",
    "open_plain",
    "open_unpacked",
    "refuse_size",
]

UNPACKERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open}

SHRUNK = 8
"""Contents that are so many times as large as their file, or less, are never refused."""

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def as_path(path: Any, *, folder: bool = False) -> Path:
    """A path to a regular file, or to a folder if `folder`; an error of ours otherwise."""
    try:
        checked = Path(path)
        mode = checked.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInputError(
            f"the file or folder must exist, got {str(path)!r}; to fix it, check the path"
        ) from None
    except (OSError, ValueError, TypeError) as reason:
        raise InvalidInputError(
            f"the path must lead to a file or folder, got {_shown(path)} "
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
def faults_named(path: Path, kind: str) -> Iterator[None]:
    """Turn what reading can raise into errors of ours that name the file."""
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
            f"{path} must fit into memory, got {in_bytes(path.stat().st_size)} on disk; to fix it, "
            "keep fewer points or columns"
        ) from None
    except (OSError, EOFError, zlib.error, csv.Error) as reason:
        raise DamagedFileError(
            f"{path} must be {kind}, got {reason}; to fix it, write or fetch it again"
        ) from None


@contextmanager
def open_plain(path: Path) -> Iterator[io.BufferedReader]:
    """The bytes of a regular file."""
    with path.open("rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("no regular file any more")
        yield file


@contextmanager
def open_unpacked(path: Path, limit: int, *, growth: int = 1) -> Iterator[io.BufferedReader]:
    """The bytes of a file, unpacked if its name ends in .gz or .bz2, within limits.

    Each byte will take `growth` bytes in memory.
    """
    unpacker = UNPACKERS.get(path.suffix.lower())
    with open_plain(path) as file:
        if unpacker is None:
            yield file
            return
        with unpacker(file, "rb") as packed:
            yield io.BufferedReader(_Bounded(packed, path, limit, growth), 2**16)


def check_unpacked(path: Path, limit: int, *, growth: int) -> None:
    """Raise if the contents of a packed file are too large, before anything is made of them."""
    if path.suffix.lower() in UNPACKERS:
        with open_unpacked(path, limit, growth=growth) as file:
            while file.read(2**20):
                pass


class _Bounded(io.RawIOBase):
    """A stream that is refused once it has given more than is allowed."""

    def __init__(self, stream: Any, path: Path, limit: int, growth: int) -> None:
        self.stream, self.path, self.limit, self.given = stream, path, limit, 0
        self.allowed = allowance(path, limit // growth)
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


def allowance(path: Path, limit: int) -> int:
    """Bytes that the contents of a packed file may take.

    Data shrink to a half or a tenth; files that are made to fill a memory, to a thousandth.
    """
    return max(limit, SHRUNK * path.stat().st_size)


def refuse_size(path: Path | str, size: int, limit: int, *, at_least: bool = False) -> NoReturn:
    """Raise because something would take more memory than is allowed."""
    raise InvalidInputError(
        f"{path} must take at most {in_bytes(limit)} of memory once unpacked, got "
        f"{'more than ' * at_least}{in_bytes(size)}; to fix it, keep fewer points, or if this is "
        f"what you expect, raise limit (--limit), which is {limit}"
    )


def check_memory(where: Path | str, points: int) -> None:
    """Raise if so many numbers need more memory than the machine has."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return  # the system does not tell
    if 8 * points > memory:
        raise InvalidInputError(
            f"{where} must fit into memory as float64, got {in_bytes(8 * points)} of points where "
            f"there are {in_bytes(memory)}; to fix it, keep fewer points or columns"
        )


def _shown(path: Any) -> str:
    """What was given for a path, for a message."""
    return repr(str(path))[:200] if isinstance(path, (str, Path)) else f"a {type(path).__name__}"


def in_bytes(size: int) -> str:
    """A size for people.

    Examples
    --------
    >>> in_bytes(16), in_bytes(2**31), in_bytes(1_600_000_000_000)
    ('16 bytes', '2.15 GB', '1.6 TB')
    """
    if size < 1000:
        return f"{size} bytes"
    if size >= 10**24:
        return "more than 10^24 bytes"
    power = min((len(str(size)) - 1) // 3, 6)
    return f"{size / 1000**power:.3g} {' kMGTPE'[power]}B"
