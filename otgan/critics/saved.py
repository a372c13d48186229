"""Critics from files: compiled, exported, a state dict of a plain network, or a pickled module."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from otgan.critics.networks import GroupSort, OnOriginalScale
from otgan.critics.of_run import critic_of_checkpoint, is_checkpoint
from otgan.errors import InvalidInputError, nearest_name

__all__ = ["ACTIVATIONS", "load_critic"]

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
    "groupsort": GroupSort,
}
"""What may stand between the linear layers of a state dict, which does not tell."""

NESTED = ("state_dict", "model_state_dict", "critic", "discriminator", "model")


def load_critic(path: str | Path, *, activation: str = "relu", trust: bool = False) -> nn.Module:
    """A critic from a file.

    Parameters
    ----------
    path : path
        - TorchScript, from ``torch.jit.save``;
        - a state dict from ``torch.save(critic.state_dict(), path)``, if it is that of linear
          layers in sequence, which are rebuilt by the shapes of their weights;
        - checkpoint.pt of a run of `otgan.train_wgan`, whose critic then takes points in the units
          of the data;
        - with `trust`, an exported program from ``torch.export.save``, or a whole module from
          ``torch.save(critic, path)``.
    activation : {"relu", "leaky_relu", "tanh", "groupsort"}
        Between the layers of a state dict; the leaky slope is 0.2.
    trust : bool
        Unpickling a module may run any code that its author put into the file, and so may loading
        an exported program. Say that you trust the author.

    Returns
    -------
    torch.nn.Module
        On the CPU.

    Raises
    ------
    InvalidInputError
        No such file, or one that holds no critic, or needs trust.

    References
    ----------
    The notes on security in the documentation of ``torch.load``.

    Examples
    --------
    >>> import tempfile
    >>> critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save(critic.state_dict(), f"{folder}/critic.pt")
    ...     same = load_critic(f"{folder}/critic.pt")
    >>> torch.equal(same(torch.ones(3, 2)), critic(torch.ones(3, 2)))
    True
    """
    path = Path(path)
    if not path.is_file():
        raise InvalidInputError(
            f"the critic's file must exist, got {str(path)!r}; to fix it, check the path"
        )
    names = _names_inside(path)
    if any("/code/" in name for name in names):
        return _quietly(path, lambda: torch.jit.load(str(path), map_location="cpu"))
    if any(name.endswith("models/model.json") for name in names):
        _refuse_unless(trust, path, "an exported program, which evaluates expressions in it")
        return _quietly(path, lambda: torch.export.load(str(path)).module())
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as reason:
        if not _is_pickled(path):
            raise _unreadable(path, reason) from None
        _refuse_unless(trust, path, "a pickled object, which runs code in it")
        content = _quietly(path, lambda: torch.load(path, map_location="cpu", weights_only=False))
    except (RuntimeError, EOFError, ValueError, OSError) as reason:
        raise _unreadable(path, reason) from None
    if isinstance(content, nn.Module):
        return content
    if is_checkpoint(content):
        return critic_of_checkpoint(content, path)
    return _rebuilt(_state(content, path), activation, path)


def _names_inside(path: Path) -> list[str]:
    if not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def _is_pickled(path: Path) -> bool:
    with path.open("rb") as file:
        return zipfile.is_zipfile(path) or file.read(1) == pickle.PROTO


def _quietly(path: Path, load: Callable[[], Any]) -> Any:
    """Load what may be of a format that PyTorch wants to be left behind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load()
        except Exception as reason:  # a file may hold anything
            raise _unreadable(path, reason) from None


def _unreadable(path: Path, reason: Exception) -> InvalidInputError:
    first = str(reason).strip().partition("\n")[0]
    return InvalidInputError(
        f"{path} must be a critic saved by PyTorch, got something else ({type(reason).__name__}: "
        f"{first}); to fix it, write it with torch.save(critic.state_dict(), path)"
    )


def _refuse_unless(trust: bool, path: Path, what: str) -> None:
    if not trust:
        raise InvalidInputError(
            f"{path} must be a state dict or TorchScript to be opened safely, got {what} while it "
            "is loaded; to fix it, pass --trust (trust=True) if you know who made it, or save "
            "critic.state_dict() instead"
        )


def _state(content: Any, path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict, which may lie one level deep in a checkpoint."""
    inner = [content[key] for key in NESTED if isinstance(content, Mapping) and key in content]
    for candidate in (content, *inner):
        if (
            isinstance(candidate, Mapping)
            and candidate
            and all(isinstance(value, Tensor) for value in candidate.values())
        ):
            return dict(candidate)
    raise InvalidInputError(
        f"{path} must hold a critic's state dict, got {type(content).__name__} without one; to "
        "fix it, write it with torch.save(critic.state_dict(), path)"
    )


def _rebuilt(state: dict[str, Tensor], activation: str, path: Path) -> nn.Module:
    """A plain network of the weights, in their order."""
    if activation not in ACTIVATIONS:
        raise InvalidInputError(
            f"activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}; to fix it, "
            f"{nearest_name(activation, ACTIVATIONS)}"
        )
    centre, scale = state.pop("centre", None), state.pop("scale", None)
    weights = {key: value for key, value in state.items() if key.rpartition(".")[2] == "weight"}
    biases = {key.rpartition(".")[0] + ".bias" for key in weights}
    strange = [key for key in state if key not in weights and key not in biases]
    strange += [key for key, value in weights.items() if value.ndim != 2]
    chain = [value.shape for value in weights.values() if value.ndim == 2]
    fits = all(before[0] == after[1] for before, after in pairwise(chain))
    if strange or not chain or not fits or chain[-1][0] != 1:
        got = (
            f"the entry {strange[0]!r}"
            if strange
            else f"weights of shapes {list(map(tuple, chain))}"
        )
        raise InvalidInputError(
            f"the state dict in {path} must be that of linear layers in sequence with one output, "
            f"got {got}; to fix it, save the critic as TorchScript, or the whole module and pass "
            "--trust"
        )
    layers: list[nn.Module] = []
    for key, weight in weights.items():
        bias = state.get(key.rpartition(".")[0] + ".bias")
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, dtype=weight.dtype)
        layer.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}))
        layers += [layer, ACTIVATIONS[activation]()]
    critic = nn.Sequential(*layers[:-1])
    return (
        critic if centre is None or scale is None else OnOriginalScale(critic, centre, float(scale))
    )
