"""The lesson `critic-or-emd` as text."""

from __future__ import annotations

from otgan.lessons.critic_or_emd.numbers import CriticOrEmd
from otgan.lessons.text import page, table
from otgan.measures import FloatArray

__all__ = ["explain"]


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
        "All errors are in per cent of the true W₁ of the distributions, signed, with standard errors.",
        f"The exact distance of {most:,} points (EMD) is exact for these points. They lie further "
        f"apart than their distributions, in the mean: by {n.emd[plane, -1]:+.1f} % in the plane and by "
        f"{n.emd[-1, -1]:+.0f} % in {high} dimensions. {most // few} times the points take the "
        f"excess from {n.emd[-1, 0]:+.0f} % to {n.emd[-1, -1]:+.0f} % there: more of them is no "
        "way out.",
        "The potentials of the same points, on fresh ones, show too little: "
        f"{n.held_out[plane, -1]:+.1f} % and {n.held_out[-1, -1]:+.0f} %. So the two are a "
        "bracket of W₁ that holds, but for noise, in any dimension. Their midpoint is good while "
        f"the bracket is narrow, and {n.midpoint[-1, -1]:+.0f} % off in {high} dimensions.",
        f"A critic that draws fresh points in every step errs by {n.critic[0]:+.1f} % in {low} and "
        f"{n.critic[-1]:+.1f} % in {high} dimensions. It is nearer than the EMD in "
        f"{_listed(n.critic_nearer_than(n.emd[:, -1]))} dimensions, and nearer than the midpoint "
        f"in {_listed(n.critic_nearer_than(n.midpoint[:, -1]))}.",
        "Its standard error does not tell: a perfect critic would be read as W₁ or a little more, "
        "so what is missing is what the network has not learned. The gap before the penalty is "
        "subtracted looks better in many dimensions, but there two errors partly cancel by chance.",
        f"The same critic on {most:,} points and no more has a quarter of them left to be judged "
        f"on, which leaves ± {n.reused_se[plane]:.0f} %, and it learns the points along with their "
        f"distributions: {n.reused[-1]:+.0f} % in {high} dimensions.",
        "So: for two sets of points, and for distributions in a few dimensions, compute the exact distance "
        "and its bracket; for distributions in many dimensions that can be sampled at will, train a critic, "
        "and hold it against the bracket.",
    ]


def _listed(dimensions: FloatArray) -> str:
    names = [f"{d:.0f}" for d in dimensions]
    if len(names) < 2:
        return names[0] if names else "no"
    return ", ".join(names[:-1]) + " and " + names[-1]
