"""The trainer: its numbers, its refusals, and runs that are killed and resumed."""

import csv
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

import otgan
from otgan import GANConfig, GradientPenalty, WeightClipping, train_gan
from otgan.critics.constraints.base import CONSTRAINTS
from otgan.critics.constraints.distillation import Distillation
from otgan.errors import DamagedFileError, InvalidInputError, TrainingDivergedError
from otgan.gan.records import Record, rank_correlation
from otgan.gan.run_directory import RunDirectory
from otgan.gan.state import TrainState
from otgan.gan.trainer import _critic_step

TINY = {
    "steps": 6,
    "batch_size": 16,
    "n_critic": 2,
    "width": 8,
    "depth": 2,
    "monitor_every": 2,
    "monitor_points": 64,
    "evaluation_points": 64,
    "device": "cpu",
}


def same_but_for_time(first, second):
    for one, other in zip(first, second, strict=True):
        assert_array_equal(one._replace(seconds=0), other._replace(seconds=0))


def same_weights(first, second):
    ours, theirs = first.state_dict(), second.state_dict()
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert_array_equal(ours[name].numpy(), theirs[name].numpy())


def test_defaults_are_those_of_the_papers():
    config = GANConfig()
    assert (config.batch_size, config.n_critic) == (64, 5)
    assert config.rule == GradientPenalty(weight=10.0, one_sided=True)
    assert GANConfig(constraint="gp").rule == GradientPenalty(weight=10.0)
    assert GANConfig(constraint="clip").rule == WeightClipping(0.01)
    assert config.learning_rate is None  # the constraint's own, see test_constraints
    assert not config.decay


@pytest.mark.parametrize("constraint", [*sorted(CONSTRAINTS), "exact"])
def test_every_constraint_trains_and_its_records_obey_duality(constraint):
    result = train_gan("ring8", GANConfig(constraint=constraint, **TINY))
    assert [record.step for record in result.records] == [2, 4, 6]
    for record in result.records:
        assert 0 <= record.lower <= record.exact_w1 * (1 + 1e-9)
        assert record.floor > 0
        assert 0 <= record.modes <= 8 and 0 <= record.high_quality <= 1
    assert result.generate(7).shape == (7, 2)
    assert (result.critic is None) == (constraint == "exact")


def test_measurements_are_exact_distances_between_the_points_they_show(tmp_path):
    result = train_gan("ring8", GANConfig(**TINY), out=tmp_path)
    for record, (step, arrays) in zip(
        result.records, RunDirectory(tmp_path).snapshots(), strict=True
    ):
        assert step == record.step
        exact = otgan.emd(arrays["real"], arrays["generated"])
        assert_allclose(record.exact_w1, exact.distance, rtol=1e-12)


def test_exact_constraint_descends_the_exact_distance():
    changes = {"constraint": "exact", "steps": 300, "batch_size": 64, "learning_rate": 1e-2}
    result = train_gan("ring8", GANConfig(**{**TINY, **changes, "monitor_every": 100}))
    w1 = [record.exact_w1 for record in result.records]
    one_point = otgan.emd(result.monitor.real, np.zeros((1, 2))).distance
    assert w1[-1] < w1[0] < one_point
    assert w1[-1] < 0.4 * one_point
    assert_allclose([r.critic_estimate for r in result.records], w1, rtol=1e-9)


@pytest.mark.parametrize("constraint", ["exact", "distilled"])
def test_linear_program_teaches_the_generator(constraint):
    """Before and after, on the same held-out points and latents."""
    changes = {"constraint": constraint, "steps": 200, "batch_size": 64, "learning_rate": 3e-3}
    config = GANConfig(**{**TINY, **changes, "width": 32, "monitor_every": 200})
    result = train_gan("ring8", config)
    start = TrainState.start(2, config, torch.device("cpu")).averaged
    before = result.monitor.measure(0, start, None, 0.0).record.exact_w1
    after = result.records[-1].exact_w1
    assert after < 0.5 * before


def test_one_critic_step_is_that_of_algorithm_1():
    """RMSProp on E f(fake) - E f(real), then clipping, redone by hand."""
    from otgan.gan.data import as_source
    from otgan.gan.randomness import Randomness

    config = GANConfig(**{**TINY, "constraint": "clip", "steps": 1, "n_critic": 1})
    state = TrainState.start(2, config, torch.device("cpu"))
    source, randomness = as_source("ring8", config.seed), Randomness(config.seed)
    points = source.train.sample(16, randomness.numpy(1, "critic 0"))
    real = torch.as_tensor((points - source.center) / source.scale, dtype=torch.float32)
    rng = randomness.torch(1, "critic 0", torch.device("cpu"))
    fake = state.generator(torch.randn(16, config.latent_dim, generator=rng)).detach()
    loss = state.critic(fake).mean() - state.critic(real).mean()
    loss.backward()
    # RMSProp's first step: learning rate times g / (sqrt((1 - 0.99) g²) + eps)
    by_hand = [
        (p - 5e-5 * p.grad / (0.1 * p.grad.abs() + 1e-8)).clamp(-0.01, 0.01).detach()
        for p in state.critic.parameters()
    ]
    trained = train_gan("ring8", config).critic
    for ours, expected in zip(trained.parameters(), by_hand, strict=True):
        torch.testing.assert_close(ours.detach(), expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("constraint", sorted(CONSTRAINTS))
def test_same_seed_same_run_and_measuring_does_not_disturb_it(constraint):
    settings = {**TINY, "constraint": constraint}
    config = GANConfig(**settings)
    first, second = train_gan("ring8", config), train_gan("ring8", config)
    same_but_for_time(first.records, second.records)
    rarely = train_gan("ring8", GANConfig(**{**settings, "monitor_every": 6}))
    same_weights(first.critic, rarely.critic)
    other = train_gan("ring8", GANConfig(**{**TINY, "seed": 1}))
    assert other.records[-1].exact_w1 != first.records[-1].exact_w1


def interrupt_after_first_measurement(folder):
    deadline = time.monotonic() + 60
    while not (folder / "metrics.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    "constraint", ["clip", "gp", "spectral", "orthogonal", "exact", "distilled"]
)
def test_interrupted_run_resumes_to_the_same_bits(tmp_path, constraint):
    config = GANConfig(**{**TINY, "constraint": constraint, "steps": 400, "monitor_every": 40})
    unbroken = train_gan("ring8", config)
    thread = threading.Thread(target=interrupt_after_first_measurement, args=(tmp_path,))
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        train_gan("ring8", config, out=tmp_path)
    thread.join()
    stopped_at = RunDirectory(tmp_path).checkpoint(torch.device("cpu"))["step"]
    assert 0 < stopped_at < 400
    resumed = otgan.resume_gan(tmp_path)
    same_but_for_time(unbroken.records, resumed.records)
    same_weights(unbroken.generator, resumed.generator)
    if unbroken.critic is not None:
        same_weights(unbroken.critic, resumed.critic)
    assert unbroken.evaluation == resumed.evaluation


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
    assert RunDirectory(tmp_path).metrics() == list(resumed.records)
    again = train_gan("ring8", config, out=tmp_path, resume=True)
    assert again.records == resumed.records


def test_a_checkpoint_that_lacks_a_setting_is_named(tmp_path):
    config = GANConfig(**TINY)
    train_gan("ring8", config, out=tmp_path)
    stored = RunDirectory(tmp_path).checkpoint(torch.device("cpu"))
    for settings in ({k: v for k, v in stored["settings"].items() if k != "width"}, None, "none"):
        RunDirectory(tmp_path).write_checkpoint({**stored, "settings": settings})
        with pytest.raises(DamagedFileError, match="must say what data and settings"):
            train_gan("ring8", config, out=tmp_path, resume=True)


@pytest.mark.parametrize(("sign_of_life", "delay"), [("checkpoint.pt", 0.0), ("metrics.csv", 0.1)])
def test_killed_process_resumes_to_the_same_bits(tmp_path, sign_of_life, delay):
    """SIGKILL before and after the first measurement, in a real second process."""
    config = GANConfig(**{**TINY, "steps": 600, "monitor_every": 30})
    program = (
        "import json, sys, otgan\n"
        "config = otgan.GANConfig.from_dict(json.loads(sys.argv[1]))\n"
        "otgan.train_gan('ring8', config, out=sys.argv[2])\n"
    )
    arguments = [sys.executable, "-c", program, json.dumps(config.to_dict()), str(tmp_path)]
    with subprocess.Popen(arguments) as process:
        while not (tmp_path / sign_of_life).exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(delay)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    resumed = otgan.resume_gan(tmp_path)
    same_but_for_time(train_gan("ring8", config).records, resumed.records)


def test_metrics_csv_is_always_written_and_reads_back(tmp_path):
    result = train_gan("ring8", GANConfig(**TINY), out=tmp_path)
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(Record._fields)
    assert len(rows) == 1 + len(result.records)
    assert RunDirectory(tmp_path).metrics() == list(result.records)


def test_checkpoint_loads_with_weights_only(tmp_path):
    train_gan("ring8", GANConfig(**TINY), out=tmp_path)
    stored = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert stored["step"] == 6
    assert set(stored) >= {"generator", "averaged", "critic", "critic_optimizer", "best"}


@pytest.mark.parametrize(
    "data",
    [
        np.random.default_rng(0).normal(size=(60, 3)),
        np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32),
        torch.randn(60, 3, generator=torch.Generator().manual_seed(0)),
        np.random.default_rng(0).normal(size=60),
        np.random.default_rng(0).normal(size=(60, 2)) * 1e6 + 1e9,
    ],
    ids=["array", "float32", "tensor", "line", "far and wide"],
)
def test_any_array_trains_on_points_that_are_not_measured_on(data):
    result = train_gan(data, GANConfig(**TINY))
    source = result.monitor.source
    parts = [source.train.points, *(half.points for half in source.halves)]
    assert sorted(len(part) for part in parts) == [12, 12, 36]
    together = np.concatenate(parts)
    given = np.asarray(data, dtype=float).reshape(60, -1)
    assert_array_equal(np.sort(together, axis=0), np.sort(given, axis=0))
    assert math.isnan(result.records[-1].modes)
    assert result.evaluation.of == 0
    assert result.generate(3).shape == (3, given.shape[1])


def test_array_runs_resume_with_their_array(tmp_path):
    data = np.random.default_rng(0).normal(size=(60, 2))
    first = train_gan(data, GANConfig(**TINY), out=tmp_path)
    with pytest.raises(InvalidInputError, match="train_gan\\(data, config"):
        otgan.resume_gan(tmp_path)
    again = train_gan(data, GANConfig(**TINY), out=tmp_path, resume=True)
    assert again.evaluation == first.evaluation


def test_nan_stops_with_a_clear_error():
    class Poisoned(GradientPenalty):
        def penalty(self, critic, real, fake, rng):
            return super().penalty(critic, real, fake, rng) * math.nan

    with pytest.raises(TrainingDivergedError, match=r"must stay finite.*learning_rate"):
        train_gan("ring8", GANConfig(**{**TINY, "constraint": Poisoned()}))


def test_a_broken_generator_stops_a_distilled_run_as_any_other():
    config = GANConfig(**{**TINY, "constraint": "distilled"})
    state = TrainState.start(2, config, torch.device("cpu"))
    torch.nn.init.constant_(state.generator[-1].bias, math.nan)
    real, latents = torch.zeros(16, 2), torch.zeros(16, config.latent_dim)
    with pytest.raises(TrainingDivergedError, match="in a generated point"):
        _critic_step(state, config.rule, real, latents, torch.Generator())


def test_batch_norm_in_a_critic_is_refused():
    class Normed(GradientPenalty):
        def build(self, d, width, depth):
            return torch.nn.Sequential(torch.nn.BatchNorm1d(d), torch.nn.Linear(d, 1))

    with pytest.raises(InvalidInputError, match="batch normalization"):
        train_gan("ring8", GANConfig(**{**TINY, "constraint": Normed()}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1, got 0"),
        ({"average": 1.0}, r"average must be in \[0, 1\), got 1.0"),
        ({"learning_rate": -1.0}, "learning_rate must be positive"),
        ({"constraint": "gpp"}, "did you mean 'gp'"),
        ({"constraint": "Exact"}, "must be one of exact, clip.* did you mean 'exact'"),
        ({"constraint": "distiled"}, "did you mean 'distilled'"),
        ({"monitor_points": 1}, "monitor_points must be a whole number of at least 2"),
    ],
)
def test_wrong_settings_are_refused(change, message):
    with pytest.raises(InvalidInputError, match=message):
        GANConfig(**change)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("ring9", "did you mean 'ring8'"),
        (np.ma.masked_equal(np.arange(40.0), 7), "must not hold masked entries, got 1"),
        (np.zeros((5, 2)), "at least ten points"),
        ([[1.0, math.nan]] * 20, "must be finite"),
    ],
)
def test_wrong_data_are_refused(data, message):
    with pytest.raises(InvalidInputError, match=message):
        train_gan(data, GANConfig(**TINY))


def test_settings_must_be_a_config():
    with pytest.raises(InvalidInputError, match="config must be a GANConfig, got dict"):
        train_gan("ring8", TINY)


def test_a_finite_data_set_is_evaluated_on_new_splits():
    points = np.random.default_rng(0).normal(size=(200, 2))
    evaluation = train_gan(points, GANConfig(**TINY)).evaluation
    assert evaluation.points == 40  # half of the 40 % that were held out
    assert evaluation.floor_se > 0 and evaluation.excess_se > 0


def test_resume_needs_a_run(tmp_path):
    with pytest.raises(InvalidInputError, match="must be the folder of a run"):
        otgan.resume_gan(tmp_path / "nothing")
    with pytest.raises(InvalidInputError, match="out=None"):
        train_gan("ring8", GANConfig(**TINY), resume=True)


@pytest.mark.parametrize(("first", "then"), [("exact", "distilled"), ("lp", "exact")])
def test_a_run_is_not_resumed_under_another_constraint(tmp_path, first, then):
    train_gan("ring8", GANConfig(**{**TINY, "constraint": first}), out=tmp_path)
    with pytest.raises(InvalidInputError, match=f"that of the run .* '{first}', got '{then}'"):
        train_gan("ring8", GANConfig(**{**TINY, "constraint": then}), out=tmp_path, resume=True)


def test_settings_survive_the_file():
    config = GANConfig.toy(seed=7, steps=11)
    assert GANConfig.from_dict(config.to_dict()) == config
    assert GANConfig.from_dict(GANConfig(constraint="lp").to_dict()).constraint == "lp"
    penalty = GradientPenalty(weight=3.0, one_sided=True)
    again = GANConfig.from_dict(GANConfig(constraint=penalty).to_dict())
    assert again.constraint == penalty
    again = GANConfig.from_dict(GANConfig(constraint=Distillation()).to_dict())
    assert again.constraint == Distillation()


def test_rank_correlation():
    def records(estimates, exact):
        pairs = zip(estimates, exact, strict=True)
        return [Record(i, 0.0, e, 0.0, w, 0.0, 0.0, 0.0, 0.0) for i, (e, w) in enumerate(pairs)]

    assert rank_correlation(records([1, 2, 3, 4], [10, 20, 30, 40])) == 1.0
    assert rank_correlation(records([1, 2, 3, 4], [4, 3, 2, 1])) == -1.0
    assert math.isnan(rank_correlation(records([1, 2], [1, 2])))
    assert math.isnan(rank_correlation(records([1, 1, 1], [1, 2, 3])))


def test_digits_train_as_points_in_64_dimensions():
    result = train_gan("digits", GANConfig(**{**TINY, "steps": 2}))
    assert result.generate(2).shape == (2, 64)
    assert result.evaluation.floor > 0


@pytest.mark.gpu
def test_training_on_a_gpu():
    result = train_gan("ring8", GANConfig(**{**TINY, "device": "cuda"}))
    assert next(result.generator.parameters()).device.type == "cuda"


def test_settings_that_were_altered_in_the_file_are_not_applied(tmp_path):
    points = tmp_path / "points.npy"
    np.save(points, np.random.default_rng(0).normal(size=(40, 2)))
    out = tmp_path / "run"
    measured = {"monitor_every": 2, "monitor_points": 10, "evaluation_points": 10}
    tiny = GANConfig(steps=2, batch_size=8, n_critic=1, width=4, depth=1, **measured)
    train_gan(str(points), tiny, out=out)
    told = json.loads((out / "config.json").read_text())
    (out / "config.json").write_text(json.dumps({**told, "learning_rate": 100.0}))
    with pytest.raises(DamagedFileError, match=r"learning_rate 100\.0 where the checkpoint has"):
        otgan.resume_gan(out, steps=4)
    resumed = otgan.resume_gan(out, steps=4, learning_rate=1e-4)  # said, and so applied
    assert resumed.records[-1].step == 4
    assert json.loads((out / "config.json").read_text())["learning_rate"] == 1e-4
