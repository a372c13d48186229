"""audit_critic: closed forms for every field, and mistakes made for real."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

import otgan
from otgan.critics.audit.plot import critic_audit
from otgan.critics.networks.feedforward import OnOriginalScale, mlp
from otgan.critics.potentials.bounds import certified_lower_bound
from otgan.errors import InvalidInputError
from tests.critics.linear_layer import linear_layer
from tests.critics.plain_training import orthogonal, penalty, small, train

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 2))
Y = RNG.normal(size=(300, 2)) + [3.0, 0.0]
EXACTLY = "donot_use_mm_for_euclid_dist"
SEARCHED = 1e-4  # the scale at which a critic proves most is only searched for


def linear(*slopes, dtype=torch.float64):
    layer = nn.Linear(len(slopes), 1, dtype=dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([slopes], dtype=dtype))
        layer.bias.fill_(7.0)
    return layer


def funnel(transport, y):
    """McShane's extension of the exact potential: min_j |z - y_j| - g_j."""
    places, heights = torch.tensor(y), torch.tensor(transport.g)
    return lambda z: (torch.cdist(z, places, compute_mode=EXACTLY) - heights).amin(dim=1)


# ---------------------------------------------------------------- closed forms


def test_every_field_of_a_linear_critic_on_shifted_clouds():
    """f = -3 x1 from X to X + (2, 0): gap 6, slope 3, W1 = 2, gradients along the rays."""
    audit = otgan.audit_critic(linear(-3.0, 0.0), X, X + [2.0, 0.0])
    for name, value in {"gap": 6, "sample_distance": 2, "lipschitz_lower": 3}.items():
        assert_allclose(getattr(audit, name), value, rtol=1e-9)
    for name, value in {"lipschitz_upper": 3, "normalized_gap": 2, "slope_mean": 3}.items():
        assert_allclose(getattr(audit, name), value, rtol=1e-9)
    assert_allclose(audit.sample_lower_layers, 2, rtol=1e-12)
    assert_allclose(audit.sample_lower, 2, rtol=SEARCHED)
    assert_allclose([audit.cosine_x, audit.cosine_middle, audit.cosine_y, audit.cosine], 1)
    assert_allclose(audit.slope_sd, 0, atol=1e-12)
    assert_allclose(audit.steepest.slope, 3, rtol=1e-9)
    u, v = audit.steepest.u, audit.steepest.v
    assert_allclose(-3 * (u[0] - v[0]), audit.steepest.rise, rtol=1e-9)
    assert_allclose(np.linalg.norm(u - v), audit.steepest.distance, rtol=1e-12)
    assert audit.proof == "Linear 3"
    assert (audit.n, audit.m, audit.n_given, audit.m_given, audit.d) == (300, 300, 300, 300, 2)
    halves = otgan.emd(X[::2], X[1::2]).distance
    assert_allclose(audit.floor, halves, rtol=1e-9)
    assert math.isnan(audit.reported) and math.isnan(audit.penalty_weight)
    assert audit.batch_size == 0
    assert audit.diagnosis_names == ("too steep",)
    assert_allclose(audit.f_x, 7 - 3 * X[:, 0], rtol=1e-12)
    assert audit.transport.distance == audit.sample_distance


def test_oblique_critic_has_the_cosine_of_its_angle():
    audit = otgan.audit_critic(linear(-0.6, 0.8), X, X + [2.0, 0.0])
    assert_allclose([audit.gap, audit.cosine, audit.lipschitz_upper], [1.2, 0.6, 1.0], rtol=1e-9)


@pytest.mark.parametrize(("n", "m", "d"), [(40, 60, 1), (60, 40, 2), (50, 50, 5)])
def test_the_exact_potential_gets_a_perfect_verdict(n, m, d):
    rng = np.random.default_rng(d)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 1.5
    exact = otgan.emd(x, y)
    audit = otgan.audit_critic(funnel(exact, y), x, y)
    assert_allclose([audit.gap, audit.sample_distance], exact.distance, rtol=1e-9)
    assert_allclose(audit.sample_lower, exact.distance, rtol=SEARCHED)
    assert_allclose(audit.lipschitz_lower, 1.0, rtol=1e-9)
    assert_allclose([audit.cosine_x, audit.cosine_middle, audit.cosine_y], 1.0, atol=1e-6)
    assert audit.diagnoses == ()
    assert audit.verdict.startswith("As good as the exact potential")
    assert audit.lipschitz_upper == math.inf
    assert audit.sample_lower_layers == 0.0
    assert "plain function" in audit.proof


def test_point_masses_show_the_formulas_of_the_penalized_optimum():
    """Slope 1 + d / (2 weight) at d = 10, weight 10: gap 15, objective 12.5."""
    x, y, critic = [[0.0, 0.0]], [[10.0, 0.0]], linear(-1.5, 0.0)
    options: dict[str, Any] = {"penalty_weight": 10.0, "reported": 12.5}
    audit = otgan.audit_critic(critic, x, y, **options)
    assert_allclose([audit.gap, audit.sample_distance, audit.floor], [15, 10, 0])
    assert audit.diagnosis_names == ("penalty weight too small", "penalized loss read as W1")
    assert "gives 10" in audit.diagnoses[0].fix
    assert "about 50 W1 = 500" in audit.diagnoses[0].fix
    assert "50%" in audit.diagnoses[0].finding
    for reported, name in [
        (15.0, "inflated gap read as W1"),
        (-15.0, "loss read as W1"),
        (-12.5, "penalized loss read as W1"),
        (12.5, "penalized loss read as W1"),
        (77.0, "reported number unexplained"),
    ]:
        assert otgan.audit_critic(critic, x, y, reported=reported).diagnosis_names == (
            "too steep",
            name,
        )
    assert otgan.audit_critic(critic, x, y, reported=10.0).diagnosis_names == ("too steep",)
    assert "weight near 10" in otgan.audit_critic(critic, x, y).diagnoses[0].finding


def test_the_worst_pair_is_found_on_a_narrow_cliff():
    """A step of height 1 over a width of 0.1, far from most points: slope 10."""

    def cliff(z):
        return ((z[:, 0] - 2.0) / 0.1).clamp(0.0, 1.0) - 0.2 * z[:, 0]

    audit = otgan.audit_critic(cliff, X, Y)
    assert audit.steepest.slope > 9.5
    middle = 0.5 * (audit.steepest.u + audit.steepest.v)
    assert 2.0 <= middle[0] <= 2.1
    assert audit.lipschitz_lower <= 10.0


# ---------------------------------------------------------------- what a critic may be


def test_modules_functions_arrays_and_devices_agree():
    module = linear(-3.0, 1.0)
    kinds = {
        "autograd": [module, lambda z: module(z).squeeze(), lambda z: -3 * z[:, 0] + z[:, 1] + 7],
        "arrays": [
            lambda z: np.asarray(-3 * z[:, 0] + z[:, 1] + 7.0),
            lambda z: np.dot(z, [-3, 1]),
        ],
        "tensors": [lambda z: module(z).detach()],
    }
    expected = otgan.audit_critic(module, X, Y)
    for kind, critics in kinds.items():
        for critic in critics:
            audit = otgan.audit_critic(critic, X, Y)
            assert audit.function.kind == kind
            assert_allclose(audit.gap, expected.gap, rtol=1e-9)
            assert_allclose(audit.cosine, expected.cosine, rtol=1e-6)
            assert_allclose(audit.lipschitz_lower, math.sqrt(10), rtol=1e-6)


def test_dtype_is_the_critics_own():
    audit = otgan.audit_critic(linear(-3.0, 0.0, dtype=torch.float32), X, Y)
    assert audit.function.dtype == torch.float32
    module = linear(-3.0, 0.0, dtype=torch.float32)
    assert otgan.audit_critic(lambda z: module(z), X, Y).function.dtype == torch.float32
    like = torch.tensor(X).float()
    assert otgan.audit_critic(lambda z: -z[:, 0], like, Y).function.dtype == torch.float32
    assert audit.gap == otgan.audit_critic(module, X.tolist(), torch.tensor(Y)).gap


@pytest.mark.gpu
def test_a_critic_on_a_gpu_is_audited_there():
    critic = small()
    expected = otgan.audit_critic(critic, X, Y)
    for points in (X, torch.tensor(X)):
        audit = otgan.audit_critic(critic.cuda(), points, Y)
        assert audit.function.device.type == "cuda"
        assert_allclose(audit.gap, expected.gap, rtol=1e-4)
        assert_allclose(audit.lipschitz_upper, expected.lipschitz_upper, rtol=1e-6)
        assert_allclose(audit.cosine, expected.cosine, rtol=1e-3)
    like = torch.tensor(X, device="cuda")
    assert otgan.audit_critic(lambda z: -z[:, 0], like, Y).function.device.type == "cuda"
    assert Residualized().cuda().double()(like).shape == (300,)
    proof = otgan.audit_critic(Residualized().cuda(), like, Y).lipschitz_upper
    assert math.isfinite(proof)


class Residualized(nn.Module):
    """Points plus a layer of them, in a sequence: the proof needs shapes, hence trial runs."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 2), nn.ReLU())

    def forward(self, points):
        return (points + self.layers(points)).sum(dim=1)


def test_the_proof_of_a_residual_sum_learns_its_shapes_from_the_points():
    critic = Residualized()
    weight = np.linalg.norm(linear_layer(critic.layers, 0).weight.detach().double(), 2)
    audit = otgan.audit_critic(critic, X, Y)
    assert_allclose(audit.lipschitz_upper, math.sqrt(2) * (1 + weight), rtol=1e-9)


def test_points_on_the_line_and_images_keep_their_shape():
    on_line = otgan.audit_critic(linear(-1.0), [0.0, 1.0, 2.0], [5.0, 6.0])
    assert on_line.sample_distance == on_line.gap == 4.5
    images = RNG.normal(size=(30, 2, 4, 4))
    shifted = images.copy()
    shifted[:, 0, 0, 0] += 2.0

    def corner(z):
        assert z.shape[1:] == (2, 4, 4)
        return -z[:, 0, 0, 0]

    audit = otgan.audit_critic(corner, images, shifted)
    assert audit.d == 32
    assert_allclose([audit.gap, audit.sample_distance, audit.cosine], [2, 2, 1], rtol=1e-9)


def test_modules_are_left_in_their_mode_and_with_their_weights():
    critic = nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Linear(2, 8)), nn.Dropout(), nn.Linear(8, 1)
    )
    critic[1].eval()
    before = {key: value.clone() for key, value in critic.state_dict().items()}
    otgan.audit_critic(critic, X, Y)
    assert [layer.training for layer in critic] == [True, False, True]
    for key, value in critic.state_dict().items():
        assert torch.equal(value, before[key])
    assert all(p.grad is None for p in critic.parameters())


def test_works_inside_no_grad():
    with torch.no_grad():
        assert otgan.audit_critic(linear(-1.0, 0.0), X, Y).cosine > 0.9


def test_same_seed_same_audit_and_one_line():
    critic = small()
    first, second = (otgan.audit_critic(critic, X, Y, rng=3) for _ in range(2))
    assert repr(first) == repr(second) and "\n" not in repr(first)
    assert str(first) == first.report() == str(second)
    assert first.to_dict() == second.to_dict()


def test_subsampling_is_said():
    audit = otgan.audit_critic(linear(-1.0, 0.0), X, Y[:200], max_pairs=2_000)
    assert audit.n * audit.m <= 2_000 and audit.n_given == 300 and audit.m_given == 200
    assert f"random {audit.n} of 300 and {audit.m} of 200" in str(audit)
    few = otgan.audit_critic(linear(-1.0, 0.0), X, Y[:5], max_pairs=1_000)
    assert (few.n, few.m) == (200, 5)
    assert "random" not in str(otgan.audit_critic(linear(-1.0, 0.0), X, Y))


@pytest.mark.parametrize(
    ("critic", "x", "options", "message"),
    [
        (3, X, {}, "must be a torch module or a function"),
        (nn.Linear(3, 1), X, {}, r"must take points of shape \(n, 2\)"),
        (nn.Linear(2, 3), X, {}, r"one number for each point, got shape \(2, 3\)"),
        (lambda z: z.mean(), X, {}, r"one number for each point, got shape \(\)"),
        (lambda z: z[:, 0] * math.nan, X, {}, "values must be finite, got nan at the point"),
        (lambda z: (z[:, 0] - z[:, 0]).sqrt(), X, {}, "gradients must be finite"),
        (lambda z: z[:, 0] * 1j, X, {}, "must return real numbers, got complex ones"),
        (nn.Linear(2, 1), X[:, :1], {}, "points of one shape"),
        *(
            (nn.Linear(2, 1), X, {"reported": number}, "reported must be a")
            for number in (math.nan, math.inf, "5", True, [5.0], torch.zeros(2))
        ),
        *(
            (nn.Linear(2, 1), X, {"penalty_weight": number}, "penalty_weight must be a positive")
            for number in (0, math.inf, "ten", True)
        ),
        *(
            (nn.Linear(2, 1), X, {option: number}, f"{option} must be a whole number of at least 1")
            for option in ("batch_size", "max_pairs")
            for number in (0, -1, 2.5, "64", True)
        ),
        (nn.Linear(2, 1), X * math.nan, {}, "x must be finite"),
    ],
)
def test_bad_input_is_refused_kindly(critic, x, options, message):
    with pytest.raises(InvalidInputError, match=message) as error:
        otgan.audit_critic(critic, x, Y, **options)
    assert "to fix it" in str(error.value)


def test_equal_samples_have_nothing_to_find():
    audit = otgan.audit_critic(small(), X, X)
    assert audit.sample_distance == audit.gap == 0
    assert math.isnan(audit.cosine)
    assert audit.diagnoses == ()
    assert "same points" in audit.verdict


# ---------------------------------------------------------------- healthy critics


def healthy():
    torch.manual_seed(0)
    yield "gp", train(small(), X, Y, rule=penalty(50.0)), X, Y
    yield "orthogonal", train(orthogonal(2), X, Y), X, Y
    a, b = RNG.normal(size=(2, 300, 1)) + [[[0.0]], [[1.5]]]
    yield "line", train(small(1), a, b, rule=penalty(50.0)), a, b
    yield "linear", linear(-1.0, 0.0), X, Y
    u, v = RNG.normal(size=(2, 300, 16))
    v[:, 0] += 2.0
    yield (
        "16 dimensions",
        train(small(16), u, v, rule=penalty(50.0)),
        *RNG.normal(size=(1, 300, 16)),
        v,
    )
    yield "equal distributions", small(), *RNG.normal(size=(2, 200, 2))
    constant_scale = OnOriginalScale(orthogonal(2, width=8), torch.zeros(2), 1e3)
    yield "large units", train(constant_scale, 1e3 * X, 1e3 * Y, steps=300), 1e3 * X, 1e3 * Y


def test_healthy_critics_raise_no_alarm():
    for name, critic, x, y in healthy():
        audit = otgan.audit_critic(critic, x, y, batch_size=64)
        assert audit.diagnoses == (), (name, audit.diagnoses)
        assert audit.sample_lower_layers <= audit.sample_distance * (1 + 1e-6)
        assert audit.sample_lower <= audit.sample_distance
        assert audit.lipschitz_lower <= audit.lipschitz_upper * (1 + 1e-4)
        assert "Do not" not in audit.verdict


# ---------------------------------------------------------------- mistakes, made for real


def names(critic, x=X, y=Y, **options):
    audit = otgan.audit_critic(critic, x, y, **options)
    for diagnosis in audit.diagnoses:
        shown = " ".join(str(audit).split())
        assert f"! {diagnosis.name} {diagnosis.finding} To fix it: {diagnosis.fix}" in shown
        assert diagnosis.finding.endswith(".") and diagnosis.fix.endswith(".")
    return audit.diagnosis_names


def test_sign_flipped():
    critic = train(small(), Y, X, rule=penalty(50.0))
    audit = otgan.audit_critic(critic, X, Y)
    assert audit.diagnosis_names == ("sign flipped",)
    assert audit.gap < 0 and audit.cosine < -0.9
    assert audit.sample_lower > 0.95 * audit.sample_distance
    assert_allclose(audit.sample_lower, certified_lower_bound(X, Y, -audit.f_x, -audit.f_y))


def test_sign_flipped_in_many_dimensions():
    """Samples of 20 dimensions are 4.9 apart, their distributions 3, and the critic sees 2.5."""
    x, y = RNG.normal(size=(2, 400, 20))
    y[:, 0] += 3.0
    assert names(train(small(20), y, x, rule=penalty(50.0)), x, y) == ("sign flipped",)


def test_weight_too_small_and_what_is_printed():
    critic, weight = train(small(), X, Y, rule=penalty(0.3), steps=400), 0.3
    audit = otgan.audit_critic(critic, X, Y, penalty_weight=weight)
    assert audit.diagnosis_names == ("penalty weight too small",)
    objective = audit.gap - weight * float(np.square(audit.slopes - 1).mean())
    options: dict[str, Any] = {"penalty_weight": weight}
    for reported, name in {
        objective: "penalized loss read as W1",
        -objective: "penalized loss read as W1",
        audit.gap: "inflated gap read as W1",
        -audit.gap: "loss read as W1",
    }.items():
        assert names(critic, reported=reported, **options)[1:] == (name,)
    assert names(critic, reported=objective) == ("too steep", "penalized loss read as W1")
    assert names(critic, reported=audit.sample_distance, **options) == ("penalty weight too small",)
    assert names(critic, reported=audit.normalized_gap, **options)[1:] == ()


def test_no_penalty_at_all():
    critic = train(small(), X, Y)
    assert names(critic) == ("too steep",)
    assert names(critic, penalty_weight=10.0) == ("penalty does not act",)


@pytest.mark.parametrize("wrong", [lambda g: g.norm(), lambda g: g.norm(dim=0)])
def test_norm_over_the_batch(wrong):
    critic = train(small(), X, Y, rule=penalty(10.0, norm=wrong))
    assert names(critic, batch_size=64) == ("norm over the wrong axis",)
    assert "norm over the wrong axis" not in names(critic, batch_size=1024)


def test_norm_over_the_batch_is_hinted_at_without_the_batch_size():
    critic = train(small(), X, Y, rule=penalty(10.0, norm=torch.Tensor.norm))
    audit = otgan.audit_critic(critic, X, Y)
    assert audit.diagnosis_names == ("too flat",)
    assert "whole batch" in audit.diagnoses[0].finding


def test_norm_over_the_channels():
    """Every one of 3 x 3 pixels gets a gradient of norm one: together √9."""
    x, y = RNG.normal(size=(2, 200, 2, 3, 3))
    y += 1.0
    critic = nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), nn.LeakyReLU(0.2), nn.Flatten())
    critic.append(nn.Linear(72, 1))
    train(critic, x, y, rule=penalty(100.0, norm=lambda g: g.norm(dim=1)))
    audit = otgan.audit_critic(critic, x, y)
    assert audit.diagnosis_names == ("norm over the wrong axis",)
    assert "dim=(1,)" in audit.diagnoses[0].finding and "3" in audit.diagnoses[0].finding


def test_weight_clipping_is_too_flat():
    assert names(train(small(), X, Y, clip=0.05)) == ("too flat",)


def test_under_trained():
    assert names(small()) == ("under-trained",)
    assert names(train(small(), X, Y, rule=penalty(50.0), steps=5)) == ("under-trained",)


def test_batch_norm_in_layers_and_behind_a_function():
    critic = nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))
    train(critic, X, Y, rule=penalty(50.0))
    assert names(critic) == names(critic.eval()) == ("batch norm",)
    critic.train()
    assert names(lambda z: critic(z)) == ("batch norm",)
    assert names(lambda z: -(z[:, 0] - z[:, 0].mean())) == ("batch norm",)


def test_batch_norm_in_an_exported_program():
    critic = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1)).eval()
    sizes = ({0: torch.export.Dim("n")},)
    program = torch.export.export(critic, (torch.zeros(3, 2),), dynamic_shapes=sizes)
    audit = otgan.audit_critic(program.module(), X, Y)
    assert audit.diagnosis_names[0] == "batch norm"
    assert_allclose(audit.gap, otgan.audit_critic(critic, X, Y).gap, rtol=1e-5)


def test_dropout_in_train_mode():
    critic = nn.Sequential(nn.Linear(2, 32), nn.Dropout(0.2), nn.ReLU(), nn.Linear(32, 1))
    train(critic, X, Y, rule=penalty(50.0))
    assert "dropout in train mode" in names(critic)
    assert "dropout in train mode" in names(lambda z: critic(z))
    assert "dropout in train mode" not in names(critic.eval())


@pytest.mark.parametrize("hidden", [False, True])
def test_sigmoid_at_the_end(hidden):
    critic = nn.Sequential(*small(), nn.Sigmoid())
    loss = nn.BCELoss()
    train(critic, X, Y, loss=lambda u, v: loss(u, torch.ones(64)) + loss(v, torch.zeros(64)))
    found = names(lambda z: critic(z)) if hidden else names(critic)
    assert found[0] == "sigmoid at the end"


def test_tanh_at_the_end_and_not_inside():
    assert "tanh at the end" in names(nn.Sequential(small(), nn.Tanh()))
    assert names(nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)))[0] != "tanh at the end"


def test_constant_and_saturated_critics():
    dead = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    with torch.no_grad():
        linear_layer(dead, 0).bias.fill_(-1e3)
    assert names(dead) == ("constant critic",)
    assert "constant" in otgan.audit_critic(dead, X, Y).verdict
    # A bounded ending explains what is flat; where there is none, that is the finding.
    assert names(lambda z: torch.sigmoid(1e4 * (1.5 - z[:, 0]))) == ("sigmoid at the end",)
    assert names(lambda z: 5 * torch.sigmoid(1e4 * (1.5 - z[:, 0]))) == ("saturated critic",)


# ---------------------------------------------------------------- the picture


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_picture_shows_what_was_measured(d):
    x = np.random.default_rng(1).normal(size=(60, d))
    audit = otgan.audit_critic(linear(*([-2.0] + [0.0] * (d - 1))), x, x + 1.0, reported=5.0)
    figure = critic_audit(audit)
    assert len(figure.axes) == 6
    texts = [text.get_text() for text in figure.axes[5].texts]
    assert f"{audit.sample_distance:.4g}" in texts and "5 →" not in texts[1]
    assert audit.verdict[:40] in figure.get_suptitle()


def test_the_picture_of_equal_points_does_not_fail():
    critic_audit(otgan.audit_critic(mlp(2, width=8), X[:20], X[:20]))


def test_the_page_names_the_mistakes_that_the_code_names():
    root = Path(__file__).parents[3]
    table = (root / "docs" / "audit.md").read_text().partition("## Mistakes by name")[2]
    rows = re.findall(r"^\| ([^|`]+) \|", table.partition("##")[0], flags=re.MULTILINE)
    named = {name for row in rows[1:] for name in row.split(", ")}
    package = root / "otgan" / "critics" / "audit"
    code = "".join(path.read_text() for path in package.glob("*.py"))
    written = set(re.findall(r'Diagnosis\(\s*f?"([^"]+)"', code)) - {"{ending} at the end"}
    assert named == written | {"sigmoid at the end", "tanh at the end"}
