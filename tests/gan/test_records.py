"""Records and their table."""

import csv
import io
import math

import pytest

from otgan.gan.records import Record, metrics_table, records_of
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
    stored = RunDirectory(result.out).metrics()
    same_but_for_time(stored, result.records)
    assert [r.seconds for r in stored] == [r.seconds for r in result.records]


def test_generators_are_chosen_by_features_where_there_are_some():
    plain = record(1, debiased_w1=0.5, debiased_w1_se=0.1, feature_debiased_w1=math.nan)
    assert plain.selected_by == (0.5, 0.1)
    images = plain._replace(feature_debiased_w1=3.0, feature_debiased_w1_se=0.2)
    assert images.selected_by == (3.0, 0.2)
