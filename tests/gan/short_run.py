"""Settings of the shortest run that still writes every file, points for it, and what is equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.testing import assert_array_equal

if TYPE_CHECKING:
    from otgan import GANConfig
    from otgan.gan.records import Record

RUN: dict[str, Any] = {
    "steps": 4,
    "batch_size": 8,
    "n_critic": 1,
    "width": 8,
    "depth": 1,
    "monitor_every": 2,
}
RUN |= {"monitor_points": 32, "evaluation_points": 32, "device": "cpu"}
CLOUD = np.random.default_rng(0).normal(size=(605, 2))

TINY: dict[str, Any] = {
    "steps": 6,
    "batch_size": 16,
    "n_critic": 2,
    "width": 8,
    "depth": 2,
    "monitor_every": 2,
}
TINY |= {"monitor_points": 64, "evaluation_points": 64, "device": "cpu"}


def settings_of(**changes) -> GANConfig:
    """Those of TINY with these changes, for points in the plane."""
    from otgan import GANConfig  # here, for a test run without torch imports this file

    return GANConfig(**{**TINY, **changes}).for_shape((2,))


def taught_by(name) -> dict[str, Any]:
    """The setting for that constraint, or for the exact objective."""
    return {"objective": "exact"} if name == "exact" else {"constraint": name}


def a_record(step, **values) -> Record:
    """A record whose other numbers are one half."""
    from otgan.gan.records import Record

    return Record(step, *[0.5] * (len(Record._fields) - 1))._replace(**values)


def same_but_for_time(first, second):
    """Two lists of records hold the same numbers, NaN included, but for the seconds."""
    for one, other in zip(first, second, strict=True):
        assert_array_equal(one._replace(seconds=0), other._replace(seconds=0))


def same_weights(first, second):
    """Two modules hold the same bits."""
    ours, theirs = first.state_dict(), second.state_dict()
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert_array_equal(ours[name].numpy(), theirs[name].numpy())
