"""Atomic writes of files, and locks on folders that one process at a time writes to."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from otgan.errors import OutputError

__all__ = [
    "as_output_errors",
    "make_folder",
    "only_writer",
    "remove_drafts",
    "replacing",
    "try_to_write",
    "why_no_file",
    "why_no_folder",
]

HINTS = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room on the disk",
    errno.EFBIG: "make room, or lift the limit on the size of files",
    errno.EROFS: "name a place that can be written to",
    errno.EACCES: "name a place that you may write to",
    errno.EPERM: "name a place that you may write to",
    errno.EISDIR: "name a file, or remove that folder",
    errno.ENOTDIR: "name a folder, or remove that file",
    errno.EEXIST: "name a folder, or remove that file",
    errno.ENOENT: "let the folder stay where it is while it is written to",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "remove the link",
}
"""How to fix errors of the operating system."""

DRAFT_BYTES = 8
"""Random bytes in the name of a file that is not complete yet."""

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
"""Errors of file systems without locks."""

log = logging.getLogger(__name__)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` once it is complete and on the disk.

    At any moment `path` is the old file or the complete new one. The new one is created under a
    random new name, so that no link can redirect it; a link at `path` is replaced, and its target
    is left alone.

    Parameters
    ----------
    path : Path
        In a folder that exists.

    Yields
    ------
    file
        Open for writing bytes.

    Raises
    ------
    OutputError
        The folder is gone, read-only or full, or `path` is a folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "notes.txt"
    ...     with replacing(path) as file:
    ...         _ = file.write(b"whole")
    ...     path.read_bytes(), len(list(path.parent.iterdir()))
    (b'whole', 1)
    """
    draft = path.with_name(f".{secrets.token_hex(DRAFT_BYTES)}.draft")
    with as_output_errors(path):
        try:
            with draft.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
            _flush_folder(path.parent)
        finally:
            with contextlib.suppress(OSError):  # it was renamed, or its folder is gone
                draft.unlink()


def remove_drafts(folder: Path) -> None:
    """Remove the incomplete files of `replacing` that a killed process left in a folder.

    Only where no other process writes, as under `only_writer`.
    """
    name = re.compile(rf"\.[0-9a-f]{{{2 * DRAFT_BYTES}}}\.draft")
    for path in folder.glob(".*.draft"):
        if name.fullmatch(path.name):
            path.unlink(missing_ok=True)


@contextmanager
def as_output_errors(path: Path) -> Iterator[None]:
    """Errors of the operating system while `path` is written, as an :class:`OutputError`."""
    try:
        yield
    except OutputError:
        raise
    except OSError as reason:
        hint = HINTS.get(reason.errno or 0, "name another place")
        raise OutputError(
            f"{path} must be a place that can be written to, got: {reason.strerror or reason}; to "
            f"fix it, {hint}"
        ) from None


def make_folder(path: Path, *, inside: Path | None = None) -> None:
    """Create a folder, unless it is there.

    Parameters
    ----------
    path : Path
    inside : Path, optional
        A folder that `path` must not lead out of by a link.

    Raises
    ------
    OutputError
        A file is in its place, it cannot be created, or it is a link out of `inside`.
    """
    if inside is not None and path.is_symlink():
        raise OutputError(
            f"{path} must be a folder inside {inside}, got a link to {os.readlink(path)}; to fix "
            "it, remove the link"
        )
    with as_output_errors(path):
        path.mkdir(parents=True, exist_ok=True)


def try_to_write(path: Path) -> None:
    """Raise now if `path` could not be written later; creates its folder.

    Raises
    ------
    OutputError
        As `replacing` would.
    """
    if reason := why_no_file(path):
        raise OutputError(
            f"{path} must be a place that can be written to, got: {reason}; to fix it, name "
            "another place"
        )
    make_folder(path.parent)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the only process, and the only thread, that writes to a folder.

    The lock is the operating system's, on a file ``.lock`` that stays there: it ends with the
    process, however that ends. File systems without locks get none, and a line in the log.

    Parameters
    ----------
    folder : Path
        Exists.

    Raises
    ------
    OutputError
        Another process or thread is writing to it, or it cannot be written to.
    """
    path = folder / ".lock"
    # Not through a link, and not inherited by programs that are started meanwhile.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    with as_output_errors(path):
        descriptor = os.open(path, flags, 0o666)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)  # which ends the lock


def _lock(descriptor: int, folder: Path) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as reason:
        if reason.errno in NO_LOCKS:
            log.warning("%s has no locks: nothing else may write to it meanwhile", folder)
            return
        raise OutputError(
            f"{folder} must be written to by one run at a time, got another one that is writing to "
            "it now; to fix it, wait until that ends, or name another folder"
        ) from None


def _flush_folder(folder: Path) -> None:
    """Let the new name reach the disk, where folders can be flushed."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def why_no_folder(path: Path) -> str:
    """Why no file can be made in this folder, which need not be there yet; empty if one can.

    Examples
    --------
    >>> why_no_folder(Path("new/folder"))
    ''
    """
    there = path
    while not os.path.exists(there) and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return f"{there} is no folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"no permission to write in {there}"


def why_no_file(path: Path) -> str:
    """Why this file cannot be made or replaced, which need not be there yet; empty if it can.

    A file that is there is replaced by a new one, which takes permission on its folder alone.

    Examples
    --------
    >>> why_no_file(Path("."))
    '. is a folder'
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return why_no_folder(path.parent)
    except OSError as reason:  # such as a name that is too long
        return reason.strerror or str(reason)
    if path.is_dir():
        return f"{path} is a folder"
    return why_no_folder(path.parent) if path.is_file() else f"{path} is a device or a pipe"
