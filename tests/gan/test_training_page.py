"""The tables of docs/training.md hold what the code does."""

import re
from pathlib import Path

import pytest
from torch import nn
from torch.optim import RMSprop

from otgan import GANConfig
from otgan.gan.constraints import GAN_CONSTRAINTS
from otgan.gan.objectives import OBJECTIVES
from otgan.gan.presets import PRESETS
from otgan.gan.settings import OBJECTIVE_NAMES
from otgan.gan.stabilizers import STABILIZERS

pytestmark = pytest.mark.torch

PAGE = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")


def table_of(section):
    """The cells of the first table in a section, without its header."""
    lines = PAGE.partition(f"\n## {section}\n")[2].splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows[2:]


def test_objectives():
    rows = table_of("Objectives")
    assert [row[0].strip("`") for row in rows] == list(OBJECTIVE_NAMES)
    for name, _, _, divergence, constraint in rows:
        objective = OBJECTIVES[name.strip("`")]
        assert divergence == objective.divergence_name
        assert constraint == (objective.default_constraint or "none")


def test_constraints():
    rows = table_of("Constraints")
    assert {row[0].strip("`") for row in rows} == set(GAN_CONSTRAINTS)
    for name, _, shown, stated in rows:
        constraint = GAN_CONSTRAINTS[name.strip("`")]
        given = re.match(r"`(\w+)\((.*)\)`$", shown)
        assert given is not None
        assert given[1] == type(constraint).__name__
        for setting in filter(None, given[2].split(", ")):
            attribute, value = setting.split("=")
            assert repr(getattr(constraint, attribute)) == value
        if name != "`cones`":  # whose rate depends on the dimension
            assert stated == optimizer_shown(constraint)


def optimizer_shown(constraint):
    optimizer = constraint.optimizer([nn.Parameter(nn.Linear(2, 1).weight)], None)
    group = optimizer.param_groups[0]
    rate = f"{group['lr']:.0e}".replace("e-0", "e-")
    if isinstance(optimizer, RMSprop):
        return f"RMSProp, {rate}"
    return f"Adam, {rate}, betas ({', '.join(f'{beta:g}' for beta in group['betas'])})"


def test_stabilizers():
    assert [row[0].strip("`") for row in table_of("Stabilizers")] == list(STABILIZERS)


def test_presets():
    rows = {row[0].strip("`"): row[1:-1] for row in table_of("Presets")}
    assert {name: preset_shown(name) for name in PRESETS} == rows


def preset_shown(name):
    config = GANConfig.preset(name)
    constraint = config.constraint
    if constraint is not None and not isinstance(constraint, str):
        constraint = f"`{constraint!r}`"
    optimizer = config.critic_optimizer
    assert optimizer == config.generator_optimizer
    rates = f"{config.learning_rate} and {config.critic_learning_rate}"
    shown = f"`{optimizer!r}`" if optimizer else f"the constraint's, at {rates}"
    sizes = [str(config.batch_size), str(config.n_critic)]
    return [str(config.objective), str(constraint or "none"), *sizes, shown]
