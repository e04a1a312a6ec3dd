"""What each source heard of what was to be heard, and how late."""

import pytest

from shared.adapters.feeds.coverage import JUDGED_FROM, SETTLE_NS, WINDOW_NS, Coverage
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import WhaleTrade
from shared.domain.order import Side

T0 = 1_790_000_000 * SECOND
SOURCES = ("rtds", "activity")


def begun() -> Coverage:
    coverage = Coverage(SOURCES)
    coverage.begin(T0)
    return coverage


def trade(tx: int, delivery: int = 1) -> WhaleTrade:
    return WhaleTrade("0xa", "m", "t", Side.BUY, 500_000, 1_000_000, f"0x{tx}", delivery)


def test_a_source_that_missed_a_trade_is_measured_against_the_one_that_told_it() -> None:
    coverage = begun()
    for n in range(10):
        if n != 3:
            coverage.hear("rtds", trade(n), T0, T0 + 2 * SECOND)
        coverage.hear("activity", trade(n), T0, T0 + 5 * SECOND)
    coverage.settle(T0 + 5 * SECOND + SETTLE_NS)
    report = coverage.report()
    assert (report["rtds"].seen, report["rtds"].of, report["rtds"].share) == (9, 10, 0.9)
    assert (report["activity"].seen, report["fast"].seen) == (10, 9)
    median = report["rtds"].p50
    assert median is not None
    assert abs(median - 2 * SECOND) < 120 * MILLISECOND


def test_nothing_is_counted_before_every_source_had_its_time() -> None:
    coverage = begun()
    coverage.hear("rtds", trade(1), T0, T0 + SECOND)
    coverage.settle(T0 + SETTLE_NS)
    assert coverage.report()["rtds"].share is None
    coverage.settle(T0 + SECOND + SETTLE_NS)
    assert coverage.report()["rtds"].share == 1.0


def test_equal_fills_of_one_delivery_are_several_and_the_same_ones_polled_again_are_not() -> None:
    coverage = begun()
    for delivery in (1, 2, 3):
        for _ in range(2):
            coverage.hear("activity", trade(1, delivery), T0, T0 + delivery)
    coverage.hear("rtds", trade(1), T0, T0 + 1)
    coverage.settle(T0 + 10 + SETTLE_NS)
    report = coverage.report()
    assert (report["activity"].seen, report["rtds"].seen, report["rtds"].of) == (2, 1, 2)


@pytest.mark.parametrize(("missed", "alarmed"), [(1, False), (2, True)])
def test_an_alarm_is_raised_when_the_fast_sources_miss_more_than_one_in_twenty(missed: int, alarmed: bool) -> None:
    coverage = begun()
    for n in range(JUDGED_FROM):
        if n >= missed:
            coverage.hear("rtds", trade(n), T0, T0 + SECOND)
        coverage.hear("activity", trade(n), T0, T0 + SECOND)
    assert coverage.alarm() is None  # nothing is settled
    coverage.settle(T0 + SECOND + SETTLE_NS)
    found = coverage.alarm()
    assert (found is not None) is alarmed
    if found is not None:
        assert (
            found == f"the fast sources told {JUDGED_FROM - missed} of {JUDGED_FROM} trades of followed wallets (90.0%)"
        )


def test_what_is_older_than_a_day_no_longer_counts() -> None:
    coverage = begun()
    coverage.settle(T0)
    coverage.hear("rtds", trade(1), T0, T0)
    coverage.settle(T0 + SETTLE_NS)
    coverage.settle(T0 + WINDOW_NS // 2)
    assert coverage.report()["rtds"].of == 1
    coverage.settle(T0 + WINDOW_NS)
    assert coverage.report()["rtds"].of == 0


def test_what_happened_before_a_fast_source_was_heard_is_no_miss_of_it() -> None:
    coverage = Coverage(SOURCES)
    coverage.hear("activity", trade(1), T0, T0 + SECOND)
    coverage.begin(T0 + 2 * SECOND)
    coverage.begin(T0 + 9 * SECOND)  # heard again after a silence: what it missed then counts
    coverage.hear("activity", trade(2), T0 + SECOND, T0 + 3 * SECOND)
    coverage.hear("activity", trade(3), T0 + 5 * SECOND, T0 + 6 * SECOND)
    coverage.settle(T0 + 6 * SECOND + SETTLE_NS)
    assert (coverage.report()["rtds"].seen, coverage.report()["rtds"].of) == (0, 1)


def test_without_a_fast_source_polling_is_measured_from_the_start() -> None:
    coverage = Coverage(("activity",))
    coverage.hear("activity", trade(1), T0, T0 + SECOND)
    coverage.settle(T0 + SECOND + SETTLE_NS)
    assert coverage.report()["activity"].share == 1.0
