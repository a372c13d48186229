"""Events of TensorBoard: the numbers of metrics.csv at their steps, images, and resumption."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.errors import InvalidInputError
from tests.gan.short_run import RUN

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def events_of(out):
    events = accumulator.EventAccumulator(str(out / "tensorboard"))
    events.Reload()
    return events


def check_scalars(events, records):
    """Every column that is defined, at every step, and no other."""
    for name in set(records[0]._fields) - {"step"}:
        tag = f"{'losses' if name.endswith('_loss') else 'measurements'}/{name}"
        expected = [(r.step, getattr(r, name)) for r in records if math.isfinite(getattr(r, name))]
        if not expected:
            assert tag not in events.Tags()["scalars"]
            continue
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        assert_allclose(found, expected, rtol=1e-6)


def test_every_measurement_is_an_event(tmp_path):
    result = otgan.train_gan("ring8", otgan.GANConfig(**RUN), out=tmp_path, tensorboard=True)
    events = events_of(tmp_path)
    check_scalars(events, result.records)
    assert events.Tags()["images"] == []


def test_images_are_shown(tmp_path):
    images = np.random.default_rng(0).random((60, 1, 8, 8))
    config = otgan.GANConfig(**{**RUN, "width": 4}, features=None)
    otgan.train_gan(images, config, out=tmp_path, tensorboard=True)
    events = events_of(tmp_path)
    assert [event.step for event in events.Images(events.Tags()["images"][0])] == [2, 4]


def test_a_resumed_run_goes_on_by_step(tmp_path):
    otgan.train_gan("ring8", otgan.GANConfig(**RUN), out=tmp_path, tensorboard=True)
    resumed = otgan.resume_gan(tmp_path, steps=8)
    check_scalars(events_of(tmp_path), resumed.records)


def test_a_new_run_removes_the_events_of_the_earlier_one(tmp_path):
    config = otgan.GANConfig(**RUN)
    otgan.train_gan("ring8", config, out=tmp_path, tensorboard=True)
    otgan.train_gan("ring8", config, out=tmp_path, overwrite=True)
    assert list((tmp_path / "tensorboard").iterdir()) == []


def test_events_need_a_folder():
    with pytest.raises(InvalidInputError, match="tensorboard=True must come with the folder"):
        otgan.train_gan("ring8", otgan.GANConfig(**RUN), tensorboard=True)
