"""Optimal transport and divergences, and the GANs built on them.

Every transport cost comes with a bracket that can be checked: a plan above, potentials below.
The public names are loaded on first use; importing otgan loads neither torch nor Numba. Without
torch, what needs it is not listed, and raises an error that says so.
"""

import lazy_loader

from otgan.errors import is_installed, nearest_name

__version__ = "0.1.0"

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
_public = frozenset(__all__)


def __getattr__(name: str) -> object:
    """A public name, loaded on first use; of what does not exist, the nearest one is named."""
    if name in _public or name.startswith("_"):
        return _load(name)
    hint = nearest_name(name, sorted(_public), otherwise="dir(otgan) lists all names")
    raise AttributeError(f"otgan has no attribute {name!r}; {hint}")


def _names_of(*packages: str) -> set[str]:
    """The public names that the stub takes from these packages."""
    import ast
    from pathlib import Path

    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom) and node.module]
    taken = [node for node in imports if node.module.partition(".")[0] in packages]
    return {alias.name for node in taken for alias in node.names}


if not is_installed("torch"):
    __all__ = sorted(set(__all__) - _names_of("critics", "gan") - {"critics", "gan"})

    def __dir__() -> list[str]:
        return list(__all__)
