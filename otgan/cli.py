"""The command line: ``otgan emd``, ``compare``, ``audit``, ``train``, ``report`` and so on."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import otgan
from otgan.errors import InvalidInputError, MissingExtraError, OtganError, require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from otgan.gan.config import TrainConfig
    from otgan.gan.trainer import TrainResult
    from otgan.transport.multiscale import Progress

__all__ = ["main"]

WRONG_INPUT, FAILED, INTERRUPTED, UNREAD = 2, 1, 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        Exit code: 0, 2 for wrong input, 1 for a computation that failed, 130 after Ctrl-C, 141
        where nobody reads on, as in ``otgan ... | head -1``.

    Examples
    --------
    >>> main(["emd", "no-such-file.csv", "b.csv"])
    2
    """
    try:
        try:
            return _run_command(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer must go somewhere, or Python complains when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD


def _run_command(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (InvalidInputError, MissingExtraError) as error:
        print(f"otgan: {error}", file=sys.stderr)
        return WRONG_INPUT
    except OtganError as error:
        print(f"otgan: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("otgan: interrupted", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="otgan", description="Optimal transport, and the GANs built on it, with certificates."
    )
    parser.add_argument("--version", action="version", version=f"otgan {otgan.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_emd(commands)
    _add_compare(commands)
    _add_audit(commands)
    _add_train(commands)
    _add_on_run(commands, "resume", "continue a run that was stopped", _resume)
    _add_on_run(commands, "report", "write a run's report.html", _report)
    lesson = commands.add_parser("lesson", help="work through an example of duality")
    lesson.add_argument("name", nargs="?", help="which lesson; without a name, list them")
    lesson.add_argument("--draw", metavar="FILE", help="also save its picture, e.g. lesson.png")
    lesson.set_defaults(run=_lesson)
    demo = commands.add_parser("demo", help="train a WGAN on the 8-Gaussian ring, and report")
    demo.add_argument("--out", default="runs/ring8", help="the run's folder (default %(default)s)")
    demo.set_defaults(run=_demo)
    return parser


def _add_emd(commands: Any) -> None:
    emd = commands.add_parser("emd", help="exact distance between two files of points")
    emd.add_argument("a", help=".npy or .csv file, one point a row")
    emd.add_argument("b", help="the other file")
    emd.add_argument("--p", type=float, default=1.0, help="order (default 1)")
    emd.add_argument(
        "--metric",
        default="euclidean",
        help="euclidean (default), sqeuclidean, cityblock, chebyshev or cosine",
    )
    emd.add_argument(
        "--weights", nargs=2, metavar=("A", "B"), help="files with a weight for each point"
    )
    emd.add_argument(
        "--rtol",
        type=float,
        default=0.0,
        metavar="X",
        help="stop once the gap is below this share of the cost (default 0: exact)",
    )
    emd.add_argument("--json", action="store_true", help="print JSON, for programs")
    _add_progress(emd)
    emd.set_defaults(run=_emd)


def _add_compare(commands: Any) -> None:
    compare = commands.add_parser(
        "compare",
        help="everything that fits two files of points, with intervals and a test",
        description="Distances, divergences and a test between two samples, each with its interval "
        "for the laws, and what it sees and misses.",
    )
    compare.add_argument("a", help=".npy or .csv file, one point a row")
    compare.add_argument("b", help="the other file")
    compare.add_argument(
        "--confidence", type=float, default=0.95, metavar="X", help="of the intervals (default .95)"
    )
    compare.add_argument(
        "--ties",
        default="auto",
        metavar="WORD",
        help="what KL and JS do about equal points: auto (default: count values that repeat "
        "often), raise, drop, jitter or discrete",
    )
    compare.add_argument(
        "--seconds",
        type=float,
        default=10.0,
        metavar="X",
        help="leave out a quantity that is expected to take longer (default 10)",
    )
    compare.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is random")
    compare.add_argument("--plot", metavar="FILE", help="also save a picture, e.g. compare.png")
    compare.add_argument("--json", action="store_true", help="print JSON, for programs")
    _add_progress(compare)
    compare.set_defaults(run=_compare)


def _add_audit(commands: Any) -> None:
    audit = commands.add_parser(
        "audit",
        help="hold a critic against the exact distance of two files of points",
        description="Says what a critic's number is worth, against the exact W1 of the points. "
        "Use points that it was not trained on.",
    )
    audit.add_argument(
        "critic",
        help="the state dict of linear layers in sequence; with --trust also TorchScript, an "
        "exported program or a whole module",
    )
    audit.add_argument("a", help=".npy or .csv file, one point a row: where the critic is high")
    audit.add_argument("b", help="the other file")
    audit.add_argument(
        "--activation",
        default="relu",
        help="between the layers of a state dict: relu (default), leaky_relu, tanh or groupsort",
    )
    audit.add_argument(
        "--trust",
        action="store_true",
        help="open files that may run code while they are loaded; only for authors you know",
    )
    audit.add_argument("--reported", type=float, metavar="X", help="what was printed as W1")
    audit.add_argument(
        "--penalty-weight", type=float, metavar="X", help="weight of the gradient penalty"
    )
    audit.add_argument("--batch-size", type=int, metavar="N", help="points in a training batch")
    audit.add_argument("--seed", type=int, default=0, metavar="N", help="of the points looked at")
    audit.add_argument("--plot", metavar="FILE", help="also save a picture, e.g. audit.png")
    audit.add_argument("--json", action="store_true", help="print JSON, for programs")
    _add_threads(audit)
    audit.set_defaults(run=_audit)


def _add_train(commands: Any) -> None:
    train = commands.add_parser(
        "train",
        help="train a WGAN, measured in exact distance",
        description="Train a WGAN on ring8, grid25, swissroll, digits, a .npy or .csv file, an "
        "IDX file, or a folder of pictures. Settings left out are those of the papers.",
    )
    train.add_argument("data", help="a data set's name, a file or a folder")
    train.add_argument("--out", help="the run's folder (default runs/NAME)")
    train.add_argument("--overwrite", action="store_true", help="replace an earlier run there")
    train.add_argument(
        "--toy", action="store_true", help="settings for a good result in the plane in a minute"
    )
    train.add_argument(
        "--constraint", help="clip, gp, lp, spectral, div, orthogonal, cones, distilled or exact"
    )
    for name in ("steps", "batch-size", "n-critic", "latent-dim", "width", "depth"):
        train.add_argument(f"--{name}", type=int, metavar="N")
    for name in ("monitor-every", "monitor-points", "evaluation-points", "seed"):
        train.add_argument(f"--{name}", type=int, metavar="N")
    train.add_argument("--learning-rate", type=float, metavar="X")
    train.add_argument("--average", type=float, metavar="X", help="decay of the averaged weights")
    train.add_argument("--decay", action="store_const", const=True, help="let the step decay")
    train.add_argument("--device", help="auto (default), cpu, cuda, ...")
    _add_threads(train)
    train.set_defaults(run=_train)


def _add_on_run(
    commands: Any, name: str, purpose: str, run: Callable[[argparse.Namespace], int]
) -> None:
    command = commands.add_parser(name, help=purpose)
    command.add_argument("folder", help="the run's folder, as given to --out")
    _add_threads(command)
    command.set_defaults(run=run)


def _add_progress(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="a progress bar on stderr (default: if that is a terminal)",
    )


def _add_threads(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--threads", type=int, default=1, help="CPU threads; one is fastest for small networks"
    )


def _emd(options: argparse.Namespace) -> int:
    from otgan.datasets import common_columns, load_points

    x, y = load_points(options.a), load_points(options.b)
    common_columns(options.a, options.b)
    a, b = (_weights(path) for path in options.weights or (None, None))
    started = time.perf_counter()
    with _bar(options.progress, _tell_of_emd) as tell:
        result = otgan.emd(
            x, y, a, b, p=options.p, metric=options.metric, rtol=options.rtol, progress=tell
        )
    seconds = time.perf_counter() - started
    if options.json:
        fields = ("distance", "cost", "lower", "upper", "gap", "p", "solver")
        values = {name: getattr(result, name) for name in fields}
        values |= {"n": len(x), "m": len(y), "metric": options.metric, "stats": {**result.stats}}
        print(json.dumps(values))
        return 0
    print(f"distance  {result.distance:.10g}   (W{options.p:g}, {options.metric})")
    print(f"cost      {result.cost:.10g}   certified within [{result.lower:.17g},")
    print(f"          {result.upper:.17g}], a gap of {result.gap:.2g}")
    print(f"points    {len(x)} and {len(y)} in {x.shape[1]} dimensions")
    print(f"solver    {result.solver}, {seconds:.3g} s")
    return 0


@contextmanager
def _bar(wanted: bool | None, tell: Callable[..., None]) -> Iterator[Callable[..., None] | None]:
    """What to tell of work that goes on: a bar on stderr, gone when it ends; None for no bar."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield None
        return
    from tqdm import tqdm

    layout = "{desc} |{bar:20}| {elapsed}{postfix}"
    with tqdm(desc="otgan", leave=False, bar_format=layout) as bar:
        yield partial(tell, bar)


def _tell_of_emd(bar: Any, step: Progress) -> None:
    share = max(step.gap, 0.0) / abs(step.cost) if step.cost else 0.0
    bar.total, bar.n = step.levels, step.level - 1
    bar.set_description_str(f"level {step.level} of {step.levels}", refresh=False)
    bar.set_postfix_str(f"round {step.round}, {step.arcs:,} arcs, gap {share:.1e} of cost")


def _tell_of_compare(bar: Any, name: str, done: int, total: int) -> None:
    bar.total, bar.n = total, done
    bar.set_description_str(name)


def _weights(path: str | None) -> Any:
    from otgan.datasets import load_points

    if path is None:
        return None
    column = load_points(path)
    if column.shape[1] != 1:
        raise InvalidInputError(
            f"{path} must hold one weight a row, got {column.shape[1]} columns; to fix it, keep "
            "one column"
        )
    return column[:, 0]


def _compare(options: argparse.Namespace) -> int:
    from otgan.datasets import common_columns, load_points

    x, y = load_points(options.a), load_points(options.b)
    names = common_columns(options.a, options.b)
    with _bar(options.progress, _tell_of_compare) as tell:
        comparison = otgan.compare(
            x,
            y,
            confidence=options.confidence,
            rng=options.seed,
            ties=options.ties,
            seconds=options.seconds,
            progress=tell,
        )
    picture = None
    if options.plot:
        from otgan.compare_plot import two_samples

        picture = _save(two_samples(comparison, names=names), options.plot)
    if options.json:
        print(json.dumps(comparison.numbers()))
        return 0
    print(comparison.report())
    if picture is not None:
        print(f"\npicture: {picture}")
    return 0


def _save(figure: Figure, path: str) -> Path:
    """Write a picture, in a new folder if need be."""
    from otgan.plot import save

    try:
        return save(figure, path)
    except OSError as reason:
        raise InvalidInputError(
            f"a picture's file must be one that can be written, got {path!r} ({reason.strerror}); "
            "to fix it, name another folder"
        ) from None


def _audit(options: argparse.Namespace) -> int:
    require("torch", extra="torch", purpose="auditing a critic")
    import torch

    from otgan.critics.saved import load_critic
    from otgan.datasets import common_columns

    torch.set_num_threads(options.threads)
    critic = load_critic(options.critic, activation=options.activation, trust=options.trust)
    x, y = _shaped_points(options.a), _shaped_points(options.b)
    common_columns(options.a, options.b)
    audit = otgan.audit_critic(
        critic,
        x,
        y,
        reported=options.reported,
        penalty_weight=options.penalty_weight,
        batch_size=options.batch_size,
        seed=options.seed,
    )
    picture = None
    if options.plot:
        from otgan.audit_plot import critic_audit

        picture = _save(critic_audit(audit), options.plot)
    if options.json:
        print(json.dumps(audit.numbers()))
        return 0
    print(audit)
    if picture is not None:
        print(f"\npicture: {picture}")
    return 0


def _shaped_points(path: str) -> Any:
    """Points in the shape that they have in the file: a critic of images wants images."""
    import numpy as np

    from otgan.datasets import load_points

    points = load_points(path)
    shape = np.load(path, mmap_mode="r").shape if path.endswith(".npy") else points.shape
    return points.reshape(shape) if len(shape) > 2 else points


def _train(options: argparse.Namespace) -> int:
    from otgan.gan.config import TrainConfig
    from otgan.gan.source import as_source

    names = TrainConfig.__dataclass_fields__
    chosen = {n: getattr(options, n) for n in names if getattr(options, n) is not None}
    config = TrainConfig.toy(**chosen) if options.toy else TrainConfig(**chosen)
    source = as_source(options.data, config.seed)  # wrong data are refused before anything else
    out = Path(options.out or f"runs/{Path(options.data).stem}")
    if (out / "checkpoint.pt").exists() and not options.overwrite:
        raise InvalidInputError(
            f"the run's folder must be free, got {out} with an earlier run in it; to fix it, "
            f"continue that run with `otgan resume {out}`, or pass --overwrite or another --out"
        )
    return _run(lambda: otgan.train_wgan(source, config, out=out, progress=True), out, options)


def _resume(options: argparse.Namespace) -> int:
    folder = Path(options.folder)
    return _run(lambda: otgan.resume_wgan(folder, progress=True), folder, options)


def _demo(options: argparse.Namespace) -> int:
    from otgan.gan.config import TrainConfig

    out = Path(options.out)
    options.threads = 1
    config: TrainConfig = TrainConfig.toy()
    return _run(lambda: otgan.train_wgan("ring8", config, out=out, progress=True), out, options)


def _run(train: Callable[[], TrainResult], out: Path, options: argparse.Namespace) -> int:
    require("torch", extra="torch", purpose="training a GAN")
    import torch

    torch.set_num_threads(options.threads)
    try:
        train()
    except KeyboardInterrupt:
        print(f"\notgan: stopped; to go on, run: otgan resume {out}", file=sys.stderr)
        return INTERRUPTED
    return _report(argparse.Namespace(folder=str(out)))


def _report(options: argparse.Namespace) -> int:
    from otgan.report import summary_table, write_report

    page = write_report(options.folder)
    print(summary_table(options.folder))
    print(f"\nreport: {page}")
    return 0


def _lesson(options: argparse.Namespace) -> int:
    from otgan import lessons

    if options.name is None:
        print("lessons: " + ", ".join(lessons.LESSONS))
        return 0
    lesson = lessons.load(options.name)
    numbers = lesson.run()
    picture = None
    if options.draw:
        picture = _save(lesson.draw(numbers), options.draw)
    print(lesson.explain(numbers))
    if picture is not None:
        print(f"\npicture: {picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
