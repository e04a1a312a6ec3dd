"""Replays beside a recorded book: copies meet what is displayed, and the report says how they fared."""

import json
from pathlib import Path

import polars as pl
import pytest

from fargate.__main__ import main
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.order import OrderState
from shared.research.executed import FILL_SCHEMA
from tests.shared.adapters.replay.files import OTHER, SLUG, START_S, Row, lines, v1
from tests.shared.research.books import SCHEMA
from tests.shared.research.recording import replayed, whales

TOKEN = "12345"
Shown = tuple[int, dict[float, float], dict[float, float]]


def books(path: Path, *shown: Shown) -> Path:
    """Whole books of the token: (second, bids, asks) with prices in dollars and sizes in shares."""
    rows = [
        (SLUG, TOKEN, "book", side, price, size, str(second), (START_S + second) * 1_000)
        for second, bids, asks in shown
        for side, levels in (("bid", bids), ("ask", asks))
        for price, size in levels.items()
    ]
    pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(path)
    return path


def every_second(bids: dict[float, float], asks: dict[float, float], until: int = 60) -> list[Shown]:
    return [(second, bids, asks) for second in range(until)]


def copied(price: float = 0.5) -> list[Row]:
    """The whale buys 1,000 shares after 20 s; the crowd buys the same far below a little later."""
    crowd = [v1(20 + n, proxyWallet=OTHER, size=500.0, price=0.3) for n in range(1, 10)]
    return [v1(20, size=1_000.0, price=price), *crowd]


def test_a_copy_takes_what_is_displayed_and_not_what_others_printed(tmp_path: Path) -> None:
    book = books(tmp_path / "b.parquet", *every_second({0.48: 500}, {0.5: 30, 0.51: 2_000}))
    report, driver, _ = replayed(tmp_path, copied(), book=book)
    (fills,) = driver.fills.values()
    assert [(fill.price, fill.size, fill.liquidity) for fill in fills][:1] == [(500_000, 30_000_000, "taker")]
    assert {fill.price for fill in fills} == {500_000, 510_000}
    assert report.fill_rate == 1.0
    assert report.slippage_bps["p50"] is not None
    assert 0 < report.slippage_bps["p50"] < 200
    assert report.time_to_fill_s["p50"] is not None
    assert 0.15 < report.time_to_fill_s["p50"] < 0.6
    assert (report.breakers, report.dead_letters) == ({}, 0)
    assert report.events == 10 + 60


def test_without_a_book_the_same_copy_fills_from_later_prints(tmp_path: Path) -> None:
    report, driver, _ = replayed(tmp_path, copied())
    assert {fill.price for fills in driver.fills.values() for fill in fills} == {300_000}
    assert report.slippage_bps["p50"] == -4_000.0


def test_a_copy_the_book_has_left_behind_is_not_made(tmp_path: Path) -> None:
    book = books(tmp_path / "b.parquet", *every_second({0.58: 500}, {0.6: 3_000}))
    report, _, _ = replayed(tmp_path, copied(), book=book)
    assert report.decisions == {"price_moved": 1}
    assert report.fill_rate is None


def test_a_copy_for_which_the_book_is_too_thin_fills_in_part_once_and_ends_after_its_phases(tmp_path: Path) -> None:
    thin = every_second({0.48: 500}, {0.5: 20.0})
    report, driver, _ = replayed(tmp_path, copied(), book=books(tmp_path / "b.parquet", *thin))
    first, second, *_ = driver.engine.desk.books.orders.values()
    assert (first.state, second.state) == (OrderState.CANCELED, OrderState.CANCELED)
    assert (first.phase, second.phase) == (1, 2)
    assert sum(order.filled for order in driver.engine.desk.books.orders.values()) == 20_000_000
    assert first.changed_at - first.planned_at <= 31 * SECOND
    assert report.fill_rate is not None
    assert 0.1 < report.fill_rate < 0.3


def test_books_outside_the_times_asked_for_are_left_out(tmp_path: Path) -> None:
    book = books(tmp_path / "b.parquet", *every_second({0.48: 500}, {0.5: 2_000}, 90))
    report, _, _ = replayed(tmp_path, copied(), book=book, start=(START_S + 10) * SECOND, end=(START_S + 40) * SECOND)
    assert report.events == 10 + 31
    with pytest.raises(BadInput, match="has no row in the times asked for"):
        replayed(tmp_path, copied(), book=books(tmp_path / "b.parquet", (-99, {0.4: 1}, {})), start=START_S * SECOND)


def test_the_command_replays_beside_a_book_and_writes_the_fills(tmp_path: Path) -> None:
    book = books(tmp_path / "b.parquet", *every_second({0.48: 500}, {0.5: 30, 0.51: 2_000}))
    rows, followed = lines(tmp_path / "rows.jsonl", copied()), whales(tmp_path / "w.txt")
    out, fills = tmp_path / "report.json", tmp_path / "fills.parquet"
    arguments = ["replay", str(rows), "--whales", str(followed), "--sizing", "ratio", "--book", str(book)]
    assert main([*arguments, "--fills", str(fills), "--json", str(out)]) == 0
    report = json.loads(out.read_text(encoding="utf-8"))
    assert {"slippage_bps", "fill_rate", "time_to_fill_s", "breakers", "dead_letters"} <= set(report)
    table = pl.read_parquet(fills)
    assert dict(table.schema) == FILL_SCHEMA
    assert table["price"].to_list() == [0.5, 0.51]
    assert set(table["token_id"]) == {TOKEN}


def test_a_book_that_is_none_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = lines(tmp_path / "rows.jsonl", copied())
    assert main(["replay", str(rows), "--whales", str(whales(tmp_path / "w.txt")), "--book", str(rows)]) == 2
    assert "is not a readable Parquet file" in capsys.readouterr().err
