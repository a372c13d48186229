"""Records, their table, and the correlation of their curves."""

import csv
import io
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from otgan.gan.records import Record, metrics_table, rank_correlation, records_of
from otgan.gan.run_directory import RunDirectory
from tests.gan.short_run import a_record, same_but_for_time


def record(step, estimate=1.0, exact=1.0, **changes):
    return a_record(step, critic_estimate=estimate, exact_w1=exact, high_quality=0.9, **changes)


def test_a_table_reads_back_to_the_same_numbers():
    rows = [record(2, 1 / 3), record(4, modes=math.nan, reverse_kl=math.inf), record(50)]
    same_but_for_time(records_of(metrics_table(rows)), rows)


@pytest.mark.parametrize(
    "damage",
    [
        lambda table: "",
        lambda table: table[:-1],
        lambda table: table.partition("\n")[2],
        lambda table: table.replace("w1_lower,", "lower,"),
        lambda table: table + "6,0.5\n",
        lambda table: table.replace("4,0.5", "2,0.5"),
        lambda table: table.replace("2,0.5", "-2,0.5"),
        lambda table: table.replace("0.9", "much"),
    ],
)
def test_another_table_is_refused(damage):
    table = metrics_table([record(2), record(4)])
    with pytest.raises(ValueError, match=r"header|rows|steps|could not convert"):
        records_of(damage(table))


def test_metrics_csv_is_always_written_and_reads_back(trained):
    result = trained("lp")
    rows = list(csv.reader(io.StringIO((result.out / "metrics.csv").read_text())))
    assert rows[0] == list(Record._fields)
    assert len(rows) == 1 + len(result.records)
    assert RunDirectory(result.out).metrics() == list(result.records)


def test_rank_correlation():
    def records(estimates, exact):
        return [record(i, e, w) for i, (e, w) in enumerate(zip(estimates, exact, strict=True))]

    assert rank_correlation(records([1, 2, 3, 4], [10, 20, 30, 40])) == 1.0
    assert rank_correlation(records([1, 2, 3, 4], [4, 3, 2, 1])) == -1.0
    assert math.isnan(rank_correlation(records([1, 2], [1, 2])))
    assert math.isnan(rank_correlation(records([1, 1, 1], [1, 2, 3])))
    first, second = np.random.default_rng(0).normal(size=(2, 20)).round(1)  # with ties
    expected = np.corrcoef(stats.rankdata(first), stats.rankdata(second))[0, 1]
    assert_allclose(rank_correlation(records(first, second)), expected, rtol=1e-12)
