"""Runs that are stopped, killed and resumed, and those that must not be resumed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

import otgan
from otgan import GANConfig, GradientPenalty, WeightClipping, train_gan
from otgan.errors import DamagedFileError, InvalidInputError
from otgan.gan.run_directory import RunDirectory
from tests.cases import points_of
from tests.gan.short_run import CLOUD, RUN, TINY, same_but_for_time, same_weights, taught_by


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
    parts = same.monitor.data  # what is held out was never trained on
    held_out = np.concatenate([points_of(half) for half in parts.halves])
    assert len(held_out) == 242
    assert not {*map(tuple, held_out)} & {*map(tuple, points_of(parts.train))}


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
        {"rng": 1},
        {"monitor_points": 33},
        {"evaluation_points": 33},
        {"constraint": "gp"},
        {"constraint": otgan.GradientPenalty(weight=3.0, one_sided=True)},
    ],
    ids=lambda change: "-".join(map(str, *change.items())),
)
def test_a_run_is_not_resumed_with_settings_that_make_another_run(run_copy, change):
    (name,) = change
    config = otgan.GANConfig(**{**RUN, **change})
    with pytest.raises(otgan.errors.InvalidInputError, match=f"{name} must be that of the run"):
        otgan.train_gan("ring8", config, out=run_copy, resume=True)


def test_a_run_is_resumed_under_the_constraint_that_its_short_name_stands_for(run_copy):
    same = otgan.GradientPenalty(weight=10.0, one_sided=True)
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
    config = otgan.GANConfig(**{**RUN, "steps": 10, "learning_rate": 0.01, "schedule": "linear"})
    otgan.train_gan("ring8", config, out=run_copy, resume=True)
    assert not all(torch.equal(value, before[name]) for name, value in weights().items())
    stored = torch.load(run_copy / "checkpoint.pt", weights_only=True)
    (group,) = stored["generator_optimizer"]["param_groups"]
    assert group["lr"] == pytest.approx(0.01 * (1 - 9 / 10))  # in the tenth step of ten
    settings = json.loads((run_copy / "config.json").read_text())
    found = (settings["steps"], settings["learning_rate"], settings["schedule"])
    assert found == (10, 0.01, "linear")
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


LONG = GANConfig(**{**TINY, "steps": 600, "monitor_every": 30})


@pytest.fixture(scope="module")
def unbroken():
    """A run that is long enough to be killed, and was not."""
    return train_gan("ring8", LONG)


def press_ctrl_c_at(step):
    """A function of progress that presses Ctrl-C once that step is done."""

    def report(done, total, message):
        if done == step:
            os.kill(os.getpid(), signal.SIGINT)

    return report


@pytest.mark.parametrize(
    ("constraint", "step"),
    [
        ("lp", 1),  # before anything is measured
        ("clip", 3),
        ("gp", 3),
        ("spectral", 3),
        ("orthogonal", 4),  # when it is measured
        ("cones", 3),
        ("div", 5),
        ("exact", 3),
        ("distilled", 3),
    ],
)
def test_interrupted_run_resumes_to_the_same_bits(trained, tmp_path, constraint, step):
    whole = trained(constraint)
    config = GANConfig(**TINY, **taught_by(constraint))
    with pytest.raises(KeyboardInterrupt, match=f"stopped at step {step}; to go on, run: otgan"):
        train_gan("ring8", config, out=tmp_path, progress=press_ctrl_c_at(step))
    assert RunDirectory(tmp_path).checkpoint(torch.device("cpu"))["step"] == step
    resumed = otgan.resume_gan(tmp_path)
    same_but_for_time(whole.records, resumed.records)
    same_weights(whole.generator, resumed.generator)
    if whole.critic is not None:
        same_weights(whole.critic, resumed.critic)
    assert whole.evaluation == resumed.evaluation


class Dropping(nn.Sequential):
    """A critic whose layers draw numbers as it trains."""

    def __init__(self):
        super().__init__(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1))


def dropping_generator():
    return nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 2))


IMAGES = TensorDataset(
    torch.rand(80, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(80) % 10
)

DIGITS: dict[str, Any] = {"width": 4, "batch_size": 8, "features": None}

GAMES: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "relativistic resnet, packs": (
        IMAGES,
        {**DIGITS, "objective": "relativistic", "network": "resnet", "pack": 2},
        {},
    ),
    "labels, features and minibatch discrimination": (
        IMAGES,
        {
            **DIGITS,
            "objective": "semi-supervised",
            "stabilizers": ("feature-matching", "minibatch-discrimination"),
            "latent": "uniform",
        },
        {},
    ),
    "dcgan with batch norms": (
        IMAGES,
        {
            **DIGITS,
            "objective": "non-saturating",
            "critic_norm": "batch",
            "stabilizers": ("label-smoothing", "historical-averaging"),
            "schedule": "cosine",
        },
        {},
    ),
    "virtual batch norm, spectral norm, noise": (
        IMAGES,
        {
            **DIGITS,
            "objective": "hinge",
            "critic_norm": "spectral",
            "stabilizers": ("virtual-batch-norm", "instance-noise"),
            "schedule": "linear",
        },
        {},
    ),
    "modules that draw": (
        "ring8",
        {
            "objective": "least-squares",
            "generator_optimizer": "sgd",
            "critic_optimizer": "rmsprop",
            "critic_learning_rate": 1e-3,
            "clip_grad_norm": 0.1,
        },
        {"generator": dropping_generator, "critic": Dropping},
    ),
    "warm-up": ("ring8", {"constraint": "clip", "critic_warmup": True, "average": 0.0}, {}),
}


@pytest.mark.parametrize("name", GAMES)
def test_any_game_resumes_to_the_same_bits(tmp_path, name):
    """Whatever remembers something: norms, averages, schedules, and layers that draw numbers."""
    data, settings, networks = GAMES[name]
    config = GANConfig(**{**TINY, **settings})
    whole = train_gan(data, config, **networks)
    with pytest.raises(KeyboardInterrupt):
        train_gan(data, config, **networks, out=tmp_path, progress=press_ctrl_c_at(3))
    torch.rand(1)  # what the program draws in between is no part of the run
    resumed = train_gan(data, config, **networks, out=tmp_path, resume=True)
    same_but_for_time(whole.records, resumed.records)
    same_weights(whole.generator, resumed.generator)
    assert whole.critic is not None and resumed.critic is not None
    same_weights(whole.critic, resumed.critic)
    assert str(whole.evaluation.to_dict()) == str(resumed.evaluation.to_dict())  # NaN included


@pytest.mark.parametrize("monitor_every", [4, 40])
def test_a_run_may_end_at_the_step_where_it_was_stopped(tmp_path, monitor_every):
    calls = []

    class Pressing(WeightClipping):
        """Presses Ctrl-C in the seventh step; the first call is that of the untrained critic."""

        def project(self, critic):
            super().project(critic)
            calls.append(1)
            if len(calls) == 8:
                os.kill(os.getpid(), signal.SIGINT)

    settings = {**TINY, "n_critic": 1, "constraint": Pressing(), "monitor_every": monitor_every}
    with pytest.raises(KeyboardInterrupt, match="step 7;"):
        train_gan("ring8", GANConfig(**{**settings, "steps": 50}), out=tmp_path)
    config = GANConfig(**{**settings, "steps": 7})
    resumed = train_gan("ring8", config, out=tmp_path, resume=True)
    unbroken = train_gan("ring8", config)
    assert [record.step for record in resumed.records] == [4, 7][monitor_every == 40 :]
    same_but_for_time(unbroken.records, resumed.records)
    assert unbroken.evaluation == resumed.evaluation
    same_but_for_time(RunDirectory(tmp_path).metrics(), resumed.records)
    again = train_gan("ring8", config, out=tmp_path, resume=True)
    same_but_for_time(again.records, resumed.records)


def killed(config, out, sign_of_life, delay):
    """Train on ring8 in a second process, until SIGKILL that long after there is some file."""
    program = (
        "import json, sys, otgan\n"
        "config = otgan.GANConfig.from_dict(json.loads(sys.argv[1]))\n"
        "otgan.train_gan('ring8', config, out=sys.argv[2])\n"
    )
    arguments = [sys.executable, "-c", program, json.dumps(config.to_dict()), str(out)]
    with subprocess.Popen(arguments) as process:
        while not (out / sign_of_life).exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(delay)
        process.kill()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("sign_of_life", "delay"), [("checkpoint.pt", 0.0), ("metrics.csv", 0.1)])
def test_killed_process_resumes_to_the_same_bits(unbroken, tmp_path, sign_of_life, delay):
    """SIGKILL before and after the first measurement, in a real second process."""
    killed(LONG, tmp_path, sign_of_life, delay)
    resumed = otgan.resume_gan(tmp_path)
    same_but_for_time(unbroken.records, resumed.records)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"objective": "relativistic", "pack": 2, "stabilizers": ("instance-noise",)},
        {"objective": "hinge", "critic_norm": "spectral", "schedule": "linear"},
        {
            "objective": "non-saturating",
            "critic_norm": "batch",
            "generator_norm": "batch",
            "stabilizers": ("virtual-batch-norm", "historical-averaging", "feature-matching"),
        },
        {"objective": "exact", "average": 0.0, "clip_grad_norm": 1.0},
        {"objective": "wasserstein", "constraint": "orthogonal", "schedule": "cosine"},
    ],
    ids=lambda settings: settings["objective"],
)
def test_any_game_killed_at_a_random_moment_resumes_to_the_same_bits(tmp_path, settings):
    config = GANConfig(**{**TINY, "steps": 400, "monitor_every": 20, **settings})
    whole = train_gan("ring8", config)
    moment = np.random.default_rng().uniform(0.0, 0.4)
    killed(config, tmp_path, "checkpoint.pt", moment)
    resumed = otgan.resume_gan(tmp_path)
    same_but_for_time(whole.records, resumed.records)
    same_weights(whole.generator, resumed.generator)


def test_a_checkpoint_that_lacks_a_setting_is_named(run_copy):
    stored = RunDirectory(run_copy).checkpoint(torch.device("cpu"))
    for settings in ({k: v for k, v in stored["settings"].items() if k != "width"}, None, "none"):
        RunDirectory(run_copy).write_checkpoint({**stored, "settings": settings})
        with pytest.raises(DamagedFileError, match="must hold the data and settings"):
            otgan.resume_gan(run_copy)


def test_checkpoint_loads_with_weights_only(trained):
    stored = torch.load(trained("lp").out / "checkpoint.pt", weights_only=True)
    assert stored["step"] == 6
    assert set(stored) >= {"generator", "averaged", "critic", "critic_optimizer", "best"}


def test_array_runs_resume_with_their_array(tmp_path):
    data = np.random.default_rng(0).normal(size=(60, 2))
    first = train_gan(data, GANConfig(**TINY), out=tmp_path)
    with pytest.raises(InvalidInputError, match="train_gan\\(data, config"):
        otgan.resume_gan(tmp_path)
    again = train_gan(data, GANConfig(**TINY), out=tmp_path, resume=True)
    assert again.evaluation == first.evaluation


class Mine(GradientPenalty):
    """A constraint of the user's own."""


def test_a_run_under_a_constraint_of_ones_own_is_resumed_by_its_own_program(tmp_path):
    config = GANConfig(**{**RUN, "constraint": Mine()})
    whole = train_gan("ring8", config, out=tmp_path)
    with pytest.raises(
        InvalidInputError, match=r"rebuilt from a file, got .*Mine.*train_gan\(data"
    ):
        otgan.resume_gan(tmp_path)
    again = train_gan("ring8", config, out=tmp_path, resume=True)
    assert again.evaluation == whole.evaluation


def test_resume_needs_a_run(tmp_path):
    with pytest.raises(InvalidInputError, match="must be the folder of a run"):
        otgan.resume_gan(tmp_path / "nothing")
    with pytest.raises(InvalidInputError, match="out=None"):
        train_gan("ring8", GANConfig(**TINY), resume=True)


@pytest.mark.parametrize(("first", "then"), [("exact", "distilled"), ("lp", "exact"), ("lp", "gp")])
def test_a_run_is_not_resumed_under_another_constraint(trained, tmp_path, first, then):
    shutil.copytree(trained(first).out, tmp_path, dirs_exist_ok=True)
    with pytest.raises(InvalidInputError, match=r"(constraint|objective) must be that of the run"):
        train_gan("ring8", GANConfig(**TINY, **taught_by(then)), out=tmp_path, resume=True)


def test_settings_that_were_altered_in_the_file_are_not_applied(tmp_path):
    points = tmp_path / "points.npy"
    np.save(points, np.random.default_rng(0).normal(size=(40, 2)))
    out = tmp_path / "run"
    measured: dict[str, Any] = {"monitor_every": 2, "monitor_points": 10, "evaluation_points": 10}
    tiny = GANConfig(steps=2, batch_size=8, n_critic=1, width=4, depth=1, **measured)
    train_gan(str(points), tiny, out=out)
    stored = json.loads((out / "config.json").read_text())
    (out / "config.json").write_text(json.dumps({**stored, "learning_rate": 100.0}))
    with pytest.raises(DamagedFileError, match=r"learning_rate 100\.0 where the checkpoint has"):
        otgan.resume_gan(out, steps=4)
    resumed = otgan.resume_gan(out, steps=4, learning_rate=1e-4)  # said, and so applied
    assert resumed.records[-1].step == 4
    assert json.loads((out / "config.json").read_text())["learning_rate"] == 1e-4
