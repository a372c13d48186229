"""The command line: ``otgan emd``, ``compare``, ``audit``, ``train``, ``report`` and so on."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import otgan
from otgan.cli.reading_options import FILES, add_reading, load_weights, notes_on, reading_of
from otgan.errors import (
    InputWarning,
    InvalidInputError,
    MissingExtraError,
    OtganError,
    OutputError,
    require,
)
from otgan.text import encodable, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from otgan.datasets import Table
    from otgan.gan.config import GANConfig
    from otgan.gan.trainer import TrainResult
    from otgan.transport.network_simplex.multiscale import Progress

__all__ = ["main"]

WRONG_INPUT, FAILED, INTERRUPTED, UNREAD = 2, 1, 130, 141

CHANGES = ("steps", "learning_rate", "decay", "monitor_every", "device")
"""Settings that a run may be resumed with otherwise than it began."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process, which Ctrl-C then ends at once.

    Returns
    -------
    int
        Exit code: 0, 2 for wrong input or a place that cannot be written, 1 for a computation
        that failed, 130 after Ctrl-C, 141 where nobody reads on, as in ``otgan ... | head -1``.

    Examples
    --------
    >>> main(["emd", "no-such-file.csv", "b.csv"])
    2
    """
    with _listening() as interrupted:
        try:
            code = _code(arguments)
        except Exception:
            if not interrupted():
                raise
            code = FAILED
        if interrupted() and code != INTERRUPTED:
            _complain("interrupted")
            code = INTERRUPTED
    if arguments is None and threading.current_thread() is threading.main_thread():
        if code == INTERRUPTED:
            os._exit(code)  # at once: no thread goes on, and nothing can turn the code into another
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done but for the end of Python
    return code


@contextmanager
def _listening() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed: a module that is loading may turn it into another error."""
    pressed = False

    def hear(number: int, frame: FrameType | None) -> NoReturn:
        nonlocal pressed
        pressed = True
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or before is not signal.default_int_handler:
        yield lambda: False
        return
    signal.signal(signal.SIGINT, hear)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _code(arguments: Sequence[str] | None) -> int:
    try:
        try:
            return _run_command(arguments)
        finally:
            _flush()
    except BrokenPipeError:
        _drop_output()
        return UNREAD
    except OSError as reason:
        _complain(f"{reason.strerror or reason}" + (f": {reason.filename}" * bool(reason.filename)))
        _drop_output()
        return FAILED
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _drop_output() -> None:
    """What is left in the buffer must go somewhere, or Python complains when it ends."""
    try:
        _flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run_command(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    try:
        with _input_warnings_told():
            return options.run(options)
    except (InvalidInputError, MissingExtraError, OutputError) as error:
        _complain(error)
        return WRONG_INPUT
    except OtganError as error:
        _complain(error)
        return FAILED
    except MemoryError as error:
        _complain(f"the memory does not suffice ({error}); to fix it, give fewer points")
        return FAILED


def _say(text: Any) -> None:
    _write(str(text), sys.stdout)


def _complain(reason: Any) -> None:
    _write(printable(f"otgan: {reason}"), sys.stderr)


def _write(text: str, file: TextIO | None) -> None:
    """A line for any terminal: in letters that it has, and with nothing that steers it."""
    if file is not None:  # closed by the shell
        encoding = getattr(file, "encoding", None)
        print(encodable(printable(text, keep="\n"), encoding), file=file, flush=True)


class _Parser(argparse.ArgumentParser):
    """Its complaints quote what a user typed."""

    def error(self, message: str) -> NoReturn:
        """Exit with the usage and a sentence."""
        super().error(printable(message))


@contextmanager
def _input_warnings_told() -> Iterator[None]:
    """Warnings of how input was read, in a line each; others as ever."""
    shown = warnings.showwarning

    def show(message: Any, category: Any, *place: Any, **more: Any) -> None:
        if issubclass(category, InputWarning):
            _complain(message)
        else:
            shown(message, category, *place, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("always", InputWarning)
        warnings.showwarning = show
        yield


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="otgan", description="Optimal transport, and the GANs built on it, with certificates."
    )
    parser.add_argument("--version", action="version", version=f"otgan {otgan.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_emd(commands)
    _add_compare(commands)
    _add_audit(commands)
    _add_train(commands)
    resume = _add_on_run(commands, "resume", "continue a run that was stopped", _resume)
    _add_threads(resume)
    for name in ("steps", "monitor-every"):
        resume.add_argument(f"--{name}", type=int, metavar="N", help="from here on")
    resume.add_argument("--learning-rate", type=float, metavar="X", help="from here on")
    resume.add_argument(
        "--decay", action=argparse.BooleanOptionalAction, help="whether it falls to zero"
    )
    resume.add_argument("--device", help="auto, cpu, cuda, ...")
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
    emd.add_argument("a", help=FILES)
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
        "--normalize",
        action="store_true",
        help="let the sums of the two weights differ, as those of counts do",
    )
    emd.add_argument(
        "--rtol",
        type=float,
        default=0.0,
        metavar="X",
        help="stop once the gap is below this share of the cost (default 0: exact)",
    )
    emd.add_argument("--json", action="store_true", help="print JSON, for programs")
    add_reading(emd)
    _add_progress(emd)
    emd.set_defaults(run=_emd)


def _add_compare(commands: Any) -> None:
    compare = commands.add_parser(
        "compare",
        help="everything that fits two files of points, with intervals and a test",
        description="Distances, divergences and a test between two samples, each with its interval "
        "for the distributions, and what it sees and misses.",
    )
    compare.add_argument("a", help=FILES)
    compare.add_argument("b", help="the other file")
    compare.add_argument(
        "--confidence-level",
        type=float,
        default=0.95,
        metavar="X",
        help="of the intervals (default .95)",
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
    add_reading(compare)
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
        help="the state dict of linear layers in sequence, or the checkpoint.pt of a run of otgan "
        "train; with --trust also TorchScript, an exported program or a whole module",
    )
    audit.add_argument("a", help=FILES + ": where the critic is high")
    audit.add_argument("b", help="the other file")
    audit.add_argument(
        "--activation",
        help="between the layers of a state dict, which does not tell: relu (taken if this is left "
        "out, with a note), leaky_relu, tanh or groupsort",
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
    add_reading(audit)
    _add_threads(audit)
    audit.set_defaults(run=_audit)


def _add_train(commands: Any) -> None:
    train = commands.add_parser(
        "train",
        help="train a WGAN, measured in exact distance",
        description="Train a WGAN on ring8, grid25, swissroll, digits, a file of points (.csv, "
        ".tsv, .npy, .npz, .parquet, .feather, IDX), or a folder of pictures. Settings left out "
        "are those of the papers.",
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
    add_reading(train)
    _add_threads(train)
    train.set_defaults(run=_train)


def _add_on_run(
    commands: Any, name: str, purpose: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=purpose)
    command.add_argument("folder", help="the run's folder, as given to --out")
    command.set_defaults(run=run)
    return command


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
    from otgan.cli.checks import check_emd, check_files
    from otgan.datasets import load_pair

    check_files(options.a, options.b, *(options.weights or ()))
    check_emd(p=options.p, metric=options.metric, rtol=options.rtol)
    pair = load_pair(options.a, options.b, **reading_of(options))
    clouds = zip(options.weights or (), pair, (options.a, options.b), strict=False)
    weights = [load_weights(path, table, file, options) for path, table, file in clouds]
    x, y = (table.points for table in pair)
    a, b = (table.points[:, 0] for table in weights) if weights else (None, None)
    notes = _tell_notes(*pair, *weights)
    with _bar(options.progress, _tell_of_emd) as tell:
        result = otgan.emd(
            x,
            y,
            a,
            b,
            p=options.p,
            metric=options.metric,
            normalize=options.normalize,
            rtol=options.rtol,
            progress=tell,
        )
    if options.json:
        fields = ("distance", "cost", "lower", "upper", "gap", "p", "solver")
        values = {name: getattr(result, name) for name in fields}
        values |= {"n": len(x), "m": len(y), "metric": options.metric, "stats": {**result.stats}}
        values["notes"] = notes
        _say(json.dumps(values))
        return 0
    _say(f"distance  {result.distance:.10g}   (W{options.p:g}, {options.metric})")
    _say(f"cost      {result.cost:.10g}   certified within [{result.lower:.17g},")
    _say(f"          {result.upper:.17g}], a gap of {result.gap:.2g}")
    _say(f"points    {len(x)} and {len(y)} in {x.shape[1]} dimensions")
    seconds = result.stats["seconds_solving"] + result.stats["seconds_certifying"]
    before = result.stats["seconds_preparing"]
    _say(
        f"solver    {result.solver}, {seconds:.3g} s, after {before:.3g} s of loading and compiling"
    )
    return 0


@contextmanager
def _bar(wanted: bool | None, tell: Callable[..., None]) -> Iterator[Callable[..., None] | None]:
    """What to tell of work that goes on: a bar on stderr, gone when it ends; None for no bar."""
    if not (_is_terminal(sys.stderr) if wanted is None else wanted):
        yield None
        return
    from tqdm import tqdm

    layout = "{desc} |{bar:20}| {elapsed}{postfix}"
    with tqdm(desc="otgan", leave=False, bar_format=layout) as bar:
        yield partial(tell, bar)


def _is_terminal(file: TextIO | None) -> bool:
    return file is not None and file.isatty()


def _tell_of_emd(bar: Any, step: Progress) -> None:
    share = max(step.gap, 0.0) / abs(step.cost) if step.cost else 0.0
    bar.total, bar.n = step.levels, step.level - 1
    bar.set_description_str(f"level {step.level} of {step.levels}", refresh=False)
    bar.set_postfix_str(f"round {step.round}, {step.arcs:,} arcs, gap {share:.1e} of cost")


def _tell_of_compare(bar: Any, name: str, done: int, total: int) -> None:
    bar.total, bar.n = total, done
    bar.set_description_str(encodable(name, bar.fp.encoding))


def _tell_notes(*tables: Table) -> list[str]:
    """Say on stderr how files were read that could have been read otherwise."""
    notes = notes_on(tables)
    for note in notes:
        _complain(note)
    return notes


def _compare(options: argparse.Namespace) -> int:
    from otgan.cli.checks import check_files, check_numbers
    from otgan.compare.comparison import check_words
    from otgan.datasets import load_pair
    from otgan.inputs.options import as_confidence

    check_files(options.a, options.b)
    check_numbers(options)
    as_confidence(options.confidence_level)
    check_words(options.ties, options.seconds)
    _check_picture(options.plot)
    first, second = load_pair(options.a, options.b, **reading_of(options))
    x, y, names = first.points, second.points, first.names or second.names
    notes = _tell_notes(first, second)
    with _bar(options.progress, _tell_of_compare) as tell:
        comparison = otgan.compare(
            x,
            y,
            confidence_level=options.confidence_level,
            rng=options.seed,
            ties=options.ties,
            seconds=options.seconds,
            progress=tell,
        )
    values = comparison.numbers()
    values["notes"] = [*notes, *values["notes"]]
    _say(json.dumps(values) if options.json else comparison.report())
    if options.plot:
        from otgan.compare.plot import two_samples

        _draw(lambda: two_samples(comparison, names=names), options.plot, quiet=options.json)
    return 0


def _check_picture(path: str | None) -> None:
    """Raise on a picture that could not be saved."""
    if path is not None:
        from otgan.plot import as_picture_path

        as_picture_path(path)


def _draw(picture: Callable[[], Figure], path: str, *, quiet: bool = False) -> None:
    """Draw, once the numbers are out, and write in a new folder if need be."""
    from otgan.plot import save

    saved = save(picture(), path)
    if not quiet:
        _say(f"\npicture: {printable(str(saved))}")


def _audit(options: argparse.Namespace) -> int:
    from otgan.cli.checks import check_files, check_numbers, check_told

    check_files(options.critic, options.a, options.b)
    check_numbers(options)
    check_told(options)
    require("torch", extra="torch", purpose="auditing a critic")
    _check_picture(options.plot)
    import torch

    from otgan.critics.audit.load import load_critic
    from otgan.datasets import load_pair

    torch.set_num_threads(options.threads)
    critic = load_critic(options.critic, activation=options.activation, trust=options.trust)
    first, second = load_pair(options.a, options.b, **reading_of(options))
    x, y = _shaped_points(first), _shaped_points(second)
    notes = _tell_notes(first, second)
    audit = otgan.audit_critic(
        critic,
        x,
        y,
        reported=options.reported,
        penalty_weight=options.penalty_weight,
        batch_size=options.batch_size,
        seed=options.seed,
    )
    _say(json.dumps({**audit.numbers(), "notes": notes}) if options.json else audit)
    if options.plot:
        from otgan.critics.audit.plot import critic_audit

        _draw(lambda: critic_audit(audit), options.plot, quiet=options.json)
    return 0


def _shaped_points(table: Table) -> Any:
    """Points in the shape that they have in the file: a critic of images wants images."""
    return table.points.reshape(table.shape) if len(table.shape) > 2 else table.points


def _train(options: argparse.Namespace) -> int:
    from otgan.cli.checks import check_folder, check_numbers, check_training
    from otgan.datasets import DATASETS, load

    if options.data not in DATASETS and not Path(options.data).exists():
        load(options.data)  # says so
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
    from otgan.gan.data import as_source

    names = GANConfig.__dataclass_fields__
    chosen = {n: getattr(options, n) for n in names if getattr(options, n) is not None}
    config = GANConfig.toy(**chosen) if options.toy else GANConfig(**chosen)
    # Wrong data are refused before anything else.
    source = as_source(options.data, config.seed, **reading_of(options))
    return _run(lambda: otgan.train_gan(source, config, out=out, progress=True), out, options)


def _resume(options: argparse.Namespace) -> int:
    from otgan.cli.checks import check_numbers, check_run, check_training
    from otgan.gan.run_directory import RunDirectory

    folder = Path(options.folder)
    check_numbers(options)
    check_run(folder)
    check_training()
    RunDirectory(folder).settings()  # what is no run is refused before torch is imported
    changes = {name: getattr(options, name) for name in CHANGES}
    return _run(lambda: otgan.resume_gan(folder, **changes, progress=True), folder, options)


def _demo(options: argparse.Namespace) -> int:
    from otgan.cli.checks import check_folder, check_training

    out = Path(options.out)
    check_folder(out)
    check_training()
    from otgan.gan.config import GANConfig

    options.threads = 1
    config: GANConfig = GANConfig.toy()
    return _run(lambda: otgan.train_gan("ring8", config, out=out, progress=True), out, options)


def _run(train: Callable[[], TrainResult], out: Path, options: argparse.Namespace) -> int:
    import torch

    torch.set_num_threads(options.threads)
    try:
        train()
    except KeyboardInterrupt as stop:
        _complain(str(stop) or "interrupted")
        return INTERRUPTED
    return _report(argparse.Namespace(folder=str(out)))


def _report(options: argparse.Namespace) -> int:
    from otgan.cli.checks import check_run, check_training

    check_run(Path(options.folder))
    check_training()
    from otgan.gan.report import summary_table, write_report

    page = write_report(options.folder)
    _say(summary_table(options.folder))
    _say(f"\nreport: {printable(str(page))}")
    return 0


def _lesson(options: argparse.Namespace) -> int:
    from otgan import lessons

    if options.name is None:
        _say("lessons: " + ", ".join(lessons.LESSONS))
        return 0
    _check_picture(options.draw)
    lesson = lessons.load(options.name)
    numbers = lesson.run()
    _say(lesson.explain(numbers))
    if options.draw:
        _draw(lambda: lesson.draw(numbers), options.draw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
