"""Short names of constraints, and what may be passed instead of one."""

from typing import Any

import pytest

from otgan.critics.constraints import Constraint
from otgan.critics.constraints.by_name import CONSTRAINTS, as_constraint
from otgan.critics.constraints.serialization import constraint_from, described
from otgan.critics.settings import CONSTRAINT_NAMES
from otgan.errors import InvalidInputError
from tests.cases import refused


def test_names_are_checked_without_torch_by_the_same_list():
    assert tuple(CONSTRAINTS) == CONSTRAINT_NAMES


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_a_name_and_its_object_are_the_same(name):
    constraint = as_constraint(name)
    assert isinstance(constraint, Constraint)
    assert as_constraint(constraint) is constraint is CONSTRAINTS[name]
    assert constraint.name == name
    assert constraint_from(described(constraint)) == constraint


@pytest.mark.parametrize(
    ("wrong", "hint"), [("GP", "'gp'"), ("orthogonale", "'orthogonal'"), ("cone", "'cones'")]
)
def test_a_wrong_name_offers_the_nearest(wrong, hint):
    with refused("constraint must be one of clip, gp, lp", repr(wrong), f"did you mean {hint}"):
        as_constraint(wrong)


def test_names_that_the_caller_adds_are_offered_too():
    with refused("one of auto, exact, clip", "'exakt'", "did you mean 'exact'"):
        as_constraint("exakt", also=("auto", "exact"))


@pytest.mark.parametrize("given", [None, 3, ["gp"], object])
def test_anything_else_is_refused_by_the_methods_that_it_lacks(given):
    with pytest.raises(InvalidInputError, match=r"without .*optimizer.*; to fix it, derive"):
        as_constraint(given)


def test_a_class_in_place_of_its_object():
    wrong: Any = type(CONSTRAINTS["gp"])
    with refused("the class GradientPenalty itself", "pass GradientPenalty()"):
        as_constraint(wrong)
