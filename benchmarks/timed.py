"""Training for a given time of the processor, and what a step costs."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.rows import Row
from otgan import GANConfig, TrainResult, train_gan

TRIED_STEPS = 12
"""Generator steps of the run that measures what one costs."""


def timed_training(data: Any, config: GANConfig, **given: Any) -> tuple[TrainResult, float]:
    """The result, and processor seconds of a generator step with its critic steps: the median."""
    times = [time.process_time()]
    result = train_gan(data, config, progress=lambda *_: times.append(time.process_time()), **given)
    return result, statistics.median(np.diff(times))


def steps_within(
    seconds: float, data: Any, config: GANConfig, *, earlier: Sequence[Row] = (), **given: Any
) -> int:
    """Generator steps that fit the time: those of earlier rows, else by the cost of a few."""
    if earlier:
        return int(earlier[0]["steps"])
    few = replace(config, steps=TRIED_STEPS, monitor_every=TRIED_STEPS)
    return max(TRIED_STEPS, int(seconds / timed_training(data, few, **given)[1]))
