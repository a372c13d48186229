"""Files are whole or not written, never through links; one writer a folder."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from otgan.errors import OtganError, OutputError
from otgan.output_files import (
    make_folder,
    only_writer,
    replacing,
    try_to_write,
    why_no_file,
    why_no_folder,
)


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "notes"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["notes"]


def test_what_fails_half_way_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "notes"
    path.write_bytes(b"old")

    def fail():
        with replacing(path) as file:
            file.write(b"half of the n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["notes"]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"untouched")
    path = tmp_path / "notes"
    path.symlink_to(elsewhere)
    with replacing(path) as file:
        file.write(b"new")
    assert elsewhere.read_bytes() == b"untouched"
    assert not path.is_symlink() and path.read_bytes() == b"new"


def test_data_are_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    done: list[str] = []
    flush, rename = os.fsync, os.replace

    def flushed(descriptor: int) -> None:
        done.append("flush")
        flush(descriptor)

    def renamed(source: Path, target: Path) -> None:
        done.append("replace")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    with replacing(tmp_path / "notes") as file:
        file.write(b"new")
    assert done[:2] == ["flush", "replace"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), "directory"),
        (lambda path: path.parent.rmdir(), "No such file"),
    ],
    ids=["a folder", "gone"],
)
def test_places_that_cannot_be_written_are_named(tmp_path, make, message):
    path = tmp_path / "folder" / "notes"
    path.parent.mkdir()
    make(path)
    named = rf"{path} must be .*{message}.*; to fix it, "
    with pytest.raises(OutputError, match=named), replacing(path) as file:
        file.write(b"new")
    with pytest.raises(OutputError, match="must be a place that can be written to"):
        try_to_write(tmp_path / "folder" if path.is_dir() else tmp_path)


def test_a_file_where_a_folder_should_be_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="to fix it, name a folder, or remove that file"):
            make_folder(path)


def test_a_linked_folder_inside_another_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "snapshots").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="got a link to"):
        make_folder(tmp_path / "run" / "snapshots", inside=tmp_path / "run")


def test_output_errors_are_both_ours_and_those_of_python():
    assert issubclass(OutputError, OtganError) and issubclass(OutputError, OSError)


def test_a_full_disk_is_an_error_and_leaves_the_old_file(tmp_path):
    """A limit on the size of files stands in for a disk with little room."""
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from otgan.output_files import replacing\n"
        "from otgan.errors import OutputError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    with replacing(Path(sys.argv[1])) as file:\n"
        "        file.write(bytes(100_000))\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    path = tmp_path / "notes"
    path.write_bytes(b"old")
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "to fix it, make room" in done.stdout
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["notes"]


def test_one_writer_a_folder(tmp_path):
    taken = pytest.raises(OutputError, match="one run at a time")
    with only_writer(tmp_path), taken, only_writer(tmp_path):
        pass
    with only_writer(tmp_path):  # free again
        pass


def test_a_killed_process_keeps_no_lock(tmp_path):
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from otgan.output_files import only_writer\n"
        "with only_writer(Path(sys.argv[1])):\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "locked\n"
        with pytest.raises(OutputError, match="one run at a time"), only_writer(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    time.sleep(0.01)
    with only_writer(tmp_path):
        pass


def test_a_lock_is_not_taken_through_a_link(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(elsewhere)
    with pytest.raises(OutputError, match="remove the link"), only_writer(tmp_path / "run"):
        pass
    assert not elsewhere.exists()


WRITER = """
import json, os, sys
from pathlib import Path
from otgan.errors import OutputError
from otgan.output_files import replacing, try_to_write, why_no_file

if os.geteuid() == 0:  # the root user may write anywhere
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)

def works(write):
    try:
        write()
    except OutputError:
        return False
    return True

def replace(path):
    with replacing(path) as file:
        file.write(b"new")

for path in map(Path, sys.argv[1:]):
    asked = why_no_file(path), works(lambda: try_to_write(path))
    print(json.dumps([*asked, works(lambda: replace(path))]))
"""


def test_what_can_be_written_and_nothing_is_made(tmp_path):
    for path in (tmp_path / "new.png", tmp_path / "a" / "b" / "new.png", Path("new.png")):
        assert why_no_file(path) == ""
    (tmp_path / "old.png").write_text("old")
    assert why_no_file(tmp_path / "old.png") == ""
    assert why_no_folder(tmp_path / "a" / "b") == "" and why_no_folder(tmp_path) == ""
    assert sorted(tmp_path.iterdir()) == [tmp_path / "old.png"]


def test_what_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    assert why_no_file(tmp_path) == f"{tmp_path} is a folder"
    assert why_no_file(tmp_path / "file" / "new.png") == f"{tmp_path / 'file'} is no folder"
    assert why_no_folder(tmp_path / "file") == f"{tmp_path / 'file'} is no folder"
    assert why_no_file(tmp_path / ("long" * 100)) != ""
    os.mkfifo(tmp_path / "pipe")
    assert why_no_file(tmp_path / "pipe") == f"{tmp_path / 'pipe'} is a device or a pipe"


def test_permission_is_asked_for_as_a_writer_needs_it(tmp_path):
    """A file that is there is replaced, which is up to its folder and not to the file."""
    allowed = {"locked/new": False, "locked/open": False, "open/new": True, "open/locked": True}
    tmp_path.chmod(0o755)
    for folder, mode in (("locked", 0o555), ("open", 0o777)):
        (tmp_path / folder).mkdir()
        for name, file_mode in (("locked", 0o444), ("open", 0o666)):
            (tmp_path / folder / name).write_text("old")
            (tmp_path / folder / name).chmod(file_mode)
        (tmp_path / folder).chmod(mode)
    command = [sys.executable, "-c", WRITER, *allowed]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    (tmp_path / "locked").chmod(0o755)
    for line, (name, right) in zip(done.stdout.splitlines(), allowed.items(), strict=True):
        reason, tried, replaced = json.loads(line)
        assert reason == ("" if right else "no permission to write in locked"), name
        assert tried == replaced == right, name
        written = (tmp_path / name).read_text() if (tmp_path / name).exists() else "none"
        assert (written == "new") == right
