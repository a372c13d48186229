"""Files that PyTorch wrote: what kind they are, and their tensors, without running code in them."""

from __future__ import annotations

import io
import pickle
import pickletools
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Literal

import torch
from torch import Tensor

from otgan.errors import DamagedFileError, InvalidInputError
from otgan.inputs.conversion import special_layout

__all__ = ["FileKind", "TorchFile"]

FileKind = Literal["TorchScript", "program", "tar", "tensors"]

MAX_RATIO, ALWAYS_ALLOWED = 16, 2**20
"""How many times larger than its file its content may be, for code is compressed and weights may be
shared; and how many bytes are never too many."""

DIRECTORY_ATTRIBUTE = 0x10
"""Of an entry in a ZIP archive."""

NAMING_OPCODES = {"GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"}
"""Instructions of a pickle that name a function or class, which others then call."""

N_LEGACY_PICKLES = 5
"""How many pickles follow each other in a file of PyTorch before version 1.6."""

BROKEN = "an archive that is cut off or was altered"


@dataclass(frozen=True)
class TorchFile:
    """A file that should be one of PyTorch's; nothing in it is run unless `trusted` is called.

    Attributes
    ----------
    path : Path
    expected : str
        What the file should be, for messages: "a critic".
    hint : str
        What to do about a damaged one, for messages.
    """

    path: Path
    expected: str
    hint: str

    @cached_property
    def kind(self) -> FileKind:
        """What it is by its form; ``"tensors"`` is any file that ``torch.save`` may have written.

        Raises
        ------
        InvalidInputError
            No such file.
        DamagedFileError
            It is empty, or an archive that is cut off, was altered, or claims more than it holds.
        """
        if self.path.is_dir():
            raise InvalidInputError(
                f"{str(self.path)!r} must be the file of {self.expected}, got a folder; to fix it, "
                "name the file in it"
            )
        if not self.path.is_file():
            raise InvalidInputError(
                f"the file of {self.expected} must exist, got {str(self.path)!r}; to fix it, check "
                "the path"
            )
        if self.path.stat().st_size == 0:
            raise self.damaged("an empty file")
        if not self._is_archive():
            return "tar" if _is_tar(self.path) else "tensors"
        names = self._checked_entries()
        if any("/code/" in name or name.endswith("/constants.pkl") for name in names):
            return "TorchScript"
        if any(name.endswith("models/model.json") for name in names):
            return "program"
        if not any(name.endswith("data.pkl") for name in names):
            held = ", ".join(names[:3]) or "nothing"
            raise self.damaged(f"an archive of something else ({held})")
        return "tensors"

    def tensors(self) -> Any:
        """The content, if it is tensors and plain Python, on the CPU; nothing in it is run.

        Raises
        ------
        InvalidInputError
            No such file, or tensors that hold no plain numbers.
        DamagedFileError
            It is cut off, was altered, or is something else.
        pickle.UnpicklingError
            It is whole, but reading it would run code.

        References
        ----------
        The notes on security in the documentation of ``torch.load``.
        """
        if self.kind != "tensors":
            raise pickle.UnpicklingError("no file of tensors alone")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                content = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as reason:  # a file may hold anything
            if isinstance(reason, pickle.UnpicklingError) and _would_run_code(self.path):
                raise pickle.UnpicklingError("a pickled object") from None
            # Not in torch's words, which advise to load such files unsafely.
            raise self.damaged("a file that is cut off, altered or of another kind") from None
        self._refuse_claims(content)
        return content

    def trusted(self) -> Any:
        """The content, by running whatever code the file holds: for authors who are trusted."""
        load: dict[FileKind, Callable[[], Any]] = {
            "TorchScript": lambda: torch.jit.load(str(self.path), map_location="cpu"),
            "program": lambda: torch.export.load(str(self.path)).module(),
            "tar": lambda: torch.load(self.path, map_location="cpu", weights_only=False),
            "tensors": lambda: torch.load(self.path, map_location="cpu", weights_only=False),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return load[self.kind]()
            except (AttributeError, ImportError) as reason:
                raise InvalidInputError(
                    f"the code that {self.path} needs must be importable, got {reason}; to fix it, "
                    "import or define the class where it was when the file was written, or save "
                    "its state_dict() instead"
                ) from None
            except Exception as reason:  # its own code may raise anything
                first = str(reason).strip().partition("\n")[0]
                got = f"something that does not load ({type(reason).__name__}: {first})"
                raise self.damaged(got) from None

    def damaged(self, got: str) -> DamagedFileError:
        """The error for a file that is not what it should be."""
        return DamagedFileError(
            f"{self.path} must be {self.expected} saved by PyTorch, got {got}; to fix it, "
            f"{self.hint}"
        )

    def _is_archive(self) -> bool:
        try:
            return zipfile.is_zipfile(self.path)
        except zipfile.BadZipFile:
            raise self.damaged(BROKEN) from None

    def _checked_entries(self) -> list[str]:
        """Names of an archive's entries, once sizes and checksums were found to be true."""
        size = self.path.stat().st_size
        try:
            with zipfile.ZipFile(self.path) as archive:
                entries = archive.infolist()
                claimed = sum(entry.file_size for entry in entries)
                fits = claimed <= MAX_RATIO * size + ALWAYS_ALLOWED
                altered = archive.testzip() if fits else None
        except (zipfile.BadZipFile, ValueError, OSError, EOFError, RuntimeError, zlib.error):
            raise self.damaged(BROKEN) from None
        if not fits:
            raise self.damaged(f"entries that claim {claimed:,} bytes, too many for it")
        # Of an entry that is marked as a folder, PyTorch reads whatever was in memory.
        altered = next(
            (e.filename for e in entries if e.external_attr & DIRECTORY_ATTRIBUTE), altered
        )
        if altered is not None:
            raise self.damaged(f"an entry that was altered, {altered!r}")
        return [entry.filename for entry in entries]

    def _refuse_claims(self, content: object) -> None:
        """Raise if tensors hold no plain numbers, or claim more of them than the file can hold."""
        tensors = list(_tensors_in(content))
        for name, tensor in tensors:
            layout, _ = special_layout(tensor)
            if layout:
                raise InvalidInputError(
                    f"the tensors in {self.path} must hold plain numbers, got {name!r}, a {layout} "
                    f"tensor; to fix it, save {self.expected} with dense weights on a real device"
                )
        claimed = sum(tensor.numel() * tensor.element_size() for _, tensor in tensors)
        if claimed > MAX_RATIO * self.path.stat().st_size + ALWAYS_ALLOWED:
            raise self.damaged(f"tensors that claim {claimed:,} bytes, too many for it")


def _is_tar(path: Path) -> bool:
    try:
        with tarfile.open(path, "r:"):  # as PyTorch does: not compressed
            return True
    except (tarfile.TarError, ValueError, OSError, EOFError):
        return False


def _would_run_code(path: Path) -> bool:
    """Whether the file holds whole pickles that name something to call, found without a call."""
    try:
        if not zipfile.is_zipfile(path):
            with path.open("rb") as stream:
                return _calls(stream)
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith("data.pkl")]
            return _calls(io.BytesIO(archive.read(names[0])))
    except (ValueError, IndexError, MemoryError, OSError, zipfile.BadZipFile):
        return False  # no pickle to its end


def _calls(stream: IO[bytes]) -> bool:
    named = set()
    for _ in range(N_LEGACY_PICKLES):
        named |= {code.name for code, _, _ in pickletools.genops(stream)}  # to its very end
        if not stream.read(1):
            break
        stream.seek(-1, io.SEEK_CUR)
    return not named.isdisjoint(NAMING_OPCODES)


def _tensors_in(content: object, name: str = "", depth: int = 8) -> Iterator[tuple[str, Tensor]]:
    """All tensors in nested mappings and lists, with their names."""
    if isinstance(content, Tensor):
        yield name, content
    elif depth and isinstance(content, Mapping):
        for key, value in content.items():
            yield from _tensors_in(value, f"{name}.{key}".lstrip("."), depth - 1)
    elif depth and isinstance(content, (list, tuple)):
        for k, value in enumerate(content):
            yield from _tensors_in(value, f"{name}.{k}".lstrip("."), depth - 1)
