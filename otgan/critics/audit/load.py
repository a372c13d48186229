"""Critics from files: a state dict of a plain network, compiled, exported, or a pickled module."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from otgan.critics.audit.group_sort import GroupSort
from otgan.critics.audit.torch_files import FileKind, TorchFile
from otgan.critics.networks.feedforward import OnOriginalScale
from otgan.critics.training.checkpoint import kind_of
from otgan.errors import InvalidInputError, nearest_name, warn_user
from otgan.keywords import checks_keywords

__all__ = ["ACTIVATIONS", "load_critic"]

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
    "groupsort": GroupSort,
}
"""What may stand between the linear layers of a state dict, which does not say."""

NESTED_KEYS = ("state_dict", "model_state_dict", "critic", "discriminator", "model")

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
"""In which a network of linear layers can be evaluated."""

NEEDS_TRUST: dict[FileKind, str] = {
    "TorchScript": "TorchScript, whose code may write to any file as soon as it is loaded",
    "program": "an exported program, which evaluates expressions in it while it is loaded",
    "tar": "a tar archive of an old PyTorch, which runs code in it while it is loaded",
    "tensors": "a pickled object, which runs code in it while it is loaded",
}

HINT = "write it again with torch.save(critic.state_dict(), path)"


@checks_keywords
def load_critic(
    path: str | Path, *, activation: str | None = None, trust: bool = False
) -> nn.Module:
    """A critic from a file.

    Parameters
    ----------
    path : path
        - a state dict from ``torch.save(critic.state_dict(), path)``, if it is that of linear
          layers in sequence, which are rebuilt by the shapes of their weights;
        - with `trust`, TorchScript from ``torch.jit.save``, an exported program from
          ``torch.export.save``, or a whole module from ``torch.save(critic, path)``.
    activation : {"relu", "leaky_relu", "tanh", "groupsort"}, optional
        Between the layers of a state dict, which does not say; the leaky slope is 0.2. If it is
        omitted, ReLU is assumed, and an `InputWarning` says so.
    trust : bool
        Unpickling a module may run any code that its author put into the file, and so may loading
        an exported program; TorchScript may write to any file. Say that you trust the author.

    Returns
    -------
    torch.nn.Module
        On the CPU.

    Raises
    ------
    InvalidInputError
        No such file, or one that holds no critic, needs trust, or has weights that are no
        finite numbers; the checkpoint of a run, which :func:`otgan.load_run` reads.
    DamagedFileError
        The file is cut off, was altered, or is not one of PyTorch.

    References
    ----------
    The notes on security in the documentation of ``torch.load``.

    Examples
    --------
    >>> import tempfile
    >>> critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save(critic.state_dict(), f"{folder}/critic.pt")
    ...     same = load_critic(f"{folder}/critic.pt", activation="relu")
    >>> torch.equal(same(torch.ones(3, 2)), critic(torch.ones(3, 2)))
    True
    """
    path = Path(path)
    file = TorchFile(path, "a critic", HINT)
    try:
        content = file.tensors()
    except pickle.UnpicklingError:
        if not trust:
            raise InvalidInputError(
                f"{path} must be a state dict to be opened safely, got {NEEDS_TRUST[file.kind]}; "
                "to fix it, pass --trust (trust=True) if you know who made it, or save "
                "critic.state_dict() instead"
            ) from None
        content = file.trusted()
    if not isinstance(content, nn.Module):
        _refuse_checkpoint(content, path)
        content = _rebuilt(_state(content, path), activation, path)
    _refuse_nan(content, path)
    return content


def _refuse_checkpoint(content: Any, path: Path) -> None:
    """Raise on checkpoints of ours, which hold more than a critic."""
    kind = kind_of(content)
    if kind == "fit":
        raise InvalidInputError(
            f"{path} must be a critic, got the checkpoint of a fit, which does not say how its "
            "network is built; to fix it, take `critic` of what estimate_w1 returns"
        )
    if kind is not None:
        raise InvalidInputError(
            f"{path} must be a critic, got the checkpoint of a run; to fix it, take "
            "`otgan.load_run(folder).critic`"
        )


def _refuse_nan(critic: nn.Module, path: Path) -> None:
    for name, weight in (*critic.named_parameters(), *critic.named_buffers()):
        if not weight.is_meta and not bool(weight.isfinite().all()):
            raise InvalidInputError(
                f"the critic's weights must be finite, got {name!r} in {path} with NaN or inf; to "
                "fix it, take weights from before the training diverged"
            )


def _state(content: Any, path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict, which may lie one level deep in a checkpoint."""
    inner = [content[key] for key in NESTED_KEYS if isinstance(content, Mapping) and key in content]
    for candidate in (content, *inner):
        if (
            isinstance(candidate, Mapping)
            and candidate
            and all(isinstance(value, Tensor) for value in candidate.values())
            and all(isinstance(key, str) for key in candidate)
        ):
            return dict(candidate)
    raise InvalidInputError(
        f"{path} must hold a critic's state dict, got {type(content).__name__} without one; to "
        "fix it, write it with torch.save(critic.state_dict(), path)"
    )


def _rebuilt(state: dict[str, Tensor], activation: str | None, path: Path) -> nn.Module:
    """A plain network of the weights, in their order."""
    if activation is not None and activation not in ACTIVATIONS:
        raise InvalidInputError(
            f"activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}; to fix it, "
            f"{nearest_name(activation, ACTIVATIONS)}"
        )
    center, scale = state.pop("center", None), state.pop("scale", None)
    _refuse_other_networks(state, path)
    weights = {key: value for key, value in state.items() if _part(key) == "weight"}
    if activation is None and len(weights) > 1:
        warn_user(
            f"{path} does not say what lies between its layers, so ReLU was assumed; to choose, "
            f"pass activation= (--activation), one of {', '.join(ACTIVATIONS)}"
        )
    between = ACTIVATIONS[activation or "relu"]
    layers: list[nn.Module] = []
    for key, weight in weights.items():
        bias = state.get(key.removesuffix("weight") + "bias")
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, dtype=weight.dtype)
        layer.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}))
        layers += [layer, between()]
    critic = nn.Sequential(*layers[:-1])
    return critic if center is None and scale is None else _scaled(critic, center, scale, path)


def _scaled(
    critic: nn.Sequential, center: Tensor | None, scale: Tensor | None, path: Path
) -> nn.Module:
    """A critic of standardized points as a function of points in the units of the data."""
    first = critic[0]
    assert isinstance(first, nn.Linear)
    d = first.in_features
    if (
        center is None
        or scale is None
        or center.shape != (d,)
        or scale.numel() != 1
        or not 0 < float(scale) < math.inf
    ):
        given = [tensor for tensor in (center, scale) if tensor is not None]
        raise InvalidInputError(
            f"the state dict in {path} must hold center, {d} numbers, and scale, a positive one, "
            f"or neither, got shapes {[tuple(t.shape) for t in given]}; to fix it, save the "
            "critic's state_dict() as it is"
        )
    return OnOriginalScale(critic, center, float(scale))


def _refuse_other_networks(state: dict[str, Tensor], path: Path) -> None:
    """Raise unless the weights are those of linear layers in sequence, in one floating dtype."""
    weights = {key: value for key, value in state.items() if _part(key) == "weight"}
    biases = {key.removesuffix("weight") + "bias": len(value) for key, value in weights.items()
              if value.ndim == 2}  # fmt: skip
    unexpected = [key for key, value in weights.items() if value.ndim != 2]
    unexpected += [
        key
        for key, value in state.items()
        if key not in weights and value.shape != (biases.get(key, -1),)
    ]
    chain = [value.shape for value in weights.values() if value.ndim == 2]
    fits = all(before[0] == after[1] for before, after in pairwise(chain))
    if unexpected or not chain or not fits or chain[-1][0] != 1 or 0 in map(min, chain):
        got = (
            f"the entry {unexpected[0]!r} of shape {tuple(state[unexpected[0]].shape)}"
            if unexpected
            else f"weights of shapes {list(map(tuple, chain))}"
        )
        raise InvalidInputError(
            f"the state dict in {path} must be that of linear layers in sequence with one output, "
            f"got {got}; to fix it, save the whole module or TorchScript, and pass --trust"
        )
    kinds = {value.dtype for value in state.values()}
    if len(kinds) > 1 or not kinds <= set(DTYPES):
        named = ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
        raise InvalidInputError(
            f"the state dict in {path} must hold floating-point weights of one dtype, got {named}; "
            "to fix it, save critic.float().state_dict()"
        )


def _part(key: str) -> str:
    """The name of a tensor within its layer."""
    return key.rpartition(".")[2]
