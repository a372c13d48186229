"""Whether a file or a folder can be written, asked before there is anything to write."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["why_no_file", "why_no_folder"]


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
