"""Results reach any terminal, and come before a figure that fails."""

import io
import resource
import sys

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from otgan.cli.main import main


@pytest.fixture
def two_columns(tmp_path):
    """Two files of a column with a dollar in its header, and what is in them."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=40), rng.normal(size=30) + 1
    for name, column in (("a", x), ("b", y)):
        table = {"fmt": "%.17g", "header": "price in $ \x1b[31m ($", "comments": ""}
        np.savetxt(tmp_path / f"{name}.csv", column, **table)
    return str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), x, y


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "gbk"])
def test_a_terminal_that_is_not_utf_8_shows_the_results(two_columns, monkeypatch, encoding):
    a, b, x, y = two_columns
    screen = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        assert main(["compare", a, b]) == 0
    shown = screen.buffer.getvalue().decode(encoding)
    assert f"{wasserstein_distance(x, y):.4g}" in shown


def test_a_dollar_in_a_header_does_not_lose_the_results(two_columns, tmp_path, capsys):
    a, b, x, y = two_columns
    picture = tmp_path / "compare.png"
    assert main(["compare", a, b, "--plot", str(picture)]) == 0
    shown = capsys.readouterr()
    assert f"{wasserstein_distance(x, y):.4g}" in shown.out
    assert "\x1b" not in shown.out + shown.err
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_numbers_are_out_before_a_picture_fails(two_columns, tmp_path, capsys):
    a, b, x, y = two_columns
    main(["emd", a, b])  # what is compiled has its place on the disk
    capsys.readouterr()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # as on a disk that is full
    try:
        assert main(["compare", a, b, "--plot", str(tmp_path / "full.png")]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    shown = capsys.readouterr()
    assert f"{wasserstein_distance(x, y):.4g}" in shown.out
    assert "to fix it, make room" in shown.err
