"""Which rows of a benchmark count: those of today's settings, whatever settings are new."""

from typing import Any

import pytest

pytest.importorskip("torch")

from benchmarks import circling, collapse, toy
from benchmarks.rows import digest, read
from otgan import GANConfig, ZeroCenteredPenalty

pytestmark = pytest.mark.torch


def test_a_digest_changes_with_all_settings_but_the_seed_and_defaults():
    assert digest(GANConfig(rng=1)) == digest(GANConfig(rng=2, steps=GANConfig().steps))
    falling = ZeroCenteredPenalty(final_weight=0.1)
    others: list[dict[str, Any]] = [
        {},
        {"steps": 3},
        {"constraint": ZeroCenteredPenalty()},
        {"constraint": falling},
    ]
    assert len({digest(GANConfig(**changes)) for changes in others}) == len(others)


def test_committed_rows_count_today():
    configs = {
        toy: [toy.config_of(0)],
        circling: [circling.config_of(variant, 0) for variant in circling.VARIANTS],
        collapse: [
            collapse.config_of(contestant, size, rate, 0)
            for size in collapse.GENERATORS
            for contestant in collapse.CONTESTANTS
            for rate in collapse.RATES
        ],
    }
    for benchmark, asked in configs.items():
        stored = {row["settings"] for row in read(benchmark.FILE)}
        assert stored == stored & {digest(config) for config in asked}, benchmark.__name__
