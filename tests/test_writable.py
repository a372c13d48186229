"""Whether something can be written, asked beforehand."""

import os
from pathlib import Path

import pytest

from otgan.writable import why_no_file, why_no_folder

needs_a_user = pytest.mark.skipif(os.geteuid() == 0, reason="the root user may write anywhere")


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


@needs_a_user
def test_without_permission(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    (locked / "file").write_text("")
    (locked / "file").chmod(0o400)
    locked.chmod(0o500)
    assert "no permission" in why_no_file(locked / "new.png")
    assert "no permission" in why_no_file(locked / "file")
    assert "no permission" in why_no_folder(locked / "run")
