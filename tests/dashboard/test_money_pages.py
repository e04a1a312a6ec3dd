"""The pages Executive, Markets and Reports on an account that has traded for days, on odd ones, and file by file."""

from datetime import date

import pytest
import streamlit as st
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

import dashboard.money_parts as parts
from dashboard.market_results import by_market
from dashboard.sheets import CsvFile, ExcelFile
from dashboard.state import Point
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import DAY, HOUR
from shared.domain.ledger import Position
from shared.domain.money import Usd, dollars
from tests.dashboard.conftest import RunPage
from tests.dashboard.fakes import NOW, FakeQueries, decision, live, position, quiet
from tests.dashboard.money_fakes import FakeMoney
from tests.dashboard.test_pages import shown
from tests.dashboard.test_performance import closed_one
from tests.dashboard.trading_fakes import START, TODAY, traded
from tests.dashboard.workbook import sheet


@pytest.fixture(autouse=True)
def nothing_computed_before() -> None:
    st.cache_data.clear()


def below(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.delta for metric in at.metric}


def captions(at: AppTest) -> str:
    return " ".join(caption.value.replace("\\", "") for caption in at.caption)


def infos(at: AppTest) -> str:
    return " ".join(info.value for info in at.info)


# ---------------------------------------------------------------------- executive


def test_the_executive_figures_are_the_accounts(run_page: RunPage) -> None:
    at = run_page("executive", traded())
    assert not at.exception
    found = shown(at)
    assert (found["Equity"], found["Profit"]) == ("$10,309.96", "+$309.96")
    assert (found["Win rate"], found["Profit factor"], found["Per closed position"]) == ("33.3%", "1.00", "-$0.01")
    assert (found["Best whale"], found["Worst whale"], found["Whales held"]) == ("+$5.47", "-$5.01", "1")
    assert below(at)["Best whale"] == "#3 0x1111…2222"
    assert below(at)["Win rate"].startswith("95%: ")
    assert all(metric.help for metric in at.metric)


def test_activity_is_of_the_last_day(run_page: RunPage) -> None:
    at = run_page("executive", traded())
    found = shown(at)
    assert (found["Executions an hour"], found["Fill rate of purchases"]) == ("0.1", "66.7%")
    assert (below(at)["Executions an hour"], below(at)["Fill rate of purchases"]) == ("3 within 24 h", "2 of 3 ended")
    assert (found["Slippage, median"], found["Traded"]) == ("+0.00%", "$11.00")


def test_a_young_account_is_not_judged_by_a_ratio(run_page: RunPage) -> None:
    queries = traded()
    queries.money.curve = queries.points = queries.points[-30:]
    queries.money.started = NOW - 29 * HOUR
    at = run_page("executive", queries)
    assert shown(at)["Sharpe ratio, a year"] == "Too short"
    assert below(at)["Sharpe ratio, a year"] == "1 d, 29 h so far"


def test_hours_make_a_ratio_where_days_are_too_few_and_the_page_says_so(run_page: RunPage) -> None:
    at = run_page("executive", traded())
    ratio = next(metric for metric in at.metric if metric.label == "Sharpe ratio, a year")
    assert ratio.delta.startswith("95%: ")
    assert "Here from 72 returns, one of each hour." in ratio.help
    assert "bold guess" in ratio.help


def test_the_largest_drawdown_is_of_every_minute_of_the_last_week_and_of_days_before(run_page: RunPage) -> None:
    queries = traded()
    assert shown(run_page("executive", queries))["Largest drawdown"] == "0.0%"
    dip = replace(queries.points[40], equity=dollars(5_000))
    queries.points = [*queries.points[:40], dip, *queries.points[41:]]
    assert shown(run_page("executive", queries))["Largest drawdown"] == "50.6%"
    old = [Point(START - n * DAY, dollars(equity)) for n, equity in ((30, 100_000), (29, 10_000))]
    queries.money.curve = [*old, *queries.points]
    assert shown(run_page("executive", queries))["Largest drawdown"] == "95.0%"


def test_returns_that_do_not_vary_are_told_as_such(run_page: RunPage) -> None:
    queries = traded()
    queries.money.curve = [Point(START + n * DAY, dollars(100)) for n in range(20)]
    queries.shown = live(event_at=START + 19 * DAY)
    at = run_page("executive", queries)
    assert below(at)["Sharpe ratio, a year"] == "returns do not vary"


def test_an_interval_without_bounds_is_told_as_such(run_page: RunPage) -> None:
    queries = traded()
    profit = [0] * 19 + [dollars(1)]
    queries.money.curve = [Point(START + n * DAY, dollars(100), profit[n]) for n in range(20)] + [
        Point(START + 20 * DAY, dollars(100), dollars(1))
    ]
    queries.shown = live(event_at=START + 20 * DAY)
    at = run_page("executive", queries)
    assert below(at)["Sharpe ratio, a year"] == "95%: no bounds"


@pytest.mark.parametrize(
    ("span", "words"), [("Day", "$10,138.00"), ("Week", "$10,000.00"), ("Month", "$10,002.00"), ("All", "$10,002.00")]
)
def test_the_curve_is_of_the_span_chosen_with_its_drawdown(span: str, words: str, run_page: RunPage) -> None:
    at = run_page("executive", traded())
    at.segmented_control(key="money_span").set_value(span).run()
    assert not at.exception
    assert f"{words} to $10,214.00" in captions(at)
    assert "largest drawdown 0.0%" in captions(at)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("Cash and positions", "Free cash"),
        ("Whale", "#3 0x1111…2222 100.0%"),
        ("Strategy", "whale_copy 100.0%"),
        ("Category", "Crypto 100.0%"),
    ],
)
def test_the_allocation_is_by_what_was_chosen(kind: str, words: str, run_page: RunPage) -> None:
    at = run_page("executive", traded())
    at.segmented_control(key="allocation").set_value(kind).run()
    assert not at.exception
    assert any(words in chart.proto.alt for chart in at.get("vega_lite_chart"))


def test_without_positions_all_money_is_cash(run_page: RunPage) -> None:
    queries = FakeQueries(live())
    at = run_page("executive", queries)
    at.segmented_control(key="allocation").set_value("Whale").run()
    assert "all money is cash" in infos(at)
    assert "No whale was copied yet" in infos(at)
    assert "Nothing was executed within 24 hours" in infos(at)
    assert "No day has a result yet" in infos(at)


def test_the_win_line_begins_with_fifty_one_closed_positions(run_page: RunPage) -> None:
    queries = traded()
    assert "there are 3 so far" in infos(run_page("executive", queries))
    queries.held = [closed_one(n, 1 if n % 2 else -1, NOW + n) for n in range(51)]
    at = run_page("executive", queries)
    assert "Now 50%; between 50% and 50% so far." in captions(at)


def test_of_very_many_whales_the_best_and_the_worst_are_listed(
    run_page: RunPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "WHALES_MOST", 4)
    queries = quiet()
    queries.held = [replace(closed_one(n, n), source=f"0x{n:040x}") for n in range(7)]
    at = run_page("executive", queries)
    assert "The best and the worst 2 of 7 wallets." in captions(at)
    assert [float(one) for one in at.dataframe[0].value["total"]] == [6e-6, 5e-6, 1e-6, 0.0]


def test_profits_without_losses_have_an_infinite_factor(run_page: RunPage) -> None:
    queries = quiet()
    queries.held = [closed_one(1, 5)]
    assert shown(run_page("executive", queries))["Profit factor"] == "∞"


# ---------------------------------------------------------------------- markets


def test_markets_show_what_each_brought(run_page: RunPage) -> None:
    at = run_page("markets", traded())
    assert not at.exception
    found = shown(at)
    assert (found["Markets traded"], found["Realised"], found["Unrealised"]) == ("4", "-$0.03", "+$0.49")
    assert found["With a gain"] == "50%"
    assert list(at.dataframe[0].value["market"])[:2] == ["Bitcoin Up or Down, 10 PM", "Will number 3 win?"]
    assert "Next: Bitcoin Up or Down, 10 PM, in 1 h 0 min" in captions(at)
    assert "2 positions held to the resolution: won less paid +5.0 ¢ a share" in captions(at)
    assert "3 purchases judged" in captions(at)
    assert all(metric.help for metric in at.metric)


@pytest.mark.parametrize(
    ("group", "words"),
    [("Series", "BTC up/down 15m"), ("Category", "Crypto +$0.49"), ("Kind", "Event -$0.03"), ("Market", "best first")],
)
def test_results_can_be_grouped(group: str, words: str, run_page: RunPage) -> None:
    at = run_page("markets", traded())
    at.segmented_control(key="market_group").set_value(group).run()
    assert not at.exception
    assert any(words in chart.proto.alt for chart in at.get("vega_lite_chart"))


def test_markets_can_be_searched(run_page: RunPage) -> None:
    at = run_page("markets", traded())
    at.text_input(key="market_search").input("bitcoin").run()
    assert list(at.dataframe[0].value["market"]) == ["Bitcoin Up or Down, 10 PM"]
    at.text_input(key="market_search").input("unicorn").run()
    assert "None of 4 markets match" in infos(at)


def test_of_very_many_markets_the_latest_are_listed_and_the_rest_is_searched(run_page: RunPage) -> None:
    queries = quiet()
    queries.held = [position(n, NOW + n) for n in range(230)]
    at = run_page("markets", queries)
    assert len(at.dataframe[0].value) == 200
    assert "The 200 that changed last are listed; search for the others." in captions(at)
    at.text_input(key="market_search").input("0xm7").run()
    assert len(at.dataframe[0].value) == 11


@pytest.mark.parametrize(
    ("measure", "words"),
    [("Whale flow", "3 measurements"), ("Refused", "share of whale trades"), ("Our slippage", "3 measurements")],
)
def test_liquidity_is_drawn_by_the_measure_chosen(measure: str, words: str, run_page: RunPage) -> None:
    at = run_page("markets", traded())
    at.segmented_control(key="measure").set_value(measure).run()
    assert not at.exception
    assert words in captions(at)


def test_an_account_that_only_started_says_what_each_part_waits_for(run_page: RunPage) -> None:
    at = run_page("markets", FakeQueries(live()))
    for words in (
        "No market was traded yet",
        "No open positions",
        "Nothing was measured yet",
        "No purchase was judged",
    ):
        assert words in infos(at)
    assert "No market was resolved yet while we held shares" in infos(at)


def test_markets_that_brought_nothing_have_no_bars(run_page: RunPage) -> None:
    queries = quiet()
    queries.shown = live(marks={})
    assert "No market has brought a gain or a loss yet." in infos(run_page("markets", queries))
    assert by_market(queries.held, {}, {})[0].sum.total == 0


def test_days_that_nobody_has_read_are_read_with_a_line_of_progress(run_page: RunPage) -> None:
    queries = traded()
    run_page("markets", queries)
    assert sorted(dict.fromkeys(queries.money.read)) == [TODAY - 3, TODAY - 2, TODAY - 1, TODAY]


# ---------------------------------------------------------------------- reports


def prepare(at: AppTest, report: str, kind: str = "CSV") -> AppTest:
    at.selectbox(key="report").set_value(report).run()
    at.segmented_control(key="report_format").set_value(kind).run()
    if report not in ("Positions", "Whales"):
        at.date_input(key="report_from").set_value(date(2026, 3, 19)).run()
    return at.button(key="prepare").click().run()


def file_of(at: AppTest) -> bytes:
    content: bytes = at.session_state["report_made"].content
    return content


@pytest.mark.parametrize("report", ["Executions", "Decisions", "Positions", "Ledger", "Equity", "Whales", "Summary"])
@pytest.mark.parametrize("kind", ["CSV", "Excel"])
def test_every_report_can_be_taken_away_in_either_kind(report: str, kind: str, run_page: RunPage) -> None:
    at = prepare(run_page("reports", traded()), report, kind)
    assert not at.exception
    assert not at.error
    made = at.session_state["report_made"]
    assert made.name.startswith(f"paper-{report.lower()}-2026-03-")
    assert made.name.endswith(".csv" if kind == "CSV" else ".xlsx")
    (button,) = at.get("download_button")
    assert made.name in button.proto.label
    assert f"{made.rows:,} rows" in captions(at)
    assert 0 < len(at.dataframe[0].value) <= 20


def test_a_workbook_says_what_it_is_about(run_page: RunPage) -> None:
    at = prepare(run_page("reports", traded()), "Executions", "Excel")
    about = {str(row[0]): str(row[1]) for row in sheet(file_of(at), 2)}
    assert about["Account"] == "paper"
    assert about["Days (UTC)"] == "2026-03-19 to 2026-03-22"
    assert about["Source of the trades"] == "synthetic"


def test_a_report_of_nothing_says_so_and_offers_no_file(run_page: RunPage) -> None:
    at = run_page("reports", FakeQueries(live()))
    at.button(key="prepare").click().run()
    assert "Nothing to take" in infos(at)
    assert not at.get("download_button")


def test_a_file_that_is_cut_says_so(run_page: RunPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CsvFile, "most", 3)
    at = prepare(run_page("reports", traded()), "Equity")
    assert [warning.value.startswith("The file was cut at 3 rows") for warning in at.warning] == [True]
    assert file_of(at).count(b"\n") == 4


def test_the_bound_of_a_file_is_told_before_it_is_made(run_page: RunPage) -> None:
    at = run_page("reports", traded())
    assert f"At most {CsvFile.most:,} rows, 31 days" in captions(at)
    at.segmented_control(key="report_format").set_value("Excel").run()
    assert f"At most {ExcelFile.most:,} rows" in captions(at)


def test_days_in_the_wrong_order_or_too_many_of_them_are_refused(run_page: RunPage) -> None:
    queries = traded()
    queries.money.started = NOW - 60 * DAY
    at = run_page("reports", queries)
    at.date_input(key="report_to").set_value(date(2026, 3, 1)).run()
    assert "is after the last" in at.error[0].value
    at.date_input(key="report_to").set_value(date(2026, 3, 22)).run()
    at.date_input(key="report_from").set_value(date(2026, 2, 1)).run()
    assert "a file covers at most 31" in at.error[0].value.replace("\\", "")
    assert not [button for button in at.button if button.key == "prepare"]


def test_what_cannot_be_read_while_a_file_is_made_is_told(run_page: RunPage) -> None:
    class Broken(FakeMoney):
        def points(self, day: int) -> list[Point]:
            raise BadInput(f"an item of table metrics cannot be read: day {day}")

    queries = traded()
    queries.money = Broken()
    queries.money.started = START
    at = prepare(run_page("reports", queries), "Equity")
    assert "table metrics cannot be read" in at.error[0].value
    assert not at.get("download_button")


def test_the_digest_of_a_day_is_read_as_a_list(run_page: RunPage) -> None:
    at = run_page("reports", traded())
    assert "Choose a day." in captions(at)
    at.segmented_control(key="digest_day").set_value(TODAY).run()
    assert not at.exception
    (text,) = [one.value.replace("\\", "") for one in at.markdown if "equity" in one.value]
    assert text.splitlines() == [
        "**paper, 2026-03-22 (UTC)**",
        "",
        "- **Result** +$3.00 (0.03%), equity $10,210.00",
        "- **TRADING IS STOPPED**",
    ]


@pytest.mark.parametrize("page", ["executive", "markets"])
def test_positions_that_cannot_be_read_are_told_where_they_are_missing(page: str, run_page: RunPage) -> None:
    class Odd(FakeQueries):
        def positions(self) -> list[Position]:
            raise BadInput("an item of table positions cannot be read: size")

    at = run_page(page, Odd(live()))
    assert not at.exception
    assert all("table positions cannot be read" in error.value for error in at.error)
    assert at.error


@pytest.mark.parametrize("page", ["executive", "markets", "reports"])
def test_a_history_that_does_not_answer_leaves_the_rest_of_the_page(page: str, run_page: RunPage) -> None:
    class Away(FakeMoney):
        def began(self) -> int | None:
            raise Temporary("the database does not answer")

    queries = quiet()
    queries.money = Away()
    queries.held = [replace(position(1), realized=Usd(5))]
    queries.decided = [decision(1)]
    at = run_page(page, queries)
    assert not at.exception
    assert not at.error
    assert "cannot be shown at the moment" in captions(at)
