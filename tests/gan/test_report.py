"""The report page: self-contained, complete, and right at any moment of a run."""

import base64
import html.parser
import json
import shutil
import subprocess

import numpy as np
import pytest
import torch
from scipy import stats
from torch.utils.data import TensorDataset

from otgan import GANConfig, plot, train_gan
from otgan.critics.constraints.penalties import GradientPenalty
from otgan.errors import InvalidInputError
from otgan.gan.report import summary_table, write_report

TINY = {"steps": 6, "batch_size": 8, "n_critic": 1, "width": 8, "depth": 1, "monitor_every": 2}
TINY |= {"monitor_points": 32, "evaluation_points": 32, "device": "cpu"}


class Page(html.parser.HTMLParser):
    """Collects what a page consists of and what it points to."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.images = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in {"src", "href"}:
                (self.images if value.startswith("data:") else self.links).append(value)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "ring8"
    return train_gan("ring8", GANConfig(**TINY), out=out)


def test_page_is_self_contained(run):
    page = Page(write_report(run.out).read_text())
    assert page.links == []
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert len(page.images) == 3
    for image in page.images:
        kind, data = image.split(",", 1)
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")


def test_page_explains_each_picture_and_shows_the_numbers(run):
    text = write_report(run.out).read_text()
    for heading in ("Samples against data", "Level sets of the critic", "Critic estimate, exact"):
        assert heading in text
    for number in (run.evaluation.exact_w1, run.evaluation.floor):
        assert f"{number:.4f}" in text
    table = summary_table(run.out)
    assert f"{run.evaluation.modes} of 8" in table
    assert f"{run.evaluation.ratio:.2f}" in table


@pytest.mark.parametrize(("constraint", "pictures"), [("exact", 2), ("distilled", 3)])
def test_page_of_the_linear_program(tmp_path, constraint, pictures):
    train_gan("ring8", GANConfig(**TINY, constraint=constraint), out=tmp_path)
    text = write_report(tmp_path).read_text()
    assert f"constraint {constraint}" in text
    assert ("trained no critic" in text) == (constraint == "exact")
    assert len(Page(text).images) == pictures  # without a critic, no level sets


def test_verdict_follows_the_numbers(run):
    path = run.out / "summary.json"
    before = path.read_text()
    summary = json.loads(before)
    equal = {**summary, "exact_w1": summary["floor"], "ratio": 1.0}
    path.write_text(json.dumps(equal))
    assert "do not tell that from zero" in write_report(run.out).read_text()
    path.write_text(json.dumps({**equal, "exact_w1": 9 * summary["floor"], "ratio": 9.0}))
    text = write_report(run.out).read_text()
    assert "9.00 times" in text and "do not tell" not in text
    path.write_text(before)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_floor_of_equal_points_is_zero_and_the_ratio_infinite(tmp_path, d):
    result = train_gan(np.full((40, d), 2.0**30), GANConfig(**TINY), out=tmp_path)
    assert result.evaluation.floor == 0 < result.evaluation.exact_w1
    assert "at inf times the floor" in write_report(tmp_path).read_text()
    ratio = next(line for line in summary_table(tmp_path).splitlines() if "ratio" in line)
    assert ratio.split()[1] == "inf"


def test_unfinished_run_has_a_page_and_a_strange_name_is_escaped(run, tmp_path):
    shutil.copytree(run.out, tmp_path / "part")
    (tmp_path / "part" / "summary.json").unlink()
    settings = json.loads((run.out / "config.json").read_text())
    settings["data"] = "<script>alert(1)</script>"
    (tmp_path / "part" / "config.json").write_text(json.dumps(settings))
    text = write_report(tmp_path / "part").read_text()
    assert "has not ended yet" in text
    assert "<script>" not in text


@pytest.mark.parametrize("d", [1, 3, 64])
def test_data_in_other_dimensions(tmp_path, d):
    points = np.random.default_rng(0).random(size=(40, d))
    train_gan(points, GANConfig(**TINY), out=tmp_path)
    assert len(Page(write_report(tmp_path).read_text()).images) == 2  # no level sets


def test_nothing_measured_is_said(tmp_path):
    with pytest.raises(InvalidInputError, match="must be the folder of a run"):
        write_report(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InvalidInputError, match="first measurement"):
        write_report(tmp_path)


def test_unknown_picture_formats_are_refused(tmp_path):
    with plot.panels(1, 1) as (figure, _), pytest.raises(InvalidInputError, match=r"must end in"):
        plot.save(figure, tmp_path / "picture.xyz")
    assert list(tmp_path.iterdir()) == []


def test_pictures_have_the_panels_asked_for():
    rng = np.random.default_rng(0)
    snap = {"real": rng.normal(size=(5, 2)), "generated": rng.normal(size=(5, 2))}
    assert len(plot.samples_over_training([(i, snap) for i in range(5)]).axes) == 5
    assert len(plot.image_grid(rng.random((7, 16)), side=4, columns=3).axes) == 9
    assert len(plot.image_grid(rng.random((2, 48)), side=4, columns=2).axes) == 2


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs the browser chromium")
def test_page_in_a_real_browser_asks_nothing_of_the_network(run, tmp_path):
    page = write_report(run.out)
    flags = "--headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run"
    flags += f" --disable-component-update --disable-sync --user-data-dir={tmp_path}"
    picture = tmp_path / "page.png"
    command = ["chromium", *flags.split(), f"--screenshot={picture}", "--window-size=1100,2800"]
    subprocess.run([*command, page.as_uri()], check=True, capture_output=True, timeout=120)
    from PIL import Image

    with Image.open(picture) as shot:
        colors = {color for _, color in shot.convert("RGB").resize((110, 280)).getcolors(10**6)}
    assert len(colors) > 100  # pictures were drawn, not broken-image icons


def test_names_that_a_user_chose_stay_text(run, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(run.out, folder)
    settings = json.loads((folder / "config.json").read_text("utf-8"))
    hostile = '<script>alert(1)</script> & "$x$" \x1b[31m\u202e\udcff\n' + "long" * 2000
    (folder / "config.json").write_text(json.dumps(settings | {"data": hostile}))
    page = write_report(folder).read_text("utf-8")
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not any(c in page for c in "\x1b\u202e")
    assert "script" not in Page(page).tags and Page(page).links == []
    title = page.partition("<title>")[2].partition("</title>")[0]
    assert len(title) < 2200 and "\n" not in title


def test_settings_are_written_in_words(tmp_path):
    config = GANConfig(**TINY, constraint=GradientPenalty(weight=2.0, one_sided=True))
    train_gan(np.random.default_rng(0).random((40, 2)), config, out=tmp_path)
    settings = write_report(tmp_path).read_text().partition("Settings:")[2]
    assert "constraint lp (weight 2.0, one sided yes, ends 0.0)" in settings
    assert not any(python in settings for python in ("{", "None", "True", "_"))


@pytest.mark.parametrize(
    "distribution",
    [
        lambda k: np.random.default_rng().normal(size=(k, 2)),
        torch.distributions.Normal(torch.zeros(2), 1.0),
        stats.multivariate_normal([0.0, 0.0]),
        TensorDataset(torch.randn(60, 1, 2, 2), torch.arange(60)),
    ],
)
def test_runs_on_samplers_and_data_sets_have_a_page(distribution, tmp_path):
    train_gan(distribution, GANConfig(**TINY), out=tmp_path)
    assert "exact W1" in write_report(tmp_path).read_text()
