"""The lesson `what-a-discriminator-learns` as text."""

from __future__ import annotations

import math

from otgan.keywords import checks_keywords
from otgan.lessons.text import page, table
from otgan.lessons.what_a_discriminator_learns.records import SETTLED, WhatADiscriminatorLearns

__all__ = ["explain"]


@checks_keywords
def explain(numbers: WhatADiscriminatorLearns) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : WhatADiscriminatorLearns

    Returns
    -------
    str
    """
    n = numbers
    sets = table(
        ["sets", "they meet", "accuracy", "JS shown", "of log 2"],
        [
            [s.name, "yes" if s.meet else "no", f"{s.accuracy[-1]:.4%}", f"{s.js[-1]:.4f}"]
            + [f"{s.js[-1] / math.log(2):.1%}"]
            for s in n.separations
        ],
    )
    gradients = table(
        ["dimensions", "stage", "W₁", "saturating", "at the end", "non-saturating", "at the end"]
        + [f"W at {SETTLED}", "changes by"],
        [
            [f"{f.dimensions}", f"{f.stage}", f"{f.w1:.2f}"]
            + [f"{norm:.2g}" for row in f.norms[:2] for norm in (row[0], row[-1])]
            + [f"{f.norms[2][f.steps >= SETTLED][0]:.2f}", f"{f.drift[2]:.0%}"]
            for f in n.fixed
        ],
    )
    return page(
        "What a discriminator learns: "
        f"{min(s.accuracy[-1] for s in n.separations):.2%} of points of thin sets are told apart",
        f"{sets}\n\n{gradients}",
        [*_about_sets(n), *_about_gradients(n)],
    )


def _about_sets(n: WhatADiscriminatorLearns) -> list[str]:
    return [
        "A line has no area, and a surface no volume. Two lines of a plane cross in a point, two "
        "surfaces of space in a curve: a random point of one is never on the other, so that some "
        "discriminator is always right, and JS is log 2. Two lines in space do not even cross.",
        "A network is wrong where the sets nearly touch: a part of each that shrinks in proportion "
        f"to the distance. After {n.separations[0].steps[-1]} steps it mistakes "
        f"{max(1 - s.accuracy[-1] for s in n.separations):.2%} of new points at most.",
        "Texts say that such sets are almost certainly disjoint. Lines of a plane almost certainly "
        "meet; what matters is that they share nothing with positive probability.",
    ]


def _about_gradients(n: WhatADiscriminatorLearns) -> list[str]:
    embedded = [f for f in n.fixed if f.dimensions > 2]
    flat = [f for f in n.fixed if f.dimensions == 2]
    drift = max(f.drift[2] for f in embedded)
    kept = [f for f in flat if f.falls[0] < 1]
    end = embedded[0].steps[-1]
    return [
        "The table has norms of the gradient with respect to the generator's parameters. A ring of "
        f"eight clusters lies in a plane of {embedded[0].dimensions} dimensions, as pictures do "
        "among all arrays of pixels. A generator is trained for some stages and then held fixed; "
        "a discriminator and a Wasserstein critic learn from scratch.",
        f"log(1 - D): after {end} steps its gradient is down by factors of "
        f"{min(f.falls[0] for f in embedded):.2g} to {max(f.falls[0] for f in embedded):.2g}. The "
        "loss has the slope D at a generated point, and a good discriminator has D = 0 there.",
        f"-log D: its slope is 1 - D, nearly one, and the gradient grows, by factors of "
        f"{min(1 / f.falls[1] for f in embedded):.2g} to "
        f"{max(1 / f.falls[1] for f in embedded):.2g}, since the discriminator becomes ever "
        "steeper: no vanishing gradient, but no scale either.",
        f"Wasserstein: from step {SETTLED} on the norm changes by at most {drift:.0%}. The slope "
        "of the critic is held near one, so it may be trained as long as one likes.",
        "In the plane itself, where the generator's points spread among the data, no discriminator "
        f"is perfect: in {len(kept)} of {len(flat)} stages the gradient of log(1 - D) is larger at "
        "the end than before the first step. It vanishes where sets are told apart, not because "
        "training is long. (There the Wasserstein critic takes longer to settle, too.)",
    ]
