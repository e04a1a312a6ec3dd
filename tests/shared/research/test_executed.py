from pathlib import Path

import polars as pl
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import SECOND
from shared.domain.ledger import Fill
from shared.domain.money import ONE, Price, Shares, Usd
from shared.domain.order import Order, OrderState, Side
from shared.research.executed import FILL_SCHEMA, Outcome, by_leg, execution, write_fills
from shared.research.executed import outcome as outcome_of
from tests.shared.engine.builders import order

PLANNED = 1_000 * SECOND


def made(side: Side = Side.BUY, filled: int = 100, state: OrderState = OrderState.FILLED, key: str = "o") -> Order:
    return order(
        order_key=key,
        side=side,
        limit=Price(520_000),
        size=Shares(100 * ONE),
        filled=Shares(filled * ONE),
        state=state,
        planned_at=PLANNED,
    )


def fill(cents: int, size: int, after_s: int = 1, key: str = "o") -> Fill:
    return Fill(f"{key}{cents}", key, cents * 10_000, Shares(size * ONE), Usd(1_500_000), PLANNED + after_s * SECOND)


def outcome(made_order: Order, *fills: Fill) -> Outcome:
    by_order = {made_order.order_key: list(fills)}
    return outcome_of("marketable", "$32-100", Reason.COPIED, 500_000, [made_order], by_order)


def test_slippage_is_the_average_price_against_the_expected_one_and_worse_is_more() -> None:
    bought = execution([outcome(made(), fill(50, 50), fill(52, 50, after_s=3))])
    assert bought.slippage_bps == {"p50": 200.0, "p99": 200.0}
    assert bought.time_to_fill_s == {"p50": 3.0, "p99": 3.0}
    sold = execution([outcome(made(Side.SELL), fill(49, 100))])
    assert sold.slippage_bps["p50"] == 200.0
    better = execution([outcome(made(), fill(49, 100))])
    assert better.slippage_bps["p50"] == -200.0


def test_the_fill_rate_is_what_was_filled_of_what_was_ordered() -> None:
    half = made(filled=50, state=OrderState.CANCELED)
    found = execution([outcome(half, fill(50, 50)), outcome(made(), fill(50, 100))])
    assert (found.fill_rate, found.filled, found.partly_filled, found.fills) == (0.75, 1, 1, 2)


def test_denials_are_breakers_or_about_the_one_intent() -> None:
    reasons = [Reason.ORDER_RATE, Reason.ORDER_RATE, Reason.THIN_BOOK, Reason.HALTED_DRAWDOWN, Reason.CAP_CASH]
    found = execution(Outcome("resting", "$10-32", reason) for reason in reasons)
    assert found.breakers == {"halted_drawdown": 1, "order_rate": 2}
    assert found.denied == {"cap_cash": 1, "thin_book": 1}
    assert (found.intents, found.orders, found.fill_rate) == (5, 0, None)
    assert found.slippage_bps == {"p50": None, "p99": None}


def test_a_dead_letter_is_an_order_refused_for_good_or_never_ended() -> None:
    states = (OrderState.REJECTED, OrderState.IN_DOUBT, OrderState.CANCELED, OrderState.EXPIRED)
    found = execution(outcome(made(filled=0, state=state)) for state in states)
    assert found.dead_letters == 1
    refused = replace(made(filled=0, state=OrderState.REJECTED), dead=True)
    assert execution([outcome(refused)]).dead_letters == 1


def legs() -> tuple[list[Order], dict[str, list[Fill]]]:
    """An intent of 100 shares: 40 bought in the first phase, 54 asked for in the second and bought."""
    first = made(filled=40, state=OrderState.CANCELED, key="i.1")
    second = replace(
        made(filled=54, key="i.2"), phase=2, leg=2, size=Shares(54 * ONE), planned_at=PLANNED + 30 * SECOND
    )
    return [first, second], {"i.1": [fill(50, 40, key="i.1")], "i.2": [fill(52, 54, after_s=31, key="i.2")]}


def test_all_legs_of_an_intent_are_one_outcome_of_what_its_first_order_asked() -> None:
    orders, fills = legs()
    found = execution([outcome_of("copy", "", Reason.COPIED, 500_000, orders, fills)])
    assert (found.intents, found.orders, found.fills, found.filled, found.partly_filled) == (1, 2, 2, 0, 1)
    assert found.fill_rate == 0.94
    assert found.time_to_fill_s["p50"] == 31.0


def test_single_legs_tell_the_phases_apart() -> None:
    orders, fills = legs()
    whole = outcome_of("copy", "", Reason.COPIED, 500_000, orders, fills)
    (first, one), (second, two) = by_leg([whole], fills)
    assert (first.phase, execution([one]).fill_rate) == (1, 0.4)
    assert (second.phase, execution([two]).fill_rate, execution([two]).slippage_bps["p50"]) == (2, 1.0, 400.0)


def test_fills_are_written_one_row_each_by_time(tmp_path: Path) -> None:
    late, early = fill(52, 50, after_s=9, key="a"), fill(50, 25, after_s=1, key="b")
    orders = {"a": made(key="a"), "b": made(Side.SELL, key="b")}
    assert write_fills(tmp_path / "new" / "fills.parquet", {"a": [late], "b": [early]}, orders) == 2
    table = pl.read_parquet(tmp_path / "new" / "fills.parquet")
    assert dict(table.schema) == FILL_SCHEMA
    assert table.row(0) == (PLANNED + SECOND, "b", "m:yes", "SELL", 0.5, 25.0, 1.5, "taker")
    assert table["order_id"].to_list() == ["b", "a"]


def test_a_run_without_fills_writes_an_empty_table_of_the_same_columns(tmp_path: Path) -> None:
    assert write_fills(tmp_path / "fills.parquet", {}, {}) == 0
    assert dict(pl.read_parquet(tmp_path / "fills.parquet").schema) == FILL_SCHEMA
