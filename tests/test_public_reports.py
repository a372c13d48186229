"""Situations from public bug reports of neighbouring packages, each with its right value.

Every test names the situation in a sentence. The right value comes from a closed form, a linear
program or SciPy, never from the function under test.
"""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import otgan
from otgan.cli import main
from otgan.critics.options import FitOptions
from otgan.critics.saved import load_critic
from otgan.errors import DamagedFileError, InvalidInputError

# ---------------------------------------------------------------- The exact engine
# (end of: The exact engine)


# ---------------------------------------------------------------- Estimators
# (end of: Estimators)


# ---------------------------------------------------------------- Hostile files: points
# (end of: Hostile files: points)


# ---------------------------------------------------------------- Hostile files: critics


class WritesOnLoad(nn.Module):
    """TorchScript that writes to a file of its author's choice while it is loaded."""

    def __init__(self, path: str):
        super().__init__()
        self.path = path
        self.taken = torch.zeros(4)

    @torch.jit.export
    def __getstate__(self):
        return (self.path, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]):
        self.path = state[0]
        self.training = state[1]
        self.taken = torch.from_file(state[0], shared=True, size=4)

    def forward(self, points):
        return points.sum(dim=1) + self.taken[0]


def test_torchscript_that_writes_a_file_while_it_is_loaded_needs_trust(tmp_path, capsys):
    target, critic, points = (str(tmp_path / name) for name in ("target", "critic.pt", "x.npy"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and about
        torch.jit.script(WritesOnLoad(target)).save(critic)
    Path(target).unlink(missing_ok=True)
    np.save(points, np.eye(2))
    assert main(["audit", critic, points, points]) == 2
    assert "--trust" in capsys.readouterr().err and not Path(target).exists()
    assert main(["audit", critic, points, points, "--trust"]) == 0
    assert Path(target).read_bytes() == bytes(16)  # so it would have written


@pytest.mark.parametrize("content", [b"abc", b"", b"\x80\x02", b"PK\x03\x04"])
def test_a_critic_of_three_bytes_is_a_damaged_file_and_no_index_error(tmp_path, content):
    path = tmp_path / "critic.pt"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="to fix it, write it again") as error:
        load_critic(path)
    assert str(path) in str(error.value) and "weights_only" not in str(error.value)


def test_a_critic_with_a_flipped_bit_is_refused_where_pytorch_reads_another_weight(tmp_path):
    path = tmp_path / "critic.pt"
    weight = torch.full((1, 2), 1.5)
    torch.save({"0.weight": weight}, path)
    content = path.read_bytes()
    place = content.index(weight.numpy().tobytes()) + 3
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    assert not torch.equal(torch.load(path, weights_only=True)["0.weight"], weight)
    with pytest.raises(DamagedFileError, match="altered"):
        load_critic(path)


# (end of: Hostile files: critics)


# ---------------------------------------------------------------- Hostile files: runs
# (end of: Hostile files: runs)


# ---------------------------------------------------------------- Files
# (end of: Files)


# ---------------------------------------------------------------- Labels
# (end of: Labels)


# ---------------------------------------------------------------- Runs
# (end of: Runs)


# ---------------------------------------------------------------- Tensors
# (end of: Tensors)


# ---------------------------------------------------------------- Critics

SHORT = {"device": "cpu", "options": FitOptions(batch_size=64, test_points=1000)}


def two_gaussians(n=300):
    """Samples of N(0, I) and N((3, 4), I), whose laws are 5 apart."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) + [3.0, 4.0]


@pytest.mark.parametrize("constraint", ["clip", "gp", "lp", "spectral", "div", "orthogonal"])
def test_a_critic_stopped_at_once_shows_no_negative_distance(constraint):
    """A gradient penalty around one gave -200.76 ± 1e-6 for laws that are 5 apart."""
    r = otgan.estimate_w1(*two_gaussians(), constraint, steps=1, **SHORT)
    assert 0 <= r.value <= 5.0 and not r.converged
    assert r.interval[0] <= 5.0 <= r.interval[1]


def test_a_critic_whose_weights_are_zero_is_judged_after_training():
    class Zero(nn.Linear):
        def forward(self, points):
            return 0.0 * super().forward(points)

    r = otgan.estimate_w1(*two_gaussians(), "lp", steps=5, network=lambda d: Zero(d, 1), **SHORT)
    assert r.value == 0.0 and r.verdict.startswith("under-trained")


class InBatches(nn.Module):
    """A critic that subtracts the mean of whatever batch it is given."""

    def __init__(self, d):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(d, 8), nn.ReLU()), nn.Linear(8, 1)
        self.first, self.last = self.layers

    def forward(self, points):
        features = self.first(points)
        return self.last(nn.functional.batch_norm(features, None, None, training=True))


def test_functional_batch_norm_is_refused_before_training():
    with pytest.raises(InvalidInputError, match="score every point by itself"):
        otgan.estimate_w1(*two_gaussians(), "lp", steps=10**9, network=InBatches, **SHORT)
    assert otgan.audit_critic(InBatches(2), *two_gaussians()).names[0] == "batch norm"


# (end of: Critics)


# ---------------------------------------------------------------- Verdicts
# (end of: Verdicts)


# ---------------------------------------------------------------- The command line and the terminal
# (end of: The command line and the terminal)


# ---------------------------------------------------------------- Other people's code
# (end of: Other people's code)
