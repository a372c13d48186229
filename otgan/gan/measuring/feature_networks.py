"""Small networks whose hidden layer serves as features: a classifier and an autoencoder."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from otgan.critics.seeding import seeded
from otgan.measures import IntArray
from otgan.progress import Progress, reporting
from otgan.torch_modes import float32_by_default, gradients_on

__all__ = ["autoencoder_of", "classifier_of", "encoder"]

N_FEATURES = 64

STEPS = 2000
"""Training steps at most: about 2 s for 8 x 8 pixels and 7 s for 28 x 28, on an idle core."""

EPOCHS = 120
"""Times that every point is seen at most."""

BATCH = 64

LEARNING_RATE = 1e-3

SMALLEST_SIDE = 4
"""Pixels on a side at which convolutions end."""

LARGEST_SIDE = 32
"""Pixels on a side at which they begin: larger images are shrunk by averaging blocks."""


def encoder(shape: tuple[int, ...]) -> nn.Sequential:
    """A network from points, shape (n, *shape), to features, shape (n, 64), with random weights.

    Images go through convolutions that halve their sides until these are at most four pixels, with
    16 channels at first and twice as many after each; vectors through one hidden layer.

    Examples
    --------
    >>> encoder((1, 8, 8))(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 64])
    >>> encoder((3,))(torch.zeros(5, 3)).shape
    torch.Size([5, 64])
    """
    if len(shape) == 1:
        return nn.Sequential(nn.Linear(shape[0], 128), nn.ReLU(), nn.Linear(128, N_FEATURES))
    height, width = (-(-side // _block(shape)) for side in shape[1:])
    halvings = max(0, math.ceil(math.log2(max(height, width) / SMALLEST_SIDE)))
    channels = [shape[0], 16, *(16 * 2 ** min(i, 2) for i in range(halvings))]
    layers: list[nn.Module] = [_shrinking(shape)] if _block(shape) > 1 else []
    for at, (before, after) in enumerate(pairwise(channels)):
        stride = 1 if at == 0 else 2
        layers += [nn.Conv2d(before, after, 3, stride=stride, padding=1), nn.ReLU()]
    for _ in range(halvings):
        height, width = (height + 1) // 2, (width + 1) // 2
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(channels[-1] * height * width, N_FEATURES)
    )


def _block(shape: tuple[int, ...]) -> int:
    """Pixels on a side of the blocks that are averaged."""
    return -(-max(shape[1:]) // LARGEST_SIDE) if len(shape) == 3 else 1


def _shrinking(shape: tuple[int, ...]) -> nn.Module:
    """Means of blocks of pixels; small images and vectors stay as they are."""
    block = _block(shape)
    return nn.AvgPool2d(block, ceil_mode=True) if block > 1 else nn.Identity()


def classifier_of(
    points: Tensor,
    labels: IntArray,
    *,
    rng: int = 0,
    steps: int = STEPS,
    progress: Progress = False,
) -> nn.Sequential:
    """The encoder of a classifier, trained on points of shape (n, *shape) and whole labels."""
    classes, indices = np.unique(labels, return_inverse=True)  # labels may leave numbers out
    targets = torch.as_tensor(indices, dtype=torch.long, device=points.device)
    with seeded(rng, points.device), float32_by_default():
        body = encoder(tuple(points.shape[1:]))
        head = nn.Sequential(nn.ReLU(), nn.Linear(N_FEATURES, len(classes)))
    network = nn.Sequential(body, head).to(points.device)

    def loss(chosen: Tensor) -> Tensor:
        return cross_entropy(network(points[chosen]), targets[chosen])

    _train(network, loss, len(points), rng, steps, progress, "training the classifier")
    return body.eval()


def autoencoder_of(
    points: Tensor, *, rng: int = 0, steps: int = STEPS, progress: Progress = False
) -> nn.Sequential:
    """The encoder of an autoencoder, trained on points of shape (n, *shape) by squared error.

    What it learns to give back are images as the encoder's convolutions see them.
    """
    shape = tuple(points.shape[1:])
    shrunk = _shrinking(shape)(points).flatten(1)
    with seeded(rng, points.device), float32_by_default():
        body = encoder(shape)
        head = nn.Sequential(nn.Linear(N_FEATURES, 256), nn.ReLU(), nn.Linear(256, shrunk.shape[1]))
    network = nn.Sequential(body, head).to(points.device)

    def loss(chosen: Tensor) -> Tensor:
        return mse_loss(network(points[chosen]), shrunk[chosen])

    _train(network, loss, len(points), rng, steps, progress, "training the autoencoder")
    return body.eval()


def _train(
    network: nn.Module,
    loss: Callable[[Tensor], Tensor],
    n: int,
    rng: int,
    steps: int,
    progress: Progress,
    message: str,
) -> None:
    """Adam on batches that depend on `rng` alone; the learning rate falls linearly to zero."""
    steps = min(steps, EPOCHS * -(-n // BATCH))
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    source = np.random.default_rng(rng)
    device = next(network.parameters()).device
    with reporting(progress, steps, message, unit="step") as report, gradients_on():
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - step / steps)
            value = loss(torch.as_tensor(source.integers(n, size=BATCH), device=device))
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            report(step + 1, "")
