"""Situations from public bug reports of neighbouring packages, each with its right value.

Every test names the situation in a sentence. The right value comes from a closed form, a linear
program or SciPy, never from the function under test.
"""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.spatial.distance import cdist
from torch import nn

import otgan
from otgan import TrainConfig
from otgan.cli import main
from otgan.critics.options import FitOptions
from otgan.critics.saved import load_critic
from otgan.errors import DamagedFileError, InvalidInputError
from otgan.gan.source import as_source
from otgan.report import write_report

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
    """A critic that normalises over whatever batch it is given."""

    def __init__(self, d):
        super().__init__()
        self.first, self.last = nn.Sequential(nn.Linear(d, 8), nn.ReLU()), nn.Linear(8, 1)

    def forward(self, points):
        features = self.first(points)
        return self.last(nn.functional.batch_norm(features, None, None, training=True))


def test_functional_batch_norm_is_refused_before_training():
    with pytest.raises(InvalidInputError, match="score every point by itself"):
        otgan.estimate_w1(*two_gaussians(), "lp", steps=10**9, network=InBatches, **SHORT)
    assert otgan.audit_critic(InBatches(2), *two_gaussians()).names[0] == "batch norm"


# (end of: Critics)


# ---------------------------------------------------------------- Verdicts


def test_what_the_zero_critic_proves_of_images_stands_beside_every_certified_share():
    """The mean distance to the nearest point of the other sample is feasible without training."""
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 120, 1, 8, 8))
    flat = x.reshape(120, -1), y.reshape(120, -1)
    distances = cdist(*flat)
    nearest = max(distances.min(axis=0).mean(), distances.min(axis=1).mean())
    exact = otgan.emd(*flat).distance
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    audit = otgan.audit_critic(critic, x, y)
    assert 0.9 * exact < nearest <= audit.lower_zero * (1 + 1e-12) <= audit.lower * (1 + 1e-12)
    assert audit.skill < 0.1  # of what is above that, an untrained critic proves nothing
    assert "No mistake" not in audit.verdict and "zero everywhere proves" in audit.verdict
    r = otgan.estimate_w1(*flat, "lp", steps=1, **SHORT)
    assert nearest <= r.lower_zero * (1 + 1e-12) <= r.lower * (1 + 1e-12) <= exact * (1 + 1e-9)
    assert "one that is zero everywhere" in r.report()


def test_a_run_measures_what_the_zero_critic_proves_and_its_report_says_so(tmp_path):
    config = TrainConfig(
        steps=2, n_critic=1, width=8, depth=1, monitor_every=1, monitor_points=64, batch_size=16,
        evaluation_points=32, device="cpu",
    )  # fmt: skip
    run = otgan.train_wgan("ring8", config, out=tmp_path / "run")
    last = run.records[-1]
    assert 0 < last.lower_zero <= last.lower <= last.exact_w1
    page = write_report(tmp_path / "run").read_text()
    assert f"a critic that is zero everywhere {last.lower_zero / last.exact_w1:.1%}" in page
    assert "{" not in page.partition("Settings:")[2] and "None" not in page


def trained_in_batches(between):
    """A critic of 200 points a side, by a gradient penalty that is strong enough."""
    torch.manual_seed(0)
    x, y = (torch.tensor(points).float() for points in two_gaussians(200))
    critic = nn.Sequential(nn.Linear(2, 32), *between, nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(critic.parameters(), lr=3e-3)
    for _ in range(150):
        z = torch.lerp(x, y, torch.rand(200, 1)).requires_grad_()
        (slope,) = torch.autograd.grad(critic(z).sum(), z, create_graph=True)
        penalty = 50 * (slope.norm(dim=1) - 1).square().mean()
        optimizer.zero_grad()
        (penalty + critic(y).mean() - critic(x).mean()).backward()
        optimizer.step()
    return critic


def test_batch_norm_is_the_one_diagnosis_of_a_critic_with_batch_norm():
    critic = trained_in_batches([nn.BatchNorm1d(32)])
    audit = otgan.audit_critic(critic, *two_gaussians(200), penalty_weight=50.0)
    assert audit.names == ("batch norm",)


def test_an_untrained_critic_is_not_told_that_its_sign_is_flipped():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 150, 10))
    y[:, 0] += 4.0
    for seed in range(6):
        torch.manual_seed(seed)
        critic = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
        assert otgan.audit_critic(critic, x, y).names == ("under-trained",)


def test_the_largest_slope_is_the_slope_of_the_steepest_pair():
    x, y = two_gaussians(150)
    audit = otgan.audit_critic(lambda z: -2.0 * z.norm(dim=1) - (8 * z[:, 0]).sin(), x, y)
    u, v = (torch.tensor(point)[None] for point in (audit.steepest.u, audit.steepest.v))
    values = [float(-2.0 * z.norm(dim=1) - (8 * z[:, 0]).sin()) for z in (u, v)]
    assert audit.lipschitz_sampled == audit.steepest.slope
    assert audit.steepest.slope == pytest.approx(
        (values[0] - values[1]) / float((u - v).norm()), rel=1e-6
    )
    assert 9.5 < audit.steepest.slope <= 10.0  # 8 + 2 where cosine and direction are one


def test_an_audit_is_written_in_words():
    x, y = two_gaussians(60)
    text = str(otgan.audit_critic(lambda z: z[:, 0] * 0.0, x, y))
    for python in ("SteepestPair", "array(", "nan", "inf", "('n'", "{", "e-1"):
        assert python not in text
    with pytest.raises(InvalidInputError, match=r"points of shape \(n, 2\)"):
        otgan.audit_critic(nn.Linear(3, 1), x, y)


@pytest.mark.parametrize(
    "law",
    [
        lambda k: np.random.default_rng().normal([1.0, 2.0], size=(k, 2)),
        torch.distributions.Normal(torch.tensor([1.0, 2.0]), 1.0),
        stats.multivariate_normal([1.0, 2.0]),
    ],
)
def test_one_protocol_of_samplers_serves_estimator_and_trainer(law):
    """N((1, 2), I) against N((4, 6), I), which are 5 apart."""
    points = np.random.default_rng(0).normal([4.0, 6.0], size=(500, 2))
    r = otgan.estimate_w1(law, points, "exact", device="cpu")
    assert abs(r.value - 5.0) <= 5 * r.se < 0.6
    assert as_source(law).d == 2


def test_a_sampler_that_is_seeded_each_time_is_named_at_once():
    def seeded(k):
        return np.random.default_rng(0).normal(size=(k, 2))

    with pytest.raises(InvalidInputError, match="fresh points each time"):
        otgan.estimate_w1(seeded, seeded)


# (end of: Verdicts)


# ---------------------------------------------------------------- The command line and the terminal
# (end of: The command line and the terminal)


# ---------------------------------------------------------------- Other people's code
# (end of: Other people's code)
