"""What a fresh interpreter loads, and what works where torch is not installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import otgan

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "ot", "matplotlib")

WITHOUT_TORCH = """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name == "torch" else find(name, *rest)
"""


def run(code, **environment):
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.split()


def loaded(code, **environment):
    """Which of the heavy packages `code` brings in."""
    listing = f"\nimport sys\nprint(*(name for name in {HEAVY} if sys.modules.get(name)))"
    return run(code + listing, **environment)


def test_importing_otgan_loads_nothing_heavy():
    assert loaded("import otgan; dir(otgan)") == []


@pytest.mark.parametrize(
    "package", ["transport", "transport.batched", "transport.network_simplex", "inference"]
)
def test_listing_the_names_of_a_package_loads_no_solver(package):
    code = f"import sys, otgan.{package} as package; print(len(dir(package)) > 4)"
    assert run(f"{code}; print('numba' in sys.modules)") == ["True", "False"]


def test_taking_a_solver_compiles_nothing():
    code = "import sys; from otgan.transport import emd; print('numba' in sys.modules)"
    assert run(code) == ["False"]


@pytest.mark.parametrize(
    "call",
    [
        "otgan.wasserstein([0, 1], [2, 3])",
        "otgan.wasserstein_1d([0, 1], [2])",
        "otgan.emd([0, 1], [2])",
        "otgan.kl_divergence([1, 2], [2, 1])",
        "otgan.emd_linprog([[0, 1], [1, 0]])",
        "otgan.certify([[1.0]], [[1]], [0], [0])",
    ],
)
def test_what_needs_no_solver_loads_none(call):
    assert loaded(f"import otgan; {call}") == []


def test_exact_transport_loads_neither_torch_nor_another_solver():
    assert loaded("import otgan; otgan.wasserstein([[0, 0]], [[3, 4]])") == []


def test_distances_and_divergences_work_without_torch():
    code = """
import numpy as np, otgan
x, y = [[0, 0], [1, 0]], [[0, 1], [1, 1]]
print(otgan.emd(x, y).cost, otgan.wasserstein(x, y, p=2), otgan.wasserstein_1d([0], [3]))
print(otgan.emd_from_cost([[0, np.inf], [1, 2]]).cost, otgan.kl_divergence([1, 1], [1, 1]))
"""
    printed = run(WITHOUT_TORCH + code)
    assert list(map(float, printed)) == [1, 1, 3, 1, 0]


def test_listings_and_help_work_without_torch():
    code = """
import inspect, pydoc
import otgan
from otgan import *
names = [name for name, _ in inspect.getmembers(otgan)]
print(len(pydoc.render_doc(otgan)) > 10_000, "emd" in names, "emd" in globals())
print("audit_critic" in names, "audit_critic" in otgan.__all__, "audit_critic" in globals())
try:
    otgan.audit_critic
except ImportError as error:
    print(type(error).__name__, "otgan[torch]" in str(error))
"""
    printed = " ".join(run(WITHOUT_TORCH + code))
    assert printed == "True True True False False False MissingExtraError True"


def test_subpackages_are_there_after_importing_otgan():
    code = """
import otgan
print(otgan.transport.emd is otgan.emd, otgan.inference.Interval is otgan.Interval)
print(otgan.comparison.compare is otgan.compare, otgan.plot is not None)
print(otgan.errors.OtganError is otgan.OtganError, otgan.costs.PointCost is otgan.PointCost)
"""
    assert run(code) == ["True"] * 6


@pytest.mark.torch
def test_critics_and_gan_are_there_after_importing_otgan():
    code = """
import otgan
print(otgan.gan.GANConfig is otgan.GANConfig, callable(otgan.critics.audit.load_critic))
print(issubclass(otgan.GradientPenalty, otgan.critics.constraints.Constraint))
print(callable(otgan.gan.objectives.SemiSupervised), callable(otgan.gan.optimizers.Adam))
print(callable(otgan.gan.networks.mlp_critic), callable(otgan.gan.stabilizers.FeatureMatching))
"""
    assert run(code) == ["True"] * 7


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("train_wgan", "train_gan"),
        ("wassertein", "wasserstein"),
        ("NearestNeighbours", "NearestNeighbors"),
    ],
)
def test_a_name_that_does_not_exist_names_the_nearest(old, new):
    with pytest.raises(AttributeError, match=f"^otgan has no attribute '{old}'; .*'{new}'"):
        getattr(otgan, old)
    assert not hasattr(otgan, "__no_such_name__")


@pytest.mark.torch
def test_nothing_is_left_out_where_torch_is():
    assert run("import otgan; print('audit_critic' in dir(otgan), 'emd' in otgan.__all__)") == [
        "True",
        "True",
    ]


def test_tables_are_told_without_importing_their_libraries():
    code = """
import sys
import numpy as np, otgan
x = np.array([(0.0, 1.0)], dtype=[("u", "f8"), ("v", "f8")])
print(otgan.wasserstein(x, x[["v", "u"]]), otgan.js_divergence({"a": 1}, {"a": 1}))
print(*(name in sys.modules for name in ("pandas", "polars", "pyarrow", "xarray", "torch")))
"""
    assert run(code) == ["0.0", "0.0"] + ["False"] * 5


def test_distributions_and_pairs_work_without_torch():
    code = """
import numpy as np
from otgan.datasets import cones, funnel_pair
pair = funnel_pair(2, 4)
x = pair.x.sample(3, np.random.default_rng(0))
print(len(pair.gradient(x)), int(pair.w1_se < 0.01 * pair.w1), cones().w1)
"""
    assert list(map(float, run(WITHOUT_TORCH + code))) == [3, 1, 1]


def test_a_critic_without_torch_says_what_to_install():
    code = """
from otgan.errors import MissingExtraError
try:
    import otgan.critics
except MissingExtraError as error:
    assert isinstance(error, ImportError)
    print(error)
"""
    message = " ".join(run(WITHOUT_TORCH + code))
    assert "needs the package 'torch', which is not installed; to fix it, run" in message
    assert 'pip install "otgan[torch]"' in message


@pytest.mark.parametrize(
    "command", [["train", "ring8"], ["resume", "run"], ["demo"], ["audit", "c", "a", "b"]]
)
def test_commands_that_need_torch_end_with_code_2(command):
    assert run(f"{WITHOUT_TORCH}\nfrom otgan.cli.main import main\nprint(main({command}))") == ["2"]
