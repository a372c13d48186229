"""The sections of the report of one run, each a sentence or more and what it is about."""

from __future__ import annotations

import math
from collections.abc import Sequence

from otgan.gan.image_plot import labeled_images
from otgan.gan.measuring.correlations import DISTANCES, rank_correlations
from otgan.gan.plot import (
    critic_level_sets,
    distance_curves,
    loss_curves,
    progress_curves,
    samples_over_training,
)
from otgan.gan.report.contents import Contents
from otgan.gan.report.page import Section, Table
from otgan.gan.report.scores import Score, scores_of_evaluation, scores_of_record, shown
from otgan.gan.report.settings import settings_line

__all__ = ["SECTIONS", "sentences", "table_scores"]

N_FIXED = 16
"""Fixed latents whose images are shown over training."""

N_BESIDE = 48
"""Real and generated images that are shown beside each other."""

UNFINISHED = "The run has not ended yet; what follows shows it up to its last measurement."

WHY_ZERO = (
    "Near the floor the critic's estimate is about zero, while exact W1 is not. Both are right, "
    "for they are about different things. The critic estimates how far apart the two distributions "
    "are of which the points are samples, and for a perfect generator that is zero. Exact W1 is "
    "that of two finite samples: even two real samples are as far apart as the floor, and an "
    "optimal potential of these very points would show it. The critic was not trained on them, so "
    "its mean difference on them may have either sign. It may also lie below the bound that its "
    "own values prove: the bound improves them to a potential of these points, and so gains part "
    "of the floor. What the estimate is to be compared with is debiased W1, from which the floor "
    "is taken away."
)


def sentences(contents: Contents) -> list[str]:
    """The verdict."""
    if contents.outcome is None:
        return [UNFINISHED]
    return [contents.outcome.verdict]


def table_scores(contents: Contents) -> list[Score]:
    """The scores of the final evaluation; of an unfinished run, of its last measurement."""
    if contents.outcome is None:
        return scores_of_record(contents.records[-1])
    return scores_of_evaluation(contents.outcome.evaluation)


def verdict(contents: Contents) -> Section:
    """Which distance went down, by how much, with what error."""
    last = contents.records[-1]
    spent = f"{last.step:,} generator steps in {last.seconds:.0f} s, with {len(contents.records)} "
    return Section("", [*sentences(contents), f"{spent}measurements."])


def scores(contents: Contents) -> Section:
    """All scores, each beside its floor, and distances over training."""
    text = (
        "Each score of generated points is beside what real points show in their place, which is "
        "what a perfect generator would show. Each ± is one standard error."
    )
    if contents.outcome is not None:
        found = contents.outcome.evaluation
        finite = contents.directory.n_points > 0
        real = "held-out points, split anew," if finite else "real points"
        text += (
            f" They are means over {found.draws} draws of {found.points:,} {real} and as many "
            f"generated ones{', of latents' if finite else ''} that no measurement had used before."
        )
    curves = (
        "Over training, exact W1 of the same held-out points and latents falls towards the floor, "
        "and debiased W1, which has the floor taken away, towards zero."
    )
    rows = table_scores(contents)
    table = Table(("score", "generated", "real", "what it says"), rows)
    figures = [("distances", distance_curves(contents.records))]
    return Section("Distances and scores", [text, curves], table, figures)


def samples(contents: Contents) -> Section | None:
    """Points of fixed latents over training, beside real ones."""
    if not contents.snapshots:
        return None
    if contents.image_shape is not None:
        return _images(contents)
    text = (
        "Orange points come from the generator, always from the same latents; blue ones are real "
        "and were never trained on. Read from left to right, top to bottom: a good run ends with "
        "orange covering every blue cluster and nothing in between."
    )
    figures = [("samples", samples_over_training(contents.snapshots, names=contents.names))]
    return Section("Samples against data over training", [text], None, figures)


def _images(contents: Contents) -> Section:
    text = (
        "Each column is one latent, and each row a moment of training, under a row of real images, "
        "which belong to no latent: a picture that settles early and stays shows that training has "
        "come to rest. Below, images of the generator that was kept beside real ones that were "
        "never trained on; look for repeated images, and for kinds of real ones that are missing."
    )
    fixed = [
        (f"step {step:,}", contents.images(arrays["generated"][:N_FIXED]))
        for step, arrays in contents.snapshots
    ]
    last = contents.last_points
    assert last is not None
    fixed.insert(0, ("real, never trained on", contents.images(last["real"][:N_FIXED])))
    beside = [(name, contents.images(last[name][:N_BESIDE])) for name in ("real", "generated")]
    low, high = contents.value_range
    figures = [
        ("samples", labeled_images(fixed, low, high)),
        ("beside", labeled_images(beside, low, high, lines=3)),
    ]
    return Section("Images over training, and beside real ones", [text], None, figures)


def neighbors(contents: Contents) -> Section | None:
    """Generated images above the training images that are nearest to them."""
    last = contents.last_points
    if contents.image_shape is None or last is None or "nearest" not in last:
        return None
    nearest = last["nearest"]
    text = (
        "Below each generated image is the training image at the least Euclidean distance, pixel "
        "by pixel. Pairs that are the same image would be copies. The row on memorization in the "
        "table says whether generated points are nearer to training data than new real ones are."
    )
    rows = [
        ("generated", contents.images(last["generated"][: len(nearest)])),
        ("nearest in training", contents.images(nearest)),
    ]
    figures = [("neighbors", labeled_images(rows, *contents.value_range))]
    return Section("Nearest training images", [text], None, figures)


def critic(contents: Contents) -> Section | None:
    """Level sets of the critic in the plane."""
    drawn = [snapshot for snapshot in contents.snapshots if "critic" in snapshot[1]]
    if not drawn:
        return None
    text = (
        "The critic's values: dark is high (it takes points there for real), bright low, and the "
        "generator's points move uphill, across the lines, which are the same steps apart in all "
        "panels. Where lines are dense the critic is steep and pushes hard; a good critic is high "
        "on every blue cluster and falls off around it, so that points in between are pulled to "
        "the nearest cluster that lacks some."
    )
    figures = [("critic", critic_level_sets(drawn, names=contents.names))]
    return Section("Level sets of the critic", [text], None, figures)


def losses(contents: Contents) -> Section:
    """Losses, and whether they tell the distance."""
    text = (
        "Does a loss tell how good the generator is? The table has Spearman's rank correlation of "
        "each with debiased W1 and with the Fréchet distance, from the start until debiased W1 is "
        "within two standard errors of zero; after that, distances differ by chance alone. One "
        "run gives one such number, without an error: to compare objectives, take several seeds."
    )
    found = rank_correlations(contents.records)
    rows = [
        (name.replace("_", " "), *(shown(by_distance[distance]) for distance in DISTANCES))
        for name, by_distance in found.items()
    ]
    table = Table(("rank correlation of", "debiased W1", "Fréchet distance"), rows)
    figure = loss_curves(contents.records, is_w1=contents.estimates_w1)
    return Section("Losses, and what they tell", [text], table, [("losses", figure)])


def progress(contents: Contents) -> Section:
    """The critic's estimate beside exact W1, and why it may be zero."""
    text = [
        "The blue curve is exact W1 of two samples of points; the dashed line is the floor, what "
        "independent real samples of the same size show against each other. The green curve is "
        "proved by the critic's own values and can never lie above the blue one; dotted is what a "
        "critic that is zero everywhere proves, and only what lies above it is the critic's merit."
    ]
    if not contents.trains_critic:
        text.append(
            "This run trained no critic: estimate and proof are the linear program's own dual "
            "value, so that the three coincide and their rank correlation is one."
        )
    elif contents.estimates_w1:
        text += [
            "The critic's estimate (pink) has no such proof: trust it only where it moves with the "
            "blue curve.",
            WHY_ZERO,
        ]
    else:
        text.append(
            "This critic estimates another divergence than W1: it is drawn with the losses."
        )
    last = contents.records[-1]
    if last.exact_w1 > 0 and math.isfinite(last.w1_lower):
        proved, zero = (bound / last.exact_w1 for bound in (last.w1_lower, last.w1_lower_zero))
        text.append(
            f"At the last step the critic proves {proved:.1%} of exact W1, and a critic that is "
            f"zero everywhere {zero:.1%}."
        )
    figure = progress_curves(contents.records, is_w1=contents.estimates_w1)
    return Section("Critic's estimate, exact W1 and floor", text, None, [("progress", figure)])


def selection(contents: Contents) -> Section | None:
    """Which generator was kept."""
    if contents.outcome is None:
        return None
    kept = f"Here it is that of step {contents.outcome.kept_step:,}."
    return Section("Which generator was kept", [f"{contents.outcome.selection_rule} {kept}"])


def settings(contents: Contents) -> Section:
    """All settings."""
    return Section("", [settings_line(contents.settings)])


SECTIONS = (
    verdict,
    scores,
    samples,
    neighbors,
    losses,
    progress,
    critic,
    selection,
    settings,
)
"""In the order of the page."""


def sections_of(contents: Contents) -> Sequence[Section]:
    """Every section that applies."""
    found = (section(contents) for section in SECTIONS)
    return [section for section in found if section is not None]
