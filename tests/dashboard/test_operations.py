"""The house at work in words: lights, functions, orders."""

import pytest
from msgspec.structs import replace

from dashboard.operations import (
    DOWN,
    DUTIES,
    LOOK,
    UNTOLD,
    WELL,
    dead_rows,
    doubt_rows,
    lease_row,
    lights_words,
    part_rows,
    quality_words,
    recent_rows,
    run_rows,
    state_counts,
    to_show,
)
from dashboard.running import Operations, Part, Quality
from shared.adapters.durable.backend import Lease
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.notes import Review, Run
from shared.domain.order import OrderState
from tests.dashboard.fakes import NOW, live, market, order

LEASE = Lease(7, "trader-1", 100, False, NOW - 2 * SECOND)
VIEW = Operations(
    NOW - 10 * SECOND, NOW, {"store": Part(True, "answers in time"), "feed polygon": Part(False, "no block for 14 s")}
)
MARKETS = {f"0xm{n}": market(n) for n in range(1, 9)}


def lights(rows: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(row["light"], row["part"]) for row in rows]


def test_parts_that_are_not_well_come_first() -> None:
    rows = part_rows(VIEW, live(at=NOW - SECOND), LEASE, NOW)
    assert lights(rows) == [(DOWN, "Feed polygon"), (WELL, "Trader"), (WELL, "Lease"), (WELL, "Store")]
    assert rows[0]["says"] == "no block for 14 s"
    assert rows[1]["says"] == "heard 1 s ago"
    assert lights_words(rows) == f"1 {DOWN}, 3 {WELL}"


def test_what_was_said_long_ago_is_not_taken_for_how_things_stand() -> None:
    rows = part_rows(VIEW, live(at=NOW - 10 * MINUTE), LEASE, NOW + 3 * MINUTE)
    assert (DOWN, "Trader") in lights(rows)
    assert (UNTOLD, "Store") in lights(rows)
    assert (UNTOLD, "Feed polygon") in lights(rows)


def test_before_any_trader_nothing_is_told() -> None:
    assert lights(part_rows(None, None, None, NOW)) == [(UNTOLD, "Trader"), (UNTOLD, "Lease")]


@pytest.mark.parametrize(
    ("lease", "light", "says"),
    [
        (LEASE, WELL, "epoch 7, held by trader-1, renewed 2 s ago"),
        (replace(LEASE, owner=""), WELL, "epoch 7, held by somebody, renewed 2 s ago"),
        (replace(LEASE, at=NOW - HOUR), DOWN, "epoch 7, held by trader-1, renewed 1 h 0 min ago"),
        (replace(LEASE, released=True), UNTOLD, "epoch 7 was let go in order"),
        (None, UNTOLD, "nobody has ever held it"),
    ],
)
def test_the_lease_is_told_with_its_holder_and_age(lease: Lease | None, light: str, says: str) -> None:
    assert lease_row(lease, NOW) == {"light": light, "part": "Lease", "says": says}


@pytest.mark.parametrize(
    ("run", "light", "says"),
    [
        (Run("reconcile", NOW - 4 * MINUTE, True, 812, "0 differences stand"), WELL, "0 differences stand"),
        (Run("reconcile", NOW - 12 * MINUTE, True, 812, "0 differences stand"), LOOK, "Overdue. 0 differences stand"),
        (Run("reconcile", NOW - MINUTE, False, 812, "Corrupt: odd"), DOWN, "Corrupt: odd"),
        (None, UNTOLD, "It has left no run yet."),
    ],
)
def test_a_function_is_well_when_its_last_run_was_and_is_not_overdue(run: Run | None, light: str, says: str) -> None:
    rows = run_rows({} if run is None else {"reconcile": run}, NOW)
    row = next(row for row in rows if row["part"] == "reconcile")
    assert (row["light"], row["says"], row["every"]) == (light, says, "5 min")
    assert row["took"] == (None if run is None else 0.812)
    assert len(rows) == len(DUTIES)


def test_a_function_that_runs_when_needed_is_never_overdue_and_an_unknown_one_is_shown_too() -> None:
    runs = {
        "archive_stream": Run("archive_stream", NOW - 90 * HOUR, True, 5, "0 records failed"),
        "brand_new": Run("brand_new", NOW, True),
    }
    rows = {row["part"]: row for row in run_rows(runs, NOW)}
    assert rows["archive_stream"]["light"] == rows["brand_new"]["light"] == WELL
    assert rows["archive_stream"]["every"] == "when needed"
    assert rows["send_report"]["every"] == "1 day"


def test_the_hourly_figures_are_one_line() -> None:
    found = Quality(NOW, 44, 36, 2, 1, 900_000, 998_000)
    assert quality_words(found) == ("44 orders · 36 filled · 2 rejected · 1 in doubt · fill rate 90.0% · uptime 99.8%")
    assert quality_words(Quality(NOW)) == "0 orders · 0 filled · 0 rejected · 0 in doubt"


# ---------------------------------------------------------------------- orders


def test_open_orders_are_counted_by_state_in_the_order_of_a_life() -> None:
    states = (OrderState.IN_DOUBT, OrderState.LIVE, OrderState.PLANNED, OrderState.LIVE)
    found = state_counts(order(n, state) for n, state in enumerate(states))
    assert found == {OrderState.PLANNED: 1, OrderState.LIVE: 2, OrderState.IN_DOUBT: 1}
    assert list(found) == [OrderState.PLANNED, OrderState.LIVE, OrderState.IN_DOUBT]


def test_doubts_are_told_oldest_first_with_what_they_hold() -> None:
    made = [
        replace(order(1, OrderState.IN_DOUBT), changed_at=NOW - MINUTE, note="timed out"),
        replace(order(2, OrderState.IN_DOUBT), changed_at=NOW - HOUR),
        order(3),
    ]
    rows = doubt_rows(made, NOW, MARKETS)
    assert [(row["since"], row["market"]) for row in rows] == [
        ("1 h 0 min", "Will number 2 win?"),
        ("1 min", "Will number 1 win?"),
    ]
    assert rows[1]["note"] == "timed out"


def test_failed_orders_are_told_with_their_review() -> None:
    failed = [replace(order(n, OrderState.REJECTED), dead=True, attempt=4, note="no money") for n in (1, 2)]
    reviews = {"o2.1": Review("o2.1", "ana", "topped up", NOW)}
    rows = dead_rows(failed, reviews, MARKETS)
    assert [(row["review"], row["by"]) for row in rows] == [("▲ To review", None), ("✔ Reviewed", "ana: topped up")]
    assert rows[0]["tries"] == 4
    assert [one.order_key for one in to_show(failed, reviews, "To review")] == ["o1.1"]
    assert [one.order_key for one in to_show(failed, reviews, "Reviewed")] == ["o2.1"]
    assert to_show(failed, reviews, "All") == failed


def test_orders_are_listed_youngest_first() -> None:
    rows = recent_rows([order(5), replace(order(2, OrderState.REJECTED), dead=True, note="no")], NOW, MARKETS)
    assert [(row["state"], row["age"], row["note"]) for row in rows] == [
        ("✖ Rejected", "2 min", "Failed for good. no"),
        ("● Live", "5 min", ""),
    ]
