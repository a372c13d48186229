"""Streams and pictures in runs that are written, and resumed or refused."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import IterableDataset, TensorDataset

import otgan
from otgan.cli.main import main
from otgan.errors import InvalidInputError
from otgan.gan.data import as_training_data
from otgan.gan.report.contents import Contents
from otgan.gan.report.sections import critic, samples
from otgan.gan.run_directory import RunDirectory
from tests.gan.short_run import RUN, same_weights

pytestmark = pytest.mark.torch


class Endless(IterableDataset):
    def __iter__(self):
        rng = np.random.default_rng(0)
        while True:
            yield rng.normal(size=2)


def test_a_run_on_a_stream_is_not_resumed_and_says_why(tmp_path):
    otgan.train_gan(Endless(), otgan.GANConfig(**RUN), out=tmp_path / "run")
    config = otgan.GANConfig(**{**RUN, "steps": 6})
    with pytest.raises(InvalidInputError, match=r"IterableDataset come in an order .* to fix it"):
        otgan.train_gan(Endless(), config, out=tmp_path / "run", resume=True)


def test_a_run_is_not_resumed_on_other_labels(tmp_path):
    points = torch.as_tensor(np.random.default_rng(0).normal(size=(60, 2)))
    first, other = (TensorDataset(points, (torch.arange(60) + k) % 3) for k in range(2))
    config = otgan.GANConfig(**RUN)
    otgan.train_gan(first, config, out=tmp_path / "run")
    otgan.train_gan(first, config, out=tmp_path / "run", resume=True)
    with pytest.raises(InvalidInputError, match="got other labels; to fix it, resume with the sam"):
        otgan.train_gan(other, config, out=tmp_path / "run", resume=True)


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "faces").mkdir()
    for k in range(20):
        values = rng.integers(0, 256, size=(12, 12, 3), dtype=np.uint8)
        Image.fromarray(values).save(tmp_path / "faces" / f"{k}.png")
    return tmp_path / "faces"


def test_a_run_on_pictures_is_resumed_as_they_were_read_and_mirrored(pictures, tmp_path):
    data = as_training_data(pictures, size=8, flips=True)
    config = {**RUN, "network": "mlp"}
    once = otgan.train_gan(data, otgan.GANConfig(**{**config, "steps": 6}))
    otgan.train_gan(data, otgan.GANConfig(**config), out=tmp_path / "run")
    other = as_training_data(pictures, size=8)
    with pytest.raises(InvalidInputError, match="got flips=False instead of True"):
        otgan.train_gan(other, otgan.GANConfig(**config), out=tmp_path / "run", resume=True)
    resumed = otgan.resume_gan(tmp_path / "run", steps=6)
    same_weights(once.generator, resumed.generator)
    assert resumed.generate(2).shape == (2, 3, 8, 8)


def test_flags_say_how_pictures_are_read(pictures, tmp_path, capsys):
    sizes = [f"--{name.replace('_', '-')}={value}" for name, value in RUN.items()]
    flags = ["--size=8", "--gray", "--flips", "--network=mlp", "--no-progress", *sizes]
    assert main(["train", str(pictures), f"--out={tmp_path / 'run'}", *flags]) == 0, (
        capsys.readouterr().err
    )
    resumed = otgan.resume_gan(tmp_path / "run", steps=5)
    assert resumed.generate(2).shape == (2, 1, 8, 8)


def test_columns_of_a_file_name_the_axes_of_its_report(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 2))
    np.savetxt(tmp_path / "x.csv", x, delimiter=",", header="price in $,x_1", comments="")
    otgan.train_gan(tmp_path / "x.csv", otgan.GANConfig(**RUN), out=tmp_path / "run")
    contents = Contents.of(RunDirectory(tmp_path / "run"))
    assert contents.names == ("price in $", "x_1")
    for section in (samples, critic):
        drawn = section(contents)
        assert drawn is not None
        ((_, figure),) = drawn.figures
        assert figure.axes[0].get_ylabel() == "x_1"
        assert "price in $" in [axis.get_xlabel() for axis in figure.axes]


def test_points_without_names_have_plain_axes(tmp_path):
    otgan.train_gan("ring8", otgan.GANConfig(**RUN), out=tmp_path / "run")
    assert RunDirectory(tmp_path / "run").point_names == ()
