"""``otgan audit``: a critic beside the exact distance of two files of points."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import otgan
from otgan.cli.checks import check_files, check_numbers, check_picture, check_training_details
from otgan.cli.parser import add_json, add_n_jobs, add_plot, add_rng
from otgan.cli.reading_options import FILES, add_reading, reading_of, report_notes
from otgan.cli.terminal import save_picture, say
from otgan.errors import require

if TYPE_CHECKING:
    from torch import nn

    from otgan.cli.parser import Commands
    from otgan.datasets import Table
    from otgan.measures import FloatArray

__all__ = ["add_audit"]


def add_audit(commands: Commands) -> None:
    """Add the command ``otgan audit``."""
    audit = commands.add_parser(
        "audit",
        help="hold a critic against the exact distance of two files of points",
        description="Says what a critic's estimate is worth, beside the exact W1 of the points. "
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
        metavar="NAME",
        help="between the layers of a state dict, which does not say: relu (assumed, with a note, "
        "if this is left out), leaky_relu, tanh or groupsort",
    )
    audit.add_argument(
        "--trust",
        action="store_true",
        help="open files that may run code while they are loaded; only from authors you trust",
    )
    audit.add_argument(
        "--reported", type=float, metavar="X", help="W1 as it was printed by the training"
    )
    audit.add_argument(
        "--penalty-weight", type=float, metavar="X", help="weight of the gradient penalty"
    )
    audit.add_argument("--batch-size", type=int, metavar="N", help="points in a training batch")
    add_rng(audit, "the points at which slopes are sampled (default 0)")
    add_plot(audit, "audit.png")
    add_json(audit)
    add_reading(audit)
    add_n_jobs(audit)
    audit.set_defaults(run=_audit)


def _audit(options: argparse.Namespace) -> int:
    check_files(options.critic, options.a, options.b)
    check_numbers(options)
    check_training_details(options)
    require("torch", extra="torch", purpose="auditing a critic")
    check_picture(options.plot)
    import torch

    from otgan.datasets import load_pair

    torch.set_num_threads(options.n_jobs)
    critic = _critic(options)
    first, second = load_pair(options.a, options.b, **reading_of(options))
    x, y = _shaped_points(first), _shaped_points(second)
    notes = report_notes(first, second)
    audit = otgan.audit_critic(
        critic,
        x,
        y,
        reported=options.reported,
        penalty_weight=options.penalty_weight,
        batch_size=options.batch_size,
        rng=options.rng,
    )
    say(json.dumps({**audit.to_dict(), "notes": notes}) if options.json else audit)
    if options.plot:
        from otgan.critics.audit.plot import critic_audit

        save_picture(lambda: critic_audit(audit), options.plot, quiet=options.json)
    return 0


def _critic(options: argparse.Namespace) -> nn.Module:
    """The critic in a file of its own, or in the checkpoint of a run."""
    from otgan.critics.audit.load import load_critic
    from otgan.gan.load import critic_of_checkpoint, is_run

    path = Path(options.critic)
    if is_run(path):
        return critic_of_checkpoint(path)
    return load_critic(path, activation=options.activation, trust=options.trust)


def _shaped_points(table: Table) -> FloatArray:
    """Points in the shape that they have in the file: a critic of images takes images."""
    return table.points.reshape(table.shape) if len(table.shape) > 2 else table.points
