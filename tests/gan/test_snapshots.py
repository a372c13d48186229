"""Snapshots read back bit by bit, and nothing else is read."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from otgan.errors import DamagedFileError
from otgan.gan.snapshots import read_snapshot, write_snapshot

RNG = np.random.default_rng(0)
ARRAYS = {
    "real": RNG.normal(size=(5, 2)),
    "generated": RNG.normal(size=(4, 2)),
    "grid_x": np.arange(3.0),
    "grid_y": np.arange(2.0),
    "critic": RNG.normal(size=(2, 3)),
}
BYTES = sum(values.nbytes for values in ARRAYS.values()) + 5 * 128  # a header each


def test_arrays_read_back_bit_by_bit(tmp_path):
    path = tmp_path / "snapshot.npz"
    transposed = {**ARRAYS, "real": np.asfortranarray(ARRAYS["real"])}
    write_snapshot(path, transposed)
    found = read_snapshot(path, BYTES)
    assert found.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        assert_array_equal(found[name], values)


@pytest.mark.parametrize(
    "changes",
    [
        {"more": np.zeros(3)},
        {"real": np.zeros((5, 3))},
        {"real": np.zeros((0, 2))},
        {"real": np.zeros(5)},
        {"generated": np.zeros((4, 2), np.float32)},
        {"critic": np.zeros((3, 2))},
    ],
    ids=["another name", "dimensions", "empty", "one axis", "single precision", "turned grid"],
)
def test_arrays_that_do_not_belong_together_are_refused(tmp_path, changes):
    np.savez_compressed(tmp_path / "snapshot.npz", **{**ARRAYS, **changes})
    with pytest.raises(DamagedFileError, match=r"snapshot.npz must be a snapshot .* remove it"):
        read_snapshot(tmp_path / "snapshot.npz", 2 * BYTES)


def test_arrays_beyond_the_limit_are_refused(tmp_path):
    write_snapshot(tmp_path / "snapshot.npz", ARRAYS)
    with pytest.raises(DamagedFileError, match="remove it"):
        read_snapshot(tmp_path / "snapshot.npz", BYTES - 1)
    with pytest.raises(DamagedFileError, match="remove it"):
        read_snapshot(tmp_path / "nothing.npz", BYTES)
