"""Fits that are resumed from a checkpoint, and those that must not be."""

from typing import Any

import numpy as np
import pytest

import otgan
from otgan.critics.networks.feedforward import mlp
from tests.gan.short_run import CLOUD


def test_a_fit_whose_checkpoint_is_damaged_or_cannot_be_written_is_refused_before_work(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 2)), rng.normal(size=(60, 2)) + 3.0
    path = tmp_path / "critic.pt"
    call: dict[str, Any] = {"steps": 3, "device": "cpu", "network": lambda d: mlp(d, width=8)}
    small: dict[str, Any] = {"batch_size": 16, "test_points": 100}
    options = otgan.FitOptions(**small, checkpoint=path)
    first = otgan.estimate_w1(x, y, "lp", **call, options=options)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 16
    for content in (b"", b"hello", whole[: len(whole) // 2], bytes(flipped)):
        path.write_bytes(content)
        with pytest.raises(otgan.DamagedFileError, match="must be one that a fit has written"):
            otgan.estimate_w1(x, y, "lp", **call, options=options)
    path.write_bytes(whole)
    assert otgan.estimate_w1(x, y, "lp", **call, options=options).value == first.value
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path, tmp_path / "file" / "critic.pt"):
        with pytest.raises(otgan.OutputError, match="must be a place that can be written to"):
            otgan.estimate_w1(x, y, options=otgan.FitOptions(checkpoint=wrong))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": CLOUD + 1.0}, "x of 605 points in 2 dimensions .* instead of x of 605"),
        ({"y": CLOUD[:-1]}, "y of 303 points .* instead of y of 604"),
        ({"held_out": 0.3}, "held_out 0.25 instead of held_out 0.3"),
        ({"rng": 1}, "rng 0 instead of rng 1"),
        ({"matrix_rate": 0.01}, "matrix_rate 0.04 instead of matrix_rate 0.01"),
        ({"constraint": "orthogonal"}, "constraint lp .* instead of constraint orthogonal"),
        ({"network": lambda d: mlp(d, width=8, depth=2)}, "network .* instead of network"),
    ],
)
def test_a_fit_is_not_resumed_on_another_problem(tmp_path, change, message):
    options: dict[str, Any] = {
        "batch_size": 16,
        "test_points": 100,
        "checkpoint": tmp_path / "critic.pt",
    }
    arguments: dict[str, Any] = {"x": CLOUD, "y": CLOUD[::2] + 3.0, "constraint": "lp", "steps": 3}
    arguments |= {"device": "cpu", "network": lambda d: mlp(d, width=8)}
    otgan.estimate_w1(**arguments, options=otgan.FitOptions(**options))
    for name, value in change.items():
        (arguments if name in arguments else options)[name] = value
    with pytest.raises(otgan.errors.InvalidInputError, match=f"the same problem.*{message}"):
        otgan.estimate_w1(**arguments, options=otgan.FitOptions(**options))


def test_a_fit_on_samplers_is_not_resumed_on_others(tmp_path):
    options: dict[str, Any] = {
        "batch_size": 16,
        "test_points": 100,
        "checkpoint": tmp_path / "critic.pt",
    }
    call: dict[str, Any] = {"steps": 3, "device": "cpu", "network": lambda d: mlp(d, width=8)}
    call["options"] = otgan.FitOptions(**options)
    pair = otgan.datasets.shifted([1.0, 0.0]), otgan.datasets.shifted([50.0, 0.0])
    otgan.estimate_w1(pair[0].x, pair[0].y, "lp", **call)
    otgan.estimate_w1(pair[0].x, pair[0].y, "lp", **call)
    with pytest.raises(otgan.errors.InvalidInputError, match="y of a sampler"):
        otgan.estimate_w1(pair[0].x, pair[1].y, "lp", **call)
