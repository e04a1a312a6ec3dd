"""Each page on an empty, a quiet and a busy account, and when the database is away."""

import shlex

import pytest
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from dashboard.queries.opening import source
from dashboard.state import Measures, Point, SourceShare, WhaleRow
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Reason
from shared.domain.errors import BadInput, NotAllowed, Temporary
from shared.domain.instants import MINUTE, SECOND
from shared.ports import Switch
from tests.dashboard.conftest import PAGES, RunPage
from tests.dashboard.fakes import NOW, AwayQueries, FakeQueries, busy, decision, live, measures, quiet

CALM = shlex.quote("it's calm")
EVERY_PAGE = pytest.mark.parametrize(
    "page",
    ["trading", "executive", "decisions", "whales", "markets", "risk", "reports", "settings", "operations", "research"],
)


def banner(page: AppTest) -> str:
    return " ".join(html.proto.body for html in page.get("html") if "house-banner" in html.proto.body)


def shown(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


@EVERY_PAGE
def test_an_empty_account_says_what_to_do(page: str, run_page: RunPage) -> None:
    at = run_page(page, FakeQueries())
    assert not at.exception
    assert not at.error
    assert any("make run" in info.value for info in at.info)
    assert "Waiting for the trader" in banner(at)


@EVERY_PAGE
def test_a_database_that_is_away_is_told_in_one_sentence(page: str, run_page: RunPage) -> None:
    at = run_page(page, AwayQueries())
    assert not at.exception
    assert len(at.error) == 1
    assert "does not answer" in at.error[0].value
    assert any("at the moment" in caption.value for caption in at.caption)


@EVERY_PAGE
def test_synthetic_data_is_marked_on_every_page(page: str, run_page: RunPage) -> None:
    at = run_page(page, quiet())
    assert "SYNTHETIC" in banner(at)
    assert "PAPER · no real money" in banner(at)


@EVERY_PAGE
def test_real_data_is_not_called_synthetic(page: str, run_page: RunPage) -> None:
    queries = quiet()
    queries.shown = live(source="recording: march")
    at = run_page(page, queries)
    assert "SYNTHETIC" not in banner(at)
    assert "Recording: march" in banner(at)


@EVERY_PAGE
def test_live_mode_says_that_money_is_real(page: str, run_page: RunPage) -> None:
    queries = quiet()
    queries.shown = live(mode="live", source="live")
    at = run_page(page, queries)
    assert "LIVE · real money" in banner(at)
    assert "no real money" not in banner(at)


@EVERY_PAGE
def test_a_busy_account_is_shown_without_error(page: str, run_page: RunPage) -> None:
    at = run_page(page, busy())
    assert not at.exception
    assert not at.error
    tables = {"trading": 2, "executive": 1, "decisions": 1, "whales": 1, "markets": 1, "operations": 4}
    assert len(at.dataframe) == tables.get(page, 0)


def test_a_page_without_the_entrance_says_how_to_start() -> None:
    source.close()
    at = AppTest.from_file(str(PAGES / "trading.py"), default_timeout=60).run()
    assert not at.exception
    assert "dashboard/app.py" in at.error[0].value.replace("\\", "")


def test_the_figures_are_the_accounts(run_page: RunPage) -> None:
    at = run_page("trading", quiet())
    assert shown(at) == {
        "Equity": "$10,309.96",
        "P&L today": "+$209.96",
        "P&L total": "+$309.96",
        "Open positions": "1",
        "Exposure": "$1,309.96",
        "Fees paid": "$31.23",
        "Whale trades": "1,200",
        "Copied": "100",
    }
    assert all(metric.help for metric in at.metric)


def test_on_the_first_day_todays_profit_counts_from_the_capital(run_page: RunPage) -> None:
    queries = quiet()
    queries.before = None
    assert shown(run_page("trading", queries))["P&L today"] == "+$309.96"


def test_positions_and_orders_are_listed_in_words(run_page: RunPage) -> None:
    at = run_page("trading", quiet())
    positions, orders = (table.value for table in at.dataframe)
    assert list(positions["market"]) == ["Will number 1 win?"]
    assert list(positions["unrealised"]) == [5.0]
    assert list(orders["state"]) == ["● Live", "✔ Filled"]


def test_a_position_without_a_last_price_is_counted_as_such(run_page: RunPage) -> None:
    queries = quiet()
    queries.shown = live(marks={})
    at = run_page("trading", queries)
    assert any("1 without a last price" in caption.value for caption in at.caption)


def test_the_span_of_the_curve_can_be_chosen(run_page: RunPage) -> None:
    queries = quiet()
    queries.points = [Point(NOW - 600 * MINUTE, 1_000_000), *queries.points]
    at = run_page("trading", queries)
    assert any("from \\$1.00 to" in caption.value for caption in at.caption)
    at.segmented_control(key="span").set_value("6 h").run()
    assert any("from \\$10,189.96 to" in caption.value for caption in at.caption)


def measured_live(measured: Measures | None) -> FakeQueries:
    queries = quiet()
    queries.shown = live(source="live", progress="live: whales by rtds, books by market", feeds={"gamma": "away"})
    queries.measured = measured
    return queries


def test_the_sources_of_a_live_trader_are_shown_with_jobs_shares_and_events(run_page: RunPage) -> None:
    at = run_page("trading", measured_live(measures()))
    table = at.dataframe[0].value
    assert list(table["source"]) == ["Real-time stream", "Data API, polled", "Market channel", "Gamma, polled"]
    assert list(table["job"]) == ["● Whale trades", "○ Reserve: whale trades", "● Order books", "✖ Down"]
    assert [expander.label for expander in at.expander] == ["Sources: who tells us, how much and how fast"]
    captions = " ".join(caption.value for caption in at.caption)
    assert "p95 1.9 ms" in captions
    assert "fell back 1×" in captions
    assert not [warning for warning in at.warning if "Feed gamma" not in warning.value]


def test_a_source_that_misses_trades_or_is_late_is_alarmed_outside_the_fold(run_page: RunPage) -> None:
    late = SourceShare(900, 1200, SECOND, 30 * SECOND, 40 * SECOND)
    at = run_page("trading", measured_live(measures(rtds=late, fast=late)))
    said = [warning.value for warning in at.warning if "Feed gamma" not in warning.value]
    assert len(said) == 2
    assert "900 of 1,200" in said[0]
    assert "30.00 s" in said[1]
    assert not at.expander[0].warning


@pytest.mark.parametrize("source", ["live", "synthetic", "recording: march"])
def test_where_nothing_was_measured_no_sources_are_shown(source: str, run_page: RunPage) -> None:
    queries = quiet()
    queries.shown = live(source=source)
    at = run_page("trading", queries)
    assert not at.exception
    assert not at.expander
    assert len(at.dataframe) == 2


def test_an_invented_world_is_not_asked_for_its_sources(run_page: RunPage) -> None:
    class Asked(FakeQueries):
        def measures(self, at: int) -> Measures | None:
            raise BadInput(f"asked at {at}")

    at = run_page("trading", Asked(live()))
    assert not at.error


def test_decisions_can_be_searched_and_filtered(run_page: RunPage) -> None:
    at = run_page("decisions", quiet())
    assert list(at.dataframe[0].value["reason"]) == ["Copied", "No edge left", "Too late"]
    at.text_input(key="search").input("number 4").run()
    assert list(at.dataframe[0].value["reason"]) == ["Too late"]
    at.text_input(key="search").input("").run()
    at.segmented_control(key="which").set_value("Copied").run()
    assert list(at.dataframe[0].value["reason"]) == ["Copied"]


def test_a_linked_decision_is_explained_with_its_numbers_and_orders(run_page: RunPage) -> None:
    queries = quiet()
    queries.decided[0] = replace(queries.decided[0], numbers=(("overlap", 120_000), ("overlap_max", 300_000)))
    source.close()
    source.open(lambda: queries)
    at = AppTest.from_file(str(PAGES / "decisions.py"), default_timeout=60)
    made = queries.decided[0]
    at.query_params["why"] = f"{made.at}-{made.signal_id}"
    at.run()
    assert not at.exception
    assert "Why? Copied" in [header.value for header in at.header]
    said = " ".join(text.value.replace("\\", "") for text in [*at.markdown, *at.caption])
    assert "overlap 12.0% (at most 30.0%)" in said
    assert "chance to win 68.0% against our limit of $0.63 before the fee" in said
    assert f"python -m fargate explain {made.tx}" in said
    legs = at.dataframe[1].value
    assert list(legs["state"]) == ["✔ Filled"]


def test_a_decision_without_numbers_or_orders_says_so(run_page: RunPage) -> None:
    queries = quiet()
    bare = replace(decision(9, Reason.TIME_EXIT), tx="", confidence=0, p_win=0, limit=0, stake=0, signal_id="exit")
    queries.decided = [bare, decision(3, Reason.NO_EDGE)]
    source.close()
    source.open(lambda: queries)
    for made, words in ((bare, "No order was made for it."), (queries.decided[1], "not checked, for want of data")):
        at = AppTest.from_file(str(PAGES / "decisions.py"), default_timeout=60)
        at.query_params["why"] = f"{made.at}-{made.signal_id}"
        at.run()
        assert not at.exception
        assert words in " ".join(text.value for text in [*at.markdown, *at.caption])


def test_nothing_is_explained_until_a_row_is_chosen(run_page: RunPage) -> None:
    at = run_page("decisions", quiet())
    assert not [header for header in at.header if header.value.startswith("Why?")]
    assert "why" not in at.query_params


def test_a_search_without_result_says_so(run_page: RunPage) -> None:
    at = run_page("decisions", quiet())
    at.text_input(key="search").input("unicorn").run()
    assert any("None of the latest 3 decisions match" in info.value for info in at.info)
    assert not [table for table in at.dataframe if "reason" in table.value]


def narrowed(queries: FakeQueries, **address: str) -> AppTest:
    source.close()
    source.open(lambda: queries)
    at = AppTest.from_file(str(PAGES / "decisions.py"), default_timeout=60)
    for name, value in address.items():
        at.query_params[name] = value
    return at.run()


def test_an_address_shows_one_wallets_or_one_markets_decisions_and_the_way_back() -> None:
    queries = quiet()
    queries.decided.append(replace(decision(5, Reason.STALE), wallet="0x" + "9" * 40))
    at = narrowed(queries, wallet="0x" + "9" * 40)
    assert list(at.dataframe[0].value["market"]) == ["0xm5"]
    assert any("Only the trades of 0x9999…9999" in text.value for text in at.markdown)
    at.button(key="show_all").click().run()
    assert len(at.dataframe[0].value) == 4
    at = narrowed(queries, market="0xm3")
    assert list(at.dataframe[0].value["reason"]) == ["No edge left"]
    assert any("Only the market Will number 3 win?" in text.value for text in at.markdown)


def test_the_last_trades_and_the_estimates_are_below_the_decisions(run_page: RunPage) -> None:
    at = run_page("decisions", quiet())
    assert list(at.dataframe[1].value["side"]) == ["Buy"]
    said = " ".join(caption.value for caption in at.caption)
    assert "Of the latest 3 trades that were estimated" in said
    assert "The latest trades were about" in said


def test_where_nothing_was_filled_or_estimated_it_says_so(run_page: RunPage) -> None:
    queries = quiet()
    queries.decided = [replace(decision(3, Reason.STALE), p_win=0)]
    infos = " ".join(info.value for info in run_page("decisions", queries).info)
    assert "No order was filled yet" in infos
    assert "came as far as an estimate" in infos


def test_only_the_chosen_depth_is_read(run_page: RunPage) -> None:
    at = run_page("decisions", busy())
    assert len(at.dataframe[0].value) == 200
    at.selectbox(key="depth").set_value(1_000).run()
    assert len(at.dataframe[0].value) == 1_000


def test_a_silent_trader_and_a_bad_feed_are_told(run_page: RunPage) -> None:
    queries = quiet()
    queries.wall += 5 * MINUTE
    queries.shown = live(feeds={"gamma": "no answer for 75 s", "data-api": "ok"})
    at = run_page("trading", queries)
    assert [warning.value.startswith(start) for warning, start in zip(at.warning, ("The trader", "Feed"), strict=True)]
    assert "silent for 5 min without having been stopped" in at.warning[0].value
    assert "no answer for 75 s" in at.warning[1].value


def test_a_trader_that_was_stopped_is_not_taken_for_a_dead_one(run_page: RunPage) -> None:
    queries = quiet()
    queries.wall += 5 * MINUTE
    queries.shown = live(progress="stopped")
    at = run_page("trading", queries)
    assert [warning.value.partition(";")[0] for warning in at.warning] == ["The trader was stopped 5 min ago"]


def press(at: AppTest, reason: str, word: str) -> AppTest:
    at.button(key="kill_switch").click().run()
    at.text_input(key="kill_reason").input(reason)
    at.text_input(key="kill_word").input(word)
    next(button for button in at.button if button.form_id == "kill_form").click().run()
    return at


@EVERY_PAGE
def test_the_kill_switch_stops_trading_through_the_control_api(page: str, run_page: RunPage) -> None:
    queries = quiet()
    at = press(run_page(page, queries), "losing too much", "STOP")
    assert queries.changes.asked == [("kill", {"reason": "losing too much"})]
    assert "■ Trading stopped: losing too much" in banner(at)


@pytest.mark.parametrize(
    ("reason", "word"), [("why not", "stop"), ("why not", ""), ("why not", "RESUME"), (" ", "STOP")]
)
def test_nothing_is_sent_without_the_word_and_a_reason(reason: str, word: str, run_page: RunPage) -> None:
    queries = quiet()
    at = press(run_page("trading", queries), reason, word)
    assert queries.changes.asked == []
    assert any("Nothing was done" in error.value for error in at.error)


@pytest.mark.parametrize("page", ["trading", "whales"])
def test_an_item_that_cannot_be_read_is_told_where_it_is_missing(page: str, run_page: RunPage) -> None:
    class Odd(FakeQueries):
        def whales(self) -> list[WhaleRow]:
            raise BadInput("an item of table whales cannot be read: rank")

    at = run_page(page, Odd(live()))
    assert len(at.error) == 1
    assert "table whales cannot be read" in at.error[0].value


def test_a_change_that_the_control_api_refuses_is_told(run_page: RunPage) -> None:
    queries = quiet()
    queries.changes.refuses = Temporary("127.0.0.1:1 cannot be reached")
    at = press(run_page("trading", queries), "enough", "STOP")
    assert any("It was not done: 127.0.0.1:1 cannot be" in error.value.replace("\\", "") for error in at.error)
    assert queries.switched.trading


def test_a_resume_that_takes_a_second_factor_is_told_with_the_command(run_page: RunPage) -> None:
    queries = quiet()
    queries.switched = Switch(False, "enough", NOW)
    queries.changes.refuses = NotAllowed("POST /api/resume is not allowed: no second factor")
    at = press(run_page("trading", queries), "it's calm", "RESUME")
    assert [code.value for code in at.code] == [f"python -m fargate resume --remote --reason {CALM}"]


def test_the_kill_switch_tells_when_it_cannot_read_the_switch(run_page: RunPage) -> None:
    at = run_page("trading", AwayQueries())
    at.button(key="kill_switch").click().run()
    assert len([error for error in at.error if "does not answer" in error.value]) == 2
    assert not any(field.key == "kill_word" for field in at.text_input)


def test_a_stopped_trader_is_shown_as_stopped_and_can_be_asked_to_resume(run_page: RunPage) -> None:
    queries = quiet()
    queries.switched = Switch(False, "losing <b>too</b> much", NOW)
    at = run_page("trading", queries)
    assert "■ Trading stopped: losing &lt;b&gt;too&lt;/b&gt; much" in banner(at)
    press(at, "checked", "RESUME")
    assert queries.changes.asked == [("resume", {"reason": "checked"})]
    assert "Resume requested" in banner(at)


def test_a_breaker_of_the_trader_is_shown_as_a_halt(run_page: RunPage) -> None:
    queries = quiet()
    queries.shown = live(trading=False, switch_reason="daily loss")
    assert "■ Trading halted: daily loss" in banner(run_page("trading", queries))


def test_a_request_that_was_answered_is_not_shown_as_waiting(run_page: RunPage) -> None:
    queries = quiet()
    queries.waiting = [Command("c", CommandKind.RESUME, "again")]
    assert "▶ Trading" in banner(run_page("trading", queries))
