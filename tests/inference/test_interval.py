from otgan.inference.interval import Interval

INTERVAL = Interval(0.5, 1.5, 0.9, 0.75, 0.05, 1.25, 0.06, "potential", 1000, 80)


def test_derived_quantities():
    assert INTERVAL.width == INTERVAL.center == 1.0
    assert INTERVAL.bias == 0.5
    assert 0.5 in INTERVAL and 1.5 in INTERVAL
    assert 0.49 not in INTERVAL and 1.51 not in INTERVAL and float("nan") not in INTERVAL


def test_what_is_printed():
    assert repr(INTERVAL) == "Interval(90 % in [0.5, 1.5], n=1000, m=80)"
    report = INTERVAL.report()
    for words in (
        "[0.5, 1.5], 90 %",
        "0.75 ± 0.05 (the potential that was given)",
        "1.25 ± 0.06",
        "1,000 and 80",
    ):
        assert words in report
