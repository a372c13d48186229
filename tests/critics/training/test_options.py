"""FitOptions: NumPy's numbers as Python's, and every wrong value refused by its name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from otgan import FitOptions
from otgan.errors import InvalidInputError


def test_numbers_of_numpy_become_those_of_python():
    numbers: dict[str, Any] = {
        "batch_size": np.int64(8),
        "matrix_rate": np.float32(0.5),
        "rng": np.int32(3),
        "test_points": np.int8(9),
    }
    options = FitOptions(**numbers)
    kinds = [type(getattr(options, n)) for n in ("batch_size", "matrix_rate", "rng", "test_points")]
    assert kinds == [int, float, int, int]
    assert options == FitOptions(batch_size=8, matrix_rate=0.5, rng=3, test_points=9)


def test_paths_and_functions_are_taken():
    seen = []
    options = FitOptions(checkpoint=Path("a.pt"), progress=lambda *now: seen.append(now))
    assert callable(options.progress)
    options.progress(1, 2, "")
    assert seen == [(1, 2, "")] and options.checkpoint == Path("a.pt")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("batch_size", 0, "batch_size must be a whole number of at least 1, got 0"),
        ("batch_size", 2**25, "batch_size must be at most 16,777,216"),
        ("matrix_rate", -1.0, "matrix_rate must be positive and finite, got -1.0"),
        ("vector_rate", float("inf"), "vector_rate must be positive and finite, got inf"),
        ("vector_rate", "fast", "vector_rate must be a number, positive, got 'fast'"),
        ("held_out", 1.0, "held_out must be between 0 and 1, got 1.0"),
        ("test_points", 1, "test_points must be a whole number of at least 2, got 1"),
        ("rng", -1, "rng must be"),
        ("rng", 2**64, "rng must be"),
        ("precision", "float16", "precision must be 'float32' or 'bfloat16', got 'float16'"),
        ("progress", "yes", "progress must be True, False or a function"),
        ("checkpoint", "", "checkpoint must be a file's name, or None, got ''"),
        ("checkpoint", 3, "checkpoint must be a file's name, or None, got 3"),
    ],
)
def test_wrong_values_are_refused(name, value, words):
    with pytest.raises(InvalidInputError, match=words) as error:
        FitOptions(**{name: value})
    assert "to fix it" in str(error.value)
