"""The report page: self-contained, complete, and right at any moment of a run."""

import base64
import html
import html.parser
import io
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torch.utils.data import TensorDataset

from otgan import GANConfig, train_gan
from otgan.critics.constraints.penalties import GradientPenalty
from otgan.errors import InvalidInputError
from otgan.gan.measuring.selection import SELECTION_RULE
from otgan.gan.objectives import Objective, Wasserstein
from otgan.gan.report import summary_text, write_report
from otgan.gan.report.scores import scores_of_evaluation, shown
from otgan.gan.run_directory import RunDirectory
from tests.gan.short_run import RUN, taught_by


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
def drawn(finished_run, tmp_path_factory):
    """A copy of a finished run with its report, not to be changed, and the text of that."""
    out = shutil.copytree(finished_run.out, tmp_path_factory.mktemp("drawn") / "run")
    return finished_run, out, write_report(out).read_text()


def test_page_is_self_contained(drawn):
    page = Page(drawn[2])
    assert page.links == []
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert len(page.images) == 5
    for image in page.images:
        kind, data = image.split(",", 1)
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")


def test_pictures_lie_beside_the_page(drawn):
    _, out, text = drawn
    for name in ("distances", "samples", "critic", "losses", "progress"):
        picture = (out / "pictures" / f"{name}.png").read_bytes()
        assert base64.b64encode(picture).decode() in text


def test_page_explains_each_picture_and_shows_the_numbers(drawn):
    run, out, text = drawn
    plain, shown_in_terminal = html.unescape(text), summary_text(out)
    headings = ("Distances and scores", "Samples against data", "Losses, and what they tell")
    more = ("Critic's estimate, exact W1", "Level sets of the critic", "Which generator")
    places = [plain.index(heading) for heading in (*headings, *more)]
    assert places == sorted(places)
    for score in scores_of_evaluation(run.evaluation):
        assert score.value in plain and score.value in shown_in_terminal
    assert run.verdict in plain and run.verdict in " ".join(shown_in_terminal.split())
    assert f"{SELECTION_RULE} Here it is that of step {run.kept_step}." in plain


def test_the_page_says_why_a_critic_near_the_floor_shows_about_zero(drawn, tmp_path):
    assert "Both are right" in drawn[2]
    train_gan("ring8", GANConfig(**RUN, objective="hinge"), out=tmp_path)
    page = write_report(tmp_path).read_text()
    assert "another divergence than W1" in page and "Both are right" not in page


class Renamed(Wasserstein):
    """W1 under another name."""

    name = "my-own"


class Exponential(Objective):
    """Another divergence under the name of W1."""

    name = "wasserstein"

    def critic_loss(self, real, fake):
        return (-real).exp().mean() + fake.exp().mean()

    def generator_loss(self, real, fake):
        return (-fake).exp().mean()


@pytest.mark.parametrize(("objective", "is_w1"), [(Renamed(), True), (Exponential(), False)])
def test_whether_a_critic_estimates_w1_is_what_its_objective_says_and_not_its_name(
    tmp_path, objective, is_w1
):
    train_gan("ring8", GANConfig(**RUN, objective=objective), out=tmp_path)
    page = write_report(tmp_path).read_text()
    assert ("Both are right" in page, "another divergence than W1" in page) == (is_w1, not is_w1)


def test_the_page_has_the_rank_correlations_of_its_records(tmp_path):
    result = train_gan("ring8", GANConfig(**{**RUN, "steps": 10}), out=tmp_path)
    row = html.unescape(write_report(tmp_path).read_text()).partition(">critic loss</td>")[2]
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", row)[:2]
    found = result.rank_correlations["critic_loss"].values()
    assert cells == [shown(value) for value in found]


def test_images_are_shown_over_training_beside_real_ones_and_beside_their_neighbors(tmp_path):
    images = np.random.default_rng(0).random((60, 3, 8, 8))
    config = GANConfig(**{**RUN, "width": 4}, features=None)
    train_gan(images, config, out=tmp_path)
    write_report(tmp_path)
    for name in ("samples", "beside", "neighbors"):
        with Image.open(tmp_path / "pictures" / f"{name}.png") as picture:
            assert picture.size[0] > 1000
    kept = RunDirectory(tmp_path).kept()
    assert kept is not None
    assert kept["nearest"].shape == (12, 192)
    assert {row.tobytes() for row in kept["nearest"]} <= {i.tobytes() for i in images}


def test_page_says_what_the_final_evaluation_drew_anew(drawn, tmp_path):
    """Held-out points of a finite data set are those of the measurements, in another split."""
    drew = "means over 8 draws of 32 real points and as many generated ones that no measurement"
    assert drew in drawn[2]
    train_gan(np.random.default_rng(0).normal(size=(100, 2)), GANConfig(**RUN), out=tmp_path)
    text = write_report(tmp_path).read_text()
    assert "held-out points, split anew, and as many generated ones, of latents that no" in text


def test_page_says_what_the_zero_critic_proves(drawn):
    run, _, text = drawn
    last = run.records[-1]
    assert 0 < last.w1_lower_zero <= last.w1_lower <= last.exact_w1
    assert f"a critic that is zero everywhere {last.w1_lower_zero / last.exact_w1:.1%}" in text
    assert "{" not in text.partition("Settings:")[2] and "None" not in text


@pytest.mark.parametrize(("constraint", "pictures"), [("exact", 4), ("distilled", 5)])
def test_page_of_the_linear_program(tmp_path, constraint, pictures):
    train_gan("ring8", GANConfig(**RUN, **taught_by(constraint)), out=tmp_path)
    text = write_report(tmp_path).read_text()
    assert constraint in text.partition("</title>")[0]
    assert ("trained no critic" in text) == (constraint == "exact")
    assert len(Page(text).images) == pictures  # without a critic, no level sets


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_floor_of_equal_points_is_zero_and_the_ratio_infinite(tmp_path, d):
    result = train_gan(np.full((40, d), 2.0**30), GANConfig(**RUN), out=tmp_path)
    assert result.evaluation.floor == 0 < result.evaluation.exact_w1
    assert result.to_dict()["ratio"] is None
    assert result.verdict in html.unescape(write_report(tmp_path).read_text())


def test_unfinished_run_has_a_page(run_copy):
    (run_copy / "summary.json").unlink()
    assert "has not ended yet" in write_report(run_copy).read_text()


@pytest.mark.parametrize("d", [1, 3, 64])
def test_data_in_other_dimensions(tmp_path, d):
    points = np.random.default_rng(0).random(size=(40, d))
    train_gan(points, GANConfig(**RUN), out=tmp_path)
    pictures = {path.stem for path in (write_report(tmp_path).parent / "pictures").iterdir()}
    more = {"beside", "neighbors"} if d == 64 else set()  # 8 x 8 pixels
    assert pictures == {"distances", "samples", "losses", "progress"} | more  # no level sets


def test_nothing_measured_is_said(tmp_path):
    with pytest.raises(InvalidInputError, match="must be the folder of a run"):
        write_report(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InvalidInputError, match="first measurement"):
        write_report(tmp_path)


MEASURE = """
    addEventListener("load", () => {
        const size = (image) => [image.naturalWidth, image.naturalHeight];
        document.title = JSON.stringify([...document.images].map(size));
    });
"""
"""What a browser knows of its pictures: a broken one has no width."""


def pictures_of(page):
    return [base64.b64decode(image.partition(",")[2]) for image in Page(page).images]


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs the browser chromium")
def test_pictures_are_drawn_by_a_real_browser(drawn, tmp_path):
    page = (drawn[1] / "report.html").read_text()
    measured = tmp_path / "measured.html"
    measured.write_text(page.replace("</body>", f"<script>{MEASURE}</script></body>"))
    flags = "--headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run"
    flags += f" --disable-component-update --disable-sync --user-data-dir={tmp_path}"
    command = ["chromium", *flags.split(), "--dump-dom", measured.as_uri()]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    shown = json.loads(re.findall("<title>(.*)</title>", done.stdout)[0])
    sizes = [list(Image.open(io.BytesIO(png)).size) for png in pictures_of(page)]
    assert len(sizes) == 5
    assert shown == sizes


def test_names_that_a_user_chose_stay_text(run_copy):
    settings = json.loads((run_copy / "config.json").read_text("utf-8"))
    hostile = '<script>alert(1)</script> & "$x$" \x1b[31m\u202e\udcff\n' + "long" * 2000
    (run_copy / "config.json").write_text(json.dumps(settings | {"data": hostile}))
    page = write_report(run_copy).read_text("utf-8")
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not any(c in page for c in "\x1b\u202e")
    assert "script" not in Page(page).tags and Page(page).links == []
    title = page.partition("<title>")[2].partition("</title>")[0]
    assert len(title) < 2200 and "\n" not in title


def test_settings_are_written_in_words(tmp_path):
    config = GANConfig(**RUN, constraint=GradientPenalty(weight=2.0, one_sided=True))
    train_gan(np.random.default_rng(0).random((40, 2)), config, out=tmp_path)
    settings = write_report(tmp_path).read_text().partition("Settings:")[2]
    assert "constraint lp (weight 2.0, one sided yes, endpoint fraction 0.0)" in settings
    assert not any(python in settings for python in ("{", "None", "True", "_"))


@pytest.mark.parametrize(
    "distribution",
    [
        lambda k: np.random.default_rng().normal(size=(k, 2)),
        torch.distributions.Normal(torch.zeros(2), 1.0),
        stats.multivariate_normal([0.0, 0.0]),
        TensorDataset(torch.randn(60, 1, 8, 8), torch.arange(60)),
    ],
)
def test_runs_on_samplers_and_data_sets_have_a_page(distribution, tmp_path):
    train_gan(distribution, GANConfig(**RUN), out=tmp_path)
    assert "exact W1" in write_report(tmp_path).read_text()
