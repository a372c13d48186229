"""What lessons show of measurements, which they cannot read once installed: a JSON file for each.

python -m benchmarks.for_lessons     after a CSV file has changed: writes all of them anew

`mode-collapse-and-its-cures` has stabilizers.csv and collapse.csv, `does-the-loss-mean-anything`
correlation.csv, `gan-and-wgan-side-by-side` claims.csv and fashion.csv. A file holds a number for
every seed, and what the pages of these benchmarks say of the seeds together. What has not been
measured yet is left out.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import claims, collapse, correlation, fashion, stabilizers
from benchmarks.comparisons import stratified_welch, told_apart
from benchmarks.rows import Row, matching, numbers, read

LESSONS = Path(__file__).parents[1] / "otgan" / "lessons"
COMMAND = "python -m benchmarks.for_lessons"
RUNS_OF_CLAIMS, RUNS_OF_FASHION = 60, 600
"""Processor seconds of the runs that are shown."""

MODES_OF = {"ring8": 8, "digits2": 100}
NO_CURE, NO_COMPARISON = "none", "non-saturating GAN"


def mode_collapse() -> dict[str, Any]:
    """Modes, reverse KL and debiased W1 under every cure, and under every objective."""
    cures = [of_cures(data, problem.title) for data, problem in stabilizers.PROBLEMS.items()]
    objectives = [of_objectives(size) for size in collapse.GENERATORS]
    return {"experiments": [found for found in [*cures, *objectives] if found["groups"]]}


def of_cures(data: str, title: str) -> dict[str, Any]:
    rows = matching(read(stabilizers.FILE), data=data)
    by_name = {name: matching(rows, variant=name) for name in [*stabilizers.VARIANTS, "best"]}
    groups = {name: own for name, own in by_name.items() if len(own) > 1}
    best = groups.pop("best", [])
    said = stabilizers.judged(groups) if NO_CURE in groups else {}
    rate = stabilizers.ADAM.learning_rate
    steps = stabilizers.PROBLEMS[data].settings["steps"]
    found = [
        collapse_group(name, rate, own, data, verdict=said.get(name, ""))
        for name, own in groups.items()
    ]
    if best:
        longer = stabilizers.BEST["steps"]
        name = f"relativistic, wider, {longer:,} steps"
        found.append(collapse_group(name, rate, best, data, verdict=""))
    return {
        "name": f"cures, {title.partition(':')[0].lower()}",
        "title": f"{title}, {steps:,} steps",
        "modes_of": MODES_OF[data],
        "compared_with": NO_CURE,
        "groups": found,
    }


def of_objectives(size: str) -> dict[str, Any]:
    """Each objective at its best learning rate, and the two seeds that chose it at every rate."""
    width, depth = collapse.GENERATORS[size]
    reported = {name: reported_rows(name, size) for name in collapse.CONTESTANTS}
    said = {}
    if all(len(own) > 1 for own in reported.values()):
        none = reported[NO_COMPARISON]
        others = {name: own for name, own in reported.items() if name != NO_COMPARISON}
        said = stabilizers.judged(
            {k: [finite(row) for row in own] for k, own in {"none": none, **others}.items()}
        )
    groups = []
    for name, own in reported.items():
        if own:
            rate = float(own[0]["rate"])
            groups.append(collapse_group(name, rate, own, "ring8", verdict=said.get(name, "")))
    for name in collapse.CONTESTANTS:
        for rate in collapse.RATES:
            rows = collapse.rows_of(name, size, rate)
            own = [row for row in rows if int(row["seed"]) in collapse.CHOOSING]
            if own:
                groups.append(collapse_group(name, rate, own, "ring8", choosing=True))
    return {
        "name": f"objectives, the ring, {size} generator",
        "title": f"The ring: objectives, a generator of {depth} layers of {width}, "
        f"{collapse.STEPS[size]:,} steps",
        "modes_of": MODES_OF["ring8"],
        "compared_with": NO_COMPARISON,
        "groups": groups,
    }


def reported_rows(name: str, size: str) -> list[Row]:
    rate = collapse.best_rate(name, size)
    rows = [] if rate is None else collapse.rows_of(name, size, rate)
    return [row for row in rows if int(row["seed"]) in collapse.REPORTED]


def finite(row: Row) -> Row:
    """The row with the reverse KL of one mode where no point is near any, as in stabilizers.py."""
    most = math.log(MODES_OF["ring8"])
    return {**row, "reverse_kl": str(min(float(row["reverse_kl"]), most))}


def collapse_group(
    name: str,
    rate: float,
    rows: Sequence[Row],
    data: str,
    *,
    verdict: str = "",
    choosing: bool = False,
) -> dict[str, Any]:
    """The seeds of one cure or objective at one learning rate."""
    rows = in_order(rows)
    most = math.log(MODES_OF[data])
    return {
        "name": name,
        "rate": rate,
        "choosing": choosing,
        "verdict": verdict,
        "seeds": [int(row["seed"]) for row in rows],
        "modes": numbers(rows, "modes"),
        "reverse_kl": [min(value, most) for value in numbers(rows, "reverse_kl")],
        "debiased_w1": numbers(rows, "debiased_w1"),
    }


def loss_means() -> dict[str, Any]:
    """Rank correlations of every loss with both distances, and which are told from zero."""
    rows = read(correlation.FILE)
    games = {game: in_order(matching(rows, game=game)) for game in correlation.GAMES}
    games = {game: own for game, own in games.items() if len(own) > 1}
    told = correlation.differs_from_zero(games)
    return {
        "groups": [
            correlation_group(game, own, loss, distance, told)
            for distance in correlation.DISTANCES
            for loss in correlation.LOSSES
            for game, own in games.items()
        ]
    }


def correlation_group(
    game: str, rows: Sequence[Row], loss: str, distance: str, told: set[tuple[str, str]]
) -> dict[str, Any]:
    """The seeds of one objective whose correlation of this loss with this distance is defined."""
    column = correlation.column(loss, distance)
    defined = [row for row in rows if math.isfinite(float(row[column]))]
    return {
        "name": game,
        "loss": loss,
        "distance": distance,
        "told_from_zero": (game, column) in told,
        "seeds": [int(row["seed"]) for row in defined],
        "correlations": numbers(defined, column),
    }


def side_by_side() -> dict[str, Any]:
    """The claims on WGANs with what was measured on both sides, and images of clothes."""
    rows = matching(read(claims.FILE), seconds=RUNS_OF_CLAIMS)
    of_fashion = matching(read(fashion.FILE), seconds=RUNS_OF_FASHION)
    return {
        "seconds": RUNS_OF_CLAIMS,
        "claims": with_verdicts(rows),
        "games": [
            {
                "name": game,
                "networks": pair,
                "seeds": [int(row["seed"]) for row in own],
                "milliseconds": [1e3 * cost for cost in numbers(own, "cost")],
                "debiased_w1": numbers(own, "debiased_w1"),
                "reverse_kl": numbers(own, "reverse_kl"),
                "converged": sum(map(claims.converged, own)),
            }
            for game, pair in claims.experiments()
            if (own := in_order(matching(rows, game=game, networks=pair)))
        ],
        "fashion_seconds": RUNS_OF_FASHION,
        "fashion": [
            {
                "name": game,
                "seeds": [int(row["seed"]) for row in own],
                "frechet": numbers(own, "frechet"),
                "coverage": numbers(own, "coverage"),
            }
            for game in fashion.GAMES
            if (own := in_order(matching(of_fashion, game=game)))
        ],
    }


def with_verdicts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Every claim that has two seeds on both sides, judged together with all others."""
    strata = {claim.text: claims.strata_of(rows, claim) for claim in claims.CLAIMS}
    enough = [
        claim
        for claim in claims.CLAIMS
        if min(len(found) for pair in strata[claim.text] for found in pair) > 1
    ]
    compared = {claim.text: stratified_welch(strata[claim.text]) for claim in enough}
    told = told_apart(compared)
    return [
        {
            "text": claim.text,
            "number": claim.column,
            "less": claim.less.game,
            "more": claim.more.game,
            "verdict": claims.ended(compared[claim.text], told[claim.text]).strip("*"),
            "difference": compared[claim.text].difference,
            "se": compared[claim.text].se,
            "networks": ["all four"] if claim.column == "spread" else list(claim.less.pairs),
            "less_values": [list(pair[0]) for pair in strata[claim.text]],
            "more_values": [list(pair[1]) for pair in strata[claim.text]],
        }
        for claim in enough
    ]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """By seed, whatever the order in which they were measured."""
    return sorted(rows, key=lambda row: int(row["seed"]))


MADE: dict[str, Callable[[], dict[str, Any]]] = {
    "mode_collapse_and_its_cures": mode_collapse,
    "does_the_loss_mean_anything": loss_means,
    "gan_and_wgan_side_by_side": side_by_side,
}


NUMBERS = re.compile(r"\[[\s\d.,e+-]*\]")
"""A list of numbers, which are put on one line."""


def made(lesson: str) -> str:
    """What the lesson's file should hold now."""
    data = {"made_by": COMMAND, **MADE[lesson]()}
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    return NUMBERS.sub(lambda found: " ".join(found[0].split()), text) + "\n"


def file_of(lesson: str) -> Path:
    return LESSONS / lesson / "measured.json"


def main() -> None:
    for lesson in MADE:
        file_of(lesson).write_text(made(lesson), encoding="utf-8")


if __name__ == "__main__":
    main()
