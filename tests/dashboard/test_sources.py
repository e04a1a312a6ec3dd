"""The sources in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.sources import (
    HAPPENED,
    NAMES,
    alarms,
    doing,
    handovers,
    happenings,
    job,
    own_speed,
    source_rows,
    told_of,
)
from dashboard.state import Live, Measures, SourceShare
from shared.adapters.feeds.roles import JOBS, Roles
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import FeedHealth, NoticeKind
from tests.dashboard.fakes import NOW, live, measures

PROGRESS = "live: whales by rtds, books by market, spot by binance"


def shares(fast: SourceShare, **others: SourceShare) -> Measures:
    return Measures(NOW, {**others, "fast": fast})


def test_who_does_a_job_is_read_from_the_traders_words() -> None:
    assert doing(PROGRESS) == {"whales": "rtds", "books": "market", "spot": "binance"}
    assert doing("live: nobody is heard yet") == {}
    assert doing("replaying a day told by rtds") == {}
    assert doing("live: weather by rtds") == {}


@given(st.lists(st.tuples(st.sampled_from(sorted(NAMES)), st.booleans()), max_size=20))
def test_the_jobs_read_are_those_the_trader_knows_of(said: list[tuple[str, bool]]) -> None:
    roles = Roles(NAMES)
    for source, healthy in said:
        roles.hear(FeedHealth(source, healthy, "because"))
    done = roles.doing()
    words = ", ".join(f"{name} by {done[name]}" for name in JOBS if name in done)
    assert doing(f"live: {words or 'nobody is heard yet'}") == done


def test_every_kind_of_notice_has_words() -> None:
    assert list(HAPPENED) == list(NoticeKind)
    assert len(set(HAPPENED.values())) == len(HAPPENED)


def test_what_happened_is_counted_in_words_of_that_source_only() -> None:
    notices = {"rtds silent": 2, "rtds connected": 1_003, "market gap": 1, "rtds eclipse": 4}
    assert happenings(notices, "rtds") == "connected 1,003×, open but silent 2×"
    assert happenings(notices, "binance") == ""


def test_a_source_does_a_job_is_in_reserve_or_is_down() -> None:
    shown = live(progress=PROGRESS, feeds={"market": "silent for 20 s", "rtds": "ok"})
    said = {source: job(source, shown) for source in (*NAMES, "tea leaves")}
    assert said == {
        "rtds": "● Whale trades",
        "polygon": "○ Reserve: whale trades",
        "activity": "○ Reserve: whale trades",
        "trades": "● Prints where we hold",
        "market": "✖ Down",
        "binance": "● Spot prices",
        "coinbase": "○ Reserve: spot prices",
        "gamma": "● Market data",
        "clock": "● Our clock",
        "tea leaves": "–",
    }


def test_a_fallback_does_two_jobs() -> None:
    assert (
        job("activity", live(progress="live: whales by activity, books by activity"))
        == "● Whale trades and order books"
    )


def test_sources_are_those_that_did_something_or_are_down_without_the_jobs() -> None:
    shown = live(
        progress="live: books by market",
        feeds={"whales": "rtds not heard yet", "polygon": "refused", "coverage": "too little", "views": "away"},
    )
    measured = Measures(NOW, {"activity": SourceShare(1, 1), "fast": SourceShare(0, 1)}, notices={"zeta gap": 1})
    assert told_of(shown, measured) == ["polygon", "activity", "market", "zeta"]


def test_a_row_tells_share_delays_and_what_happened() -> None:
    rows = {row["source"]: row for row in source_rows(live(progress=PROGRESS), measures())}
    assert rows["Real-time stream"] == {
        "source": "Real-time stream",
        "job": "● Whale trades",
        "told": 99.0,
        "trades": "1,188 of 1,200",
        "p50": 0.42,
        "p95": 0.913,
        "notices": "connected 5×, open but silent 2×",
    }
    market = rows["Market channel"]
    assert (market["told"], market["trades"], market["p50"], market["notices"]) == (None, "–", None, "read anew 7×")


def test_a_source_that_told_nothing_yet_has_a_share_of_nothing_but_no_delay() -> None:
    measured = Measures(NOW, {"rtds": SourceShare(0, 5), "activity": SourceShare(0, 0)})
    rows = {row["source"]: row for row in source_rows(Live(), measured)}
    assert (rows["Real-time stream"]["told"], rows["Real-time stream"]["p50"]) == (0.0, None)
    assert rows["Data API, polled"]["told"] is None


def test_what_is_wrong_now_comes_before_what_happened() -> None:
    shown = live(feeds={"rtds": "no data for 12.1 s", "coinbase": "away", "binance": "ok"})
    rows = {row["source"]: row["notices"] for row in source_rows(shown, measures())}
    assert rows["Real-time stream"] == "Now: no data for 12.1 s; connected 5×, open but silent 2×"
    assert rows["Coinbase"] == "Now: away"
    assert rows["Binance"] == "–"


def test_all_is_well_within_the_limits() -> None:
    assert alarms(Live(), measures()) == []
    assert alarms(Live(), Measures(NOW, {})) == []


@pytest.mark.parametrize(
    ("seen", "of", "alarmed"), [(95, 100, False), (94, 100, True), (18, 20, True), (0, 19, False), (0, 0, False)]
)
def test_a_share_below_95_percent_is_alarming_once_there_are_20_trades(seen: int, of: int, alarmed: bool) -> None:
    said = alarms(Live(), shares(SourceShare(seen, of)))
    assert [sentence.startswith(f"The fast sources told {seen} of {of} trades") for sentence in said] == [
        True
    ] * alarmed


def test_a_share_that_stands_in_the_banner_is_not_told_twice() -> None:
    assert alarms(live(feeds={"coverage": "told 1 of 99"}), shares(SourceShare(1, 99))) == []


@pytest.mark.parametrize(
    ("source", "seen", "p95", "alarmed"),
    [
        ("rtds", 20, 15 * SECOND, False),
        ("rtds", 20, 15 * SECOND + MILLISECOND, True),
        ("rtds", 19, 29 * SECOND, False),
        ("polygon", 20, 29 * SECOND, True),
        ("activity", 500, 29 * SECOND, False),
        ("rtds", 20, None, False),
    ],
)
def test_a_fast_source_is_alarming_above_what_a_stream_may_take(
    source: str, seen: int, p95: int | None, alarmed: bool
) -> None:
    measured = shares(SourceShare(500, 500), **{source: SourceShare(seen, 500, p95, p95, p95)})
    said = alarms(Live(), measured)
    assert len(said) == alarmed
    assert all(NAMES[source] in sentence and "limit 15 s" in sentence for sentence in said)


def test_all_late_sources_stand_in_one_sentence() -> None:
    late = {name: SourceShare(30, 30, 1, n * SECOND, 1) for n, name in ((20, "rtds"), (30, "polygon"))}
    (said,) = alarms(Live(), shares(SourceShare(30, 30), **late))
    assert said.startswith("5% of the trades arrive 20.00 s (Real-time stream), 30.00 s (Polygon chain) or more")


@pytest.mark.parametrize(("p95", "alarmed"), [(None, False), (1_000.0, False), (1_000.1, True)])
def test_slow_decisions_are_alarming(p95: float | None, alarmed: bool) -> None:
    said = alarms(Live(), Measures(NOW, {}, decided_ms=(1.0, p95, 5_000.0)))
    assert [sentence.startswith("5% of the decisions take 1.00 s") for sentence in said] == [True] * alarmed


def test_our_own_speed_is_told_as_far_as_it_is_known() -> None:
    assert own_speed(measures()) == (
        "Arrival to decision: p50 0.4 ms, p95 1.9 ms, p99 4.2 ms · event loop late by p50 0.2 ms, p99 3.1 ms · "
        "12 trades waited for market data · 0 facts merged under load"
    )
    assert own_speed(Measures(NOW, {})) == "0 trades waited for market data · 0 facts merged under load"


def test_jobs_that_changed_hands_are_told() -> None:
    measured = Measures(NOW, {}, notices={"whales fallback": 2, "whales connected": 1, "rtds connected": 9})
    assert handovers(measured) == "Whale trades: to a better source 1×, fell back 2×"
    assert handovers(Measures(NOW, {}, notices={"rtds connected": 9})) == ""
