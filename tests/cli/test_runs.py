"""What is done with runs: report, sample; and the flags of training, refused by their names."""

import json

import numpy as np
import pytest

from otgan.cli.main import main

pytestmark = pytest.mark.torch

FLAGS = "--steps 4 --batch-size 8 --n-critic 1 --width 8 --depth 1 --monitor-every 2"
FLAGS += " --monitor-points 32 --evaluation-points 32 --device cpu --no-progress"
TINY = FLAGS.split()


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """Folders of two runs that differ by their seed."""
    folder = tmp_path_factory.mktemp("runs")
    outs = [str(folder / name) for name in ("a", "b")]
    for rng, out in enumerate(outs):
        assert main(["train", "ring8", "--out", out, "--rng", str(rng), *TINY]) == 0
    return outs


def test_two_runs_are_compared_on_a_page(two_runs, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["report", *two_runs, "--out", str(page)]) == 0
    assert f"comparison: {page}" in capsys.readouterr().out
    assert "2 runs compared" in page.read_text()
    assert main(["report", two_runs[0], "--out", str(page)]) == 2
    assert "--out must come with two runs" in capsys.readouterr().err


def test_points_are_drawn_by_their_seed_and_never_overwritten_unasked(two_runs, tmp_path, capsys):
    first, again, other = (str(tmp_path / f"{name}.npy") for name in "abc")
    for path, rng in ((first, 1), (again, 1), (other, 2)):
        assert main(["sample", two_runs[0], "-n", "5", "-o", path, "--rng", str(rng)]) == 0
    assert "5 points" in capsys.readouterr().out
    points = [np.load(path) for path in (first, again, other)]
    assert points[0].shape == (5, 2)
    assert np.array_equal(points[0], points[1]) and not np.array_equal(points[0], points[2])
    assert main(["sample", two_runs[0], "-o", first]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main(["sample", two_runs[0], "-n", "3", "-o", first, "--overwrite"]) == 0
    assert len(np.load(first)) == 3


def test_a_critic_of_a_run_is_audited(two_runs, tmp_path, capsys):
    points = str(tmp_path / "x.npy")
    np.save(points, np.random.default_rng(0).normal(size=(20, 2)))
    capsys.readouterr()
    assert main(["audit", f"{two_runs[0]}/checkpoint.pt", points, points, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gap"] == 0


def test_stabilizers_and_objective_reach_the_run(tmp_path):
    out = tmp_path / "run"
    flags = "--objective non-saturating --constraint none --critic-norm layer --latent uniform"
    flags += " --stabilizers label-smoothing instance-noise --average 0 --pack 2 --features none"
    assert main(["train", "ring8", "--out", str(out), *flags.split(), *TINY]) == 0
    settings = json.loads((out / "config.json").read_text())
    assert (settings["objective"], settings["constraint"]) == ("non-saturating", None)
    assert len(settings["stabilizers"]) == 2 and settings["pack"] == 2
    assert (settings["critic_norm"], settings["latent"]) == ("layer", "uniform")


def test_digits_are_images_for_a_network_of_convolutions(tmp_path):
    out, pictures = tmp_path / "run", tmp_path / "pictures"
    flags = ["--network", "dcgan", "--features", "none", *TINY]
    assert main(["train", "digits", "--out", str(out), *flags]) == 0
    assert main(["sample", str(out), "-n", "2", "-o", str(pictures)]) == 0
    assert len(list(pictures.glob("*.png"))) == 2


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--objective hing", "--objective must be one of"),
        ("--objective hing", "exact, got 'hing'; to fix it, did you mean 'hinge'?"),
        ("--constraint gpp", "did you mean 'gp'?"),
        ("--network dcgn", "did you mean 'dcgan'?"),
        ("--critic-norm lyer", "one of none, 'layer'"),
        ("--preset wgn", "did you mean 'wgan'?"),
        ("--schedule cosin", "--schedule must be one of 'constant', 'linear', 'cosine', 'cosine"),
        ("--stabilizers feature-matchin", "did you mean 'feature-matching'?"),
        ("--constraint none", "or --critic-norm spectral"),
        ("--constraint none", "got --constraint none; to fix it, pass --constraint lp"),
        ("--constraint exact", "pass --objective exact"),
        ("--critic-norm batch", "use --critic-norm layer"),
        ("--device cpu --capture", "otgan: --capture must come with a CUDA device"),
        ("--device cpu --capture", "to fix it, leave --capture out"),
    ],
)
def test_wrong_words_are_refused_in_terms_of_flags(tmp_path, capsys, flags, message):
    out = tmp_path / "run"
    assert main(["train", "ring8", "--out", str(out), *flags.split(), *TINY]) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert "GANConfig" not in shown and "Constraint" not in shown and "None" not in shown
    assert not out.exists()


def test_a_batch_of_more_points_than_there_are_names_its_flag(tmp_path, capsys):
    np.savetxt(tmp_path / "few.csv", np.random.default_rng(0).normal(size=(30, 2)), delimiter=",")
    assert main(["train", str(tmp_path / "few.csv"), "--out", str(tmp_path / "run")]) == 2
    assert "got 64; to fix it, lower --batch-size, or give more points" in capsys.readouterr().err
