"""What cannot be trained is said in a sentence: what must be, what was found, what to do."""

import math
import re
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from otgan import GANConfig, train_gan
from otgan.errors import InvalidInputError, TrainingDivergedError
from otgan.gan.objectives.semi_supervised import ClassScores
from otgan.gan.optimizers import SGD
from otgan.gan.stabilizers import FeatureMatching
from tests.gan.short_run import CLOUD, TINY

pytestmark = pytest.mark.torch

IMAGES = torch.rand(60, 1, 8, 8, generator=torch.Generator().manual_seed(0))

SENTENCE = re.compile(r".+ must .+, got .+; to fix it, .+", re.DOTALL)


def refused(error, out, data, config=None, **networks):
    """The message of a run that is refused; nothing of it is written."""
    config = GANConfig(**TINY) if config is None else config
    with pytest.raises(error) as caught:
        train_gan(data, config, out=out, **networks)
    assert SENTENCE.fullmatch(str(caught.value)), str(caught.value)
    return str(caught.value)


class FailsLater(nn.Module):
    """A generator whose points become NaN, or infinite, after so many calls."""

    calls: torch.Tensor

    def __init__(self, value):
        super().__init__()
        self.linear, self.value = nn.Linear(8, 2), value
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, latents):
        self.calls += 1.0
        return self.linear(latents) + (self.value if self.calls > 12 else 0.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_points_that_are_no_numbers_stop_with_step_and_advice(tmp_path, value):
    data, own = CLOUD, FailsLater(value)
    message = refused(TrainingDivergedError, tmp_path / "run", data, generator=own)
    assert re.search(rf"got {value} for the generated points in step \d", message)
    assert "lower learning_rate, or pass clip_grad_norm=1.0" in message


class FailsWhenMeasured(nn.Module):
    """A generator whose points become NaN after so many calls in evaluation mode."""

    def __init__(self, calls_left):
        super().__init__()
        self.linear, self.calls_left = nn.Linear(8, 2), calls_left

    def forward(self, latents):
        points = self.linear(latents)
        if not self.training:
            self.calls_left[0] -= 1
        return points if self.calls_left[0] >= 0 else points * math.nan

    def __deepcopy__(self, memo):
        return FailsWhenMeasured(self.calls_left)  # which copies share


@pytest.mark.parametrize(
    ("calls", "when"),
    [
        (1, "in step 2"),
        (6, "in the final evaluation"),
        (21, "in the final evaluation"),
        (22, "in the final evaluation"),
    ],
)
def test_points_that_break_while_they_are_measured_are_no_bad_input(tmp_path, calls, when):
    """Three measurements of two samples each, then eight draws of two, and those of the test."""
    own = FailsWhenMeasured([calls])
    message = refused(TrainingDivergedError, tmp_path / "run", CLOUD, generator=own)
    assert f"got nan for the generated points {when}; to fix it, lower learning_rate" in message


@pytest.mark.parametrize(
    ("settings", "term", "advice"),
    [
        ({"objective": "least-squares", "constraint": None}, "loss", "lower learning_rate"),
        ({"objective": "wasserstein", "constraint": "lp"}, "penalty", "lower the weight"),
        ({"objective": "relativistic"}, "penalty", "lower the weight"),
    ],
)
def test_losses_that_explode_stop_with_step_term_and_advice(tmp_path, settings, term, advice):
    rates: dict[str, Any] = {"critic_optimizer": SGD(1e4), "generator_optimizer": SGD(1e-4)}
    config = GANConfig(**{**TINY, **settings, **rates, "steps": 50})
    message = refused(TrainingDivergedError, tmp_path / "run", CLOUD, config)
    assert re.search(rf"got \S+ for the critic's {term} in step \d+; to fix it, {advice}", message)


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ({"generator": nn.Linear(8, 3)}, r"generator must give shape \(n, 2\)"),
        ({"generator": nn.Linear(5, 2)}, r"generator must take latents of shape \(n, 8\)"),
        ({"critic": nn.Linear(2, 2)}, r"critic must give shape \(n, 1\) or \(n,\)"),
        ({"critic": nn.Linear(3, 1)}, r"critic must take points of shape \(n, 2\)"),
        ({"critic": nn.Conv2d(1, 1, 3)}, r"critic must take points of shape \(n, 2\)"),
        ({"generator": nn.ReLU()}, r"generator must have parameters that learn, got none"),
        ({"critic": "mlp"}, r"critic must be a torch.nn.Module, or a function without arguments"),
    ],
)
def test_networks_that_do_not_fit_are_named_before_training(tmp_path, networks, message):
    out = tmp_path / "run"
    assert re.search(message, refused(InvalidInputError, out, CLOUD, **networks))
    assert not out.exists()


def sharing(layer):
    """A generator and a critic with a layer in common."""
    generator = nn.Sequential(nn.Linear(8, 4), layer, nn.Linear(4, CLOUD.shape[1]))
    return generator, nn.Sequential(nn.Linear(CLOUD.shape[1], 4), layer, nn.Linear(4, 1))


@pytest.mark.parametrize("built", [(), ("generator",), ("generator", "critic")])
def test_networks_that_share_weights_are_refused(tmp_path, built):
    """Their copies would not share them, whatever the user thinks."""
    pair = dict(zip(("generator", "critic"), sharing(nn.Linear(4, 4)), strict=True))
    given = {k: (lambda net=net: net) if k in built else net for k, net in pair.items()}
    message = refused(InvalidInputError, tmp_path / "run", CLOUD, GANConfig(**TINY), **given)
    assert "must not share weights that learn, got '1.weight' of the generator as '1." in message


def test_networks_may_share_weights_that_are_frozen():
    generator, critic = sharing(nn.Linear(4, 4).requires_grad_(False))
    train_gan(CLOUD, GANConfig(**TINY), generator=generator, critic=critic)


def test_networks_for_vectors_do_not_take_images(tmp_path):
    out = tmp_path / "run"
    config = GANConfig(**TINY, features=None)
    message = refused(InvalidInputError, out, IMAGES, config, critic=nn.Linear(64, 1))
    assert "critic must give shape (n, 1) or (n,)" in message or "(n, 1, 8, 8)" in message
    assert not out.exists()


@pytest.mark.parametrize(
    ("settings", "networks", "name"),
    [
        ({"batch_size": 1, "generator_norm": "batch"}, {}, "generator"),
        ({"batch_size": 1, "critic_norm": "batch"}, {}, "critic"),
        ({"batch_size": 4, "pack": 4, "critic_norm": "batch"}, {}, "critic"),
        (
            {"batch_size": 1},
            {"generator": nn.Sequential(nn.Linear(8, 2), nn.BatchNorm1d(2))},
            "generator",
        ),
        (
            {"batch_size": 1},
            {"critic": nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))},
            "critic",
        ),
    ],
)
def test_batches_of_one_for_a_network_that_normalizes_over_them(tmp_path, settings, networks, name):
    config = GANConfig(**{**TINY, "objective": "non-saturating", "constraint": None, **settings})
    message = refused(InvalidInputError, tmp_path / "run", CLOUD, config, **networks)
    assert f"batch_size must give the {name} two inputs or more" in message
    assert not (tmp_path / "run").exists()


def test_a_data_set_smaller_than_a_batch(tmp_path):
    out = tmp_path / "run"
    message = refused(InvalidInputError, out, CLOUD[:25])
    assert "batch_size must be at most the number of training points, 15" in message
    assert not out.exists()


@pytest.mark.parametrize("wrap", [TensorDataset, lambda *parts: DataLoader(TensorDataset(*parts))])
def test_items_without_an_axis_of_channels_are_not_taken_for_vectors(tmp_path, wrap):
    gray = wrap(IMAGES[:, 0], torch.arange(60))
    message = refused(InvalidInputError, tmp_path / "run", gray)
    assert "got items of shape (8, 8), without an axis of channels" in message
    assert train_gan(wrap(IMAGES), GANConfig(**TINY, features=None)).generate(1).shape[1:] == (
        1,
        8,
        8,
    )


def test_labels_that_are_missing(tmp_path):
    out, config = tmp_path / "run", GANConfig(**TINY, objective="semi-supervised")
    message = refused(InvalidInputError, out, CLOUD, config)
    assert "must have labeled data, got data without labels" in message
    unlabeled = TensorDataset(torch.as_tensor(CLOUD).float())
    assert "labeled data" in refused(InvalidInputError, out, unlabeled, config)
    assert not out.exists()


@pytest.mark.parametrize(
    ("settings", "networks", "message"),
    [
        ({"pack": 2}, {}, "must score points one by one, for each has its own label, got pack=2"),
        ({"critic_norm": "spectral"}, {}, "got Sequential that ends in ParametrizedLinear"),
        ({}, {"critic": nn.Sequential(nn.Linear(3, 1))}, "must take points of shape (n, 2)"),
        ({}, {"critic": ClassScores(nn.Linear(3, 10))}, "must take points of shape (n, 2)"),
    ],
)
def test_critics_that_cannot_tell_classes(tmp_path, settings, networks, message):
    out, config = tmp_path / "run", GANConfig(**TINY, objective="semi-supervised", **settings)
    labeled = TensorDataset(torch.as_tensor(CLOUD).float(), torch.arange(len(CLOUD)) % 10)
    assert message in refused(InvalidInputError, out, labeled, config, **networks)
    assert not out.exists()


@pytest.mark.parametrize(
    ("data", "settings", "networks", "message"),
    [
        (CLOUD, {"critic_width": 8}, {"critic": nn.Linear(2, 1)}, "critic_width must be None"),
        (CLOUD, {"critic_depth": 2}, {"critic": nn.Linear(2, 1)}, "critic_depth must be None"),
        (IMAGES, {"critic_depth": 2, "network": "dcgan"}, {}, "critic_depth must be None for net"),
        (CLOUD, {"critic_width": 0}, {}, "critic_width must be a whole number"),
        (CLOUD, {"critic_depth": 10**6}, {}, "critic_depth must be at most"),
        (IMAGES, {"network": "fourier"}, {}, "network 'fourier' must be given vectors"),
    ],
)
def test_sizes_of_critics_that_cannot_be(tmp_path, data, settings, networks, message):
    out = tmp_path / "run"
    with pytest.raises(InvalidInputError) as error:
        train_gan(data, GANConfig(**{**TINY, **settings}), out=out, **networks)
    assert message in str(error.value) and not out.exists()


class Odd(nn.Module):
    """A critic that is no nn.Sequential."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 1)

    def forward(self, points):
        return self.linear(points)


@pytest.mark.parametrize(
    ("stabilizer", "networks", "message"),
    [
        ("virtual-batch-norm", {}, "must have batch normalization to replace"),
        ("virtual-batch-norm", {"generator": nn.Linear(8, 2)}, "batch normalization to replace"),
        ("minibatch-discrimination", {"critic": Odd()}, "must come with a critic that is an nn."),
        ("feature-matching", {"critic": Odd()}, "features"),
        ("label-smoothing", {"objective": "hinge"}, "must come with an objective that has labels"),
    ],
)
def test_a_stabilizer_that_a_network_cannot_carry(tmp_path, stabilizer, networks, message):
    out = tmp_path / "run"
    objective = networks.get("objective", "non-saturating")
    config = GANConfig(**TINY, objective=objective, stabilizers=(stabilizer,))
    own = {name: network for name, network in networks.items() if name != "objective"}
    assert message in refused(InvalidInputError, out, CLOUD, config, **own)
    assert not out.exists()


def test_a_folder_with_one_picture_that_cannot_be_read(tmp_path):
    folder, out = tmp_path / "pictures", tmp_path / "run"
    folder.mkdir()
    for number in range(30):
        pixels = np.random.default_rng(number).integers(256, size=(8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
    whole = (folder / "17.png").read_bytes()
    (folder / "17.png").write_bytes(whole[: len(whole) // 2])
    assert "17.png" in refused(InvalidInputError, out, folder)
    assert not out.exists()


@pytest.mark.parametrize("objective", ["minimax", "non-saturating", "relativistic"])
def test_a_critic_with_a_sigmoid_at_its_end(tmp_path, objective):
    config = GANConfig(**{**TINY, "objective": objective, "constraint": None})
    critic = nn.Sequential(nn.Linear(CLOUD.shape[1], 1), nn.Sigmoid())
    message = refused(InvalidInputError, tmp_path / "run", CLOUD, config, critic=critic)
    assert "critic must give logits" in message


@pytest.mark.parametrize("kind", [str, float])
def test_labels_that_are_no_whole_numbers(tmp_path, kind):
    labeled = [(point, kind(k % 3)) for k, point in enumerate(IMAGES)]

    class Labeled(torch.utils.data.Dataset):
        def __len__(self):
            return len(labeled)

        def __getitem__(self, k):
            return labeled[k]

    config = GANConfig(**{**TINY, "objective": "semi-supervised", "constraint": None})
    message = refused(InvalidInputError, tmp_path / "run", Labeled(), config)
    assert "without labels that are whole numbers" in message


class LabeledStream(torch.utils.data.IterableDataset):
    def __iter__(self):
        return (pair for _ in iter(int, 1) for pair in zip(IMAGES, range(10), strict=False))


def test_labels_of_a_stream_are_said_not_to_be_read(tmp_path):
    config = GANConfig(**{**TINY, "objective": "semi-supervised", "constraint": None})
    message = refused(InvalidInputError, tmp_path / "run", LabeledStream(), config)
    assert "got a sampler or stream, of which only points are read" in message


def test_points_without_a_label_among_labeled_ones(tmp_path):
    """Salimans et al. train on such, too; -1 is a usual mark of them."""
    labels = torch.arange(60) % 4 - 1
    config = GANConfig(**TINY, objective="semi-supervised")
    message = refused(InvalidInputError, tmp_path / "run", TensorDataset(IMAGES, labels), config)
    assert "labels must be whole numbers from 0 to 9, got -1 to 2" in message


class OtherMatching(FeatureMatching):
    name = "other-matching"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"stabilizers": ("feature-matching", OtherMatching())},
            "one stabilizer at most must replace .* got feature-matching, other-matching",
        ),
        ({"objective": "exact", "critic_learning_rate": 1e-3}, "got critic_learning_rate=0.001"),
        ({"objective": "exact", "critic_optimizer": "adam"}, "got critic_optimizer='adam'"),
        ({"objective": "exact", "critic_warmup": True}, "got critic_warmup=True"),
        ({"objective": "exact", "critic_width": 8}, "got critic_width=8"),
        ({"objective": "exact", "critic_depth": 2}, "got critic_depth=2"),
    ],
)
def test_settings_that_would_have_no_effect_are_refused(changes, message):
    with pytest.raises(InvalidInputError, match=message):
        train_gan(CLOUD, GANConfig(**{**TINY, "constraint": "auto", **changes}))
