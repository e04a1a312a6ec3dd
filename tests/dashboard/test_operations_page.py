"""The page of operations: lights, orders, dead letters and their reviews, speed, functions, notices."""

from typing import Any

import pytest
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from dashboard.queries.opening import source
from dashboard.running import Moment, Operations, Part, Quality
from dashboard.state import risk_of
from shared.adapters.durable.backend import Lease
from shared.domain.errors import BadInput, NotAllowed
from shared.domain.instants import DAY, MINUTE, SECOND
from shared.domain.notes import Review, Run
from shared.domain.order import Order, OrderState
from tests.dashboard.conftest import PAGES, RunPage
from tests.dashboard.fakes import NOW, FakeQueries, busy, market, measures, order, quiet
from tests.dashboard.risk_fakes import risk_item

WALL = NOW + DAY
PARTS = {"store": Part(True, "answers in time"), "feed polygon": Part(False, "no block for 14 s")}


def dead(n: int) -> Order:
    return replace(order(n, OrderState.REJECTED), dead=True, attempt=4, note="not enough balance")


def working(failed: int = 2) -> FakeQueries:
    """The quiet account with everything that a page of operations can show."""
    queries = quiet()
    queries.measured = measures()
    queries.risky = risk_of(risk_item())
    doubtful = replace(order(3, OrderState.IN_DOUBT), changed_at=NOW - 2 * MINUTE, note="timed out")
    queries.known_orders = [order(1), doubtful, order(2, OrderState.FILLED, 80_000_000)]
    queries.known_markets = {f"0xm{n}": market(n) for n in range(30)}
    found = queries.operations
    found.failed = [dead(10 + n) for n in range(failed)]
    found.shown = Operations(WALL, NOW, PARTS, tuple(one.order_key for one in found.failed), failed)
    found.held = Lease(7, "trader-1", 100, False, WALL - SECOND)
    found.ran = {"reconcile": Run("reconcile", WALL - MINUTE, True, 812, "0 differences stand")}
    found.found = Quality(WALL, 44, 36, 2, 1, 900_000, 998_000)
    found.moments = [
        Moment(NOW - n * MINUTE, (0.4, 1.9, 4.2), (0.2, 3.1), 4.0, {}, 250_000, 4 * 10**8, 2 * 10**9)
        for n in range(9, -1, -1)
    ]
    return queries


def said(at: AppTest) -> str:
    every: list[Any] = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error, *at.success]
    return " ".join(one.value for one in every).replace("\\", "")


def table(at: AppTest, column: str) -> Any:
    return next(found.value for found in at.dataframe if column in found.value)


def linked(queries: FakeQueries, key: str = "o10.1") -> AppTest:
    """The page as an address opens it that names a failed order."""
    source.close()
    source.open(lambda: queries)
    at = AppTest.from_file(str(PAGES / "operations.py"), default_timeout=60)
    at.query_params["order"] = key
    return at.run()


def test_what_is_not_well_is_told_first_and_in_words(run_page: RunPage) -> None:
    at = run_page("operations", working())
    assert not at.exception
    assert "Feed polygon: no block for 14 s" in said(at)
    rows = next(found.value for found in at.dataframe if list(found.value.columns) == ["light", "part", "says"])
    assert list(rows["part"])[:1] == ["Feed polygon"]
    assert "epoch 7, held by trader-1, renewed 1 s ago" in list(rows["says"])


def test_open_orders_are_counted_and_a_doubt_is_told_with_what_ends_it(run_page: RunPage) -> None:
    at = run_page("operations", working())
    assert "● Live: 1 · ? In doubt: 1" in said(at)
    assert "1 in doubt. Only what the venue states ends a doubt" in said(at)
    assert list(table(at, "since")["since"]) == ["2 min"]


def test_the_latest_orders_can_be_looked_at(run_page: RunPage) -> None:
    queries = working()
    at = run_page("operations", queries)
    states = [list(found.value["state"]) for found in at.dataframe if "state" in found.value and "age" in found.value]
    assert ["✔ Filled"] in states


def test_a_failed_order_is_reviewed_with_a_note_and_is_then_out_of_the_way(run_page: RunPage) -> None:
    queries = working()
    at = linked(queries)
    assert "python -m fargate explain o10.1" in said(at)
    at.text_input(key="review_note").input("topped the wallet up")
    next(button for button in at.button if button.form_id == "review_form").click().run()
    assert queries.changes.asked == [("review", {"order_key": "o10.1", "note": "topped the wallet up"})]
    assert list(table(at, "review")["key"]) == ["o11.1"]
    at.segmented_control(key="dead_which").set_value("Reviewed").run()
    assert list(table(at, "review")["by"]) == ["local:dashboard: topped the wallet up"]
    assert "order" not in at.query_params


def test_a_reviewed_order_shows_its_note_and_takes_no_other(run_page: RunPage) -> None:
    queries = working()
    queries.operations.reviewed = {"o11.1": Review("o11.1", "ana", "topped up", NOW)}
    at = linked(queries, "o11.1")
    assert not any(field.key == "review_note" for field in at.text_input)  # it is not among those to review
    at.query_params["order"] = "o11.1"
    at.segmented_control(key="dead_which").set_value("Reviewed").run()
    assert "Reviewed by ana at 2026-03-22 22:00:00 UTC: topped up" in said(at)
    assert not any(field.key == "review_note" for field in at.text_input)


def test_why_nothing_is_sent_again_is_said(run_page: RunPage) -> None:
    assert "A failed order is not sent again" in said(run_page("operations", working()))


def test_a_review_without_a_note_or_that_is_refused_is_told(run_page: RunPage) -> None:
    queries = working()
    at = linked(queries)
    send = next(button for button in at.button if button.form_id == "review_form")
    at.text_input(key="review_note").input(" a ")
    send.click().run()
    assert "Nothing was done: write at least 3 letters" in said(at)
    queries.changes.refuses = NotAllowed("POST /api/dead-letters is not allowed: no")
    at.text_input(key="review_note").input("looked at it")
    next(button for button in at.button if button.form_id == "review_form").click().run()
    assert "It was not done: POST /api/dead-letters is not allowed: no." in said(at)
    assert queries.changes.asked == []


def test_when_all_are_reviewed_the_list_says_so(run_page: RunPage) -> None:
    queries = working(1)
    queries.operations.reviewed = {"o10.1": Review("o10.1", "ana", "seen", NOW)}
    assert "None of them is left under “To review”." in said(run_page("operations", queries))


def test_no_failed_order_is_good_news(run_page: RunPage) -> None:
    assert "No order has failed for good." in said(run_page("operations", working(0)))


def test_speed_is_told_in_words_beside_the_lines(run_page: RunPage) -> None:
    at = run_page("operations", working())
    assert "Now: p50 0.40 ms, p95 1.9 ms, p99 4.2 ms" in said(at)
    assert "Now: Processor 25.0 %, Memory 20.0 % (400 MB of 2,000 MB)" in said(at)
    assert "Not measured in this run: only a trader on live data does." in said(at)  # no source tells anything


def test_functions_are_told_with_what_they_found(run_page: RunPage) -> None:
    at = run_page("operations", working())
    rows = table(at, "does").set_index("part")
    assert list(rows.loc["reconcile", ["light", "last", "says"]]) == ["● Well", "1 min ago", "0 differences stand"]
    assert "fill rate 90.0%" in said(at)


def test_where_no_function_runs_the_page_says_so(run_page: RunPage) -> None:
    queries = working()
    queries.operations.ran = {}
    assert "No function has left a run." in said(run_page("operations", queries))


def test_feeds_rounds_and_notices_are_told(run_page: RunPage) -> None:
    at = run_page("operations", working())
    assert "Real-time stream" in list(table(at, "told")["source"])
    assert "Equal to the venue's at 2026-03-22 21:57:00 UTC" in said(at)
    assert "5× Repaired: we had missed a fact" in said(at)
    assert list(table(at, "severity")["name"]) == ["Trading stopped", "Odd"]


def test_books_that_cannot_follow_are_an_error(run_page: RunPage) -> None:
    queries = working()
    queries.risky = risk_of({**risk_item(), "settlement": {"broken": "trade t failed"}, "alerts": []})
    at = run_page("operations", queries)
    assert "Our books cannot follow the venue: trade t failed" in said(at)
    assert "The trader has raised no alert." in said(at)


def test_a_recorded_world_has_no_sources_to_measure(run_page: RunPage) -> None:
    queries = working()
    queries.measured = None
    assert "No source was measured" in said(run_page("operations", queries))


def test_an_item_that_cannot_be_read_is_told_where_it_is_missing(run_page: RunPage) -> None:
    queries = working()
    queries.operations.away = BadInput("An item of table live cannot be read: parts.")
    at = run_page("operations", queries)
    assert not at.exception
    assert "The parts cannot be shown: An item of table live cannot be read" in said(at)
    assert "The failed orders cannot be shown" in said(at)


def test_a_large_state_is_shown_within_bounds(run_page: RunPage) -> None:
    queries = busy()
    queries.operations.failed = [dead(n) for n in range(100)]
    keys = tuple(one.order_key for one in queries.operations.failed)
    queries.operations.shown = Operations(
        WALL, NOW, {f"feed {n}": Part(n % 2 == 0, "x" * 160) for n in range(40)}, keys, 700
    )
    queries.operations.moments = [Moment(NOW - n * MINUTE, (1.0, 2.0, 3.0)) for n in range(1439, -1, -1)]
    at = run_page("operations", queries)
    assert not at.exception
    assert not at.error
    assert "700 in all, 100 of the latest 100 to review." in said(at)


@pytest.mark.parametrize("missing", ["live", "view"])
def test_parts_are_told_as_far_as_anybody_has_written_them(missing: str, run_page: RunPage) -> None:
    queries = working()
    if missing == "live":
        queries.shown = None
    else:
        queries.operations.shown = None
    at = run_page("operations", queries)
    assert not at.exception
    assert "1 ▲ Look" not in said(at)
    assert any(list(found.value.columns) == ["light", "part", "says"] for found in at.dataframe)
