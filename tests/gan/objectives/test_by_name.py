"""Short names of objectives, what may be passed instead, and objects rebuilt from plain values."""

import pytest
import torch

from otgan.errors import InvalidInputError
from otgan.gan.objectives import LeastSquares, Minimax, NonSaturating, Objective, SemiSupervised
from otgan.gan.objectives.by_name import OBJECTIVE_REGISTRY, OBJECTIVES, as_objective
from otgan.gan.settings import OBJECTIVE_NAMES
from tests.cases import refused


class Exponential(Objective):
    name = "exponential"

    def critic_loss(self, real, fake):
        return (-real).exp().mean() + fake.exp().mean()

    def generator_loss(self, real, fake):
        return (-fake).exp().mean()


def test_names_are_checked_without_torch_by_the_same_list():
    assert tuple(OBJECTIVES) == OBJECTIVE_NAMES


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_name_and_its_object_are_the_same(name):
    objective = as_objective(name)
    assert as_objective(objective) is objective is OBJECTIVES[name]
    assert OBJECTIVE_REGISTRY.rebuilt(OBJECTIVE_REGISTRY.described(objective)) == objective


@pytest.mark.parametrize(
    "changed", [Minimax(0.8), NonSaturating(0.7), LeastSquares(0.9), SemiSupervised(3)]
)
def test_changed_settings_are_rebuilt(changed):
    stored = OBJECTIVE_REGISTRY.described(changed)
    assert OBJECTIVE_REGISTRY.rebuilt(stored) == changed
    assert OBJECTIVE_REGISTRY.rebuilt({"name": changed.name}) == type(changed)()


def test_one_of_the_users_own_is_taken_as_it_is_and_not_rebuilt():
    own = Exponential()
    assert as_objective(own) is own
    assert torch.isnan(torch.tensor(own.divergence(torch.zeros(1), torch.zeros(1))))
    with pytest.raises(InvalidInputError, match="the objective must be one of"):
        OBJECTIVE_REGISTRY.rebuilt(OBJECTIVE_REGISTRY.described(own))


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("Hinge", "did you mean 'hinge'?"),
        ("nonsaturating", "did you mean 'non-saturating'?"),
        (Minimax, "pass Minimax()"),
        (None, "pass a name"),
    ],
)
def test_anything_else_is_refused(wrong, hint):
    with refused("objective must be one of wasserstein, minimax", hint):
        as_objective(wrong)


@pytest.mark.parametrize(
    ("methods", "parts"),
    [
        ({"name": None}, ("an objective must define", "Own without critic_loss, generator_loss")),
        ({"critic_losses": lambda self, real, fake: 0.0}, ("'critic_loss'",)),
        ({"divergence": lambda self, real: 0.0}, ("(self, real, fake)", "(self, real)")),
    ],
)
def test_classes_that_would_not_be_called_are_refused(methods, parts):
    base = Objective if "name" in methods or "critic_losses" in methods else Exponential
    with refused(*parts):
        type("Own", (base,), methods)()
