"""``otgan train``, ``resume`` and ``demo``: training runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import otgan
from otgan.cli.checks import (
    check_folder,
    check_numbers,
    check_run,
    check_training,
    errors_name_flags,
)
from otgan.cli.parser import add_n_jobs
from otgan.cli.reading_options import add_reading, reading_of
from otgan.cli.runs import add_run, report_run
from otgan.cli.terminal import complain
from otgan.errors import InvalidInputError, require
from otgan.launch import launch

if TYPE_CHECKING:
    from otgan.cli.parser import Commands
    from otgan.gan.config import GANConfig
    from otgan.gan.trainer import TrainResult

__all__ = ["CHOICES", "INTERRUPTED", "add_demo", "add_resume", "add_train"]

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

SIZES = {
    "steps": "steps of the generator",
    "batch-size": "points in a batch",
    "n-critic": "steps of the critic for each step of the generator",
    "latent-dim": "dimension of the noise that the generator takes",
    "width": "units in each hidden layer, or channels of a convolutional network",
    "depth": "hidden layers of an mlp",
    "critic-width": "of the critic, if it is of another width than the generator",
    "critic-depth": "of the critic, if it is of another depth than the generator",
    "pack": "points that the critic judges together",
    "monitor-every": "steps between two measurements",
    "monitor-points": "points in each measurement",
    "evaluation-points": "points in the final evaluation",
}
"""Flags of `otgan train` that take a whole number."""

OPTIMIZERS = ("adam", "rmsprop", "sgd")
CHOICES = {
    "preset": ("wgan", "wgan-gp", "wgan-lp", "sn", "wgan-div", "gan", "dcgan", "r3gan", "toy"),
    "objective": (
        *("wasserstein", "minimax", "non-saturating", "least-squares", "hinge", "relativistic"),
        *("semi-supervised", "exact"),
    ),
    "constraint": (
        *("auto", "clip", "gp", "lp", "spectral", "div", "orthogonal", "cones", "distilled"),
        *("zero-centered", "none"),
    ),
    "network": ("auto", "mlp", "fourier", "dcgan", "resnet"),
    "critic-norm": ("layer", "instance", "spectral", "batch", "none"),
    "generator-norm": ("auto", "batch", "none"),
    "latent": ("gaussian", "uniform"),
    "generator-optimizer": OPTIMIZERS,
    "critic-optimizer": OPTIMIZERS,
    "schedule": ("constant", "linear", "cosine", "cosine-cubed"),
    "features": ("auto", "classifier", "autoencoder", "none"),
    "precision": ("float32", "bfloat16", "float16"),
    "device": ("auto", "cpu", "cuda"),
    "stabilizers": (
        *("feature-matching", "minibatch-discrimination", "historical-averaging"),
        *("label-smoothing", "virtual-batch-norm", "instance-noise", "none"),
    ),
}
"""Flags of `otgan train` that take a name, and the names."""

ABOUT = {
    "preset": "settings of a paper, or toy for a good result in the plane in two minutes: {}",
    "generator-optimizer": "{} (default: the constraint's)",
    "critic-optimizer": "{} (default: the constraint's)",
    "schedule": "of the learning rate: {}",
    "features": "what samples are compared in: {}",
    "precision": "of products: {}",
    "device": "{}, or another of torch (default auto)",
    "stabilizers": "one or several of {}",
}
"""What the help of some of them says beside the names."""

NUMBERS = {
    "learning-rate": "of both networks",
    "critic-learning-rate": "of the critic alone",
    "average": "decay of the averaged weights",
    "clip-grad-norm": "largest norm of a network's gradient",
}
"""Flags of `otgan train` that take a number."""


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
    _add_overwrite(train)
    for name in CHOICES:
        several: Any = {"nargs": "+"} if name == "stabilizers" else {}
        train.add_argument(f"--{name}", metavar="NAME", help=_names_help(name), **several)
    for name, what in SIZES.items():
        train.add_argument(f"--{name}", type=int, metavar="N", help=what)
    train.add_argument("--rng", type=int, metavar="N", help="seed of the run")
    for name, what in NUMBERS.items():
        train.add_argument(f"--{name}", type=float, metavar="X", help=what)
    train.add_argument(
        "--critic-warmup",
        action="store_const",
        const=True,
        help="a hundred critic steps before each of the first 25 steps and every 500th",
    )
    train.add_argument(
        "--capture",
        action="store_const",
        const=True,
        help="compute gradients by CUDA graphs, on a GPU",
    )
    train.add_argument(
        "--flips", action="store_true", help="mirror training pictures left to right at random"
    )
    train.add_argument(
        "--tensorboard",
        action="store_true",
        help="also write the measurements for TensorBoard, into FOLDER/tensorboard",
    )
    add_reading(train)
    _add_progress(train)
    add_n_jobs(train)
    train.set_defaults(run=_train)


def _names_help(flag: str) -> str:
    """The names that a flag takes, in words."""
    *most, last = CHOICES[flag]
    return ABOUT.get(flag, "{}").format(f"{', '.join(most)} or {last}")


def _train(options: argparse.Namespace) -> int:
    from otgan.datasets import DATASETS, load

    if options.data not in DATASETS and not Path(options.data).exists():
        load(options.data)  # raises, and names the nearest data set
    check_numbers(options)
    out = Path(options.out or f"runs/{Path(options.data).stem}")
    if launch().rank == 0:  # of several processes, only the first writes
        _check_free(out, options)
    check_training()
    if options.tensorboard:
        require("tensorboard", extra="tensorboard", purpose="writing events for TensorBoard")
    from otgan.gan.config import GANConfig  # neither imports torch, which takes seconds
    from otgan.gan.data import as_training_data

    flags = [*GANConfig.__dataclass_fields__, "preset"]
    with errors_name_flags(flags):
        config = _config(options)
    # Wrong data are refused before anything else.
    source = as_training_data(options.data, config.rng, flips=options.flips, **reading_of(options))
    written: dict[str, Any] = {"overwrite": options.overwrite, "tensorboard": options.tensorboard}

    def train() -> TrainResult:
        with errors_name_flags(flags):
            return otgan.train_gan(source, config, out=out, progress=options.progress, **written)

    return _run(train, out, options)


def _config(options: argparse.Namespace) -> GANConfig:
    """The settings that the flags name, on those of a preset if there is one."""
    from otgan.gan.config import GANConfig

    names = GANConfig.__dataclass_fields__
    chosen = {n: value for n, value in vars(options).items() if n in names and value is not None}
    for name in ("constraint", "critic_norm", "generator_norm", "features"):
        if chosen.get(name) == "none":
            chosen[name] = None
    if "stabilizers" in chosen:
        chosen["stabilizers"] = tuple(name for name in chosen["stabilizers"] if name != "none")
    config: GANConfig
    if options.preset is None:
        config = GANConfig(**chosen)
    else:
        config = GANConfig.preset(options.preset, **chosen)
    return config


def add_resume(commands: Commands) -> None:
    """Add the command ``otgan resume``."""
    resume = commands.add_parser(
        "resume",
        help="continue a run that was stopped",
        description="Continues a run from its last checkpoint, with its settings; what is passed "
        "here replaces them for the rest of the run.",
    )
    add_run(resume)
    resume.add_argument(
        "--steps", type=int, metavar="N", help="total number of generator steps, earlier ones too"
    )
    resume.add_argument(
        "--monitor-every", type=int, metavar="N", help="steps between two measurements"
    )
    for name in ("learning-rate", "critic-learning-rate"):
        resume.add_argument(f"--{name}", type=float, metavar="X", help=NUMBERS[name])
    for name in ("schedule", "device"):
        resume.add_argument(f"--{name}", metavar="NAME", help=_names_help(name))
    _add_progress(resume)
    add_n_jobs(resume)
    resume.set_defaults(run=_resume)


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
        "--out", default="runs/demo", metavar="FOLDER", help="of the run (default %(default)s)"
    )
    _add_overwrite(demo)
    demo.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> int:
    out = Path(options.out)
    _check_free(out, options)
    check_training()
    from otgan.critics.constraints import GradientPenalty
    from otgan.gan.config import GANConfig

    options.n_jobs = 1
    # A WGAN with the networks of the preset, whose critic estimates W1 itself.
    config: GANConfig = GANConfig.preset(
        "toy",
        objective="wasserstein",
        constraint=GradientPenalty(weight=0.1, one_sided=True),
        learning_rate=1.5e-3,
        steps=10_000,
        monitor_every=200,
    )
    again = options.overwrite
    return _run(
        lambda: otgan.train_gan("ring8", config, out=out, overwrite=again, progress=True),
        out,
        options,
    )


def _run(train: Callable[[], TrainResult], out: Path, options: argparse.Namespace) -> int:
    import torch

    torch.set_num_threads(options.n_jobs)
    try:
        train()
    except KeyboardInterrupt as stop:
        if launch().rank == 0:
            complain(str(stop) or "interrupted")
        return INTERRUPTED
    if launch().rank == 0:
        report_run(out)
    return 0


def _add_overwrite(command: argparse.ArgumentParser) -> None:
    command.add_argument("--overwrite", action="store_true", help="replace an earlier run there")


def _check_free(out: Path, options: argparse.Namespace) -> None:
    """Raise on a folder that cannot be written, or that holds an earlier run."""
    check_folder(out)
    if (out / "checkpoint.pt").exists() and not options.overwrite:
        raise InvalidInputError(
            f"the run's folder must be free, got {out} with an earlier run in it; to fix it, "
            f"continue that run with `otgan resume {out}`, or pass --overwrite or another --out"
        )


def _add_progress(command: argparse.ArgumentParser) -> None:
    """The flags of `add_progress`; a bar is the default, as training takes minutes."""
    command.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="a progress bar on stderr (default: yes)",
    )
