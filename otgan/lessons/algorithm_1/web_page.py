"""The page of the lesson `algorithm-1`."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.algorithm_1.listing import listing
from otgan.lessons.algorithm_1.numbers import Algorithm1
from otgan.lessons.pages import assemble, check_sizes

__all__ = ["MOST", "page"]

MOST: dict[str, int] = {"steps": 500, "n_critic": 20}


@checks_keywords
def page(numbers: Algorithm1) -> str:
    """The lesson as a page: the algorithm runs in the browser, line by line or to the end.

    Parameters
    ----------
    numbers : Algorithm1

    Returns
    -------
    str
        An HTML file that loads nothing.

    Raises
    ------
    InvalidInputError
        More steps than a browser makes while a slider moves.
    """
    n = numbers
    settings = n.training.settings
    check_sizes(MOST, {"steps": len(n.training.gap), "n_critic": settings.n_critic})
    return assemble(
        "algorithm_1",
        "Algorithm 1, line by line",
        {
            **n.problem.to_dict(),
            "batch_size": n.batch_size,
            "settings": settings.to_dict(),
            "steps": len(n.training.gap),
            "listing": [line.to_dict() for line in listing()],
        },
    )
