"""The lesson `clipping-and-penalties` as text."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.clipping_and_penalties.records import (
    ClippingAndPenalties,
    Critic,
    layer_factors,
    steepest,
)
from otgan.lessons.text import page, table

__all__ = ["explain"]

MUCH = 10.0
"""Gradients vanish or explode that change by more than this factor through the hidden layers."""


@checks_keywords
def explain(numbers: ClippingAndPenalties) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : ClippingAndPenalties

    Returns
    -------
    str
    """
    n = numbers
    rows = [
        [_name(c), f"{c.depth}", f"{c.norms[-1, 0]:.2g}", f"{c.norms[-1, -1]:.2g}"]
        + [f"{c.factor[-1]:.3g}", _said(c), f"{c.gap[-1]:.2g}", f"{c.slope[-1]:.2g}"]
        + ["-" if c.name != "clip" else f"{c.at_limit[-1]:.0%}"]
        for c in n.critics
    ]
    head = ["critic", "layers", "at points", "at the last", "factor", "gradients", "gap"]
    return page(
        f"Clipping and penalties: the Swiss roll against the same with noise, W₁ = {n.w1:.3f}",
        table([*head, "steepest", "at ± c"], rows),
        [*_about_clipping(n), *_about_penalties(n)],
    )


def _about_clipping(n: ClippingAndPenalties) -> list[str]:
    low, high = layer_factors(1.0, n.width)
    shallow, deep = n.depths[0], n.depths[-1]
    began = n.critic("clip", shallow, n.limits[0]).at_limit[0]
    kept = [c for c in n.limits if _said(n.critic("clip", deep, c)) == "neither"]
    share = [n.critic("clip", shallow, c).at_limit[-1] for c in n.limits]
    window = f"only c = {', '.join(f'{c:g}' for c in kept)}" if kept else "none of these limits"
    return [
        f"Weights and biases are clipped to [-c, c] after each of {n.steps[-1]} steps. Norms are "
        "those of the critic's gradient with respect to what a layer takes, of which the first "
        f"takes the points: they vanish or explode if they change by more than {MUCH:g} times.",
        f"Why there is a window: on its way back through a layer of {n.width} units, half of them "
        f"on, a gradient is multiplied by c √(width/2) = {low:.3g} c if the signs of weights are "
        f"random, up to c width/2 = {high:.3g} c if they agree. That is one between c = "
        f"{1 / high:.3g} and {1 / low:.3g}, and its power counts: with {deep} layers, gradients "
        f"neither vanish nor explode for {window}.",
        f"Where gradients vanish, float32 cannot tell the score of one point from another's: the "
        f"gap of {deep} layers at c = {n.limits[0]:g} is "
        f"{n.critic('clip', deep, n.limits[0]).gap[-1]:g}, and nothing is learned. Of {shallow} "
        f"layers it is {n.critic('clip', shallow, n.limits[0]).gap[-1]:.2g}, and no slope may "
        f"exceed c^{shallow + 1} √2 width^{shallow} = "
        f"{steepest(n.limits[0], n.width, shallow):.2g}.",
        f"Weights go to the limits ± c: {min(share):.0%} to {max(share):.0%} of those of {shallow} "
        "layers end within 1 % of ± c. A wide window takes long to fill, which the WGAN paper "
        f"calls slow; in the narrowest, {began:.0%} of them were there before the first step.",
    ]


def _about_penalties(n: ClippingAndPenalties) -> list[str]:
    both = [n.critic(name, depth) for name in ("gp", "lp") for depth in n.depths]
    gp, lp = ([f"{c.gap[-1]:.3f}" for c in both if c.name == name] for name in ("gp", "lp"))
    low, high = min(c.factor[-1] for c in both), max(c.factor[-1] for c in both)
    return [
        f"A penalty on slopes of the critic leaves its weights alone: layers change gradients by "
        f"{low:.3g} to {high:.3g}, whatever the depth.",
        f"The one-sided penalty (lp) shows {' and '.join(lp)}, beside W₁ = {n.w1:.3f} ± "
        f"{n.w1_se:.1g}. The two-sided one (gp) shows {' and '.join(gp)}: with the published "
        "weight 10 it wants slopes of one everywhere, also where the best critic is flat, and at "
        "this small distance that counts for more than the gap. A weight has the unit of a length.",
    ]


def _name(critic: Critic) -> str:
    return f"clip, c = {critic.limit:g}" if critic.name == "clip" else critic.name


def _said(critic: Critic) -> str:
    """Whether its gradients vanish on their way back to the points, explode, or do neither."""
    change = critic.norms[-1, 0] / critic.norms[-1, -1]
    return "vanish" if not change > 1 / MUCH else "explode" if change > MUCH else "neither"
