from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.completeness import (
    GAP_NS,
    Collector,
    Completeness,
    Windows,
    as_text,
    gaps_of,
    is_date,
    runs_of,
    window_of,
)
from shared.domain.instants import DAY, HOUR, MILLISECOND, MINUTE, SECOND

NOON = 1_774_180_800 * SECOND  # 2026-03-22T12:00:00Z


def row(at: int, source: str = "market", kind: str = "BookChange", **more: Any) -> dict[str, Any]:
    return {"role": "event", "kind": kind, "source": source, "observed_at": at, "venue_at": at - SECOND, **more}


def notice(at: int, source: str, kind: str) -> dict[str, Any]:
    return row(at, source, "FeedNotice", notice=kind)


def reported(rows: list[dict[str, Any]], parts: int = 1) -> Completeness:
    collector = Collector()
    size = -(-len(rows) // parts)
    for start in range(0, len(rows), size):
        collector.add(pl.DataFrame(rows[start : start + size], infer_schema_length=None))
    return collector.report()


def steady(start: int, end: int, source: str = "market", **more: Any) -> list[dict[str, Any]]:
    return [row(at, source, **more) for at in range(start, end + 1, 5 * SECOND)]


def test_an_hour_of_a_source_is_counted_with_its_silence_and_its_notices() -> None:
    rows = [
        *steady(NOON, NOON + 10 * MINUTE),
        notice(NOON + 10 * MINUTE + SECOND, "market", "silent"),
        notice(NOON + 10 * MINUTE + 2 * SECOND, "market", "connected"),
        *steady(NOON + 12 * MINUTE, NOON + HOUR - 5 * SECOND),
        notice(NOON + 30 * MINUTE, "market", "resync"),
        *steady(NOON + HOUR + 20 * SECOND, NOON + HOUR + MINUTE),
    ]
    first, second = reported(rows).hours
    assert (first.source, first.hour) == ("market", NOON)
    assert (first.events, first.gaps, first.silent_s) == (121 + 576, 2, 120.0 + 5.0)
    assert (first.reconnects, first.resyncs) == (1, 1)
    assert (second.events, second.gaps, second.silent_s, second.notices) == (9, 1, 20.0, {})


def test_a_source_that_only_connects_is_silent_all_the_time() -> None:
    rows = [*steady(NOON, NOON + 10 * MINUTE), notice(NOON + SECOND, "rtds", "connected")]
    market, rtds = reported(rows).hours
    assert (market.silent_s, rtds.source, rtds.events, rtds.silent_s) == (0.0, "rtds", 0, 600.0)


def test_what_the_trader_itself_says_is_no_source() -> None:
    rows = [*steady(NOON, NOON + MINUTE), row(NOON + DAY, "driver"), row(NOON + DAY, "venue"), row(0, "x", role="did")]
    report = reported(rows)
    assert (report.end, {hour.source for hour in report.hours}) == (NOON + MINUTE, {"market"})


def listed(number: int, length: int = 300) -> dict[str, Any]:
    start = NOON + number * length * SECOND
    slug = f"btc-updown-5m-{start // SECOND}"
    return row(NOON, "gamma", "MarketListed", market=f"m{number}", slug=slug)


def test_a_window_is_full_when_its_market_was_heard_and_nothing_is_missing_from_start_to_end() -> None:
    rows = [
        *[listed(number) for number in range(4)],
        *steady(NOON, NOON + 20 * MINUTE, market="m0"),
        *[row(NOON + n * MINUTE, market=f"m{n}") for n in (1, 2, 3)],
    ]
    missing = [one for one in rows if not NOON + 7 * MINUTE < one["observed_at"] < NOON + 8 * MINUTE]
    whole, part = reported(rows, 3).windows, reported(missing, 3).windows
    assert [one for one in whole if one.source == "market"] == [
        Windows("market", "BTC", "5m", "2026-03-22", expected=288, listed=4, full=4)
    ]
    assert [one.full for one in part if one.source == "market"] == [3]
    assert [one.full for one in whole if one.source == "gamma"] == [0]  # it told of them once and was silent then


def test_a_market_may_be_known_from_the_past_and_one_of_another_time_does_not_count() -> None:
    past = {**listed(0), "role": "warmed", "observed_at": 5}
    report = reported([past, listed(600), *steady(NOON, NOON + 6 * MINUTE, market="m0")])
    assert [(one.listed, one.full) for one in report.windows if one.source == "market"] == [(1, 1)]
    assert report.start == NOON


def test_a_window_that_the_recording_does_not_span_is_not_full() -> None:
    rows = [listed(0), listed(1), *steady(NOON, NOON + 9 * MINUTE, market="m0"), row(NOON, market="m1")]
    assert [one.full for one in reported(rows).windows if one.source == "market"] == [1]


@pytest.mark.parametrize(
    ("slug", "starts", "ends", "expected"),
    [
        ("eth-updown-15m-1774180800", None, None, ("ETH", "15m", NOON, NOON + 15 * MINUTE)),
        ("xrp-updown-4h-1774180800", 5, 6, ("XRP", "4h", NOON, NOON + 4 * HOUR)),
        ("bitcoin-up-or-down-march-22-8am-et", NOON, NOON + HOUR, ("BTC", "1h", NOON, NOON + HOUR)),
        ("bitcoin-up-or-down-march-22-8am-et", None, NOON + HOUR, ("BTC", "1h", NOON, NOON + HOUR)),
        ("solana-up-or-down-on-march-22", NOON, None, ("SOL", "1d", NOON, NOON + DAY)),
        ("solana-up-or-down-on-march-22", None, None, None),
        ("tesla-up-or-down-on-march-22", NOON, NOON + DAY, None),
        ("will-it-rain", NOON, NOON + DAY, None),
    ],
)
def test_windows_are_known_by_their_slugs(
    slug: str, starts: int | None, ends: int | None, expected: tuple[str, str, int, int] | None
) -> None:
    assert window_of(slug, starts, ends) == expected


def trade(at: int, source: str, connection: int, tx: str, late_s: float = 2.0) -> dict[str, Any]:
    facts = {"wallet": "w", "token": "t", "side": "BUY", "tx": tx, "connection": connection}
    return {**row(at, source, "WhaleTrade", **facts), "venue_at": at - round(late_s * SECOND)}


def test_each_source_is_measured_against_all_the_whales_trades() -> None:
    rows = [
        *[trade(NOON + n * SECOND, "rtds", 1, f"x{n}", 2.0) for n in range(8)],
        *[trade(NOON + n * SECOND + MILLISECOND, "rtds", 2, f"x{n}", 2.001) for n in range(6)],  # the second socket
        *[trade(NOON + (n + 20) * SECOND, "activity", n, f"x{n}", 22.0) for n in range(10)],
        trade(NOON + 50 * SECOND, "activity", 50, "x0", 60.0),  # polled again
    ]
    activity, rtds = reported(rows, 4).coverage
    assert (activity.source, activity.seen, activity.union) == ("activity", 10, 10)
    assert (rtds.source, rtds.seen, rtds.union) == ("rtds", 8, 10)
    assert rtds.latency_ms == {"p50": 2_000.0, "p95": 2_000.0, "p99": 2_000.0}
    assert activity.latency_ms["p50"] == 22_000.0


def test_equal_fills_of_one_delivery_are_separate_trades() -> None:
    rows = [trade(NOON, "activity", 1, "x"), trade(NOON, "activity", 1, "x"), trade(NOON, "rtds", 7, "x")]
    activity, rtds = reported(rows).coverage
    assert (activity.seen, rtds.seen, rtds.union) == (2, 1, 2)


def test_nothing_recorded_is_said() -> None:
    empty = Collector()
    empty.add(pl.DataFrame([row(NOON, role="did")]))
    assert as_text(empty.report()) == "nothing was recorded"


def test_the_report_is_a_table_for_people() -> None:
    rows = [
        listed(0),
        *steady(NOON, NOON + 10 * MINUTE, market="m0"),
        notice(NOON + MINUTE, "market", "lost"),
        notice(NOON + MINUTE, "market", "dropped"),
        trade(NOON, "rtds", 1, "x"),
    ]
    lines = as_text(reported(rows)).splitlines()
    assert lines[0] == "recorded from 2026-03-22T12:00:00Z to 2026-03-22T12:10:00Z"
    (market,) = [line.split() for line in lines if line.startswith("2026-03-22T12") and " market " in line]
    assert market == ["2026-03-22T12", "market", "121", "0", "0", "1", "0", "dropped", "1"]
    (window,) = [line.split() for line in lines if "BTC" in line and "market" in line]
    assert window == ["2026-03-22", "market", "BTC", "5m", "288", "1", "1", "0.3%"]
    assert lines[-1].split() == ["rtds", "1", "1", "100.0%", "2,000", "2,000", "2,000"]
    assert "up/down windows: none was listed" in as_text(reported(steady(NOON, NOON + MINUTE)))
    assert "whale trades: none" in as_text(reported(steady(NOON, NOON + MINUTE)))


def runs_in_parts(found: list[int], parts: int, longest: int) -> np.ndarray:
    return np.concatenate([runs_of(np.sort(np.array(found[n::parts], dtype=np.int64)), longest) for n in range(parts)])


@given(st.lists(st.integers(0, 10**6), max_size=40), st.integers(1, 10**5), st.integers(1, 4))
def test_gaps_are_what_no_event_is_near_however_the_events_are_read(found: list[int], longest: int, parts: int) -> None:
    gaps = gaps_of(runs_in_parts(found, parts, longest), 0, 10**6, longest)
    edges = sorted([0, *found, 10**6])
    assert gaps.tolist() == [[a, b] for a, b in pairwise(edges) if b - a > longest]


def test_ten_seconds_are_no_gap() -> None:
    assert len(gaps_of(runs_in_parts([GAP_NS], 1, GAP_NS), 0, 2 * GAP_NS)) == 0


def test_a_date_is_one_or_not() -> None:
    assert is_date("2026-03-22")
    assert not any(map(is_date, ("22 March", "NaT", "2026-03", "2026-02-30")))
