"""Mode collapse and its cures: which of them help, measured, and one ring that collapses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from otgan.datasets import ring8
from otgan.errors import InvalidInputError, nearest_name
from otgan.lessons.mode_collapse_and_its_cures.records import (
    ModeCollapse,
    Training,
    experiments,
)
from otgan.lessons.parameters import checks_parameters
from otgan.progress import Progress, as_progress, reporting

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CURES", "RING", "run"]

RING = ring8(radius=1.0, std=0.05)
"""Wider modes than in the benchmarks, so that a short training can reach them."""

POINTS, MEASUREMENTS = 150, 20
STEPS, QUICK_STEPS = 3000, 1000
LEARNING_RATE = 1e-3

CURES: Mapping[str, Mapping[str, Any]] = {
    "wasserstein": {"objective": "wasserstein", "constraint": "lp"},
    "relativistic": {"objective": "relativistic"},
    "feature-matching": {"stabilizers": ("feature-matching",)},
    "minibatch-discrimination": {"stabilizers": ("minibatch-discrimination",)},
    "historical-averaging": {"stabilizers": ("historical-averaging",)},
    "label-smoothing": {"stabilizers": ("label-smoothing",)},
    "virtual-batch-norm": {"stabilizers": ("virtual-batch-norm",), "generator_norm": "batch"},
    "batch-norm": {"generator_norm": "batch"},
    "instance-noise": {"stabilizers": ("instance-noise",)},
}
"""What is changed in a non-saturating GAN without a penalty or a norm."""


@checks_parameters
def run(
    *,
    cure: str = "wasserstein",
    steps: int | None = None,
    quick: bool = False,
    rng: int = 0,
    progress: Progress = False,
) -> ModeCollapse:
    """Read what has been measured of cures, and train one ring with and without one of them.

    Parameters
    ----------
    cure : str
        What the second training has and the first one lacks: wasserstein, relativistic,
        feature-matching, minibatch-discrimination, historical-averaging, label-smoothing,
        virtual-batch-norm, batch-norm or instance-noise.
    steps : int, optional
        Generator steps of each training, at least 20: 3,000, or 1,000 if quick.
    quick : bool
        Short trainings: some seconds.
    rng : int
        The seed of everything random.
    progress : bool or callable(done, total, message)
        In generator steps.

    Returns
    -------
    ModeCollapse

    Raises
    ------
    InvalidInputError
        A cure of another name, or too few steps.

    References
    ----------
    Salimans et al., Improved techniques for training GANs (NeurIPS 2016), for most of the cures;
    Srivastava et al., VEEGAN: reducing mode collapse in GANs using implicit variational learning
    (NeurIPS 2017), for the ring and what counts as a mode.

    Examples
    --------
    >>> numbers = run(quick=True)  # doctest: +SKIP
    >>> [training.name for training in numbers.trainings]  # doctest: +SKIP
    ['none', 'wasserstein']
    >>> none, wasserstein = (t.modes[-1] for t in numbers.trainings)  # doctest: +SKIP
    >>> bool(none < wasserstein)  # doctest: +SKIP
    True
    """
    if cure not in CURES:
        raise InvalidInputError(
            f"cure must be one of {', '.join(CURES)}, got {cure!r}; to fix it, "
            f"{nearest_name(cure, CURES)}"
        )
    wanted = (QUICK_STEPS if quick else STEPS) if steps is None else steps
    if wanted < MEASUREMENTS:
        raise InvalidInputError(
            f"steps must be at least {MEASUREMENTS}, got {wanted!r}; to fix it, train longer"
        )
    settings: dict[str, Mapping[str, Any]] = {"none": {}, cure: CURES[cure]}
    trainings = []
    with reporting(as_progress(progress), len(settings) * wanted, "steps") as report:
        for before, (name, changes) in enumerate(settings.items()):

            def tell(
                done: int, _: Any, __: Any, start: int = before * wanted, of: str = name
            ) -> None:
                report(start + done, of)

            trainings.append(_train(name, changes, wanted, rng, tell))
    real = RING.sample(2 * POINTS, np.random.default_rng(rng))
    return ModeCollapse(experiments(), real, tuple(trainings))


def _train(
    name: str, changes: Mapping[str, Any], steps: int, rng: int, tell: Callable[..., None]
) -> Training:
    """Train one generator, and read what it gave at each measurement from its run directory."""
    from otgan.gan import GANConfig, train_gan
    from otgan.gan.optimizers import Adam
    from otgan.gan.run_directory import RunDirectory

    adam = Adam(learning_rate=LEARNING_RATE, betas=(0.5, 0.9))
    config = GANConfig(
        **{"objective": "non-saturating", "constraint": None, "generator_norm": None, **changes},
        steps=steps,
        batch_size=64,
        n_critic=1,
        width=64,
        latent_dim=8,
        average=0.0,
        generator_optimizer=adam,
        critic_optimizer=adam,
        monitor_every=steps // MEASUREMENTS,
        monitor_points=POINTS,
        evaluation_points=POINTS,
        features=None,
        rng=rng,
        device="cpu",
    )
    with TemporaryDirectory(prefix="otgan-") as folder:
        path = Path(folder) / "run"
        records = train_gan(RING, config, out=path, progress=tell).records
        snapshots = RunDirectory.at(path).snapshots()
    return Training(
        name=name,
        steps=np.array([record.step for record in records]),
        modes=np.array([record.modes for record in records]),
        debiased_w1=np.array([record.debiased_w1 for record in records]),
        debiased_w1_se=np.array([record.debiased_w1_se for record in records]),
        points=np.array([arrays["generated"] for _, arrays in snapshots]),
    )
