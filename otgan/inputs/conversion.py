"""Arrays, lists and tensors of real numbers as float64 arrays, or an error that says why not."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from otgan.errors import InvalidInputError
from otgan.torch_modes import is_wrapped

__all__ = [
    "EXACT",
    "FloatArray",
    "IntArray",
    "from_library",
    "is_torch",
    "plain_float64",
    "refuse_layout",
    "refuse_mask",
    "special_layout",
    "stacked",
    "to_numpy",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]

EXACT = 2**53
"""Float64 holds every whole number up to this one."""

PLAIN_TYPES = {float, int, bool, str, np.float64, np.ndarray}
ARRAY_LIBRARIES = {"torch", "pandas", "xarray"}

MOST_AXES = 64
"""Of an array of NumPy; lists within lists are searched no deeper."""


def from_library(value: Any, library: str) -> bool:
    """Whether the class of `value`, or one that it derives from, is of `library`."""
    return any(kind.__module__.partition(".")[0] == library for kind in type(value).__mro__)


def is_torch(value: Any) -> bool:
    """Whether `value` is a torch tensor; torch is not imported."""
    return hasattr(value, "detach") and from_library(value, "torch")


def to_numpy(value: Any, name: str = "the tensor") -> Any:
    """A torch tensor as a NumPy array on the CPU; anything else unchanged.

    Floating tensors become float64, as NumPy lacks some of their types.

    Raises
    ------
    InvalidInputError
        A tensor without values (meta), or in a layout that NumPy does not have.
    """
    if not is_torch(value):
        return value
    refuse_layout(value, name)
    try:
        tensor = value.detach().cpu().resolve_conj().resolve_neg()
        return (tensor.double() if tensor.is_floating_point() else tensor).numpy()
    except (RuntimeError, TypeError, ValueError, AttributeError) as reason:
        raise InvalidInputError(
            f"{name} must be a dense tensor of numbers, got {str(reason).partition(chr(10))[0]}; "
            "to fix it, pass one that holds real numbers, outside of any transformation of torch"
        ) from None


def refuse_layout(tensor: Any, name: str) -> None:
    """Raise on a tensor without values, or whose values are not plain numbers."""
    if is_wrapped(tensor):
        raise InvalidInputError(
            f"{name} must be a plain tensor, got one inside of torch.vmap or torch.func, which "
            "hides its numbers; to fix it, call this function outside, or use wasserstein, "
            "transport_cost or a divergence of histograms, which may stand inside"
        )
    layout, hint = special_layout(tensor)
    if layout:
        raise InvalidInputError(
            f"{name} must be a dense tensor of numbers, got a {layout} tensor; to fix it, {hint}"
        )


def special_layout(tensor: Any) -> tuple[str, str]:
    """The layout of a tensor that is no plain array, and how to make it one; else empty."""
    if tensor.is_meta:
        return "meta", "create it on a device that holds its values"
    if tensor.is_quantized:
        return "quantized", "call .dequantize()"
    if tensor.is_nested:
        return "nested", "call .to_padded_tensor(padding), or pass its parts from .unbind()"
    if (layout := str(tensor.layout).rpartition(".")[2]) != "strided":
        return layout.strip("_"), "call .to_dense()"
    return "", ""


def plain_float64(values: Any, name: str) -> FloatArray:
    """A new float64 array from arrays, lists and tensors of real numbers, NaN included.

    Raises
    ------
    InvalidInputError
        Masked entries, whole numbers that float64 does not hold, or anything but real numbers.
    """
    if not isinstance(values, (list, tuple)):
        refuse_mask(values, name)
    elif any(True for _ in _special_leaves(values)):
        _refuse_labeled_rows(values, name)
        refuse_mask(values, name)
        values = stacked(values, name)
    nested = isinstance(values, (list, tuple))
    _refuse_units(values, name)
    try:
        array = np.asarray(to_numpy(values, name))
    except (TypeError, ValueError, OverflowError, RuntimeError) as reason:
        if isinstance(reason, InvalidInputError):
            raise
        raise _refused(name, str(reason), values) from None
    if nested and array.dtype == np.float64 and (np.abs(array) >= EXACT).any():
        array = np.array(values, dtype=object)  # whole numbers of the list may have been rounded
    if array.dtype.kind == "O":
        return _from_objects(array, values, name)
    if array.dtype.kind not in "fiub":
        raise _refused(name, f"an array of dtype {array.dtype}", values)
    _refuse_rounding(array, name)
    with np.errstate(over="ignore"):  # long doubles may turn into infinities
        return array.astype(np.float64)


def _refused(name: str, got: str, values: Any) -> InvalidInputError:
    """The error for values that are not real numbers, with a hint that fits them."""
    return InvalidInputError(
        f"{name} must be an array of real numbers, got {got}; to fix it, {_hint(values, got)}"
    )


def _refuse_units(values: Any, name: str) -> None:
    """Raise on quantities of astropy or pint, whose units NumPy would lose."""
    unit = getattr(values, "unit", None)
    if unit is None and hasattr(values, "magnitude"):
        unit = getattr(values, "units", None)
    if unit is not None:
        raise InvalidInputError(
            f"{name} must be plain numbers, got a {type(values).__name__} in {unit}; to fix it, "
            "bring both sides to one unit and pass their values"
        )


def _hint(values: Any, got: str) -> str:
    if hasattr(values, "tocsr") or hasattr(values, "todense"):
        return "call .toarray() or .todense(), which stores every zero"
    if isinstance(values, Mapping):
        return "pass its values as an array"
    if "datetime64" in got or "Timestamp" in got or "date" in got:
        return "count from one moment in one unit: (t - t0) / numpy.timedelta64(1, 's')"
    if "timedelta" in got.lower():
        return "divide by one unit: t / numpy.timedelta64(1, 's')"
    if got.endswith("with dict"):
        return "make a table of them, e.g. by pandas.DataFrame(rows)"
    if "complex" in got:
        return "pass real and imaginary parts as two columns"
    if "<U" in got or "str" in got:
        return "turn the text into numbers, e.g. by numpy.asarray(values, dtype=float)"
    if _is_sampler(values):
        density = ", kl_from_samples its logpdf as y" if hasattr(values, "logpdf") else ""
        takers = f"estimate_w1 and held_out_bracket take samplers{density}"
        return f"pass points that were drawn from it; {takers}"
    return "check that every row has the same length and holds only numbers"


def _is_sampler(values: Any) -> bool:
    """Whether it is no table or list, but something that points can be drawn from."""
    draws = callable(values) or hasattr(values, "rvs") or hasattr(values, "sample")
    return draws and not hasattr(values, "shape") and not hasattr(values, "__len__")


# ---------------------------------------------------------------- whole numbers


def _beyond(array: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return (array > EXACT) | (array < -EXACT)


def _refuse_rounding(array: npt.NDArray[Any], name: str) -> None:
    """Raise on whole numbers that float64 would silently round."""
    if array.dtype.itemsize < 8 or array.dtype == np.float64 or array.dtype.kind == "b":
        return
    if not (beyond := _beyond(array)).any():
        return
    large = array[beyond]
    if array.dtype.kind == "f":  # long doubles hold whole numbers to 2 ** 64, and fractions
        with np.errstate(over="ignore"):
            whole = (large == np.floor(large)) & (np.abs(large) <= 2.0**64)
            rounded = whole & (large.astype(np.float64) != large)
    else:
        size = large.astype(np.uint64)
        size = np.where(large < 0, ~size + np.uint64(1), size)
        lowest_bit = size & (~size + np.uint64(1))
        rounded = size // lowest_bit > np.uint64(EXACT)
    if rounded.any():
        _refuse_rounded(large[rounded], name)


def _refuse_rounded(numbers: Any, name: str) -> None:
    first = str(numbers[0])
    raise InvalidInputError(
        f"{name} must hold whole numbers that float64 holds exactly, got {first} "
        f"({len(numbers)} such entries beyond 2**53); to fix it, subtract a common offset first, "
        "or convert with .astype(float) if rounding is meant"
    )


def _from_objects(array: npt.NDArray[Any], values: Any, name: str) -> FloatArray:
    """Python's own numbers of any size; refused if float64 would round them."""
    entries = array.ravel().tolist()
    for kind in set(map(type, entries)):
        if not issubclass(kind, (Real, Decimal, np.bool_)):
            raise _refused(name, f"an array of dtype object with {kind.__name__}", values)
    try:
        numbers = [float(entry) for entry in entries]
    except OverflowError as reason:
        raise _refused(name, str(reason), values) from None
    pairs = zip(entries, numbers, strict=True)
    rounded = [entry for entry, number in pairs if _is_whole(entry) and int(number) != entry]
    if rounded:
        _refuse_rounded(rounded, name)
    return np.array(numbers, np.float64).reshape(array.shape)


def _is_whole(number: Any) -> bool:
    if isinstance(number, Decimal):  # written without a decimal point or an exponent
        return number.is_finite() and number.as_tuple().exponent == 0
    return getattr(number, "denominator", 0) == 1


# ---------------------------------------------------------------- lists


def stacked(values: Any, name: str) -> Any:
    """A list that holds tensors, also nested ones, as one tensor; anything else unchanged.

    Gradients flow through it, on the device of the tensors and in the widest of their dtypes.

    Raises
    ------
    InvalidInputError
        Tensors of different shapes or on different devices.
    """
    if not isinstance(values, (list, tuple)):
        return values
    first = next((leaf for leaf in _special_leaves(values) if is_torch(leaf)), None)
    if first is None:
        return values
    torch = sys.modules["torch"]
    plain = first.dtype if first.is_floating_point() else torch.float64

    def as_tensor(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return torch.stack([as_tensor(entry) for entry in value])
        return value if is_torch(value) else torch.as_tensor(value, dtype=plain).to(first.device)

    try:
        return as_tensor(values)
    except (RuntimeError, TypeError, ValueError) as reason:
        raise InvalidInputError(
            f"{name} must hold tensors of one shape on one device, got "
            f"{str(reason).partition(chr(10))[0]}; to fix it, join them with torch.stack or "
            "torch.cat"
        ) from None


def refuse_mask(values: Any, name: str) -> None:
    """Raise on masked entries, whose masks plain arrays would lose."""
    found: list[Any] = [values]
    if isinstance(values, (list, tuple)):
        found = [leaf for leaf in _special_leaves(values) if isinstance(leaf, np.ma.MaskedArray)]
    count = sum(int(np.ma.count_masked(leaf)) for leaf in found if np.ma.is_masked(leaf))
    if count:
        raise InvalidInputError(
            f"{name} must not hold masked entries, got {count} of them; "
            "to fix it, remove them with .compressed(), or fill them with .filled(value)"
        )


def _refuse_labeled_rows(values: Any, name: str) -> None:
    """Raise on a list of rows with labels, which NumPy would lose."""
    for leaf in _special_leaves(values):
        index = getattr(leaf, "index", None)
        unlabeled = callable(index) or index is None or type(index).__name__ == "RangeIndex"
        if from_library(leaf, "pandas") and not unlabeled and np.ndim(leaf) > 0:
            raise InvalidInputError(
                f"{name} must be one table, got a list that holds a {type(leaf).__name__} with "
                "labels; to fix it, join them with pandas.DataFrame(rows) or pandas.concat"
            )
        if from_library(leaf, "xarray") and np.ndim(leaf) > 0:
            raise InvalidInputError(
                f"{name} must be one array, got a list that holds a {type(leaf).__name__}; to fix "
                "it, join them with xarray.concat"
            )


def _special_leaves(values: Any) -> Iterator[Any]:
    """Entries of nested lists of which NumPy would lose a mask, labels or gradients."""
    level = [values]
    for _ in range(MOST_AXES):
        kinds = set(map(type, chain.from_iterable(level)))  # fast for long lists
        lists = {kind for kind in kinds if issubclass(kind, (list, tuple))}
        special = {kind for kind in kinds - lists - PLAIN_TYPES if _is_special(kind)}
        if special:
            yield from (entry for outer in level for entry in outer if type(entry) in special)
        if not lists:
            return
        level = [entry for outer in level for entry in outer if type(entry) in lists]


def _is_special(kind: type) -> bool:
    libraries = {base.__module__.partition(".")[0] for base in kind.__mro__}
    return issubclass(kind, np.ma.MaskedArray) or not libraries.isdisjoint(ARRAY_LIBRARIES)
