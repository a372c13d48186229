"""What calls leave behind on a device: no context, no memory; and which batch fits into it."""

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import otgan
from otgan.critics.constraints import GradientPenalty
from otgan.critics.estimation import estimator
from otgan.critics.training.options import FitOptions
from otgan.divergences.variational import Variational
from otgan.errors import DeviceMemoryError
from otgan.gan.networks import mlp_critic, mlp_generator
from tests.gan.short_run import TINY

ROOT = Path(__file__).parents[1]
X, Y = (np.random.default_rng(seed).normal(size=(200, 2)) for seed in range(2))
QUICK = FitOptions(batch_size=64, test_points=256)

# ---------------------------------------------------------------- no context

CALLS = """
import sys
import numpy as np
import torch
import otgan

def refused(*_):
    raise RuntimeError("CUDA was started")

torch.cuda._lazy_init = refused
x, y = np.random.default_rng(0).normal(size=(2, 60, 2))
tensors = torch.tensor(x, requires_grad=True), torch.tensor(y)
otgan.wasserstein(*tensors).backward()
otgan.sliced_wasserstein(x, y, rng=0)
otgan.kl_from_samples(x, y, method=otgan.Variational(steps=20), rng=0)
few = otgan.FitOptions(batch_size=16, test_points=64)
for device in ("cpu", "auto"):
    r = otgan.estimate_w1(x, y, "lp", steps=6, device=device, options=few)
otgan.audit_critic(r.critic, x, y)
config = otgan.GANConfig(steps=2, n_critic=1, width=8, monitor_every=1, monitor_points=16,
                         evaluation_points=16)
otgan.train_gan("ring8", config).generate(3)
print(torch.cuda.is_initialized())
"""


@pytest.mark.parametrize("code", ["import otgan, torch; print(torch.cuda.is_initialized())", CALLS])
def test_neither_the_import_nor_calls_on_the_cpu_start_cuda(code):
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.split() == ["False"]


@pytest.mark.gpu
def test_calls_on_the_cpu_start_no_cuda_where_there_is_a_gpu():
    test_neither_the_import_nor_calls_on_the_cpu_start_cuda(CALLS)


@pytest.mark.parametrize(
    ("constraint", "batch_size", "expected"),
    [("exact", 1024, "cpu"), ("lp", 64, "cpu"), ("lp", 128, "cuda"), ("auto", 1024, "cuda")],
)
def test_estimates_ask_for_a_gpu_by_the_work_of_a_step(
    monkeypatch, constraint, batch_size, expected
):
    asked = []

    def as_distributions(x, y, options, device):
        asked.append(device.type)
        raise InterruptedError

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(estimator, "as_distributions", as_distributions)
    options = FitOptions(batch_size=batch_size)
    with pytest.raises(InterruptedError):
        otgan.estimate_w1(X, Y, constraint, options=options)
    assert asked == [expected]


# ---------------------------------------------------------------- no memory


def estimated(constraint, device):
    r = otgan.estimate_w1(X, Y, constraint, steps=8, device=device, options=QUICK)
    assert r.steps == 8


def trained(device, **settings):
    otgan.train_gan("ring8", otgan.GANConfig(**{**TINY, **settings, "device": device}))


def kl(device):
    method = Variational(steps=20, device=device)
    otgan.kl_from_samples(X, Y, method=method, rng=0)


def audited(device):
    torch.manual_seed(0)
    otgan.audit_critic(nn.Linear(2, 1).to(device), X, Y)


def differentiated(device):
    x = torch.tensor(X, device=device, requires_grad=True)
    otgan.wasserstein(x, torch.tensor(Y, device=device)).backward()


CALLED = {
    "estimate, penalty": lambda device: estimated("lp", device),
    "estimate, orthogonal": lambda device: estimated("orthogonal", device),
    "run": trained,
    "run by autograd": lambda device: trained(device, precision="bfloat16"),
    "Kullback-Leibler": kl,
    "audit": audited,
    "gradient": differentiated,
}


def live_tensors():
    return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())


@pytest.mark.parametrize("name", CALLED)
def test_no_tensor_outlives_a_call(name):
    """Without Python looking for cycles, which it does not do for want of a device's memory."""
    call = CALLED[name]
    call("cpu")  # what is kept for good
    gc.collect()
    gc.disable()
    try:
        before = live_tensors()
        call("cpu")
        assert live_tensors() == before
    finally:
        gc.enable()


@pytest.mark.gpu
@pytest.mark.parametrize("name", [*CALLED, "captured run"])
def test_no_memory_of_the_device_outlives_a_call(name):
    call = CALLED.get(name, lambda device: trained(device, capture=True))
    call("cuda")
    gc.collect()
    gc.disable()
    try:
        before = allocated()
        call("cuda")
        assert allocated() == before
    finally:
        gc.enable()


def allocated():
    """Bytes of tensors, without what torch keeps for cuBLAS."""
    torch.cuda.synchronize()
    torch._C._cuda_clearCublasWorkspaces()
    return torch.cuda.memory_allocated()


# ---------------------------------------------------------------- batches that do not fit


class Hungry(nn.Module):
    """Takes the memory of so many points, and no more."""

    def __init__(self, network, points):
        super().__init__()
        self.network, self.points = network, points

    def forward(self, batch):
        if self.training and len(batch) > self.points:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate much")
        return self.network(batch)


class HungryPenalty(GradientPenalty):
    def penalty(self, critic, real, fake, rng):
        if len(real) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate much")
        return super().penalty(critic, real, fake, rng)


def test_an_estimate_names_the_batch_that_fits():
    with pytest.raises(DeviceMemoryError, match="got 64, and a step of 16 fits") as caught:
        otgan.estimate_w1(X, Y, HungryPenalty(), steps=8, device="cpu", options=QUICK)
    assert caught.value.batch_size == 16


@pytest.mark.parametrize("player", ["generator", "critic"])
def test_a_run_names_the_batch_that_fits(player):
    made: dict[str, Any] = {
        "generator": mlp_generator(8, (2,), width=8),
        "critic": mlp_critic((2,), width=8),
    }
    # The critic sees real and generated ones at once.
    made = {player: Hungry(made[player], 20 if player == "generator" else 40)}
    config = otgan.GANConfig(**{**TINY, "batch_size": 64})
    with pytest.raises(DeviceMemoryError, match="got 64, and a step of 16 fits") as caught:
        otgan.train_gan("ring8", config, **made)
    assert caught.value.batch_size == 16


@pytest.mark.gpu
@pytest.mark.parametrize("capture", [False, True])
def test_the_batch_that_is_named_fits_into_a_gpu(capture):
    """With two GiB of its memory."""
    config = {**TINY, "device": "cuda", "width": 512, "capture": capture, "batch_size": 2**20}
    large = FitOptions(batch_size=2**22, test_points=256)
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(min(1.0, 2**31 / total))
    try:
        with pytest.raises(DeviceMemoryError) as caught:
            otgan.train_gan("ring8", otgan.GANConfig(**config))
        fitting = caught.value.batch_size
        assert fitting is not None and fitting < 2**20
        otgan.train_gan("ring8", otgan.GANConfig(**{**config, "batch_size": fitting}))
        with pytest.raises(DeviceMemoryError) as caught:
            otgan.estimate_w1(X, Y, "lp", steps=6, device="cuda", options=large)
        assert caught.value.batch_size is not None and caught.value.batch_size < 2**22
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()
