"""One page for several runs: scores, curves, samples, and the settings that differ."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from otgan import GANConfig, train_gan
from otgan.errors import InvalidInputError
from otgan.gan.report import summary_text, write_comparison, write_report
from tests.gan.short_run import RUN


def cells(page, name):
    """The cells of the row that a name begins."""
    row = page.partition(f">{name}</td>")[2].partition("</tr>")[0]
    return re.findall(r"<td[^>]*>([^<]*)</td>", row)


def test_scores_and_settings_of_each_run_stand_in_its_column(trained, tmp_path):
    runs = [trained("lp"), trained("clip")]
    page = write_comparison([run.out for run in runs], out=tmp_path / "page.html").read_text()
    assert cells(page, "modes") == [f"{run.evaluation.modes} of 8" for run in runs] + ["8"]
    assert cells(page, "constraint") == ["lp", "clip"]
    assert cells(page, "steps") == []  # of both the same
    assert page.count("data:image/png") == 2
    pictures = {path.name for path in (tmp_path / "page").iterdir()}
    assert pictures == {"curves.png", "samples.png"}


def test_images_of_runs_are_put_under_those_that_are_real(tmp_path):
    images = np.random.default_rng(0).random((60, 1, 8, 8))
    folders = [tmp_path / "a", tmp_path / "b"]
    for rng, out in enumerate(folders):
        train_gan(images, GANConfig(**{**RUN, "width": 4}, features=None, rng=rng), out=out)
    page = write_comparison(folders, out=tmp_path / "page.html").read_text()
    assert cells(page, "rng") == ["0", "1"]
    with Image.open(tmp_path / "page" / "samples.png") as picture:
        width, height = picture.size
    assert width > 1000 and height > 300


def test_images_in_other_units_are_drawn_in_their_own(tmp_path):
    """Bytes beside values in [0, 1]: pictures of one run are not all white for that."""
    images, folders = (
        np.random.default_rng(0).random((60, 1, 8, 8)),
        [tmp_path / "a", tmp_path / "b"],
    )
    for factor, out in zip((1.0, 256.0), folders, strict=True):
        config = GANConfig(**{**RUN, "width": 4}, features=None)
        train_gan(factor * images, config, out=out)
    write_comparison(folders, out=tmp_path / "page.html")
    with Image.open(tmp_path / "page" / "samples.png") as picture:
        shades = np.asarray(picture.convert("L"))
    blocks = np.array_split(shades, 3)  # of real images, and of the two runs
    white = [float((block > 250).mean()) for block in blocks]
    assert white[2] == pytest.approx(white[1], abs=0.02)


def test_runs_on_other_points_are_compared_without_their_samples(trained, tmp_path):
    train_gan(np.random.default_rng(0).random((60, 3)), GANConfig(**RUN), out=tmp_path / "solid")
    folders = [trained("lp").out, tmp_path / "solid"]
    page = write_comparison(folders, out=tmp_path / "page.html").read_text()
    assert "different shapes" in page and page.count("data:image/png") == 1


def test_runs_on_other_values_are_said_to_be_on_different_data(trained, tmp_path):
    points, out = np.random.default_rng(0).random((60, 2)), [tmp_path / "a", tmp_path / "b"]
    for data, folder in zip((points, 100 * points), out, strict=True):
        train_gan(data, GANConfig(**RUN), out=folder)
    page = write_comparison(out, out=tmp_path / "page.html").read_text()
    stored = [json.loads((folder / "config.json").read_text()) for folder in out]
    assert "The runs are on different data" in page and cells(page, "data") == []
    assert cells(page, "SHA-256") == [one["source"]["fingerprint"][:16] for one in stored]
    page = write_comparison([out[0], trained("lp").out], out=tmp_path / "page.html").read_text()
    assert cells(page, "data")[:2] == [
        "no name, 60 points of 2 numbers",
        "ring8, a sampler of 2 numbers",
    ]


def test_runs_that_differ_by_the_seed_are_not_said_to_be_on_different_data(tmp_path):
    points, out = np.random.default_rng(0).random((60, 2)), [tmp_path / "a", tmp_path / "b"]
    for rng, folder in enumerate(out):
        train_gan(points, GANConfig(**RUN, rng=rng), out=folder)
    page = write_comparison(out, out=tmp_path / "page.html").read_text()
    assert "different data" not in page and cells(page, "rng") == ["0", "1"]


def test_folders_of_the_same_name_are_told_apart(trained, run_copy, tmp_path):
    copies = [run_copy, tmp_path / "deeper" / "copy"]
    copies[1].parent.mkdir()
    run_copy.rename(copies[1])
    train_gan("ring8", GANConfig(**RUN), out=copies[0])
    page = write_comparison(copies, out=tmp_path / "page.html").read_text()
    assert "copy (1)" in page and "copy (2)" in page


@pytest.mark.parametrize("runs", ["run", [], ["one"]])
def test_fewer_than_two_runs_are_refused(runs, tmp_path):
    with pytest.raises(InvalidInputError, match="two runs or more"):
        write_comparison(runs, out=tmp_path / "page.html")


@pytest.mark.parametrize("wrong", [None, 3])
def test_arguments_that_are_no_paths_are_named(trained, wrong, tmp_path):
    run = trained("lp")
    with pytest.raises(InvalidInputError, match=f"runs must be the folders .*, got {wrong}; to f"):
        write_comparison(wrong)
    with pytest.raises(InvalidInputError, match=f"a run must be the path of a folder, got {wrong}"):
        write_comparison([run.out, wrong])
    with pytest.raises(InvalidInputError, match=r"got TrainResult\(.*; to fix it, pass its \.out"):
        write_comparison([run, run])
    with pytest.raises(InvalidInputError, match=f"out must be the name of a page .*, got '{wrong}"):
        write_comparison([run.out, run.out], out=wrong)
    for report in (write_report, summary_text):
        with pytest.raises(InvalidInputError, match=r"run must be the path of .* pass its \.out"):
            report(run)


def test_a_page_of_another_kind_is_refused(trained):
    with pytest.raises(InvalidInputError, match=r"ends in .html"):
        write_comparison([trained("lp").out] * 2, out="page.pdf")
