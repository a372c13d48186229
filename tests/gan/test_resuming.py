"""Runs that are resumed, and those that must not be."""

import json

import numpy as np
import pytest
import torch

import otgan
from tests.gan.short_run import CLOUD, RUN


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (50.0 * CLOUD, "other values in the same shape"),
        (CLOUD + 1e-9, "other values in the same shape"),
        (np.concatenate([CLOUD, [[1.0, 1.0]]]), "got 606 points instead of 605"),
        (CLOUD[::-1], "in the same order"),
        (CLOUD[:, :1], "in 1 dimensions instead of 2"),
        ("ring8", "got a sampler instead of 605 points"),
    ],
    ids=[
        "50 times",
        "a little elsewhere",
        "one more row",
        "turned round",
        "narrower",
        "distribution",
    ],
)
def test_a_run_is_not_resumed_on_other_data(tmp_path, data, message):
    otgan.train_gan(CLOUD, otgan.GANConfig(**RUN), out=tmp_path)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    config = otgan.GANConfig(**{**RUN, "steps": 6})
    with pytest.raises(otgan.errors.InvalidInputError, match=f"the data must be .*{message}"):
        otgan.train_gan(data, config, out=tmp_path, resume=True)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    same = otgan.train_gan(torch.tensor(CLOUD), config, out=tmp_path, resume=True)
    source = same.monitor.source  # what is held out was never trained on
    held_out = np.concatenate([half.points for half in source.halves])
    assert len(held_out) == 242
    assert not {*map(tuple, held_out)} & {*map(tuple, source.train.points)}


def test_a_run_on_a_sampler_is_not_resumed_on_another_one(tmp_path):
    class Normal:
        """Obeys the generator that it is given."""

        d = 2

        def __init__(self, spread, rng=None):
            self.spread, self.rng = spread, rng

        def sample(self, n, rng):
            return self.spread * (self.rng or rng).normal(size=(n, 2))

    def run(sampler, out, resume):
        config = otgan.GANConfig(**RUN)
        return otgan.train_gan(sampler, config, out=tmp_path / out, resume=resume)

    run(Normal(1.0), "obedient", False)
    run(Normal(1.0), "obedient", True)
    with pytest.raises(otgan.errors.InvalidInputError, match="the data must be"):
        run(Normal(1.001), "obedient", True)
    own = np.random.default_rng(0)
    run(Normal(1.0, own), "of its own", False)
    with pytest.warns(otgan.InputWarning, match="look like those of before"):
        run(Normal(1.0, own), "of its own", True)
    with pytest.raises(otgan.errors.InvalidInputError, match="the data must be"):
        run(Normal(50.0, own), "of its own", True)


@pytest.mark.parametrize(
    "change",
    [
        {"width": 16},
        {"depth": 2},
        {"latent_dim": 3},
        {"batch_size": 9},
        {"n_critic": 2},
        {"average": 0.5},
        {"seed": 1},
        {"monitor_points": 33},
        {"evaluation_points": 33},
        {"constraint": "gp"},
        {"constraint": otgan.GradientPenalty(weight=3.0, one_sided=True)},
    ],
    ids=lambda change: "-".join(map(str, *change.items())),
)
def test_a_run_is_not_resumed_with_settings_that_make_another_run(finished_run, run_copy, change):
    (name,) = change
    config = otgan.GANConfig(**{**RUN, **change})
    with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be that of the run"):
        otgan.train_gan("ring8", config, out=run_copy, resume=True)
    same = otgan.GradientPenalty(weight=10.0, one_sided=True)  # what "lp" is short for
    config = otgan.GANConfig(**{**RUN, "constraint": same})
    assert otgan.train_gan("ring8", config, out=run_copy, resume=True).records[-1].step == 4


def test_what_a_run_may_be_resumed_with_is_applied_and_recorded(run_copy):
    """At a learning rate of nearly nothing, weights stay where they were."""

    def weights():
        return torch.load(run_copy / "checkpoint.pt", weights_only=True)["generator"]

    before = weights()
    still = otgan.resume_gan(run_copy, steps=8, learning_rate=1e-30, monitor_every=1)
    assert [record.step for record in still.records] == [2, 4, 5, 6, 7, 8]
    assert all(torch.equal(value, before[name]) for name, value in weights().items())
    config = otgan.GANConfig(**{**RUN, "steps": 10, "learning_rate": 0.01, "decay": True})
    otgan.train_gan("ring8", config, out=run_copy, resume=True)
    assert not all(torch.equal(value, before[name]) for name, value in weights().items())
    stored = torch.load(run_copy / "checkpoint.pt", weights_only=True)
    (group,) = stored["generator_optimizer"]["param_groups"]
    assert group["lr"] == pytest.approx(0.01 * (1 - 9 / 10))  # in the tenth step of ten
    settings = json.loads((run_copy / "config.json").read_text())
    assert (settings["steps"], settings["learning_rate"], settings["decay"]) == (10, 0.01, True)
    assert [change["at_step"] for change in settings["changes"]] == [4, 8]
    assert settings["changes"][0]["learning_rate"] == [None, 1e-30]
    with pytest.raises(otgan.errors.InvalidInputError, match="steps must be at least the 10"):
        otgan.resume_gan(run_copy, steps=9)


def test_a_run_is_resumed_on_its_own_file_from_any_folder(tmp_path, monkeypatch):
    for name, points in (("one", CLOUD), ("other", CLOUD + 5.0)):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "points.npy", points)
    monkeypatch.chdir(tmp_path / "one")
    first = otgan.train_gan("points.npy", otgan.GANConfig(**RUN), out="run")
    monkeypatch.chdir(tmp_path / "other")
    run = tmp_path / "one" / "run"
    assert otgan.resume_gan(run).evaluation == first.evaluation
    with pytest.raises(otgan.errors.InvalidInputError, match=r"the data must be .*one/points.npy"):
        otgan.train_gan("points.npy", otgan.GANConfig(**RUN), out=run, resume=True)
    np.save(tmp_path / "one" / "points.npy", 2.0 * CLOUD)
    with pytest.raises(otgan.errors.InvalidInputError, match="the data must be"):
        otgan.resume_gan(run)
    (tmp_path / "one" / "points.npy").rename(tmp_path / "moved.npy")
    with pytest.raises(otgan.errors.InvalidInputError, match="must lie where they did"):
        otgan.resume_gan(run)
