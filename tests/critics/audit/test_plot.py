"""The picture of an audit: every number is marked or written, and no text lies on another."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

import otgan
from otgan.critics.audit.plot import critic_audit
from otgan.critics.networks.feedforward import mlp
from otgan.plot import GREEN
from tests.overlaps import overlapping_texts

pytestmark = pytest.mark.torch

X = np.random.default_rng(0).normal(size=(40, 2))


def linear(*slopes):
    layer = torch.nn.Linear(len(slopes), 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([slopes]))
    return layer


def slopes_panel(critic):
    audit = otgan.audit_critic(critic, X + 1.0, X)
    return audit, critic_audit(audit).axes[3]


def test_a_proved_slope_in_the_panel_is_a_line():
    audit, axis = slopes_panel(linear(1.0, 0.5))
    (line,) = [one for one in axis.lines if str(one.get_label()).startswith("proved")]
    assert line.get_xdata()[0] == audit.lipschitz_upper < axis.get_xlim()[1] * 1.01
    assert to_hex(line.get_color()).upper() == GREEN


def test_one_beyond_the_panel_is_an_arrow_at_its_edge():
    torch.manual_seed(0)
    audit, axis = slopes_panel(mlp(2, width=64, depth=6))
    assert audit.lipschitz_upper > 3 * max(1.0, audit.lipschitz_lower)
    (mark,) = [one for one in axis.lines if str(one.get_label()).startswith("proved")]
    assert mark.get_marker() == ">" and mark.get_label().endswith("beyond")
    assert f"{audit.lipschitz_upper:.3g}" in mark.get_label()


def test_where_nothing_is_proved_the_legend_says_so():
    _, axis = slopes_panel(lambda points: points[:, 0])
    texts = [text.get_text() for text in axis.get_legend().get_texts()]
    assert "proved: nothing" in texts


@pytest.mark.parametrize("d", [1, 2, 3])
def test_texts_and_legends_lie_on_nothing(d):
    x = np.random.default_rng(1).normal(size=(60, d))
    audit = otgan.audit_critic(linear(*([-2.0] + [0.0] * (d - 1))), x, x + 1.0, reported=5.0)
    figure = critic_audit(audit)
    assert overlapping_texts(figure) == []
    for axis in figure.axes:
        legend = axis.get_legend()
        if legend is not None:
            assert legend.get_window_extent().y1 < axis.get_window_extent().y0
    right = figure.axes[5].get_window_extent().x1
    assert all(text.get_window_extent().x0 > right for text in figure.axes[5].texts)


def test_slopes_are_fractions_of_all_points():
    audit, axis = slopes_panel(linear(1.0, 0.5))
    assert np.isclose(sum(bar.get_height() for bar in axis.patches), 1.0)
    assert len(audit.slopes) > 0
