"""Which constraint is selected, with which weight, and on how many points."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.critics.constraints.distillation import Distillation
from otgan.critics.constraints.penalties import GradientPenalty
from otgan.critics.estimation.bracket import initial_bracket
from otgan.critics.estimation.selection import select_constraint
from otgan.critics.potentials.projection_lower_bound import projection_lower_bound
from otgan.critics.training.loop import Budget
from otgan.datasets import shifted
from otgan.errors import InvalidInputError
from tests.critics.estimation.problems import clouds, distributions

MINUTE = Budget(math.inf, 60.0)


def selected(constraint, x, y, budget=MINUTE):
    both = distributions(x, y)
    return select_constraint(constraint, both, initial_bracket(both, 0), budget), both


def test_auto_takes_the_linear_program_where_the_bracket_is_narrow():
    selection, _ = selected("auto", *clouds())
    assert selection.name == "exact" and selection.rule is None and selection.n_points == 360
    assert selection.reason.startswith("360 points in 2 dimensions leave")
    assert selection.reason.endswith("360 points are precise enough")


def test_auto_trains_a_critic_where_it_is_wide():
    selection, _ = selected("auto", *clouds(d=30))
    assert selection.name == "lp" and selection.rule.one_sided
    assert "too much for the linear program; penalty weight" in selection.reason


@pytest.mark.parametrize("factor", [1.0, 1e3])
def test_weights_of_short_names_are_twice_a_lower_bound_in_standard_units(factor):
    x, y = (factor * z for z in clouds())
    selection, both = selected("gp", x, y)
    bound = max(
        projection_lower_bound(both.x.pilot, both.y.pilot),
        initial_bracket(both, 0).lower_estimate,
    )
    assert 0.9 * 5 * factor < bound < 1.1 * 5 * factor
    assert_allclose(selection.rule.weight, 10.0 * 2.0 * bound / both.scale.spread, rtol=1e-12)
    assert selection.rule.endpoint_fraction == 0.5
    assert f"at least some {bound:.2g} apart" in selection.reason


def test_objects_keep_their_weight_in_the_units_of_the_data():
    selection, both = selected(GradientPenalty(7.0), *clouds())
    assert_allclose(selection.rule.weight, 7.0 / both.scale.spread, rtol=1e-12)
    assert selection.reason == "given as an object" and selection.rule.endpoint_fraction == 0.0


def test_distillation_is_another_form_of_its_name():
    by_object, _ = selected(Distillation(), *clouds())
    by_name, _ = selected("distilled", *clouds())
    assert by_object == by_name and by_name.rule == Distillation()


def test_more_time_buys_samplers_more_points():
    pair = shifted([3.0, 4.0])
    counts = [
        selected("exact", pair.x, pair.y, Budget(math.inf, seconds))[0].n_points
        for seconds in (0.01, 1.0, 10.0, 1e6)
    ]
    assert counts == sorted(counts) and counts[0] == 1000 and counts[-1] == 20_000


def test_equal_points_still_have_a_weight():
    x = np.zeros((40, 2))
    selection, _ = selected("lp", x, x)
    assert 0 < selection.rule.weight < math.inf


def test_unknown_names_are_refused():
    with pytest.raises(InvalidInputError, match="constraint must be one of auto, exact, clip"):
        selected("nothing", *clouds())
