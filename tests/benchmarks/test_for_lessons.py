"""Lessons show what the CSV files of the benchmarks give now."""

import json

import pytest

pytest.importorskip("torch")

from benchmarks import claims, stabilizers
from benchmarks.for_lessons import COMMAND, MADE, file_of, made
from benchmarks.rows import matching, numbers, read
from otgan.lessons import LESSONS

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("lesson", MADE)
def test_a_lesson_holds_what_has_been_measured(lesson):
    held = file_of(lesson).read_text(encoding="utf-8")
    assert held == made(lesson), f"to fix it, run: {COMMAND}"
    assert json.loads(held)["made_by"] == COMMAND
    assert lesson.replace("_", "-") in LESSONS


def test_every_lesson_with_measurements_is_made_here():
    folder = file_of(next(iter(MADE))).parents[1]
    assert {file.parent.name for file in folder.glob("*/measured.json")} == set(MADE)


def test_seeds_and_verdicts_are_those_of_the_page():
    experiment = MADE["mode_collapse_and_its_cures"]()["experiments"][0]
    page = stabilizers.PAGE.read_text(encoding="utf-8").partition("## Two digits")[0]
    rows = matching(read(stabilizers.FILE), data="ring8")
    assert len(experiment["groups"]) == len(stabilizers.VARIANTS)
    for runs in experiment["groups"]:
        own = matching(rows, variant=runs["name"])
        assert sorted(runs["debiased_w1"]) == sorted(numbers(own, "debiased_w1"))
        [line] = [line for line in page.splitlines() if line.startswith(f"| {runs['name']} |")]
        assert line.rstrip("| ").endswith(runs["verdict"])


def test_claims_have_the_verdicts_of_the_page():
    page = claims.PAGE.read_text(encoding="utf-8")
    found = MADE["gan_and_wgan_side_by_side"]()["claims"]
    assert [claim["text"] for claim in found] == [claim.text for claim in claims.CLAIMS]
    for claim in found:
        [line] = [line for line in page.splitlines() if line.startswith(f"| {claim['text']} |")]
        assert line.split("|")[-2].strip(" *") == claim["verdict"]


def test_what_is_not_measured_yet_is_left_out(monkeypatch, tmp_path):
    from benchmarks import collapse, correlation, fashion

    for benchmark in (claims, collapse, correlation, fashion, stabilizers):
        lines = benchmark.FILE.read_text(encoding="utf-8").splitlines(keepends=True)
        few = tmp_path / benchmark.FILE.name
        few.write_text("".join(lines[:30]), encoding="utf-8")
        monkeypatch.setattr(benchmark, "FILE", few)
    for lesson in MADE:
        assert len(made(lesson)) < len(file_of(lesson).read_text(encoding="utf-8"))
