"""The execution study before the independent judge of paper fills, on drawn books and on a slice of the recording."""

from pathlib import Path

import msgspec
import polars as pl
import pytest

from shared.domain.errors import BadInput
from shared.domain.ledger import Fill
from shared.domain.messages import BookChange, BookSnapshot, Event, OrderAccepted, OrderFilled
from shared.domain.money import ONE, Usd, dollars
from shared.domain.order import FINAL
from shared.research.probe import Probed, ProbeOptions, run_probe
from tests.shared.adapters.paper.checker import Checker, Sent, Session
from tests.shared.research.books import drawn_books, first_markets


def studied(options: ProbeOptions) -> tuple[Probed, Session]:
    """A study, and what an observer at the engine's door makes of it."""
    heard: list[Event] = []
    told: dict[str, Fill] = {}
    found = run_probe(options, tape=heard.append)
    session = Session()
    for event in heard:
        payload = event.payload
        if isinstance(payload, BookSnapshot | BookChange):
            session.shown.append((event.venue_at, payload))
        elif isinstance(payload, OrderAccepted):
            session.sent[payload.order_key] = Sent(found.orders[payload.order_key], event.venue_at, event.venue_at)
        elif isinstance(payload, OrderFilled):
            told.setdefault(payload.fill.trade_id, payload.fill)  # an answer to a question tells it again
    session.fills = list(told.values())
    session.shown.sort(key=lambda one: one[0])
    return found, session


def assert_sound(found: Probed, session: Session) -> None:
    """Every fill was allowed, every fill is reported, every order has ended in time."""
    assert Checker(session).run() == []
    booked = sorted(fill.trade_id for made in found.fills.values() for fill in made)
    assert booked == sorted(fill.trade_id for fill in session.fills)
    assert found.report.overall.fills == len(booked)
    assert all(order.state in FINAL for order in found.orders.values())
    assert found.report.stuck == 0
    assert found.report.longest_open_s <= 61  # the third phase, and the way of its cancel
    assert sum(found.report.states.values()) == found.report.overall.orders == len(found.orders)


@pytest.mark.parametrize("seed", range(8))
def test_on_drawn_books_every_fill_is_one_the_book_allowed_and_every_order_ends(tmp_path: Path, seed: int) -> None:
    path = drawn_books(tmp_path / "books.parquet", seed)
    found, session = studied(ProbeOptions(path, 60, seed))
    assert_sound(found, session)
    assert found.report.overall.intents + found.report.unplaced == 60
    assert found.report.overall.orders >= 20
    liquidity = [fill.liquidity for fill in session.fills]
    assert liquidity.count("taker") >= 5
    assert {order.side.value for order in found.orders.values()} == {"BUY", "SELL"}


def test_on_the_recording_every_fill_of_hundreds_of_random_intents_is_one_the_book_allowed(
    recordings: Path, tmp_path: Path
) -> None:
    path = first_markets(recordings, tmp_path / "books.parquet", 3)
    found, session = studied(ProbeOptions(path, 400, 7))
    assert_sound(found, session)
    assert found.report.overall.intents + found.report.unplaced == 400
    assert found.report.refused == 0
    assert found.report.overall.orders >= 350
    liquidity = [fill.liquidity for fill in session.fills]
    assert liquidity.count("taker") >= 150
    assert liquidity.count("maker") >= 50
    resting, marketable = found.report.by_kind["resting"], found.report.by_kind["marketable"]
    assert resting.fill_rate is not None
    assert marketable.fill_rate is not None
    assert resting.fill_rate < marketable.fill_rate
    assert sum(one.orders for one in found.report.by_size.values()) == found.report.overall.orders


def test_the_judge_would_find_a_fill_one_cent_better_than_the_book(tmp_path: Path) -> None:
    _, session = studied(ProbeOptions(drawn_books(tmp_path / "books.parquet", 3), 60, 3))
    place = next(n for n, fill in enumerate(session.fills) if fill.liquidity == "taker")
    honest = session.fills[place]
    order = session.sent[honest.order_key].order
    better = honest.price - 10_000 if order.side.value == "BUY" else honest.price + 10_000
    session.fills[place] = msgspec.structs.replace(honest, price=better)
    assert Checker(session).run() != []


def test_the_same_seed_gives_the_same_report_and_another_seed_another(tmp_path: Path) -> None:
    path = drawn_books(tmp_path / "books.parquet", 1)
    once, again, other = (run_probe(ProbeOptions(path, 50, seed)) for seed in (1, 1, 2))
    assert once.report == again.report
    assert once.fills == again.fills
    assert once.report.digest != other.report.digest


def test_the_real_limits_stop_a_rush_at_ten_entries_a_minute_and_the_report_counts_it(tmp_path: Path) -> None:
    path = drawn_books(tmp_path / "books.parquet", 1)
    found = run_probe(ProbeOptions(path, 300, 1, limits="copy", capital=dollars(1_000_000)))
    assert found.report.overall.breakers["order_rate"] > 0
    planned = sorted(order.planned_at for order in found.orders.values() if order.side.value == "BUY")
    assert all(late - early >= 60 * 10**9 for early, late in zip(planned, planned[10:], strict=False))


def test_a_small_account_is_held_to_its_caps(tmp_path: Path) -> None:
    path = drawn_books(tmp_path / "books.parquet", 1)
    found = run_probe(ProbeOptions(path, 60, 1, limits="copy", capital=dollars(1_000)))
    assert found.report.overall.denied["cap_position"] > 0
    assert max(order.reserved + order.cost + order.fees for order in found.orders.values()) <= 50 * ONE


def test_intents_that_find_no_book_with_two_sides_are_told(tmp_path: Path) -> None:
    path = drawn_books(tmp_path / "books.parquet", 1)
    pl.read_parquet(path).filter(pl.col("side").is_in(["bid", "BUY"])).write_parquet(path)
    found = run_probe(ProbeOptions(path, 5, 1))
    assert (found.report.unplaced, found.report.overall.intents, found.report.overall.fill_rate) == (5, 0, None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"orders": 0}, "orders must be at least 1, not 0"),
        ({"limits": "none"}, "limits must be wide or copy, not 'none'"),
        ({"capital": Usd(0)}, "capital must be positive, not 0"),
    ],
)
def test_bad_options_are_one_sentence(tmp_path: Path, changes: dict[str, object], sentence: str) -> None:
    options = msgspec.structs.replace(ProbeOptions(drawn_books(tmp_path / "books.parquet", 1), 5, 1), **changes)
    with pytest.raises(BadInput) as told:
        run_probe(options)
    assert str(told.value) == sentence


def test_a_file_without_books_or_without_rows_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a readable Parquet file"):
        run_probe(ProbeOptions(tmp_path / "none.parquet", 5, 1))
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(BadInput, match="has neither the columns"):
        run_probe(ProbeOptions(tmp_path / "other.parquet", 5, 1))
    path = drawn_books(tmp_path / "books.parquet", 1)
    pl.read_parquet(path).head(0).write_parquet(path)
    with pytest.raises(BadInput, match="has no row"):
        run_probe(ProbeOptions(path, 5, 1))


def test_a_row_that_cannot_be_a_level_is_counted_and_told_and_loses_nothing_else(tmp_path: Path) -> None:
    path = drawn_books(tmp_path / "books.parquet", 1)
    table = pl.read_parquet(path)
    bad = table.tail(1).with_columns(price=pl.lit(7.0), hash=pl.lit("bad"), event_type=pl.lit("price_change"))
    pl.concat([table, bad]).write_parquet(path)
    told: list[str] = []
    found = run_probe(ProbeOptions(path, 20, 1), told.append)
    assert found.report.refused == 1
    assert found.report.overall.orders > 0
    assert [line for line in told if "price 7.0" in line] == told != []
