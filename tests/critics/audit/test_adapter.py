"""Any critic as a function of rows of numbers, whatever it computes with."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from otgan.critics.audit.adapter import CriticFunction, shown_shape
from otgan.errors import InvalidInputError
from tests.critics.linear_layer import linear_layer

POINTS = np.random.default_rng(0).normal(size=(40, 3))


def of(critic, points=POINTS, shape=None, like=None):
    like = points if like is None else like
    return CriticFunction.of(critic, points, shape or points.shape[1:], like)


def cubic(z):
    """With gradient z², up to third derivatives that central differences feel."""
    return (z**3).sum(axis=1) / 3 if isinstance(z, np.ndarray) else (z**3).sum(dim=1) / 3


@pytest.mark.parametrize(
    ("critic", "kind"),
    [
        (cubic, "autograd"),
        (lambda z: cubic(z)[:, None], "autograd"),
        (lambda z: cubic(np.asarray(z)), "arrays"),
        (lambda z: cubic(z.detach()), "tensors"),
        (lambda z: cubic(torch.as_tensor(z)).tolist(), "arrays"),
    ],
)
def test_values_and_gradients_in_closed_form(critic, kind):
    f = of(critic)
    assert f.kind == kind and f.module is None
    assert f.evaluations_for_gradient(3) == (2 if kind == "autograd" else 6)
    assert_allclose(f.values(POINTS), (POINTS**3).sum(axis=1) / 3, rtol=1e-12, atol=1e-12)
    assert_allclose(
        f.gradients(POINTS), POINTS**2, rtol=0, atol=1e-12 if kind == "autograd" else 1e-7
    )


def test_a_module_is_evaluated_in_its_dtype_and_mode_and_left_in_it():
    module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    f = of(module)
    assert (f.dtype, f.device.type, f.module) == (torch.float32, "cpu", module)
    assert f.precision == torch.finfo(torch.float32).eps
    assert_allclose(f.values(POINTS), f.values(POINTS), rtol=0)  # no dropout
    slope = (linear_layer(module, 2).weight @ linear_layer(module, 0).weight).detach().numpy()
    assert_allclose(f.gradients(POINTS), np.tile(slope, (40, 1)), rtol=1e-5)
    assert module.training and all(layer.training for layer in module)
    assert all(parameter.grad is None for parameter in module.parameters())


def test_the_widest_dtype_of_a_module_is_tried_first():
    class Centered(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 1)
            self.register_buffer("center", torch.zeros(3, dtype=torch.float64))

        def forward(self, points):
            return self.layer((points - self.center).float())

    f = of(Centered())
    assert f.dtype == torch.float64 and f.precision == torch.finfo(torch.float32).eps


def test_batches_change_nothing(monkeypatch):
    whole = of(cubic).gradients(POINTS)
    monkeypatch.setattr("otgan.critics.audit.adapter.BATCH_NUMBERS", 21)
    sizes = []

    def noting(z):
        sizes.append(len(z))
        return cubic(z)

    f = of(noting)
    sizes.clear()
    assert_allclose(f.gradients(POINTS), whole, rtol=0)
    assert sizes == [7, 7, 7, 7, 7, 5]


def test_points_come_in_the_shape_that_the_critic_takes():
    images = np.random.default_rng(1).normal(size=(6, 12))
    f = of(lambda z: z[:, 2, 1, 1], images, shape=(3, 2, 2))
    assert f.tensor(images).shape == (6, 3, 2, 2)
    assert_allclose(f.values(images), images[:, 11])
    assert_allclose(f.gradients(images), np.tile(np.eye(12)[11], (6, 1)))
    assert shown_shape((3, 2, 2)) == "(n, 3, 2, 2)"


def test_one_point_may_have_a_value_without_axes():
    assert of(lambda z: z.sum(), POINTS[:1]).values(POINTS[:1]).shape == (1,)


def test_tensors_say_which_dtype_a_function_gets():
    assert of(cubic, like=torch.zeros(2, 3)).dtype == torch.float32
    assert of(cubic).dtype == torch.float64


@pytest.mark.parametrize(
    ("critic", "words"),
    [
        (3, "critic must be a torch module or a function of points, got 3"),
        (nn.Linear(2, 1), r"must take points of shape \(n, 3\), got an error from it"),
        (nn.Linear(3, 2), r"one number for each point, got shape \(2, 2\) for 2 points"),
        (lambda z: z.sum(), r"one number for each point, got shape \(\) for 2 points"),
        (lambda z: z[:, 0] * 1j, "must return real numbers, got complex ones"),
    ],
)
def test_what_is_no_critic_is_refused(critic, words):
    with pytest.raises(InvalidInputError, match=words) as error:
        of(critic)
    assert "to fix it" in str(error.value)


def test_values_and_gradients_must_be_finite():
    f = of(lambda z: (z[:, 0] - 1.0).abs().sqrt() / (z[:, 1] != 2.0))
    with pytest.raises(InvalidInputError, match=r"values must be finite, got inf at the point"):
        f.values(np.array([[0.0, 2.0, 0.0]]))
    with pytest.raises(InvalidInputError, match=r"gradients must be finite, got .* \(1 of 2 p"):
        f.gradients(np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
