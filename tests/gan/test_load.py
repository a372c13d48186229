"""A run from its folder: the networks and numbers that training returned, without the data."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import nn

import otgan
from otgan.critics.audit.load import load_critic
from otgan.errors import DamagedFileError, InvalidInputError
from otgan.gan.config import CONFIG_FORMAT
from otgan.gan.load import critic_of_checkpoint, is_run
from otgan.gan.networks import mlp_critic
from otgan.gan.objectives import Wasserstein
from otgan.gan.stabilizers import InstanceNoise
from tests.gan.short_run import CLOUD, RUN, same_weights

IMAGES = np.random.default_rng(0).random((60, 2, 8, 8))


def values(critic, points):
    with torch.no_grad():
        return critic(torch.as_tensor(points)).flatten().numpy()


@pytest.mark.parametrize(
    ("data", "settings"),
    [
        (64.0 * CLOUD + 1024.0, {"constraint": "gp"}),
        (CLOUD, {"constraint": "orthogonal", "generator_norm": "batch"}),
        (CLOUD, {"constraint": "cones"}),
        (CLOUD, {"constraint": None, "critic_norm": "spectral", "pack": 2}),
        (
            CLOUD,
            {
                "objective": "hinge",
                "stabilizers": ("virtual-batch-norm",),
                "generator_norm": "batch",
            },
        ),
        (CLOUD, {"objective": "exact", "latent": "uniform"}),
        (IMAGES, {"objective": "relativistic", "width": 4, "features": None}),
        (IMAGES, {"network": "resnet", "width": 4, "features": None, "constraint": "lp"}),
    ],
)
def test_a_loaded_run_is_what_training_returned(tmp_path, data, settings):
    result = otgan.train_gan(data, otgan.GANConfig(**{**RUN, **settings}), out=tmp_path)
    run = otgan.load_run(tmp_path)
    assert_array_equal(run.generate(9, rng=3), result.generate(9, rng=3))
    same_weights(run.generator, result.generator)
    assert run.config == result.monitor.config
    assert run.evaluation is not None
    assert run.evaluation.to_dict() == result.evaluation.to_dict()
    assert float(run) == float(result)
    assert_array_equal(np.array(run.records), np.array(result.records))
    assert (run.critic is None) == (result.critic is None)
    if run.critic is not None and run.config.pack == 1:
        assert_array_equal(values(run.critic, data[:8]), values(result.critic, data[:8]))
    assert "\n" not in repr(run)


def test_a_run_is_loaded_where_its_data_are_gone(tmp_path):
    file = tmp_path / "cloud.npy"
    np.save(file, CLOUD)
    result = otgan.train_gan(file, otgan.GANConfig(**RUN), out=tmp_path / "run")
    file.unlink()
    assert_array_equal(otgan.load_run(tmp_path / "run").generate(4), result.generate(4))


def test_a_run_that_has_not_ended_has_no_evaluation(run_copy):
    (run_copy / "summary.json").unlink()
    run = otgan.load_run(run_copy)
    assert run.evaluation is None and np.isnan(float(run))
    assert [record.step for record in run.records] == [2, 4]


class Louder(InstanceNoise):
    name = "louder"


class Own(Wasserstein):
    name = "own"


def tiny_generator():
    return nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 2))


def tiny_critic():
    return mlp_critic((2,), width=4, depth=1)


def test_networks_of_ones_own_must_be_given(tmp_path):
    own: dict[str, Any] = {"generator": tiny_generator, "critic": tiny_critic}
    result = otgan.train_gan(CLOUD, otgan.GANConfig(**RUN), **own, out=tmp_path)
    run = otgan.load_run(tmp_path, **own)
    assert_array_equal(run.generate(5), result.generate(5))
    with pytest.raises(InvalidInputError, match=r"generator must be given .*tiny_generator"):
        otgan.load_run(tmp_path)
    with pytest.raises(InvalidInputError, match="must have the form"):
        otgan.load_run(tmp_path, generator=lambda: nn.Linear(8, 2), critic=own["critic"])
    with pytest.raises(InvalidInputError, match="generator must be given"):
        critic_of_checkpoint(tmp_path / "checkpoint.pt")


def test_networks_that_were_not_trained_are_refused(run_copy):
    with pytest.raises(InvalidInputError, match=r"critic must be left out .*got Linear"):
        otgan.load_run(run_copy, critic=nn.Linear(2, 1))


def test_objects_of_ones_own_are_given_with_the_settings(tmp_path):
    config = otgan.GANConfig(**RUN, schedule=lambda done: 1.0 - done / 2)
    result = otgan.train_gan(CLOUD, config, out=tmp_path)
    with pytest.raises(InvalidInputError, match=r"whose schedule is .* load_run\(path, config=..."):
        otgan.load_run(tmp_path)
    assert_array_equal(otgan.load_run(tmp_path, config=config).generate(4), result.generate(4))
    with pytest.raises(InvalidInputError, match="width must be that of the run"):
        otgan.load_run(tmp_path, config=otgan.GANConfig(**{**RUN, "width": 16}))


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"stabilizers": ("instance-noise", Louder())}, "stabilizers"), ({"objective": Own()}, "obj")],
)
def test_objects_of_ones_own_are_asked_for_by_the_name_of_their_setting(tmp_path, settings, name):
    config = otgan.GANConfig(**{**RUN, "constraint": "lp", **settings})
    result = otgan.train_gan(CLOUD, config, out=tmp_path)
    with pytest.raises(InvalidInputError, match=f"config must be given .* whose {name}.* of your"):
        otgan.load_run(tmp_path)
    assert_array_equal(otgan.load_run(tmp_path, config=config).generate(4), result.generate(4))


def test_arguments_of_other_kinds_are_named(run_copy):
    with pytest.raises(InvalidInputError, match=r"config must be the GANConfig .*, got dict"):
        otgan.load_run(run_copy, config=RUN)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="path must be the path of a folder, got None"):
        otgan.load_run(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "got"), [(2, "an earlier version"), (CONFIG_FORMAT + 1, "a newer version")]
)
def test_a_run_of_another_format_is_not_loaded(run_copy, version, got):
    path = run_copy / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": version}))
    with pytest.raises(DamagedFileError, match=f"config.json must be .*, got that of {got}"):
        otgan.load_run(run_copy)


def test_a_damaged_summary_is_named_once(run_copy):
    (run_copy / "summary.json").write_text("{")
    with pytest.raises(DamagedFileError) as raised:
        otgan.load_run(run_copy)
    assert str(raised.value).count("to fix it") == 1


def test_an_infinite_divergence_of_modes_is_not_loaded_as_unknown(tmp_path):
    """JSON holds no infinite numbers; a generator that reaches no mode is at KL infinity."""
    result = otgan.train_gan("ring8", otgan.GANConfig(**RUN), out=tmp_path)
    assert result.evaluation.modes == 0 and result.evaluation.reverse_kl == math.inf
    loaded = otgan.load_run(tmp_path).evaluation
    assert loaded is not None and loaded.reverse_kl == math.inf
    assert repr(loaded) == repr(result.evaluation)


def test_what_is_no_run_is_refused(tmp_path, run_copy):
    with pytest.raises(InvalidInputError, match="must be the folder of a run"):
        otgan.load_run(tmp_path / "nothing")
    (run_copy / "checkpoint.pt").write_bytes(b"PK\x03\x04")
    with pytest.raises(DamagedFileError, match="must be one that a run has written"):
        otgan.load_run(run_copy)
    assert not is_run(run_copy / "checkpoint.pt")


@pytest.mark.parametrize("constraint", ["clip", "gp", "spectral", "div", "orthogonal", "distilled"])
def test_the_checkpoint_of_any_run_opens_as_its_critic(trained, tmp_path, constraint):
    result = trained(constraint)
    moved = tmp_path / "elsewhere.pt"
    moved.write_bytes((result.out / "checkpoint.pt").read_bytes())
    assert is_run(moved)
    points = CLOUD[:30]
    assert_array_equal(values(critic_of_checkpoint(moved), points), values(result.critic, points))


def test_checkpoints_without_a_critic_say_so(trained, tmp_path):
    path = trained("exact").out / "checkpoint.pt"
    with pytest.raises(InvalidInputError, match="a run that trains a critic"):
        critic_of_checkpoint(path)
    with pytest.raises(InvalidInputError, match=r"checkpoint of a run; .*load_run"):
        load_critic(path)


def test_checkpoints_of_fits_are_neither_a_run_nor_a_critic(tmp_path):
    path = tmp_path / "fit.pt"
    options = otgan.FitOptions(batch_size=16, test_points=100, checkpoint=path)
    otgan.estimate_w1(CLOUD, CLOUD + 1.0, "orthogonal", steps=2, device="cpu", options=options)
    assert not is_run(path)
    with pytest.raises(InvalidInputError, match="checkpoint of a fit"):
        load_critic(path)


def test_an_altered_checkpoint_is_refused(run_copy):
    path = run_copy / "checkpoint.pt"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFileError):
        critic_of_checkpoint(path)


def test_a_run_that_was_stopped_before_its_first_measurement_says_that_there_is_nothing_to_draw(
    tmp_path,
):
    def stop(done, total, message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        otgan.train_gan("ring8", otgan.GANConfig(**RUN), out=tmp_path, progress=stop)
    run = otgan.load_run(tmp_path)
    assert run.records == () and run.generate(3).shape == (3, 2)
    with pytest.raises(InvalidInputError, match="must be measured once to be drawn"):
        run.plot()
