"""The stabilizers by their short names, and what may be passed instead of names."""

from __future__ import annotations

from collections.abc import Iterable

from otgan.errors import InvalidInputError, nearest_name
from otgan.gan.stabilizers.base import Stabilizer
from otgan.gan.stabilizers.feature_matching import FeatureMatching
from otgan.gan.stabilizers.historical_averaging import HistoricalAveraging
from otgan.gan.stabilizers.instance_noise import InstanceNoise
from otgan.gan.stabilizers.label_smoothing import OneSidedLabelSmoothing
from otgan.gan.stabilizers.minibatch_discrimination import MinibatchDiscrimination
from otgan.gan.stabilizers.virtual_batch_norm import VirtualBatchNorm
from otgan.keywords import checks_keywords
from otgan.named_settings import Registry

__all__ = ["STABILIZERS", "STABILIZER_REGISTRY", "as_stabilizers"]

STABILIZERS: dict[str, Stabilizer] = {
    stabilizer.name: stabilizer
    for stabilizer in (
        FeatureMatching(),
        MinibatchDiscrimination(),
        HistoricalAveraging(),
        OneSidedLabelSmoothing(),
        VirtualBatchNorm(),
        InstanceNoise(),
    )
}

STABILIZER_REGISTRY = Registry("stabilizer", STABILIZERS)
"""The stabilizers that can be rebuilt from plain values."""


@checks_keywords
def as_stabilizers(given: Iterable[str | Stabilizer]) -> tuple[Stabilizer, ...]:
    """The stabilizers of these short names, or the objects that were given.

    Raises
    ------
    InvalidInputError
        An unknown name, something else, or one twice.
    """
    if isinstance(given, (str, Stabilizer)):
        raise InvalidInputError(
            f"stabilizers must be a tuple of names or objects, got {given!r}; to fix it, pass "
            f"({given!r},)"
        )
    found = tuple(map(_stabilizer, given))
    names = [stabilizer.name for stabilizer in found]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInputError(
                f"stabilizers must be different ones, got {name!r} {names.count(name)} times; to "
                "fix it, leave out all but one"
            )
    return found


def _stabilizer(given: str | Stabilizer) -> Stabilizer:
    if isinstance(given, Stabilizer):
        return given
    if isinstance(given, str) and given in STABILIZERS:
        return STABILIZERS[given]
    hint = "pass a name"
    if isinstance(given, str):
        hint = nearest_name(given.lower(), list(STABILIZERS), otherwise=hint)
    elif isinstance(given, type) and issubclass(given, Stabilizer):
        hint = f"pass {given.__name__}()"
    raise InvalidInputError(
        f"a stabilizer must be one of {', '.join(STABILIZERS)}, or an object of a subclass of "
        f"Stabilizer, got {given!r}; to fix it, {hint}"
    )
