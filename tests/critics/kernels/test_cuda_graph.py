"""Captured steps: on the CPU they are the step; on a GPU they give what the step gives."""

from contextlib import contextmanager

import pytest
import torch
from torch.optim import Adam

from otgan.critics.kernels import cuda_graph as captured
from otgan.critics.kernels.cuda_graph import CapturedStep
from otgan.critics.kernels.muon import Muon
from otgan.critics.kernels.relu import PenalizedStep, penalty_around_one
from otgan.critics.networks.feedforward import mlp
from otgan.datasets import funnel_pair


def training(device, optimizer):
    """A critic, the generator of its data, and a step that samples, differentiates and moves."""
    pair = funnel_pair(2, 4)
    torch.manual_seed(0)
    critic = mlp(2, width=16, depth=2).to(device)
    rng = torch.Generator(device).manual_seed(1)
    gradients = PenalizedStep(critic, penalty_around_one())
    moves = optimizer(critic.parameters(), torch.tensor(1e-3, device=device))

    def step():
        x, y = (distribution.sample(32, rng).float() for distribution in (pair.x, pair.y))
        fraction = torch.rand(32, 1, generator=rng, device=device)
        gap, penalty = gradients.gradients(x, y, torch.lerp(x, y, fraction))
        moves.step()
        return gap, penalty

    return critic, rng, step


def adam(parameters, lr):
    return Adam(parameters, lr=lr, betas=(0.0, 0.9), capturable=lr.is_cuda, fused=True)


def muon(parameters, lr):
    return Muon(parameters, lr=lr, matrix_lr=lr)


@pytest.mark.parametrize("optimizer", [adam, muon])
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_a_captured_step_trains_as_the_step_does(device, optimizer):
    critic, _, step = training(device, optimizer)
    twin, rng, other = training(device, optimizer)
    replayed = CapturedStep(other, device, generators=[rng], warm_up=2)
    for _ in range(8):
        expected = [value.clone() for value in step()]
        # The same kernels on the same numbers.
        assert all(map(torch.equal, expected, replayed()))
    assert all(map(torch.equal, critic.parameters(), twin.parameters()))


class FakeCuda:
    """What is asked of CUDA, in order: recording runs the step's Python, replaying does not."""

    def __init__(self):
        self.log, self.streams = [], []

    class Stream:
        def wait_stream(self, other):
            pass

    def current_stream(self):
        return self.Stream()

    def CUDAGraph(self):
        fake = self

        class Graph:
            def register_generator_state(self, generator):
                fake.log.append("generator")

            def replay(self):
                fake.log.append("replay")

        return Graph()

    @contextmanager
    def _silently(self, _):
        yield

    device = _silently

    @contextmanager
    def stream(self, side):
        self.streams.append(side)
        yield

    @contextmanager
    def graph(self, _, *, stream):
        self.log.append("record")
        self.streams.append(stream)
        yield


def test_every_call_is_one_step(monkeypatch):
    fake = FakeCuda()
    monkeypatch.setattr(captured, "cuda", fake)

    def logged():
        fake.log.append("step")
        return 7

    step = CapturedStep(logged, "cuda", generators=[torch.Generator()], warm_up=2)
    assert [step() for _ in range(4)] == [7] * 4
    warm, recorded = ["step"] * 2, ["generator", "record", "step"]
    assert fake.log == [*warm, *recorded, "replay", "replay"]
    assert len(set(fake.streams)) == 1 and len(fake.streams) == 3  # warmed up and recorded on one


def test_every_captured_step_has_a_stream_of_its_own(monkeypatch):
    fake = FakeCuda()
    monkeypatch.setattr(captured, "cuda", fake)
    steps = [CapturedStep(lambda: None, "cuda") for _ in range(2)]
    for step in steps:
        step()
    assert len(set(fake.streams)) == 2
