"""The library, device and dtype of points, in and out."""

import pickle

import numpy as np
import pytest
import torch

from otgan.datasets.array_backend import (
    NUMPY,
    Backend,
    DeviceConstant,
    as_backend_points,
    backend_of,
)
from tests.cases import refused


def test_numpy_points_come_back_in_their_own_dtype():
    backend, points, dtype = as_backend_points(np.ones((3, 2), np.float32), 2)
    assert backend is NUMPY and points.dtype == np.float64 and dtype == np.float32
    assert backend.cast(points, dtype).dtype == np.float32
    assert as_backend_points([[1, 2]], 2)[2] == np.float64


def test_tensors_are_computed_in_float64_and_come_back_in_their_own_dtype():
    backend, points, dtype = as_backend_points(torch.ones(3, 2, dtype=torch.float16), 2)
    assert backend == backend_of(points) and points.dtype == torch.float64
    assert backend.cast(points, dtype).dtype == torch.float16
    assert backend.cast(points, "float32").dtype == torch.float32


@pytest.mark.parametrize(
    "points",
    [np.ones((3, 3)), torch.ones(3, 3), torch.ones(3), torch.ones(3, 2, dtype=torch.int64)],
)
def test_points_of_another_shape_or_kind_are_refused(points):
    with refused("points must"):
        as_backend_points(points, 2)


@pytest.mark.parametrize("dtype", ["int64", "text", np.int32, 3])
def test_only_floating_dtypes_are_cast_to(dtype):
    with refused("dtype must be a real floating dtype"):
        NUMPY.cast(np.ones(2), dtype)


def test_a_constant_is_copied_once_and_pickled_without_its_copies():
    array = np.arange(3.0)
    constant, backend = DeviceConstant(array), backend_of(torch.ones(1))
    assert constant.on(NUMPY) is array
    copy = constant.on(backend)
    assert copy is constant.on(Backend(backend.xp, backend.device, backend.dtype))
    assert copy.dtype == torch.float64 and copy.tolist() == array.tolist()
    read = pickle.loads(pickle.dumps(constant))
    assert read.on(NUMPY).tolist() == array.tolist()
