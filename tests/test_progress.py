"""Progress: off, a bar, or a function of (done, total, message)."""

import pytest

from otgan.progress import as_progress, reporting
from tests.cases import refused


def show(done, total, message):
    """A function as a user passes it."""


@pytest.mark.parametrize("progress", [True, False, show])
def test_the_option_is_one_of_three(progress):
    assert as_progress(progress) is progress


@pytest.mark.parametrize("progress", [None, 1, "bar"])
def test_other_options_are_refused(progress):
    with refused("progress must be True, False or a function", repr(progress)):
        as_progress(progress)


def test_a_function_hears_of_every_report():
    heard = []
    with reporting(lambda *now: heard.append(now), None, "searching") as report:
        report(1, "near")
        report(5, "")
    assert heard == [(1, None, "near"), (5, None, "searching")]


def test_without_progress_nothing_is_written(capsys):
    with reporting(False, 2, "searching") as report:
        report(2, "done")
    assert capsys.readouterr() == ("", "")


def test_a_bar_shows_what_is_done_and_the_message(capsys):
    with reporting(True, 4, "searching", unit="step", done=1) as report:
        report(4, "near")
    out, err = capsys.readouterr()
    assert out == "" and "searching" in err and "4/4" in err and "near" in err


def test_an_error_of_the_function_ends_the_work():
    def stop(done, total, message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), reporting(stop, 2, "searching") as report:
        report(1, "")
