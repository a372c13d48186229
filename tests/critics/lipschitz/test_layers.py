"""Constants proved by layers are never below the truth, which brute force finds."""

import math
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parametrizations

from otgan.critics.forward import evaluating
from otgan.critics.lipschitz.layers import (
    LAYERS,
    convolution_norm,
    lipschitz_from_weights,
    prove_lipschitz,
)
from otgan.critics.networks.feedforward import OnOriginalScale, mlp, orthogonal_mlp


def operator_norm(layer, shape):
    """The largest singular value of a linear layer, unrolled into one matrix."""
    layer = layer.double()
    jacobian = torch.autograd.functional.jacobian(
        lambda z: layer(z).flatten(), torch.zeros(1, *shape, dtype=torch.double)
    )
    return float(torch.linalg.matrix_norm(jacobian.flatten(1), 2))


CONVOLUTIONS = [
    (nn.Conv1d, (2, 3, 3), {}, (2, 60)),
    (nn.Conv1d, (2, 2, 5), {"stride": 3, "padding": 4}, (2, 61)),
    (nn.Conv2d, (2, 3, 3), {"padding": 1}, (2, 12, 12)),
    (nn.Conv2d, (2, 3, 4), {"padding": 1, "stride": 2}, (2, 18, 18)),
    (nn.Conv2d, (4, 4, 3), {"groups": 2, "dilation": 2, "padding": 2}, (4, 14, 14)),
    (nn.Conv2d, (2, 3, 3), {"stride": 2, "dilation": 3}, (2, 19, 19)),
    (nn.Conv2d, (2, 2, (1, 4)), {"stride": (1, 3)}, (2, 8, 20)),
    (nn.Conv2d, (2, 3, 3), {"padding": 1, "padding_mode": "circular"}, (2, 8, 8)),
    (nn.Conv2d, (3, 2, 1), {}, (3, 4, 4)),
    (nn.Conv3d, (1, 2, 2), {}, (1, 6, 6, 6)),
]


@pytest.mark.parametrize(("kind", "sizes", "options", "shape"), CONVOLUTIONS)
def test_convolutions_against_their_unrolled_matrix(kind, sizes, options, shape):
    torch.manual_seed(0)
    layer = kind(*sizes, **options)
    truth, bound = operator_norm(layer, shape), lipschitz_from_weights(layer)
    assert truth <= bound * (1 + 1e-12)
    assert bound <= 1.2 * truth  # loose by the border of these small signals alone


def test_symbol_is_tight_up_to_its_grid():
    """On circular signals of many sizes the truth comes as near as the grid allows."""
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular")
    truth = max(operator_norm(layer, (2, size, size)) for size in (10, 13, 16))
    assert truth <= lipschitz_from_weights(layer) <= 1.02 * truth


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv2d(2, 3, 4, 2, 1), (2, 8, 9)),
        (nn.Conv2d(4, 4, 3, padding="same", groups=2), (4, 5, 7)),
        (nn.Conv2d(1, 2, 3, dilation=2), (1, 7, 8)),
    ],
)
def test_small_convolutions_are_exact_at_their_size(layer, shape):
    truth = operator_norm(layer, shape)
    network = nn.Sequential(nn.LeakyReLU(0.2), layer, nn.Flatten())
    assert_allclose(lipschitz_from_weights(network, shape), truth, rtol=1e-10)
    assert lipschitz_from_weights(network) > 1.01 * truth


def test_reshaped_kernel_is_no_bound():
    layer = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    nn.init.constant_(layer.weight, 1.0)
    assert float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)) < 3.001
    assert 8.5 < operator_norm(layer, (1, 20, 20)) < lipschitz_from_weights(layer) < 9.1


def test_wide_convolutions_are_still_bounded():
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(160, 140, 2))
    fine = np.fft.rfft(kernel, 64, axis=2)
    truth = max(np.linalg.norm(fine[..., k], 2) for k in range(33))
    assert truth <= convolution_norm(kernel, [1], [1]) * (1 + 1e-12) <= 1.02 * truth


def test_pooling_and_batch_norm():
    for layer, shape in [
        (nn.AvgPool2d(2), (1, 8, 8)),
        (nn.AvgPool2d(3, 1, 1), (1, 8, 8)),
        (nn.AvgPool1d(4, 2), (1, 12)),
    ]:
        truth = operator_norm(layer, shape)
        assert truth <= lipschitz_from_weights(layer) * (1 + 1e-12) <= 1.2 * truth
    assert lipschitz_from_weights(nn.MaxPool2d(2)) == 1.0
    assert lipschitz_from_weights(nn.MaxPool2d(3, 2)) == 2.0
    norm = nn.BatchNorm2d(2)
    assert norm.running_var is not None
    norm.running_var.copy_(torch.tensor([4.0, 0.25]))
    assert_allclose(lipschitz_from_weights(norm), 2.0, rtol=1e-4)
    assert lipschitz_from_weights(nn.BatchNorm2d(2, track_running_stats=False)) == math.inf


ACTIVATIONS = [
    *(nn.ReLU(), nn.ReLU6(), nn.Tanh(), nn.Sigmoid(), nn.Softplus(), nn.Softplus(3.0), nn.GELU()),
    *(nn.GELU("tanh"), nn.SiLU(), nn.Mish(), nn.SELU(), nn.ELU(1.7), nn.LeakyReLU(0.3)),
    *(nn.LeakyReLU(-2.0), nn.PReLU(init=1.4), nn.Hardtanh(-2, 3), nn.Softsign(), nn.LogSigmoid()),
    *(nn.Tanhshrink(), nn.Softshrink(), nn.Identity()),
]


@pytest.mark.parametrize("layer", ACTIVATIONS, ids=repr)
def test_activations_are_no_steeper_than_stated(layer):
    z = torch.linspace(-8, 8, 400_001, dtype=torch.double).requires_grad_()
    (slope,) = torch.autograd.grad(layer.double()(z).sum(), z)
    steepest = float(slope.abs().max())
    assert steepest <= lipschitz_from_weights(layer) * (1 + 1e-6) <= 1.001 * steepest + 1e-4


def test_known_network_and_its_factors():
    first, last = nn.Linear(3, 3, bias=False), nn.Linear(3, 1, bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.diag(torch.tensor([1.0, 5.0, 2.0])))
        last.weight.copy_(torch.tensor([[0.0, 3.0, 4.0]]))
    proof = prove_lipschitz(nn.Sequential(first, nn.LeakyReLU(0.2), last))
    assert_allclose(proof.value, 25.0, rtol=1e-6)
    assert proof.reason == "Linear 5 × Linear 5"


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.last = nn.Linear(3, 3), nn.Linear(3, 1)
        self.register_buffer("shift", torch.ones(3))

    def forward(self, points):
        points = points.reshape(points.shape[0], -1) - self.shift
        return self.last(points + 0.5 * F.relu(self.inner(points))).squeeze(-1)


def test_a_wrong_shape_is_no_reason_to_fail():
    critic = nn.Sequential(nn.Linear(5, 3), nn.ReLU())
    assert lipschitz_from_weights(critic, (7,)) == lipschitz_from_weights(critic)


def test_sums_of_branches_add_up_and_need_the_shape():
    torch.manual_seed(0)
    critic = Residual()
    inner, last = (lipschitz_from_weights(part) for part in (critic.inner, critic.last))
    assert_allclose(lipschitz_from_weights(critic, (3,)), (1 + 0.5 * inner) * last, rtol=1e-12)
    assert "give the shape" in prove_lipschitz(critic).reason
    whole = OnOriginalScale(nn.Sequential(critic), torch.zeros(3), 2.0).double()
    assert_allclose(lipschitz_from_weights(whole, (3,)), (1 + 0.5 * inner) * last, rtol=1e-12)
    deeper = nn.Sequential(nn.Linear(5, 3), critic.float())
    expected = lipschitz_from_weights(deeper[0]) * (1 + 0.5 * inner) * last
    assert_allclose(lipschitz_from_weights(deeper, (5,)), expected, rtol=1e-12)


def forward_of(function):
    class Custom(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 1), nn.Linear(3, 3)
            self.weight = nn.Parameter(torch.randn(3, 2))

        def forward(self, z):
            return function(self, z)

    torch.manual_seed(0)
    return Custom()


BOUNDED = [
    lambda s, z: s.b(z).norm(dim=1),
    lambda s, z: torch.cat([z, s.b(z)], dim=1).sum(dim=1),
    lambda s, z: (z @ s.weight).mean(dim=1),
    lambda s, z: F.leaky_relu(s.b(z), 0.2).amax(dim=1),
    lambda s, z: torch.maximum(z, s.b(z)).sum(dim=-1) / 3.0,
    lambda s, z: 2.0 * z[:, 0] - s.a(z)[:, 0],
    lambda s, z: F.linear(z, s.weight.t()).tanh().abs().max(dim=1)[0],
    lambda s, z: torch.cat(torch.chunk(s.b(z), 3, dim=1), dim=1)[:, 1],
    lambda s, z: F.gelu(s.a(F.dropout(z, 0.5, s.training))).view(-1),
]

UNBOUNDED = [
    (lambda s, z: s.b(z + s.a(z)).sum(dim=1), "repeats values"),
    (lambda s, z: (z * s.b(z)).sum(dim=1), "'mul' in its forward has no bound"),
    (lambda s, z: z.square().sum(dim=1), "'square'"),
    (lambda s, z: z[:, [0, 0]].sum(dim=1), "'getitem'"),
    (lambda s, z: s.a(z) if z.sum() > 0 else -s.a(z), "cannot be traced"),
    (lambda s, z: s.a(F.dropout(z, 0.5)), "stays on in evaluation mode"),
    (lambda s, z: F.layer_norm(z, (3,)), "'layer_norm'"),
    (lambda s, z: torch.max(s.a(z), s.weight.t()[0]).sum(dim=1), "'max'"),
    (lambda s, z: s.a(z).clamp(min=s.weight.t()[0]).sum(dim=1), "'clamp'"),
    (lambda s, z: F.linear(z, s.b.weight, bias=s.b(z[0])).sum(dim=1), "'linear'"),
    (lambda s, z: s.a(z).expand(-1, 4).sum(dim=1), "'expand'"),
    (lambda s, z: z.mul_(3.0).sum(dim=1), "'mul_'"),
]


@pytest.mark.parametrize("function", BOUNDED)
def test_traced_operations_bound_every_quotient(function):
    critic = forward_of(function).eval()
    u = 3 * torch.randn(4000, 3)
    v = u + 0.1 * torch.randn(4000, 3)
    with torch.no_grad():
        rise = (critic(u) - critic(v)).reshape(-1).abs()
    bound = lipschitz_from_weights(critic, (3,))
    assert float((rise / (u - v).norm(dim=1)).max()) <= bound * (1 + 1e-3) < math.inf


@pytest.mark.parametrize(("function", "reason"), UNBOUNDED)
def test_what_has_no_bound_says_why(function, reason):
    proof = prove_lipschitz(forward_of(function), (3,))
    assert proof.value == math.inf
    assert reason in proof.reason


@pytest.mark.parametrize("layer", [nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.InstanceNorm1d(4)])
def test_normalization_of_one_point_has_no_useful_bound(layer):
    proof = prove_lipschitz(nn.Sequential(nn.Linear(2, 4), layer))
    assert proof.value == math.inf
    assert type(layer).__name__ in proof.reason


def test_parametrized_weights_count_as_they_are_used():
    torch.manual_seed(0)
    points = torch.randn(50, 6)
    for parametrize in (
        parametrizations.spectral_norm,
        parametrizations.orthogonal,
        parametrizations.weight_norm,
        nn.utils.spectral_norm,
    ):
        layer = parametrize(nn.Linear(6, 6, bias=False))
        layer(points)
        with evaluating(layer), torch.no_grad():
            used = float(torch.linalg.matrix_norm(layer(torch.eye(6)).double(), 2))
        before = {key: value.clone() for key, value in layer.state_dict().items()}
        assert_allclose(lipschitz_from_weights(layer), used, rtol=1e-6)
        assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())


def test_old_spectral_norm_is_read_as_the_next_call_will_use_it():
    """The attribute `weight` is that of the last call; the weights have moved since."""
    torch.manual_seed(0)
    layer = nn.utils.spectral_norm(nn.Linear(6, 6, bias=False), n_power_iterations=50)
    layer(torch.zeros(1, 6))
    with torch.no_grad():
        layer.get_parameter("weight_orig").add_(torch.randn(6, 6))
    stated = lipschitz_from_weights(layer)
    layer.eval()
    with torch.no_grad():
        assert_allclose(stated, torch.linalg.matrix_norm(layer(torch.eye(6)), 2), rtol=1e-5)


def test_hooks_and_replaced_forwards_are_not_trusted(monkeypatch):
    hooked = mlp(2, width=4, depth=1)
    hooked[0].register_forward_hook(lambda *_: None)
    assert "hook" in prove_lipschitz(hooked).reason

    class Cubed(nn.Linear):
        def forward(self, z):
            return super().forward(z) ** 3

    assert lipschitz_from_weights(Cubed(2, 1)) == math.inf
    replaced = nn.Linear(2, 1)
    monkeypatch.setattr(replaced, "forward", lambda z: z.exp())
    assert lipschitz_from_weights(replaced) == math.inf


def test_layers_may_state_their_constant():
    class Halved(nn.Module):
        lipschitz = 0.5

        def forward(self, z):
            return z.sin() / 2.0

    assert lipschitz_from_weights(nn.Sequential(Halved(), orthogonal_mlp(2, width=4))) < 0.5001
    inside = mlp(2, width=4, depth=1)
    whole = OnOriginalScale(inside, torch.zeros(2), 9.0)
    assert lipschitz_from_weights(whole) == lipschitz_from_weights(inside)


def test_compiled_and_exported_critics_keep_their_proof():
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Conv1d(1, 3, 3), nn.ReLU(), nn.Dropout(), nn.Flatten())
    critic.append(nn.Linear(12, 1))
    critic.eval()
    example = torch.zeros(4, 1, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(critic)
        exported = torch.export.export(
            critic, (example,), dynamic_shapes=({0: torch.export.Dim("n")},)
        ).module()
        compiled = torch.compile(critic)
    assert isinstance(compiled, nn.Module)
    expected = lipschitz_from_weights(critic)
    for other in (scripted, exported, compiled):
        assert_allclose(prove_lipschitz(other, (1, 6)).value, expected, rtol=1e-9)


def test_every_known_layer_is_named_by_torch():
    assert all(kind.__module__.startswith("torch.nn.modules") for kind in LAYERS)
