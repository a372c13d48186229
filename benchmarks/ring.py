"""How near to the 8-Gaussian ring a WGAN gets under each constraint, with the settings of the demo.

python benchmarks/ring.py            # every constraint, one seed; and the demo, three seeds
python benchmarks/ring.py gp         # one constraint
"""

import sys
import time
from collections.abc import Callable
from functools import partial

import torch

from otgan import GANConfig, train_gan
from otgan.critics.constraints.by_name import CONSTRAINTS

HEAD = "| constraint | seed | exact W1 | floor | debiased | modes | high quality | rank corr. | s |"


def settings(constraint: str) -> Callable[..., GANConfig]:
    """Those of the demo, except for what the paper of a constraint fixes."""
    if constraint == "demo":
        return partial(GANConfig.preset, "toy")
    if constraint in ("clip", "gp"):  # the learning rate of the demo is too large for these two
        return lambda **more: GANConfig.preset(
            "toy", constraint=constraint, learning_rate=5e-4, **more
        )
    return lambda **more: GANConfig.preset("toy", constraint=constraint, **more)


def row(constraint: str, seed: int) -> None:
    started = time.perf_counter()
    result = train_gan("ring8", settings(constraint)(rng=seed, device="cpu"))
    e, correlations = result.evaluation, result.rank_correlations["critic_estimate"]
    print(
        f"| {constraint} | {seed} | {e.exact_w1:.4f} ± {e.exact_w1_se:.4f} "
        f"| {e.floor:.4f} ± {e.floor_se:.4f} | {e.debiased_w1:.4f} ± {e.debiased_w1_se:.4f} "
        f"| {e.modes}/8 | {e.high_quality:.1%} | {correlations['debiased_w1']:.2f} "
        f"| {time.perf_counter() - started:.0f} |",
        flush=True,
    )


def main() -> None:
    torch.set_num_threads(1)
    print(HEAD + "\n|---|--:|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    if len(sys.argv) > 1:
        row(sys.argv[1], 0)
        return
    for seed in range(3):
        row("demo", seed)
    for constraint in ("exact", *sorted(CONSTRAINTS)):
        row(constraint, 0)


if __name__ == "__main__":
    main()
