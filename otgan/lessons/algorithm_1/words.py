"""The lesson `algorithm-1` as text."""

from __future__ import annotations

from otgan.keywords import checks_keywords
from otgan.lessons.algorithm_1.listing import listing
from otgan.lessons.algorithm_1.numbers import Algorithm1
from otgan.lessons.text import page, table

__all__ = ["explain"]


@checks_keywords
def explain(numbers: Algorithm1) -> str:
    """The lesson as text.

    Parameters
    ----------
    numbers : Algorithm1

    Returns
    -------
    str
    """
    n, one = numbers, numbers.training
    last = len(one.gap)
    steps = sorted({t for t in (0, 1, 10, 50, 100, 150, 200, 250, 500) if t < last} | {last})
    path = table(
        ["steps of θ", "P_g", "W₁(P_r, P_g)", "gap of the critic"],
        [
            [str(t), _normal(one.shift[t], one.scale[t]), f"{one.w1[t]:.4f}"]
            + [f"{one.gap[t - 1]:.3g}" if t else "-"]
            for t in steps
        ],
    )
    changes = table(
        ["setting", "W₁, last tenth", "steps without gradient at the end"],
        [
            [name, f"{training.last_w1:.4f}", str(training.steps_without_pull)]
            for name, training in zip(
                [str(one.settings), *(v.settings.changes_of(one.settings) for v in n.variants)],
                [one, *n.variants],
                strict=True,
            )
        ],
    )
    return page(
        f"Algorithm 1, line by line: W₁ from {one.w1[0]:.4g} to {one.w1[-1]:.4g} in {last} steps",
        "\n\n".join([_listing(), path, changes]),
        [*_about_the_lines(n), *_about_the_settings(n)],
    )


def _normal(shift: float, scale: float) -> str:
    return f"N({shift:.3f}, {abs(scale):.3f}²)"


def _listing() -> str:
    """Each line of the algorithm, and under it what runs."""
    rows = []
    for line in listing():
        rows.append(f"{line.number:3}: {'   ' * line.depth}{line.text}")
        rows += [f"     {'   ' * line.depth}    {code}" for code in line.code]
    return "\n".join(rows)


def _about_the_lines(n: Algorithm1) -> list[str]:
    calls = n.training.settings.n_critic
    real = _normal(n.problem.mean, n.problem.std)
    return [
        f"P_r is {real}, the generator is g_θ(z) = shift + scale z with z from N(0, 1), and "
        "the critic is a ReLU network with one hidden layer of 16 units. So W₁ is "
        "known at every step, in closed form. The algorithm never sees it.",
        "Each numbered line is the paper's; under it stands the Python that ran, taken from the "
        "code of this lesson, which is made of the parts of train_gan with GANConfig's preset "
        '"wgan". The library minimizes: its critic_loss is minus what line 5 ascends.',
        f'Line 2 is wrong in print: "t = 0, ..., n_critic" are n_critic + 1 steps, here '
        f"{calls + 1}. What is meant, and runs, is {calls}: t = 0, ..., n_critic - 1.",
        "Line 6 is RMSProp (one text has it as RMSPProp): a gradient divided by its own running "
        "size. So every parameter moves by about α, however flat the critic; in the first step by "
        "ten times α, since the running size starts at zero.",
        "Line 10 has a minus and line 11 another: the generator climbs the critic. Nothing in the "
        "algorithm makes f_w 1-Lipschitz. Line 7 bounds its slope by 16 c², so the gap is in units "
        "of its own, and is not W₁.",
    ]


def _about_the_settings(n: Algorithm1) -> list[str]:
    stuck = [
        f"with {v.settings.changes_of(n.training.settings)} the last {v.steps_without_pull} steps"
        for v in n.variants
        if v.steps_without_pull > 20
    ]
    way = abs(n.problem.mean - n.problem.start[0])
    sentences = [
        "The paper has c = 0.01, n_critic = 5, batches of 64 and α = 5e-5, for images. Here P_g "
        f"has to move by {way:g}: at α = 5e-5 that takes some {way / 5e-5:,.0f} steps, so α is "
        "larger.",
    ]
    if stuck:
        sentences.append(
            f"A window that is small beside α kills the critic: {'; '.join(stuck)} have no "
            "gradient at all. A step of α takes weights from one end of the window to the other, "
            "until no hidden unit is active on any point; then f_w is constant, and the generator "
            "stays where it is."
        )
    return sentences
