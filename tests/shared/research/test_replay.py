from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.ledger import RecordKind
from shared.domain.money import dollars
from shared.research.replay import ReplayReport
from tests.shared.adapters.replay.files import OTHER, START_S, WALLET, parquet, row
from tests.shared.research.checker import faults, prints_of
from tests.shared.research.recording import MARKETS, replayed, resolutions, small, whales

STABLE = {
    "events",
    "malformed",
    "ignored",
    "duplicates",
    "late",
    "not_applicable",
    "fills_from_followed",
    "whale_trades",
    "decisions",
    "orders",
    "fills",
    "fees_usd",
    "realized_pnl_usd",
    "unrealized_pnl_usd",
    "equity_usd",
    "ledger_sum_micro",
    "positions_open",
    "digest",
    "events_per_s",
    "handle_us",
}


def same_but_for_speed(report: ReplayReport) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(report)
    return {name: value for name, value in fields.items() if not name.startswith(("handle", "events_per_s"))}


# ---------------------------------------------------------------------- what comes of a small recording


def test_every_copy_is_filled_by_the_prints_that_came_after_it(tmp_path: Path) -> None:
    report, _, store = replayed(tmp_path)
    assert report.decisions == {"copied": MARKETS + MARKETS // 2}
    assert report.orders == {"FILLED": MARKETS + MARKETS // 2}
    bought = [r.fill.size for r in store.records if r.fill and r.order and r.order.side.value == "BUY"]
    assert max(bought) == 60_000_000  # a print gives no more than it had
    assert faults(store.records, prints_of(tmp_path / "rows.jsonl")) == []


def test_the_checker_sees_a_fill_that_no_print_explains(tmp_path: Path) -> None:
    _, _, store = replayed(tmp_path)
    prints = prints_of(tmp_path / "rows.jsonl")
    filled = next(key for key in prints if any(key in r.fill.trade_id for r in store.records if r.fill))
    del prints[filled]
    assert faults(store.records, prints) != []


def test_the_whales_sale_sells_the_same_fraction_of_ours(tmp_path: Path) -> None:
    _, driver, _ = replayed(tmp_path)
    for order in driver.engine.desk.books.orders.values():
        if order.side.value == "SELL":
            entry = next(o for o in driver.engine.desk.books.orders.values() if o.token == order.token and o != order)
            assert order.size == entry.filled // 20_000 * 10_000


def test_money_is_where_the_report_says(tmp_path: Path) -> None:
    report, driver, _ = replayed(tmp_path)
    assert report.ledger_sum_micro == 0
    assert report.realized_pnl_usd > 0
    assert_equity_adds_up(report, 10_000)
    assert driver.engine.desk.books.balance("deposits") == -dollars(10_000)


def test_profit_is_told_by_whale_strategy_and_market_and_adds_up(tmp_path: Path) -> None:
    report, _, _ = replayed(tmp_path)
    assert set(report.profit) == {"whale", "strategy", "market"}
    for rows in report.profit.values():
        assert round(sum(row.realized_usd for row in rows), 6) == round(report.realized_pnl_usd, 6)
        assert round(sum(row.unrealized_usd for row in rows), 6) == round(report.unrealized_pnl_usd, 6)
        assert round(sum(row.fees_usd for row in rows), 6) == round(report.fees_usd, 6)
    totals = [abs(row.realized_usd + row.unrealized_usd) for row in report.profit["market"]]
    assert totals == sorted(totals, reverse=True)
    assert len(report.profit["market"]) == MARKETS


def assert_equity_adds_up(report: ReplayReport, capital: int) -> None:
    micro = [round(x * 1e6) for x in (report.equity_usd, report.realized_pnl_usd, report.unrealized_pnl_usd)]
    assert micro[0] == capital * 1_000_000 + micro[1] + micro[2]


def test_a_market_without_resolution_stays_open_marked_at_the_last_print(tmp_path: Path) -> None:
    rows = [*small(), row((MARKETS - 1) * 300 + 200, slug=small()[-1]["slug"], price=0.9, size=1.0, wallet=OTHER)]
    report, driver, _ = replayed(tmp_path, rows)
    assert report.positions_open == 1
    ((position,),) = [list(held.values()) for held in driver.engine.desk.positions.values()]
    assert round(report.unrealized_pnl_usd * 1e6) == position.size * 9 // 10 - position.cost


def test_a_losing_outcome_pays_nothing(tmp_path: Path) -> None:
    report, _, _ = replayed(tmp_path, resolutions=resolutions(tmp_path / "down.parquet", "Down"))
    assert report.realized_pnl_usd < 0
    assert_equity_adds_up(report, 10_000)


def test_an_unknown_outcome_leaves_the_positions_open(tmp_path: Path) -> None:
    rows = small() + [
        row(n * 300 + 25, slug=r["slug"], outcome="Down", wallet=OTHER) for n, r in enumerate(small()[:1])
    ]
    unknown = resolutions(tmp_path / "sideways.parquet", "Sideways")
    report, _, _ = replayed(tmp_path, rows, resolutions=unknown)
    assert report.positions_open >= 1
    assert report.ledger_sum_micro == 0


def test_the_report_keeps_its_field_names(tmp_path: Path) -> None:
    report, _, _ = replayed(tmp_path)
    assert set(msgspec.to_builtins(report)) >= STABLE
    assert {"p50", "p99"} <= set(report.handle_us)


def test_other_activity_is_counted_as_ignored_whatever_it_is_called(tmp_path: Path) -> None:
    others = [row(5 + n, type=kind, side="", price=None) for n, kind in enumerate(("SPLIT", "REDEEM?", "YIELD", "?"))]
    report, _, _ = replayed(tmp_path, small() + others)
    assert report.ignored == 4
    assert report.decisions == {"copied": MARKETS + MARKETS // 2}


# ---------------------------------------------------------------------- the same rows again


def delivered(rows: list[dict[str, Any]], at_s: float) -> list[dict[str, Any]]:
    return [item | {"collected_at": at_s + item["timestamp"]} for item in rows]


@pytest.mark.parametrize("later_s", [5, 29, 61, 64])
def test_a_whole_file_delivered_again_changes_no_money(tmp_path: Path, later_s: int) -> None:
    (tmp_path / "once").mkdir()
    once, first, _ = replayed(tmp_path / "once", delivered(small(), 3))
    twice, second, _ = replayed(tmp_path, delivered(small(), 3) + delivered(small(), 3 + later_s))
    assert twice.duplicates == once.whale_trades
    assert (twice.whale_trades, twice.decisions, twice.fills) == (once.whale_trades, once.decisions, once.fills)
    assert second.engine.desk.books.balances == first.engine.desk.books.balances


def test_a_file_delivered_again_much_later_is_late_and_copied_once(tmp_path: Path) -> None:
    twice, _, _ = replayed(tmp_path, delivered(small(), 3) + delivered(small(), 303))
    assert twice.decisions["copied"] == MARKETS + MARKETS // 2
    assert twice.duplicates + twice.late == MARKETS + MARKETS // 2
    assert twice.orders == {"FILLED": MARKETS + MARKETS // 2}


def test_equal_fills_of_one_delivery_are_two_fills(tmp_path: Path) -> None:
    report, driver, _ = replayed(tmp_path, delivered(small() + small(), 3))
    assert (report.duplicates, report.whale_trades) == (0, 2 * (MARKETS + MARKETS // 2))
    whale = driver.engine.detection.whales[WALLET]
    assert whale.holdings[f"{small()[-1]['slug']}:Up"] == 1_000_000_000  # two purchases less two sales of half


def test_rows_out_of_order_within_half_a_minute_are_copied_once(tmp_path: Path) -> None:
    rows = small()
    mixed = sorted(rows, key=lambda item: (item["timestamp"] // 30, -item["timestamp"]))
    again, _, _ = replayed(tmp_path, mixed)
    (tmp_path / "sorted").mkdir()
    straight, _, _ = replayed(tmp_path / "sorted", rows)
    assert again.digest == straight.digest


def test_rows_in_reverse_give_the_same_digest(tmp_path: Path) -> None:
    forwards, _, _ = replayed(tmp_path)
    assert replayed(tmp_path, small()[::-1])[0].digest == forwards.digest


# ---------------------------------------------------------------------- options


def test_capital_seed_and_sizing_each_change_the_run(tmp_path: Path) -> None:
    base, _, _ = replayed(tmp_path)
    assert replayed(tmp_path, capital=dollars(5_000))[0].equity_usd < 6_000
    assert replayed(tmp_path, seed=1)[0].digest != base.digest
    assert replayed(tmp_path, sizing="kelly")[0].decisions != base.decisions


def test_from_and_to_cut_the_recording(tmp_path: Path) -> None:
    second, third = ((START_S + n * 300) * SECOND for n in (1, 2))
    report, driver, _ = replayed(tmp_path, start=second, end=third - 1)
    assert report.events == 7
    assert {order.market for order in driver.engine.desk.books.orders.values()} == {small()[4]["slug"]}


def test_a_span_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no usable row"):
        replayed(tmp_path, end=1)


def test_whales_are_read_from_lines_and_from_parquet_in_any_case(tmp_path: Path) -> None:
    base, _, _ = replayed(tmp_path)
    table = parquet(tmp_path / "w.parquet", [{"wallet": WALLET.upper().replace("0X", "0x")}, {"wallet": None}])
    assert replayed(tmp_path, whales=table)[0].digest == base.digest
    shouted = whales(tmp_path / "w.txt", "", WALLET.upper().replace("0X", "0x"), WALLET)
    assert replayed(tmp_path, whales=shouted)[0].digest == base.digest


def test_nobody_followed_means_nothing_done(tmp_path: Path) -> None:
    report, _, _ = replayed(tmp_path, whales=whales(tmp_path / "w.txt", "0x" + "99" * 20))
    assert (report.fills_from_followed, report.decisions, report.orders) == (0, {}, {})
    assert report.equity_usd == 10_000


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "names no wallet"), (b"\n \n", "names no wallet"), (b"\xff\xfe\x00", "is not readable: ")],
)
def test_whales_that_cannot_be_used_are_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "w.txt"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=f"^whales file {path} {sentence}"):
        replayed(tmp_path, whales=path)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [([{"whale": WALLET}], "has no column wallet"), ([{"wallet": ""}], "names no wallet")],
)
def test_a_whale_table_without_wallets_is_refused(tmp_path: Path, rows: list[dict[str, str]], sentence: str) -> None:
    path = parquet(tmp_path / "w.parquet", rows)
    with pytest.raises(BadInput, match=f"^whales file {path} {sentence}"):
        replayed(tmp_path, whales=path)


def test_a_broken_whale_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.parquet"
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(BadInput, match=f"^whales file {path} is not readable: "):
        replayed(tmp_path, whales=path)


def test_whales_in_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        replayed(tmp_path, whales=tmp_path / "none.txt")


def test_refused_rows_are_counted_told_and_change_nothing_else(tmp_path: Path) -> None:
    base, _, _ = replayed(tmp_path)
    rows = [*small(), row(7, size=-1.0), row(8, price=2.0)]
    (tmp_path / "bad").mkdir()
    report, _, _ = replayed(tmp_path / "bad", rows)
    assert report.malformed == 2
    assert report.digest == base.digest


# ---------------------------------------------------------------------- determinism


def test_two_runs_are_the_same_to_the_last_figure(tmp_path: Path) -> None:
    first, _, _ = replayed(tmp_path)
    assert same_but_for_speed(replayed(tmp_path)[0]) == same_but_for_speed(first)


def test_a_paced_run_takes_its_time_and_gives_the_same_digest(tmp_path: Path) -> None:
    fast, _, _ = replayed(tmp_path)
    paced, _, _ = replayed(tmp_path, speed=4_000.0)
    assert paced.digest == fast.digest
    assert paced.events / paced.events_per_s >= 0.9 * (MARKETS - 1) * 300 / 4_000


# ---------------------------------------------------------------------- the March recording


@pytest.mark.parametrize("sizing", ["ratio", "kelly"])
def test_the_march_recording_keeps_every_invariant(recordings: Path, tmp_path: Path, sizing: str) -> None:
    path = recordings / "wallet_activity_updown_2026-03.parquet"
    wallets = pl.read_parquet(path, columns=["wallet"])["wallet"].unique().sort().to_list()
    report, driver, store = replayed(
        tmp_path,
        path=path,
        resolutions=recordings / "resolutions_updown_2026-03.parquet",
        whales=whales(tmp_path / "all.txt", *wallets),
        sizing=sizing,
    )
    assert sum(report.decisions.values()) == report.whale_trades == sum(bool(one.tx) for one in store.decisions)
    assert sum(report.exits_by_rule.values()) == sum(not one.tx for one in store.decisions)
    assert report.whale_trades + report.duplicates == report.fills_from_followed
    assert report.events == report.fills_from_followed + report.ignored
    assert report.ledger_sum_micro == 0
    assert_equity_adds_up(report, 10_000)
    assert report.fills > 50
    assert faults(store.records, prints_of(path)) == []
    keys = [r.order.order_key for r in store.records if r.kind is RecordKind.PLANNED and r.order is not None]
    assert len(keys) == len(set(keys)) == sum(report.orders.values())
    assert all(alert.severity > 1 for alert in driver.alerts)
