"""The choice of a device, as a function; errors of memory, with a batch size that fits."""

import math
import pickle
import weakref

import pytest
import torch

from otgan.devices import LEAST_WORK, auto_device, naming_the_batch_size, pick_device
from otgan.errors import DeviceMemoryError, InvalidInputError


@pytest.mark.parametrize(
    ("work", "gpu", "expected"),
    [
        (0.0, True, "cpu"),
        (LEAST_WORK - 1, True, "cpu"),
        (LEAST_WORK, True, "cuda"),
        (math.inf, True, "cuda"),
        (math.inf, False, "cpu"),
    ],
)
def test_auto_takes_a_gpu_if_there_is_one_and_work_for_it(work, gpu, expected):
    assert auto_device(work, gpu=gpu) == expected


@pytest.mark.parametrize("there", [False, True])
def test_small_problems_do_not_even_ask_for_a_gpu(monkeypatch, there):
    asked: list[bool] = []

    def is_available():
        asked.append(there)
        return there

    monkeypatch.setattr(torch.cuda, "is_available", is_available)
    assert pick_device("auto", work=LEAST_WORK - 1).type == "cpu" and not asked
    assert pick_device("auto").type == ("cuda" if there else "cpu") and asked == [there]


@pytest.mark.parametrize("device", ["no-such-device", "meta", 1.5])
def test_devices_that_cannot_be_used_are_refused(device):
    with pytest.raises(InvalidInputError, match="device must be one that this PyTorch can use"):
        pick_device(device)


def step_of(memory, tried):
    """A step that needs memory for every point of its batch."""

    def step(batch_size):
        tried.append(batch_size)
        if batch_size > memory:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate much")
        return batch_size

    return step


def test_a_step_that_fits_is_just_made():
    tried: list[int] = []
    step = step_of(100, tried)
    assert naming_the_batch_size(lambda: step(100), 100, step) == 100 and tried == [100]


@pytest.mark.parametrize(
    ("memory", "multiple_of", "fitting"),
    [(60, 1, 50), (49, 1, 25), (1, 1, 1), (0, 1, None), (49, 10, 20), (9, 10, None)],
)
def test_the_largest_half_that_fits_is_named(memory, multiple_of, fitting):
    step = step_of(memory, [])
    with pytest.raises(DeviceMemoryError, match=r"got 100, .*\(CUDA out of memory\)") as caught:
        naming_the_batch_size(lambda: step(100), 100, step, multiple_of=multiple_of)
    assert caught.value.batch_size == fitting
    assert f"to fix it, {'take smaller' if fitting is None else f'pass {fitting}'}" in str(
        caught.value
    )
    assert isinstance(caught.value, RuntimeError)
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args


def test_memory_that_other_work_takes_is_no_matter_of_the_batch():
    def measured():
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        naming_the_batch_size(measured, 100, step_of(100, []))


def test_tensors_of_the_step_that_failed_are_gone_when_others_are_tried():
    kept = []

    def step(batch_size):
        tensor = torch.ones(batch_size)
        if batch_size == 100:
            kept.append(weakref.ref(tensor))
            raise torch.OutOfMemoryError("CUDA out of memory")
        assert kept[-1]() is None

    with pytest.raises(DeviceMemoryError):
        naming_the_batch_size(lambda: step(100), 100, step)
