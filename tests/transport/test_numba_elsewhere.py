"""Numba goes on compiling other people's code after a call of otgan."""

import subprocess
import sys


def test_numba_compiles_functions_without_a_module_after_emd():
    code = """
import types, numba, otgan
from otgan.transport.interpretation import compiling_all
with compiling_all():
    assert otgan.emd([[0.0, 0.0]], [[3.0, 4.0]]).distance == 5
loose = types.FunctionType((lambda x: x + 1).__code__, {})  # as sympy.lambdify makes them
loose.__module__ = None
print(numba.njit(loose)(2))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_numba_compiles_a_class_after_emd():
    code = """
import numba, otgan
from numba.experimental import jitclass
from otgan.transport.interpretation import compiling_all
with compiling_all():
    assert otgan.emd([[0.0, 0.0]], [[3.0, 4.0]]).distance == 5
@jitclass([("n", numba.int64)])
class Counter:
    def __init__(self, n):
        self.n = n
print(Counter(3).n)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("3\n", "")
