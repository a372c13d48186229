"""Short names of stabilizers, what may be passed instead, and objects rebuilt from plain values."""

from typing import ClassVar

import pytest

from otgan.errors import InvalidInputError
from otgan.gan.settings import STABILIZER_NAMES
from otgan.gan.stabilizers import (
    STABILIZERS,
    FeatureMatching,
    HistoricalAveraging,
    InstanceNoise,
    MinibatchDiscrimination,
    OneSidedLabelSmoothing,
    Stabilizer,
    VirtualBatchNorm,
    as_stabilizers,
)
from otgan.gan.stabilizers.by_name import STABILIZER_REGISTRY
from tests.cases import refused

CHANGED = (
    FeatureMatching(),
    HistoricalAveraging(0.5),
    InstanceNoise(0.3, schedule="cosine"),
    MinibatchDiscrimination(n_kernels=7, kernel_dim=2, exclude_self=True),
    OneSidedLabelSmoothing(0.75),
    VirtualBatchNorm(),
)


class Own(Stabilizer):
    name: ClassVar[str] = "own"


def test_names_are_checked_without_torch_by_the_same_list():
    assert tuple(STABILIZERS) == STABILIZER_NAMES


@pytest.mark.parametrize("changed", CHANGED, ids=lambda stabilizer: stabilizer.name)
def test_a_stabilizer_is_rebuilt_from_plain_values(changed):
    assert STABILIZER_REGISTRY.rebuilt(STABILIZER_REGISTRY.described(changed)) == changed
    assert as_stabilizers([changed.name]) == (type(changed)(),)


def test_one_of_the_users_own_is_taken_as_it_is_and_not_rebuilt():
    own = Own()
    assert as_stabilizers(("instance-noise", own)) == (STABILIZERS["instance-noise"], own)
    with pytest.raises(InvalidInputError, match="the stabilizer must be one of"):
        STABILIZER_REGISTRY.rebuilt(STABILIZER_REGISTRY.described(own))


@pytest.mark.parametrize(
    ("wrong", "parts"),
    [
        ("instance-noise", ("must be a tuple", "('instance-noise',)")),
        (("instance noise",), ("must be one of", "did you mean 'instance-noise'?")),
        ((InstanceNoise,), ("to fix it, pass InstanceNoise()",)),
        ((3,), ("got 3", "pass a name")),
        (("instance-noise", InstanceNoise(0.2)), ("'instance-noise' 2 times", "all but one")),
    ],
)
def test_anything_else_is_refused(wrong, parts):
    with refused(*parts):
        as_stabilizers(wrong)
