"""Whether something can be written, asked beforehand."""

import json
import os
import subprocess
import sys
from pathlib import Path

from otgan.output_files import why_no_file, why_no_folder

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
