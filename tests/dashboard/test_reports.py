"""Each report's rows, as an account that has traded for days gives them."""

from typing import cast

import pytest

from dashboard.reports import REPORTS, Asked, Report, file_name
from dashboard.sheets import CsvFile, Value
from dashboard.state import WhaleRow
from shared.domain.instants import DAY, HOUR, SECOND
from shared.domain.ledger import PostingKind
from shared.domain.money import ONE, dollars
from tests.dashboard.fakes import NOW, WALLET, FakeQueries, live
from tests.dashboard.trading_fakes import OTHER, START, TODAY, traded

BY_NAME = {report.name: report for report in REPORTS}
DAYS = range(TODAY - 3, TODAY + 1)


def rows(name: str, queries: FakeQueries | None = None, days: range = DAYS) -> list[dict[str, Value]]:
    """The rows of a report by the names of its columns."""
    asked = queries or traded()
    done: list[int] = []
    report = BY_NAME[name]
    found = list(report.rows(Asked(asked, asked.shown or live(), days, done.append)))
    assert done == (list(range(1, len(days) + 1)) if report.daily else [])
    return [dict(zip((column for column, _ in report.columns), row, strict=True)) for row in found]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: cast(Report, report).name)
def test_every_row_fits_its_columns_and_can_be_written(report: Report) -> None:
    queries = traded()
    made = CsvFile(report.columns)
    count = 0
    for row in report.rows(Asked(queries, queries.shown or live(), DAYS, lambda _: None)):
        made.add(row)
        count += 1
    assert count > 0
    assert made.close().count(b"\n") == count + 1


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: cast(Report, report).name)
def test_an_account_that_did_nothing_has_no_rows_but_its_days(report: Report) -> None:
    queries = FakeQueries(live())
    found = list(report.rows(Asked(queries, live(), DAYS, lambda _: None)))
    assert len(found) == (len(DAYS) if report.name == "Summary" else 0)


def test_executions_come_in_their_order_with_the_market_in_words() -> None:
    found = rows("Executions")
    assert [row["trade"] for row in found] == ["t1", "t2", "t3", "x1", "t4"]
    first, sale = found[0], found[3]
    assert (first["market"], first["outcome"], first["side"]) == ("Will number 1 win?", "Yes", "BUY")
    assert (first["price_usd"], first["shares"], first["worth_usd"], first["fee_usd"]) == (
        400_000,
        10 * ONE,
        4 * ONE,
        10_000,
    )
    assert (first["time"], first["order_planned"]) == (START + HOUR + SECOND, START + HOUR)
    assert (sale["side"], sale["exit_rule"]) == ("SELL", "stop_loss")


def test_only_the_days_asked_for_are_in_a_report_of_days() -> None:
    assert [row["trade"] for row in rows("Executions", days=range(TODAY, TODAY + 1))] == ["t3", "x1", "t4"]


def test_decisions_tell_their_reason_in_words() -> None:
    found = rows("Decisions")
    assert [row["reason"] for row in found] == ["Copied", "No edge left", "Too late"]
    assert found[1]["not_checked"] == "volume"


def test_open_positions_come_first_with_their_last_price() -> None:
    found = rows("Positions")
    assert [row["state"] for row in found] == ["open", "closed", "closed", "closed"]
    assert (found[0]["last_price_usd"], found[0]["unrealised_usd"]) == (450_000, 490_000)
    assert all(row["last_price_usd"] is None for row in found[1:])


def test_the_ledger_has_a_line_for_each_entry_and_every_asset_sums_to_zero() -> None:
    found = rows("Ledger")
    assert found[0]["kind"] == PostingKind.DEPOSIT.value
    sums: dict[Value, int] = {}
    for row in found:
        sums[row["asset"]] = sums.get(row["asset"], 0) + cast(int, row["amount"])
    assert len(sums) == 5
    assert not any(sums.values())


def test_the_curve_is_every_point_of_the_days() -> None:
    assert len(rows("Equity")) == 73
    assert len(rows("Equity", days=range(TODAY, TODAY + 1))) == 23


def test_whales_are_those_copied_and_those_only_followed() -> None:
    queries = traded()
    queries.followed.append(WhaleRow("0xnew", 9))
    found = rows("Whales", queries)
    assert [row["wallet"] for row in found] == [WALLET, OTHER, "0xnew"]
    assert [row["followed"] for row in found] == ["yes", "no", "yes"]
    assert [row["rank"] for row in found] == [3, None, 9]
    assert found[0]["open_positions"] == 1


def test_a_days_summary_adds_up_what_happened_on_it() -> None:
    first, second, third, last = rows("Summary")
    assert [row["day"] for row in (first, last)] == ["2026-03-19", "2026-03-22"]
    assert (first["purchases"], first["put_in_usd"], first["settled_positions"]) == (0 + 1, dollars(10_000), 0)
    assert (third["settled_positions"], third["settled_for_usd"]) == (2, 10 * ONE)
    assert (last["purchases"], last["sales"], last["orders_to_buy"], last["of_them_executed"]) == (2, 1, 3, 2)
    assert last["fees_usd"] == 20_000
    assert second["result_usd"] is not None
    assert first["result_percent"] is not None


def test_a_day_that_began_with_no_equity_has_no_percent() -> None:
    queries = traded()
    queries.money.curve = [point for point in queries.points if point.at > NOW - DAY]
    found = rows("Summary", queries)
    assert [row["result_percent"] is None for row in found] == [True, True, True, False]
    assert [row["equity_usd"] is None for row in found] == [True, True, False, False]


@pytest.mark.parametrize(
    ("account", "name", "days", "wanted"),
    [
        ("paper", "Executions", [TODAY], "paper-executions-2026-03-22.csv"),
        ("paper", "Ledger", [TODAY - 1, TODAY], "paper-ledger-2026-03-21-to-2026-03-22.csv"),
        ("paper", "Positions", [TODAY], "paper-positions-2026-03-22.csv"),
        ("../0xAb c", "Whales", [TODAY], "0xAb_c-whales-2026-03-22.csv"),
    ],
)
def test_a_file_is_named_after_account_report_and_days(account: str, name: str, days: list[int], wanted: str) -> None:
    assert file_name(account, BY_NAME[name], days, "csv") == wanted
