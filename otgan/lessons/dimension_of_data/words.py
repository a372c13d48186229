"""The lesson `dimension-of-data` as text."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.dimension_of_data.numbers import DimensionOfData
from otgan.lessons.text import page, table

__all__ = ["explain"]


@checks_keywords
def explain(numbers: DimensionOfData) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : DimensionOfData

    Returns
    -------
    str

    Examples
    --------
    >>> from otgan.lessons.dimension_of_data import run
    >>> print(explain(run(n=500)).splitlines()[0])
    The dimension of data: digits of 64 pixels read 7.42
    """
    n = numbers
    at = n.digit_neighbors.tolist().index(n.neighbors)
    digits, error = n.digit_values[at], n.digit_errors[at]
    like_ball, like_cube = n.digits_between
    known = [
        [
            one.name, str(one.dimension), str(one.ambient), str(one.linear),
            f"{one.estimate.value:.2f} ± {one.estimate.standard_error:.2f}",
        ]
        for one in (*n.shapes, *n.generators)
    ]  # fmt: skip
    biased = [
        [f"{k:g}", f"{cube:.2f}", f"{ball:.2f}"]
        for k, cube, ball in zip(n.dimensions, n.cubes, n.balls, strict=True)
    ]
    noisy = [[f"{s:g}", f"{v:.2f}"] for s, v in zip(n.noises, n.noisy, strict=True)]
    pixels = [
        [f"{m:g}", f"{v:.2f} ± {e:.2f}"]
        for m, v, e in zip(n.digit_neighbors, n.digit_values, n.digit_errors, strict=True)
    ]
    shared = [
        [f"{a} and {b}", str(d), "none: disjoint" if k is None else str(k)]
        for a, b, d, k in n.meetings
    ]
    return page(
        f"The dimension of data: digits of 64 pixels read {digits:.2f}",
        "\n\n".join(
            [
                table(["shape", "dimension", "space", "95 % of variance", "estimate"], known),
                table(["true dimension", "cube", "normal"], biased),
                table(["noise on a square in 10-d", "estimate"], noisy),
                table(["neighbors", "digits"], pixels),
                table(["two flat sets of dimension", "space", "share a set of dimension"], shared),
            ]
        ),
        [
            f"The estimate counts how fast the number of neighbors grows with the distance, up to "
            f"{n.neighbors} neighbors of each of {n.n} points. ± is the standard error of its "
            "scatter, and not its bias.",
            "It is off by less than a tenth up to five dimensions. Then it reads too little "
            "(second table): in many dimensions nearly all points are near an edge, and "
            "neighbors are far. It reads too much where noise is as large as the distances of "
            "neighbors (third table): dimension is a question of scale.",
            f"The digits read {digits:.2f} ± {error:.2f} of 64 pixels. Normal points of "
            f"{like_ball:.1f} dimensions, or a cube of {like_cube:.1f}, would read so. Nearer by "
            "they read more, further away less, so it is no single number; and "
            f"{n.digit_linear} principal components are needed for 95 % of their variance. "
            "That they lie near a set of few dimensions agrees with this. It is no proof, and "
            "says nothing of larger pictures.",
            "Of a generator it is a fact: a smooth G maps k latents to a set of at most k "
            "dimensions, the rank of its Jacobian, however many pixels it paints. The dimensions "
            "of the G(z) above are these ranks.",
            "Two sets of dimensions a and b in a space of dimension d share nothing in general "
            "position if a + b < d, and else a set of dimension a + b - d (last table). A "
            "well-known text says that they are almost certainly disjoint, and draws two lines "
            "and two surfaces in three dimensions. Two lines are disjoint there, two surfaces "
            "share a curve. But what they share has no mass in either, as long as both have less "
            "than d dimensions and the distributions have densities on them. That is enough for "
            "JS = log 2 and for a perfect discriminator (Arjovsky and Bottou, 2017).",
        ],
    )
