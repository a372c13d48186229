"""Features: trained on training points, the same again, stored, and the user's own."""

import io
from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch.utils.data import TensorDataset

from otgan.critics.seeding import seeded
from otgan.errors import InvalidInputError
from otgan.gan.data import as_training_data
from otgan.gan.measuring import features as module
from otgan.gan.measuring.feature_networks import autoencoder_of, classifier_of, encoder
from otgan.gan.measuring.features import Features, features_for

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")


def features_of(given, data, **options) -> Features:
    found = features_for(given, data, CPU, **options)
    assert found is not None
    return found


IMAGES = np.random.default_rng(0).random(size=(60, 2, 8, 8))


@pytest.fixture(scope="module")
def digits():
    return as_training_data("digits").as_images()


@pytest.fixture(scope="module")
def classifier(digits):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "classifier_of", partial(classifier_of, steps=500))
        return features_of("classifier", digits)


@pytest.mark.parametrize(
    "shape", [(3,), (1, 8, 8), (3, 11, 13), (1, 28, 28), (3, 64, 64), (1, 3, 3)]
)
def test_encoders_take_points_of_any_shape(shape):
    assert encoder(shape)(torch.zeros(2, *shape)).shape == (2, 64)


def test_features_of_the_classifier_separate_held_out_digits(digits, classifier):
    held_out = digits.halves[0]
    found, train = classifier(held_out.points), classifier(digits.train.points)
    distances = ((found[:, None] - train) ** 2).sum(axis=-1)
    nearest = digits.train.labels[distances.argmin(axis=1)]
    assert (nearest == held_out.labels).mean() > 0.95


def test_an_autoencoder_keeps_what_tells_points_apart():
    rng = np.random.default_rng(0)
    code = rng.normal(size=(400, 2))
    points = torch.as_tensor(code @ rng.normal(size=(2, 30)), dtype=torch.float32)
    body = autoencoder_of(points[:300], steps=300)
    with torch.no_grad():
        found = body(points).double().numpy()
    design = np.column_stack([found[:300], np.ones(300)])
    weights = np.linalg.lstsq(design, code[:300], rcond=None)[0]
    rest = np.column_stack([found[300:], np.ones(100)]) @ weights
    assert np.mean((rest - code[300:]) ** 2) < 0.05  # of a variance of one


def test_the_same_seed_gives_the_same_features_and_leaves_torch_as_it_was():
    points = torch.as_tensor(IMAGES, dtype=torch.float32)
    before = torch.random.get_rng_state()
    first, again, other = (
        classifier_of(points, np.arange(60) % 3, rng=rng, steps=5) for rng in (1, 1, 2)
    )
    assert torch.equal(before, torch.random.get_rng_state())
    with torch.no_grad():
        found, same, others = (body(points).numpy() for body in (first, again, other))
    assert_array_equal(found, same)
    assert (found != others).any()


def test_labels_with_gaps_give_the_features_of_those_without():
    points = torch.as_tensor(IMAGES, dtype=torch.float32)
    labels = np.arange(60) % 3
    spread = np.array([0, 7, 10**12])[labels]
    plain, gaps = (classifier_of(points, given, steps=5) for given in (labels, spread))
    with torch.no_grad():
        assert_array_equal(plain(points).numpy(), gaps(points).numpy())


def test_stored_features_are_loaded_and_not_trained(digits, classifier, monkeypatch):
    file = io.BytesIO()
    torch.save(classifier.state_dict(), file)
    file.seek(0)
    stored = torch.load(file, weights_only=True)
    monkeypatch.setattr(module, "classifier_of", None)
    again = features_of("classifier", digits, stored=stored)
    points = digits.halves[1].points[:700]
    assert_array_equal(again(points), classifier(points))


def test_built_in_features_of_points_far_from_the_origin_are_those_near_it(monkeypatch):
    """Points are centered before they are rounded to single precision."""
    monkeypatch.setattr(module, "autoencoder_of", lambda points, **_: encoder((2,)))
    points = np.random.default_rng(0).normal(size=(60, 2))
    with seeded(0, CPU):
        near = features_of("autoencoder", as_training_data(points))
    with seeded(0, CPU):
        far = features_of("autoencoder", as_training_data(points + 2.0**30))
    assert_allclose(far(points + 2.0**30), near(points), rtol=1e-4, atol=1e-5)


def test_automatic_features_depend_on_the_data(digits, monkeypatch):
    monkeypatch.setattr(module, "autoencoder_of", lambda points, **_: encoder((2, 8, 8)))
    assert features_for("auto", as_training_data(np.eye(20)), CPU) is None
    assert features_for(None, digits, CPU) is None
    assert features_of("auto", as_training_data(IMAGES)).name == "autoencoder"


def labeled(labels):
    return as_training_data(TensorDataset(torch.as_tensor(IMAGES), torch.as_tensor(labels)))


@pytest.mark.parametrize(
    ("labels", "got"),
    [(np.zeros(60, int), "a single class"), (np.arange(60) % 3 - 1, "of label -1")],
)
def test_labels_that_tell_no_classes_do_not_train_a_classifier(labels, got, monkeypatch):
    """One class leaves its weights as they were drawn, and -1 says that there is no label."""
    data = labeled(labels)
    monkeypatch.setattr(module, "autoencoder_of", lambda points, **_: encoder((2, 8, 8)))
    assert features_of("auto", data).name == "autoencoder"
    with pytest.raises(InvalidInputError, match=f"'classifier' must come .*, got .*{got}.*autoenc"):
        features_for("classifier", data, CPU)


def test_labels_of_two_classes_train_a_classifier(monkeypatch):
    monkeypatch.setattr(module, "classifier_of", lambda points, labels, **_: encoder((2, 8, 8)))
    assert features_of("auto", labeled(np.arange(60) % 2 + 1)).name == "classifier"


def test_features_of_ones_own_see_points_in_their_units():
    data = as_training_data(IMAGES)
    flat = IMAGES.reshape(60, -1)
    means = IMAGES.mean(axis=(2, 3))
    own = features_of(lambda images: images.mean(axis=(2, 3)), data)
    assert_allclose(own(flat), means, rtol=1e-12)
    network = torch.nn.Sequential(torch.nn.AvgPool2d(8), torch.nn.Flatten(), torch.nn.Dropout())
    assert_allclose(features_of(network, data)(flat), means, rtol=1e-5)
    assert network.training


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("clasifier", "did you mean 'classifier'"),
        (7, "features must be None"),
        ("classifier", "without labels"),
    ],
)
def test_features_that_cannot_be_are_refused(given, message):
    with pytest.raises(InvalidInputError, match=message):
        features_for(given, as_training_data(IMAGES), CPU)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x, "must be real numbers of shape"),
        (lambda x: x[:-1].mean(axis=(2, 3)), "must be real numbers of shape"),
        (lambda x: x.mean(axis=(2, 3)) * 1j, "must be real numbers .* got complex128"),
        (lambda x: x.mean(axis=(2, 3)) * np.nan, "must be finite, got nan"),
        (lambda x: x.wrong, r"must take arrays of shape \(n, 2, 8, 8\), got one that raised Attr"),
        (torch.nn.Linear(5, 3), r"must take float32 tensors of shape \(n, 2, 8, 8\), got one that"),
        (torch.nn.Linear(8, 3).double(), "must take float32 .* that raised RuntimeError"),
        (lambda x: np.random.default_rng().random((len(x), 3)), "a function of the points alone"),
        (lambda x: (x - x.mean(axis=0)).mean(axis=(2, 3)), "a function of each point alone"),
    ],
)
def test_features_that_do_not_fit_are_refused_before_the_run(function, message):
    with pytest.raises(InvalidInputError, match=message):
        features_for(function, as_training_data(IMAGES), CPU)


def test_features_that_write_into_their_points_leave_those_of_the_run():
    def doubled(images):
        images *= 2
        return images.mean(axis=(2, 3))

    points = IMAGES.reshape(60, -1).copy()
    own = features_of(doubled, as_training_data(IMAGES))
    assert_allclose(own(points), 2 * IMAGES.mean(axis=(2, 3)), rtol=1e-12)
    assert_array_equal(points, IMAGES.reshape(60, -1))


def test_features_of_another_run_are_refused(digits, classifier):
    stored = {**classifier.state_dict(), "name": "autoencoder"}
    with pytest.raises(InvalidInputError, match="features must have the form"):
        features_for("classifier", digits, CPU, stored=stored)


def test_large_images_are_shrunk_and_few_points_are_not_learned_by_heart():
    """A block of 4 x 4 pixels counts by its mean; ten points are seen 120 times, not 12,800."""
    body, image = encoder((1, 100, 128)), torch.rand(2, 1, 100, 128)
    checkered = image + (torch.arange(128) % 2 - 0.5)
    assert_allclose(body(checkered).detach().numpy(), body(image).detach().numpy(), atol=1e-6)
    seen = []
    autoencoder_of(torch.rand(10, 1, 8, 8), progress=lambda done, total, message: seen.append(done))
    assert max(seen) == 120
