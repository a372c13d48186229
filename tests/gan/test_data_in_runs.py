"""Streams and pictures in runs that are written, and resumed or refused."""

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import IterableDataset

import otgan
from otgan.cli.main import main
from otgan.errors import InvalidInputError
from otgan.gan.data import as_training_data
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
