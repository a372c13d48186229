"""Runs that one process or several may train: ``torchrun ... -m tests.gan.shared_runs FOLDER``."""

import sys
from pathlib import Path
from typing import Any

import torch

from otgan import GANConfig, train_gan
from otgan.launch import launch
from tests.gan.short_run import RUN

STEPS: dict[str, Any] = {**RUN, "steps": 5, "n_critic": 2, "monitor_every": 5, "batch_size": 16}

SGD: dict[str, Any] = {
    "generator_optimizer": "sgd",
    "critic_optimizer": "sgd",
    "learning_rate": 0.1,
}

SETTINGS: dict[str, dict[str, Any]] = {
    "gp": {"constraint": "gp"},
    "gp by autograd": {"constraint": "gp", "critic_norm": "layer", "clip_grad_norm": 0.1},
    # Adam makes steps of what only rounding moves: the last bias, which both scores share.
    "relativistic": {"objective": "relativistic", "constraint": "zero-centered", **SGD},
    "non-saturating": {"objective": "non-saturating"},
    "packed": {"constraint": "lp", "pack": 4},
    "remembering": {"constraint": "clip", "stabilizers": ("historical-averaging",)},
    "stopped and resumed": {"constraint": "gp"},
}


def train(name: str, folder: Path) -> None:
    """Train the run of that name; every process stores its networks."""
    config = GANConfig(**{**STEPS, **SETTINGS[name]})
    if name == "stopped and resumed" and launch().size > 1:
        train_gan("ring8", GANConfig(**{**STEPS, **SETTINGS[name], "steps": 2}), out=folder / name)
        result = train_gan("ring8", config, out=folder / name, resume=True)
    else:
        result = train_gan("ring8", config, out=folder / name)
    assert result.critic is not None
    networks = {"generator": result.generator.state_dict(), "critic": result.critic.state_dict()}
    torch.save(networks, folder / f"{name} {launch().rank}.pt")


if __name__ == "__main__":
    for name in SETTINGS:
        train(name, Path(sys.argv[1]))
