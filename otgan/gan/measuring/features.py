"""Features of points, in which generated and real ones are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from otgan.critics.forward import evaluating
from otgan.datasets import Sample
from otgan.errors import InvalidInputError, nearest_name
from otgan.gan.data import TrainingData
from otgan.gan.measuring.feature_networks import autoencoder_of, classifier_of, encoder
from otgan.gan.settings import FEATURE_NAMES
from otgan.measures import FloatArray, IntArray
from otgan.progress import Progress

__all__ = ["Features", "features_for", "training_points"]

BATCH = 512
"""Points that go through a network at once."""

N_TRIED = 8
"""Points on which features of the user's own are tried."""

N_SAMPLED = 10_000
"""Points of a sampler that features are trained on."""


@dataclass(frozen=True, eq=False)
class Features:
    """A map from points to feature vectors.

    Attributes
    ----------
    name : str
        "classifier" or "autoencoder", or what the user's own are called.
    function : callable
        From points in the units of the data, an array of shape (n, *shape), to an array or tensor
        of shape (n, k); or a torch module, which is given float32 tensors.
    shape : tuple of int
        Of a point.
    device : torch.device
        Where a module runs.
    tried : ndarray, shape (8, k), optional
        What the user's own gave for some training points, by which they are known again.
    """

    name: str
    function: Callable[[Any], Any]
    shape: tuple[int, ...]
    device: torch.device
    tried: FloatArray | None = None

    def __call__(self, points: FloatArray) -> FloatArray:
        """Features of points that are stored flat, shape (n, d); shape (n, k)."""
        parts = [self._part(points[at : at + BATCH]) for at in range(0, len(points), BATCH)]
        return np.concatenate(parts)

    def _part(self, points: FloatArray) -> FloatArray:
        images = points.reshape(len(points), *self.shape).copy()  # which may be written to
        try:
            values = self._called(images)
        except Exception as reason:  # the user's own code, which may raise anything
            kind = "float32 tensors" if isinstance(self.function, nn.Module) else "arrays"
            line = str(reason).partition("\n")[0]
            raise InvalidInputError(
                f"features must take {kind} of shape (n, {', '.join(map(str, self.shape))}), got "
                f"one that raised {type(reason).__name__}: {line}; to fix it, change its first "
                "lines, or pass a function that calls it"
            ) from reason
        if values.ndim != 2 or len(values) != len(points) or values.dtype.kind not in "fiub":
            raise InvalidInputError(
                f"features must be real numbers of shape (n, k) for n points, got "
                f"{values.dtype} of shape {values.shape} for {len(points)} points; to fix it, "
                "return one row for each point"
            )
        if not np.isfinite(values).all():
            raise InvalidInputError(
                f"features must be finite, got {values[~np.isfinite(values)][0]} for some of "
                f"{len(points)} points; to fix it, look for a root, logarithm or quotient of what "
                "may be zero"
            )
        return values.astype(np.float64)

    def _called(self, images: FloatArray) -> NDArray[Any]:
        """What the function returns, as an array."""
        if isinstance(self.function, nn.Module):
            with torch.no_grad(), evaluating(self.function):
                dtype = torch.float64 if self.is_built_in else torch.float32
                given = torch.as_tensor(images, dtype=dtype, device=self.device)
                found = self.function(given)
        else:
            found = self.function(images)
        return found.detach().cpu().numpy() if isinstance(found, Tensor) else np.asarray(found)

    @property
    def is_built_in(self) -> bool:
        """Whether they were trained here, so that they can be stored with a run."""
        return isinstance(self.function, _Standardized)

    def state_dict(self) -> dict[str, Any]:
        """Name and weights, in tensors and plain values; of the user's own, what they gave."""
        if isinstance(self.function, _Standardized):
            return {"name": self.name, "weights": self.function.state_dict()}
        tried = None if self.tried is None else torch.as_tensor(self.tried)
        return {"name": self.name, "weights": {}, "tried": tried}


class _Standardized(nn.Module):
    """An encoder of points in the units of the data, which are float64 until they are centered."""

    center: Tensor

    def __init__(self, body: nn.Module, center: FloatArray, scale: float, shape: tuple[int, ...]):
        super().__init__()
        self.body, self.scale = body, scale
        self.register_buffer("center", torch.as_tensor(center, dtype=torch.float64).view(shape))

    def forward(self, points: Tensor) -> Tensor:
        """Features of shape (n, k)."""
        features: Tensor = self.body(((points - self.center) / self.scale).float())
        return features


def features_for(
    given: Any,
    data: TrainingData,
    device: torch.device,
    *,
    rng: int = 0,
    stored: dict[str, Any] | None = None,
    progress: Progress = False,
) -> Features | None:
    """The features that a run is measured in; built-in ones are trained on its training points.

    Parameters
    ----------
    given : None, str, torch.nn.Module or callable
        "classifier", which needs labels of two classes or more; "autoencoder"; "auto", the first of
        these that the data allow, and for vectors none; a module or function from points of shape
        (n, *shape) in the units of the data to (n, k), each row of its point alone.
    data : TrainingData
        Held-out points are not looked at.
    device : torch.device
    rng : int
        Seed of weights and batches. On a CPU the same seed gives the same features.
    stored : dict, optional
        What `Features.state_dict` gave: weights are loaded, and nothing is trained.
    progress : bool or callable, default False

    Raises
    ------
    InvalidInputError
        Anything else; a classifier for data without labels; features of your own that raise, return
        another shape, no finite numbers, or other ones for the same points.
    """
    name = _name_of(given, data)
    if name is None:
        return None
    if not isinstance(given, str):
        return _own(Features(name, given, data.shape, device), data, rng, stored)
    fresh = stored is None
    body = _trained(name, data, device, rng, progress) if fresh else encoder(data.shape)
    network = _Standardized(body, data.center, data.scale, data.shape).to(device).eval()
    if stored is not None:
        _load(network, name, stored)
    return Features(name, network.requires_grad_(False), data.shape, device)


def _own(
    features: Features, data: TrainingData, rng: int, stored: dict[str, Any] | None
) -> Features:
    """The user's own, tried on some points: they are a function, and that of the stopped run."""
    points = data.train.sample(N_TRIED, np.random.default_rng(rng))
    tried = features(points)
    if not _alike(tried, features(points)):
        raise InvalidInputError(
            f"features must be a function of the points alone, got other numbers from "
            f"{features.name} for the same points; to fix it, draw its random numbers once, before "
            "the run"
        )
    some = N_TRIED // 2
    if not _alike(tried[:some], features(points[:some])):
        raise InvalidInputError(
            f"features must be a function of each point alone, got other numbers from "
            f"{features.name} for the same points without others beside them; to fix it, let it "
            "standardize by fixed numbers, not by those of the points that it is given"
        )
    before = None if stored is None else stored.get("tried")
    if before is not None and data.record.checkable and not _alike(tried, np.asarray(before.cpu())):
        raise InvalidInputError(
            f"features must be those of the stopped run, got other numbers from {features.name} "
            "for the same points; to fix it, pass the features that it had, or start a new run in "
            "another folder"
        )
    return replace(features, tried=tried)


def _alike(first: FloatArray, second: FloatArray) -> bool:
    """Whether they are equal, but for what another machine or order of sums changes."""
    largest = np.abs(first).max(initial=0.0)
    same = first.shape == second.shape
    return same and np.allclose(first, second, rtol=1e-3, atol=1e-3 * largest)


def _name_of(given: Any, data: TrainingData) -> str | None:
    if given is None:
        return None
    if given == "auto" and isinstance(given, str):
        if len(data.shape) == 1:
            return None
        return "autoencoder" if data.train_classes is None else "classifier"
    if isinstance(given, str) and given in FEATURE_NAMES:
        return given
    if callable(given):
        return getattr(given, "__name__", type(given).__name__)
    hint = nearest_name(given, FEATURE_NAMES) if isinstance(given, str) else "pass one of them"
    raise InvalidInputError(
        "features must be None, 'auto', 'classifier', 'autoencoder', a torch module or a function "
        f"of points, got {given!r}; to fix it, {hint}"
    )


def _trained(
    name: str, data: TrainingData, device: torch.device, rng: int, progress: Progress
) -> nn.Module:
    labels = _classes_of(data) if name == "classifier" else None
    points = training_points(data, rng)
    images = ((points - data.center) / data.scale).reshape(len(points), *data.shape)
    tensor = torch.as_tensor(images, dtype=torch.float32, device=device)
    if labels is not None:
        return classifier_of(tensor, labels, rng=rng, progress=progress)
    return autoencoder_of(tensor, rng=rng, progress=progress)


def _classes_of(data: TrainingData) -> IntArray:
    """The labels that a classifier learns."""
    if data.train_classes is not None:
        return data.train_classes
    labels = data.train_labels
    got = "data without labels"
    if labels is not None:
        got = "points without a label, or of label -1" if labels.min() < 0 else "a single class"
    raise InvalidInputError(
        "features='classifier' must come with points that all have a label, 0, 1, 2, ..., of two "
        f"classes or more, got {got}; to fix it, pass features='autoencoder', which needs none, or "
        "a torch Dataset of (point, label) items"
    )


def training_points(data: TrainingData, rng: int) -> FloatArray:
    """All training points of a finite data set; of a sampler, enough points for training."""
    if isinstance(data.train, Sample):
        return data.train.points
    return data.train.sample(N_SAMPLED, np.random.default_rng(rng))


def _load(network: nn.Module, name: str, stored: dict[str, Any]) -> None:
    try:
        if stored["name"] != name:
            raise ValueError(f"features of the name {stored['name']!r}")
        network.load_state_dict(stored["weights"])
    except (KeyError, ValueError, RuntimeError, TypeError) as reason:
        raise InvalidInputError(
            f"features must have the form that they had in the stopped run, got others "
            f"({str(reason).partition(chr(10))[0]}); to fix it, pass the features that it had"
        ) from None
