"""The lesson `critic-or-emd` as text."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.critic_or_emd.numbers import CriticOrEmd
from otgan.lessons.text import page, table
from otgan.measures import FloatArray

__all__ = ["explain"]


@checks_keywords
def explain(numbers: CriticOrEmd) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : CriticOrEmd

    Returns
    -------
    str
    """
    n = numbers
    most = int(n.counts[-1])
    columns = (
        (n.emd[:, -1], n.emd_se[:, -1]),
        (n.held_out[:, -1], n.held_out_se[:, -1]),
        (n.midpoint[:, -1], n.midpoint_se[:, -1]),
        (n.critic, n.critic_se),
        (n.gap, n.critic_se),
        (n.reused, n.reused_se),
    )
    body = table(
        ["d", "W₁", "EMD, %", "held out", "midpoint", "critic", "its gap", f"on {most:,} points"],
        [
            [f"{d:.0f}", f"{n.truth[k]:.4f}"]
            + [f"{error[k]:+.1f} ± {se[k]:.1f}" for error, se in columns]
            for k, d in enumerate(n.dimensions)
        ],
    )
    more = table(
        ["EMD, %", *[f"{count:,.0f} points" for count in n.counts]],
        [
            [f"d = {d:.0f}", *[f"{error:+.1f}" for error in n.emd[k]]]
            for k, d in enumerate(n.dimensions)
        ],
    )
    return page(
        f"A critic or the exact distance of samples, in {_listed(n.dimensions)} dimensions",
        body + "\n\n" + more,
        _sentences(n),
    )


def _sentences(n: CriticOrEmd) -> list[str]:
    most, few = int(n.counts[-1]), int(n.counts[0])
    low, high = int(n.dimensions[0]), int(n.dimensions[-1])
    plane = list(n.dimensions).index(2)
    return [
        "All errors are in per cent of the true W₁ of the distributions, signed, with standard "
        "errors.",
        f"The exact distance of {most:,} points (EMD) is exact for these points. On average, "
        "samples lie further apart than their distributions; these trials show "
        f"{n.emd[plane, -1]:+.1f} ± {n.emd_se[plane, -1]:.1f} % in the plane and "
        f"{n.emd[-1, -1]:+.0f} % in {high} dimensions. There, {most // few} times as many points "
        f"only reduce the excess from {n.emd[-1, 0]:+.0f} % to {n.emd[-1, -1]:+.0f} %.",
        "The potentials of the same points, evaluated on fresh ones, show too little: "
        f"{n.held_out[plane, -1]:+.1f} % and {n.held_out[-1, -1]:+.0f} %. So the two bracket W₁ "
        "in any dimension, up to sampling noise. Their midpoint is good while the bracket is "
        f"narrow, and {n.midpoint[-1, -1]:+.0f} % off in {high} dimensions.",
        f"A critic that draws fresh points in every step is off by {n.critic[0]:+.1f} % in {low} "
        f"and by {n.critic[-1]:+.1f} % in {high} dimensions. It is nearer to the truth than the "
        f"EMD in {_listed(n.critic_nearer_than(n.emd[:, -1]))} dimensions, and nearer than the "
        f"midpoint in {_listed(n.critic_nearer_than(n.midpoint[:, -1]))}.",
        "Its standard error does not show this: a perfect critic would be read as W₁ or slightly "
        "more, so what is missing is what the network has not learned. The gap before the penalty "
        "is subtracted looks better in many dimensions, but only because two errors partly cancel "
        "there by chance.",
        f"The same critic on only {most:,} points has a quarter of them left for evaluation, which "
        f"leaves ± {n.reused_se[plane]:.0f} %, and it overfits the others: {n.reused[-1]:+.0f} % "
        f"in {high} dimensions.",
        "So: for two sets of points, and for distributions in a few dimensions, compute the exact "
        "distance and its bracket; for distributions in many dimensions that can be sampled "
        "freely, train a critic, and compare it with the bracket.",
    ]


def _listed(dimensions: FloatArray) -> str:
    names = [f"{d:.0f}" for d in dimensions]
    if len(names) < 2:
        return names[0] if names else "no"
    return ", ".join(names[:-1]) + " and " + names[-1]
