"""Parameters of every lesson: values of another type are refused before it runs."""

import inspect
import math
from typing import Any

import numpy as np
import pytest

from otgan import lessons
from otgan.errors import InvalidInputError

WRONG: dict[str, list[Any]] = {
    "int": ["a", None, [1], 2.5, True, math.nan],
    "int | None": ["a", [1], 2.5, True],
    "float": ["a", None, [1.0], True, math.nan, np.zeros(1)],
    "bool": ["no", 1, None],
    "str": [3, None, ["wasserstein"]],
    "np.random.Generator | int": ["a", -1, 2.5, True],
}


@pytest.mark.parametrize("name", lessons.LESSONS)
def test_values_of_another_type_are_refused(name):
    run = lessons.load(name).run
    for parameter in inspect.signature(run).parameters.values():
        for value in WRONG.get(parameter.annotation, ()):
            with pytest.raises(InvalidInputError, match=rf"{parameter.name} must .* to fix it"):
                run(**{parameter.name: value})


def test_numbers_of_numpy_count_and_seeds_stay_seeds():
    game = lessons.load("xy-game").run(eta=np.float64(0.1), steps=np.int64(10))
    assert game.to_dict() == lessons.load("xy-game").run(eta=0.1, steps=10).to_dict()
    sure = lessons.load("kantorovich-rubinstein").run(rng=1, trials=5)
    again = lessons.load("kantorovich-rubinstein").run(rng=np.random.default_rng(1), trials=5)
    assert sure.to_dict() == again.to_dict()
