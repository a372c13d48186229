"""Four functions, and how steep they are: which are Lipschitz, and which have a derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["FAR", "FUNCTIONS", "NEAR", "FunctionSlopes", "slopes_of"]

FAR = (1.0, 10.0, 100.0)
"""Places R: how steep is a function from R to R + 1?"""

NEAR = (1e-2, 1e-4, 1e-6)
"""Distances h: how steep is a function from 0 to h?"""


@dataclass(frozen=True)
class Function:
    """A function on the line with what is known of it.

    Attributes
    ----------
    name : str
    value : callable
    lipschitz : float
        Its Lipschitz constant on the whole line; infinite if it has none.
    continuously_differentiable : bool
        Everywhere.
    """

    name: str
    value: Callable[[float], float]
    lipschitz: float
    continuously_differentiable: bool


FUNCTIONS = (
    Function("|x|", abs, 1.0, False),
    Function("sin x", math.sin, 1.0, True),
    Function("x²", lambda x: x * x, math.inf, True),
    Function("√|x|", lambda x: math.sqrt(abs(x)), math.inf, False),
)


@dataclass(frozen=True, repr=False)
class FunctionSlopes(Record):
    """How steep a function is far out, and near 0.

    Attributes
    ----------
    name : str
    lipschitz : float
        The least K with |f(u) - f(v)| <= K |u - v| for all u and v; infinite if there is none.
    continuously_differentiable : bool
    far : ndarray, shape (len(FAR),)
        |f(R + 1) - f(R)| for R in `FAR`.
    near : ndarray, shape (len(NEAR),)
        |f(h) - f(0)| / h for h in `NEAR`.
    """

    name: str
    lipschitz: float
    continuously_differentiable: bool
    far: FloatArray
    near: FloatArray


def slopes_of(function: Function) -> FunctionSlopes:
    """Its slopes between the points of `FAR` and `NEAR`.

    Examples
    --------
    >>> slopes_of(FUNCTIONS[2]).far
    array([  3.,  21., 201.])
    """
    f = function.value
    return FunctionSlopes(
        name=function.name,
        lipschitz=function.lipschitz,
        continuously_differentiable=function.continuously_differentiable,
        far=np.array([abs(f(R + 1) - f(R)) for R in FAR]),
        near=np.array([abs(f(h) - f(0.0)) / h for h in NEAR]),
    )
