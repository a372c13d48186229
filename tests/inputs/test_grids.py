"""Arrays of masses with labels: what says the same cells in the same order goes through."""

import numpy as np
import pandas as pd
import pytest
import xarray
from numpy.testing import assert_allclose

import otgan
from tests.cases import refused

MASSES = np.random.default_rng(0).random((3, 3))
MAP = xarray.DataArray(
    MASSES, dims=("lat", "lon"), coords={"lat": [0.1, 0.2, 0.3], "lon": [1, 2, 3]}
)
TABLE = pd.DataFrame(MASSES, columns=list("xyz"))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (MAP, MAP.T),  # axes have names
        (MAP, MAP.assign_coords(lat=[0.1, 0.2, 0.1 + 0.2])),  # and not 0.3
        (MAP, MASSES),
        (TABLE, TABLE.to_numpy().tolist()),
        (TABLE, pd.DataFrame(MASSES)),  # numbered by pandas
    ],
)
def test_the_same_cells_are_compared(a, b):
    assert otgan.emd_grid(a, b, p=1, normalize=True).distance == 0
    other = np.flip(MASSES, 0)
    expected = otgan.emd_grid(MASSES, other, p=1).distance
    assert_allclose(otgan.emd_grid(a, other, p=1).distance, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "axis"),
    [
        (pd.Series([1, 0, 0], list("abc")), pd.Series([1, 0, 0], list("cba")), 0),
        (TABLE, TABLE[list("zyx")], 1),
        (MAP, MAP.isel(lat=slice(None, None, -1)), 0),
        (MAP, MAP.assign_coords(lon=[1, 2, 4]), 1),
    ],
)
def test_cells_of_other_labels_are_refused(a, b, axis):
    with refused(f"the same labels along axis {axis}", "reindex_like", ".to_numpy()"):
        otgan.emd_grid(a, b, p=1)


def test_shapes_that_differ_are_still_named():
    with refused("the same shape, got (3, 3) and (2, 3)"):
        otgan.emd_grid(MAP, MAP[:2])
