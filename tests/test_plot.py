"""Pictures that are written whole, and show a user's text as it is."""

import resource
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure

import otgan
from otgan.comparison.plot import two_samples
from otgan.errors import InvalidInputError, OutputError
from otgan.plot import as_picture_path, drawable, image_grid, panels, save

STARTS = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml", "jpg": b"\xff\xd8", "eps": b"%!PS"}


@pytest.fixture
def figure() -> Figure:
    with panels(1, 1) as (figure, (axis,)):
        axis.plot([0, 1], [1, 0])
    return figure


@pytest.mark.parametrize("ending", [*STARTS, "PNG"])
def test_the_ending_decides_the_format(figure, tmp_path, ending):
    path = tmp_path / "new" / f"picture.{ending}"
    assert save(figure, path) == path
    assert path.read_bytes().startswith(STARTS[ending.lower()])


@pytest.mark.parametrize("name", ["x.docx", "x", "x.png.txt", ".png", "x.csv"])
def test_an_ending_that_is_none_is_refused_before_drawing(tmp_path, name):
    for refuse in (as_picture_path, lambda path: save(Figure(), path)):
        with pytest.raises(InvalidInputError, match=r"must end in one of .*png.*to fix it"):
            refuse(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_refused_before_drawing(figure, tmp_path):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder.png").mkdir()
    for name in ("file/x.png", "folder.png", "l" * 300 + ".png"):
        for refuse in (as_picture_path, lambda path: save(figure, path)):
            with pytest.raises(OutputError, match=r"one that can be written, got .*to fix it"):
                refuse(tmp_path / name)
    assert (tmp_path / "file").read_text() == "kept"


def test_a_full_disk_is_named(figure, tmp_path):
    """A limit on the size of files stands in for a disk with little room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError, match="to fix it, make room"):
            save(figure, tmp_path / "x.png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


NAMES = [
    "$x$ in $",
    r"$\frac{",
    "x_1^2",
    r"\alpha",
    "100 %",
    "{braces}",
    "日本",
    "שלום\u202e",
    "a\nb",
]


@pytest.mark.parametrize("d", [1, 2])
def test_names_of_columns_are_drawn_as_they_are(tmp_path, d):
    x = np.random.default_rng(0).normal(size=(30, d))
    comparison = otgan.compare(x, x + 1, seconds=1e-9)  # nothing but what a picture needs
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # letters that no font holds
        for name in NAMES:
            figure = two_samples(comparison, names=(name, name)[:d])
            label = figure.axes[0].get_xaxis().label
            assert label.get_text() == drawable(name) and not label.get_parse_math()
        drawn = figure.axes[0].figure
        assert isinstance(drawn, Figure)
        drawn.savefig(tmp_path / "x.svg")
        save(figure, tmp_path / "x.png")


def test_only_what_a_font_lacks_is_written_out():
    assert drawable("Größe in $ (x_1^2)") == "Größe in $ (x_1^2)"
    assert drawable("身長") == r"\u8eab\u9577"
    assert drawable("tab\there\x1b") == r"tab\there\x1b"
    assert len(drawable("long" * 100)) <= 60


def test_names_must_be_as_many_as_coordinates():
    x = np.random.default_rng(0).normal(size=(30, 2))
    comparison = otgan.compare(x, x + 1, seconds=1e-9)
    for names in (("u",), ("u", "v", "w")):
        with pytest.raises(InvalidInputError, match=f"2 coordinates, got {len(names)}"):
            two_samples(comparison, names=names)


def test_images_are_drawn_in_rows():
    rng = np.random.default_rng(0)
    gray, color = rng.random((7, 16)), rng.random((2, 48))
    assert len(image_grid(gray, side=4, columns=3).axes) == 9
    axes = image_grid(color, side=4, columns=2).axes
    assert len(axes) == 2
    drawn = axes[1].images[0].get_array()
    np.testing.assert_array_equal(drawn, color[1].reshape(4, 4, 3))
