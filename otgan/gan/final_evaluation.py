"""The final evaluation of a generator: how it is made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from otgan.datasets import Sample
from otgan.divergences.memorization import MemorizationTest, memorization_test
from otgan.estimates import standard_error_of_mean
from otgan.gan.divergence import refuse_broken_points
from otgan.gan.evaluation import DistanceInSpace, Evaluation
from otgan.gan.measuring.comparison import Compared, RealSamples
from otgan.gan.measuring.feature_scores import FeatureScores
from otgan.gan.measuring.spaces import Space, power_spectra
from otgan.gan.measuring.two_sample import MOST_POINTS, RealDataTest, real_data_test
from otgan.gan.monitor import Monitor
from otgan.measures import FloatArray

__all__ = ["evaluate", "tell_apart"]

DRAWS = 8


def evaluate(
    monitor: Monitor, generator: nn.Module, *, points: int, draws: int = DRAWS
) -> Evaluation:
    """Compare a generator, from new latents, with new draws of real points.

    Every draw compares two real and two generated samples: six linear programs in each space. At
    1,000 points a draw takes about half a second in the plane, four seconds for images of 28 x 28.
    """
    compared, floors, generated = [], [], []
    for draw in range(draws):
        real, other = monitor.data.held_out_pair(points, monitor.streams.numpy(draw, "evaluation"))
        fake, second = (
            _generated(monitor, generator, len(real), 2 * draw + i, "evaluation latents")
            for i in range(2)
        )
        samples = RealSamples(monitor.spaces, real, [other])
        compared.append(samples.compare(fake, second))
        floors.append(samples.floor_scores)
        generated += [fake, second]
    return Evaluation(
        points=len(generated[0]),
        draws=draws,
        spaces={space.name: _distance(compared, space.name) for space in monitor.spaces},
        scored_in=monitor.spaces[-1].name,
        scores=FeatureScores.mean([found.scores for found in compared]),
        floor_scores=FeatureScores.mean(floors),
        test=_test(monitor, generator, points),
        memorization=_memorization(monitor, generated[0]),
        mode_coverage=monitor.coverage(np.concatenate(generated)),
    )


def _distance(compared: Sequence[Compared], space: str) -> DistanceInSpace:
    fours = [found.distances[space] for found in compared]
    between, floors, debiased, within = (
        [getattr(four, name) for four in fours]
        for name in ("between", "within_x", "value", "within_y")
    )
    return DistanceInSpace(
        w1=float(np.mean(between)),
        w1_se=standard_error_of_mean(between),
        floor=float(np.mean(floors)),
        floor_se=standard_error_of_mean(floors),
        debiased=float(np.mean(debiased)),
        debiased_se=standard_error_of_mean(debiased),
        within=float(np.mean(within)),
    )


def _test(monitor: Monitor, generator: nn.Module, points: int) -> RealDataTest:
    """All held-out points, as far as asked for, against as many generated ones."""
    real = np.concatenate(monitor.data.held_out_pair(points, monitor.streams.numpy(0, "test")))
    real = real[: min(points, MOST_POINTS)]
    return tell_apart(monitor, real, _generated(monitor, generator, len(real), 0, "test latents"))


def _generated(
    monitor: Monitor, generator: nn.Module, n: int, draw: int, purpose: str
) -> FloatArray:
    """Generated points, of latents that no measurement has seen: a broken one may be among them."""
    points = monitor.generate(generator, n, draw, purpose)
    refuse_broken_points(torch.from_numpy(points), None)
    return points


def tell_apart(monitor: Monitor, real: FloatArray, fake: FloatArray) -> RealDataTest:
    """Test whether points, shape (m, d), are distributed as held-out ones, shape (n, d).

    Bins are those of training points: their classes, where these are known. Patches are left out,
    as their places depend on rows; for images there are power spectra instead.
    """
    spaces = monitor.spaces
    if len(monitor.data.shape) == 3:
        shape, unit = monitor.data.shape, 2 * monitor.data.scale
        spectra = Space("spectra", lambda points: power_spectra(points, shape, unit))
        spaces = (spectra, *spaces[1:])
    of_real, of_fake = (
        {space.name: space.of(points) for space in spaces} for points in (real, fake)
    )
    return real_data_test(of_real, of_fake, monitor.bins, rng=monitor.config.rng)


def _memorization(monitor: Monitor, fake: FloatArray) -> MemorizationTest | None:
    if not isinstance(monitor.data.train, Sample):
        return None
    space = monitor.spaces[-1].of
    held_out = monitor.data.held_out(len(fake), monitor.streams.numpy(0, "memorization"))
    return memorization_test(space(monitor.data.train.points), space(held_out), space(fake))
