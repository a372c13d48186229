"""``otgan train``, ``resume``, ``report`` and ``demo``: training runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import otgan
from otgan.cli.checks import (
    check_constraint,
    check_folder,
    check_numbers,
    check_run,
    check_training,
    errors_name_flags,
)
from otgan.cli.parser import Parser, add_n_jobs
from otgan.cli.reading_options import add_reading, reading_of
from otgan.cli.terminal import complain, say
from otgan.errors import InvalidInputError
from otgan.text import printable

if TYPE_CHECKING:
    from otgan.cli.parser import Commands
    from otgan.gan.config import GANConfig
    from otgan.gan.trainer import TrainResult

__all__ = ["INTERRUPTED", "add_demo", "add_report", "add_resume", "add_train"]

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

SIZES = {
    "steps": "steps of the generator",
    "batch-size": "points in a batch",
    "n-critic": "steps of the critic for each step of the generator",
    "latent-dim": "dimension of the noise that the generator takes",
    "width": "units in each hidden layer",
    "depth": "hidden layers",
    "monitor-every": "steps between two measurements",
    "monitor-points": "points in each measurement",
    "evaluation-points": "points in the final evaluation",
}
"""Flags of `otgan train` that take a whole number."""


def add_train(commands: Commands) -> None:
    """Add the command ``otgan train``."""
    train = commands.add_parser(
        "train",
        help="train a GAN, measured in exact distance",
        description="Train a GAN on ring8, grid25, swissroll, digits, stacked_digits, a file of "
        "points (.csv, .tsv, .npy, .npz, .parquet, .feather, IDX), or a folder of pictures. "
        "Settings that are left out are those of the papers.",
    )
    train.add_argument("data", help="name of a data set, a file or a folder")
    train.add_argument("--out", metavar="FOLDER", help="of the run (default runs/NAME)")
    train.add_argument("--overwrite", action="store_true", help="replace an earlier run there")
    train.add_argument(
        "--toy", action="store_true", help="settings for a good result in the plane in a minute"
    )
    train.add_argument(
        "--constraint",
        metavar="NAME",
        help="clip, gp, lp, spectral, div, orthogonal, cones, distilled or exact",
    )
    for name, what in SIZES.items():
        train.add_argument(f"--{name}", type=int, metavar="N", help=what)
    train.add_argument("--rng", type=int, metavar="N", help="seed of the run")
    train.add_argument("--learning-rate", type=float, metavar="X", help="of both networks")
    train.add_argument(
        "--generator-optimizer", metavar="NAME", help="adam or rmsprop (default: the constraint's)"
    )
    train.add_argument("--average", type=float, metavar="X", help="decay of the averaged weights")
    train.add_argument(
        "--decay",
        action="store_const",
        const=True,
        help="let the learning rate fall linearly to zero",
    )
    train.add_argument(
        "--flips", action="store_true", help="mirror training pictures left to right at random"
    )
    train.add_argument("--device", metavar="NAME", help="auto (default), cpu, cuda, ...")
    add_reading(train)
    _add_progress(train)
    add_n_jobs(train)
    train.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> int:
    from otgan.datasets import DATASETS, load

    if options.data not in DATASETS and not Path(options.data).exists():
        load(options.data)  # raises, and names the nearest data set
    check_numbers(options)
    out = Path(options.out or f"runs/{Path(options.data).stem}")
    check_folder(out)
    if (out / "checkpoint.pt").exists() and not options.overwrite:
        raise InvalidInputError(
            f"the run's folder must be free, got {out} with an earlier run in it; to fix it, "
            f"continue that run with `otgan resume {out}`, or pass --overwrite or another --out"
        )
    check_training()
    from otgan.gan.config import GANConfig  # neither imports torch, which takes seconds
    from otgan.gan.data import as_training_data

    names = GANConfig.__dataclass_fields__
    chosen = {n: value for n, value in vars(options).items() if n in names and value is not None}
    check_constraint(options.constraint)
    with errors_name_flags(names):
        config = GANConfig.toy(**chosen) if options.toy else GANConfig(**chosen)
    # Wrong data are refused before anything else.
    source = as_training_data(options.data, config.rng, flips=options.flips, **reading_of(options))
    return _run(
        lambda: otgan.train_gan(source, config, out=out, progress=options.progress), out, options
    )


def add_resume(commands: Commands) -> None:
    """Add the command ``otgan resume``."""
    resume = _add_on_run(
        commands,
        "resume",
        "continue a run that was stopped",
        "Continues a run from its last checkpoint, with its settings; what is passed here replaces "
        "them for the rest of the run.",
        _resume,
    )
    resume.add_argument(
        "--steps", type=int, metavar="N", help="total number of generator steps, earlier ones too"
    )
    resume.add_argument(
        "--monitor-every", type=int, metavar="N", help="steps between two measurements"
    )
    resume.add_argument("--learning-rate", type=float, metavar="X", help="of both networks")
    resume.add_argument(
        "--decay",
        action=argparse.BooleanOptionalAction,
        help="whether the learning rate falls to zero",
    )
    resume.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, ...")
    _add_progress(resume)
    add_n_jobs(resume)


def _resume(options: argparse.Namespace) -> int:
    from otgan.gan.config import CHANGEABLE_SETTINGS
    from otgan.gan.run_directory import RunDirectory

    folder = Path(options.folder)
    check_numbers(options)
    check_run(folder)
    check_training()
    RunDirectory(folder).settings()  # what is not a run is refused before torch is imported
    changes = {name: getattr(options, name) for name in CHANGEABLE_SETTINGS}

    def resume() -> TrainResult:
        with errors_name_flags(changes):
            return otgan.resume_gan(folder, **changes, progress=options.progress)

    return _run(resume, folder, options)


def add_demo(commands: Commands) -> None:
    """Add the command ``otgan demo``."""
    demo = commands.add_parser(
        "demo",
        help="train a GAN on the 8-Gaussian ring, and report",
        description="Trains a GAN on a ring of eight Gaussians in the plane for two minutes, "
        "measures it in exact distance, and writes the report.",
    )
    demo.add_argument(
        "--out", default="runs/ring8", metavar="FOLDER", help="of the run (default %(default)s)"
    )
    demo.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> int:
    out = Path(options.out)
    check_folder(out)
    check_training()
    from otgan.gan.config import GANConfig

    options.n_jobs = 1
    config: GANConfig = GANConfig.toy()
    return _run(lambda: otgan.train_gan("ring8", config, out=out, progress=True), out, options)


def _run(train: Callable[[], TrainResult], out: Path, options: argparse.Namespace) -> int:
    import torch

    torch.set_num_threads(options.n_jobs)
    try:
        train()
    except KeyboardInterrupt as stop:
        complain(str(stop) or "interrupted")
        return INTERRUPTED
    return _report(argparse.Namespace(folder=str(out)))


def add_report(commands: Commands) -> None:
    """Add the command ``otgan report``."""
    _add_on_run(
        commands,
        "report",
        "write a run's report.html",
        "Prints the outcome of a run, and writes its report.html with figures into its folder.",
        _report,
    )


def _report(options: argparse.Namespace) -> int:
    check_run(Path(options.folder))
    check_training()
    from otgan.gan.report import summary_table, write_report

    page = write_report(options.folder)
    say(summary_table(options.folder))
    say(f"\nreport: {printable(str(page))}")
    return 0


def _add_progress(command: argparse.ArgumentParser) -> None:
    """The flags of `add_progress`; a bar is the default, as training takes minutes."""
    command.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="a progress bar on stderr (default: yes)",
    )


def _add_on_run(
    commands: Commands,
    name: str,
    purpose: str,
    description: str,
    run: Callable[[argparse.Namespace], int],
) -> Parser:
    command = commands.add_parser(name, help=purpose, description=description)
    command.add_argument("folder", help="the run's folder, as given to --out")
    command.set_defaults(run=run)
    return command
