"""A training step recorded once on the GPU and replayed, without Python in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import torch
from torch import cuda

from otgan.keywords import checks_keywords

__all__ = ["CapturedStep"]

Outputs = TypeVar("Outputs")


@checks_keywords
class CapturedStep(Generic[Outputs]):
    """Call it as you would call `step`: on a GPU, one CUDA graph does the work after a few calls.

    A step of a small network is a hundred small kernels, which Python launches one by one. A graph
    launches them all at once. Every call is one step: the first few run as they are, and are the
    warm-up that capturing asks for; the next is recorded; from then on it is replayed. On the CPU a
    call is ``step()``.

    Parameters
    ----------
    step : callable
        Without arguments. It works on tensors that stay where they are (parameters, their
        gradients, the state of optimizers made with ``capturable=True``, learning rates in
        tensors), draws from the generators given here, and reads nothing back from the device:
        numbers in Python are fixed for good when it is recorded. What it samples with may keep
        constants on the device if it puts them there in its first call, as
        `otgan.datasets` distributions do.
    device : str or torch.device
    generators : iterable of torch.Generator
        All that it draws from, apart from the device's default one; a replay advances them as
        the step itself would.
    warm_up : int
        Calls that run as they are before one is recorded.

    Notes
    -----
    What a replayed call returns lies in the same memory for every call: use or copy it before the
    next one.

    References
    ----------
    PyTorch documentation, CUDA semantics, section CUDA Graphs.

    Examples
    --------
    >>> total = torch.zeros(())
    >>> step = CapturedStep(lambda: total.add_(1.0), "cpu")
    >>> for _ in range(5):
    ...     value = step()
    >>> value
    tensor(5.)
    """

    def __init__(
        self,
        step: Callable[[], Outputs],
        device: str | torch.device,
        *,
        generators: Iterable[torch.Generator] = (),
        warm_up: int = 3,
    ) -> None:
        self.step = step
        self.device = torch.device(device)
        self.generators = tuple(generators)
        self._still_warming = max(1, warm_up)
        self._graph: cuda.CUDAGraph | None = None
        self._stream: cuda.Stream | None = None
        self._outputs: Outputs

    def __call__(self) -> Outputs:
        """Make one step, and return what it returns."""
        if self.device.type != "cuda":
            return self.step()
        with cuda.device(self.device):
            # Of its own, from the first call to the record: cuBLAS has memory for each stream,
            # which the graph goes on using, and which torch may free with any graph of the same
            # stream (pytorch/pytorch, "Multiple separate CUDA graphs recorded on the same stream
            # implicitly share memory"). The default stream shares its memory with other work.
            stream = self._stream = self._stream or cuda.Stream()
            if self._still_warming:
                self._still_warming -= 1
                return self._warming(stream)
            if self._graph is None:
                self._graph = self._captured(stream)
            self._graph.replay()
        return self._outputs

    def _warming(self, stream: cuda.Stream) -> Outputs:
        stream.wait_stream(cuda.current_stream())
        with cuda.stream(stream):
            outputs = self.step()
        cuda.current_stream().wait_stream(stream)
        return outputs

    def _captured(self, stream: cuda.Stream) -> cuda.CUDAGraph:
        """Record the step; that does not run it."""
        graph = cuda.CUDAGraph()
        for generator in self.generators:
            graph.register_generator_state(generator)
        with cuda.graph(graph, stream=stream):
            self._outputs = self.step()
        return graph
