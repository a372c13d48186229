"""A critic in TorchScript that does harm while it is loaded."""

import torch
from torch import nn


class WritesOnLoad(nn.Module):
    """TorchScript that writes to a file of its author's choice while it is loaded."""

    def __init__(self, path: str):
        super().__init__()
        self.path = path
        self.taken = torch.zeros(4)

    @torch.jit.export
    def __getstate__(self):
        return (self.path, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]):
        self.path = state[0]
        self.training = state[1]
        self.taken = torch.from_file(state[0], shared=True, size=4)

    def forward(self, points):
        return points.sum(dim=1) + self.taken[0]
