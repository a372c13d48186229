"""What can be refused at once is refused before any work."""

import subprocess
import sys

import pytest

from otgan.cli.main import main


@pytest.mark.parametrize(
    "options",
    [
        ["compare", "--plot", "x.docx"],
        ["compare", "--plot", "/dev/null/x.png"],
        ["compare", "--confidence-level", "95"],
        ["compare", "--ties", "ignore"],
        ["compare", "--seconds", "nan"],
        ["compare", "--rng", "-1"],
        ["emd", "--metric", "euclid"],
        ["emd", "--p", "nan"],
        ["emd", "--rtol", "1"],
        ["emd", "--unmatched", "-1"],
        ["emd", "--mass", "nan"],
        ["emd", "--mass", "1", "--unmatched", "1"],
        ["emd", "--weights", "no-such-file.csv", "no-such-file.csv"],
        ["emd-grid", "--metric", "euclid"],
        ["emd-grid", "--p", "0.5"],
        ["emd-grid", "--rtol", "nan"],
        ["emd-grid", "--spacing", "-1"],
        ["emd-grid", "--periodic", "x"],
        ["emd-graph", "--rtol", "1"],
        ["audit", "--n-jobs", "0"],
        ["audit", "--plot", "x.docx"],
        ["audit", "--batch-size", "0"],
        ["audit", "--reported", "nan"],
    ],
)
def test_what_can_be_refused_is_refused_before_files_are_read(tmp_path, capsys, options):
    damaged = tmp_path / "damaged.csv"
    damaged.write_text("reading this\nfails,\n")
    command, *rest = options
    files = [str(damaged)] * (3 if command in ("audit", "emd-graph") else 2)
    assert main([command, *files, *rest]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and "damaged.csv" not in shown.err and "to fix it" in shown.err


def test_a_missing_second_file_is_told_before_the_first_is_read(tmp_path, capsys):
    (tmp_path / "damaged.csv").write_text("reading this\nfails,\n")
    assert main(["emd", str(tmp_path / "damaged.csv"), str(tmp_path / "none.csv")]) == 2
    assert "must exist, got" in capsys.readouterr().err


def test_a_wrong_name_is_refused_before_torch_is_loaded(tmp_path):
    (tmp_path / "file").write_text("")
    code = """
import sys
from otgan.cli.main import main
codes = [main(arguments.split()) for arguments in sys.argv[1:]]
print(codes, "torch" in sys.modules)
"""
    wrong = [
        *("train nosuch", f"train ring8 --out {tmp_path}/file/run", "train ring8 --rng -1"),
        *("resume nosuch", "report nosuch", "audit critic.pt a.csv b.csv"),
    ]
    done = subprocess.run(
        [sys.executable, "-c", code, *wrong], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[2, 2, 2, 2, 2, 2] False\n"
    assert done.stderr.count("to fix it") == 6
