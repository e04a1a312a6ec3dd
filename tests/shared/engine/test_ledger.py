"""Records and the projection: every record balances, and rooms say what is really left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.errors import Corrupt
from shared.domain.ledger import CASH, FEES, PUSD, RESERVED, VENUE, Fill, Position, Record, RecordKind, shares_account
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, dollars, taker_fee
from shared.domain.order import Order, OrderCause, OrderState, Purpose, Side
from shared.engine.ledger import (
    RESERVE_MARGIN,
    Projection,
    deposit_record,
    fill_record,
    move_record,
    plan_record,
    reserve_for,
    settle_record,
)
from shared.engine.limits import Limits
from tests.shared.engine.builders import NOON, order

LIMITS = Limits()
SIZES = st.integers(1, 10_000).map(lambda n: Shares(n * 10_000))
TICKS = st.integers(1, 99).map(lambda n: Price(n * 10_000))
RATES = st.integers(0, 100_000).map(Fraction)


def fill(of: Order, size: int, price: int | None = None, trade_id: str = "t1") -> Fill:
    """An execution of an order with the venue's fee."""
    at = Price(of.limit if price is None else price)
    return Fill(trade_id, of.order_key, at, Shares(size), taker_fee(Shares(size), at, of.fee_rate), NOON)


def funded(amount: int = 1_000) -> Projection:
    books = Projection()
    books.apply(deposit_record("test", dollars(amount), NOON, "initial"))
    return books


def sums(record: Record) -> dict[str, int]:
    assert record.posting is not None
    found: dict[str, int] = {}
    for entry in record.posting.entries:
        found[entry.asset] = found.get(entry.asset, 0) + entry.amount
    return found


@given(SIZES, TICKS, RATES, st.lists(st.tuples(st.integers(1, 100), st.integers(0, 20)), max_size=8))
def test_a_buy_reserves_enough_for_any_fills_at_its_limit_or_better(
    size: Shares, limit: Price, rate: Fraction, parts: list[tuple[int, int]]
) -> None:
    books = funded(100_000)
    planned = order(size=size, limit=limit, fee_rate=rate, reserved=reserve_for(size, limit, rate))
    books.apply(plan_record(planned, LIMITS))
    now = planned
    for n, (percent, better) in enumerate(parts):
        part = min(now.remaining, max(size * percent // 100, 1))
        if part == 0:
            break
        held = books.positions.get("m:yes#whale_copy/whale")
        done = fill(planned, part, max(limit - better * 10_000, 10_000), f"t{n}")
        record = fill_record(now, held, done, NOON, LIMITS)
        assert set(sums(record).values()) == {0}
        books.apply(record)
        assert record.order is not None
        now = record.order
        position = books.positions["m:yes#whale_copy/whale"]
        assert books.balance(RESERVED) == now.reserved >= 0
        assert books.used["portfolio"] == now.reserved + position.cost
        assert books.used[CASH] == -books.balance(CASH)
        assert books.balance(CASH) + books.balance(RESERVED) == dollars(100_000) - position.cost
    ended = move_record(now, OrderCause.CANCELED, NOON, LIMITS)
    if ended is not None:
        books.apply(ended)
    assert books.balance(RESERVED) == 0
    assert books.imbalance() == 0


@given(SIZES, st.integers(1, ONE), st.integers(0, ONE), TICKS, RATES)
def test_a_sale_takes_its_share_of_the_cost_and_never_more(
    size: Shares, paid: int, fraction: int, limit: Price, rate: Fraction
) -> None:
    position = Position("test", "m:yes", "whale_copy/whale", "m", "whale_copy", "whale", size, Usd(paid))
    part = max(size * fraction // ONE, 1)
    sale = order(side=Side.SELL, purpose=Purpose.EXIT, size=size, limit=limit, fee_rate=rate, reserved=Usd(0))
    record = fill_record(sale, position, fill(sale, part), NOON, LIMITS)
    after = record.position
    assert after is not None
    assert set(sums(record).values()) == {0}
    assert 0 <= after.cost <= paid
    assert (after.size == 0) <= (after.cost == 0)
    released = {change.name: change.delta for change in record.headroom}
    assert released.get("portfolio", 0) == paid - after.cost
    assert record.order is not None
    assert after.realized == record.order.cost - record.order.fees - (paid - after.cost)


@given(SIZES, st.integers(0, 10**9), st.integers(0, ONE))
def test_a_settlement_pays_rounded_down_and_ends_the_position(size: Shares, paid: int, payout: int) -> None:
    position = Position("test", "m:yes", "whale_copy/whale", "m", "whale_copy", "whale", size, Usd(paid))
    record = settle_record(position, payout, NOON, LIMITS)
    assert set(sums(record).values()) == {0}
    assert record.position is not None
    assert (record.position.size, record.position.cost) == (0, 0)
    assert record.position.realized == size * payout // ONE - paid


def test_an_order_never_fills_beyond_its_size() -> None:
    planned = order()
    with pytest.raises(Corrupt, match=r"fill t1 of 100000001 exceeds what is left of order intent\.1"):
        fill_record(planned, None, fill(planned, planned.size + 1), NOON, LIMITS)


def test_nobody_sells_more_than_the_sleeve_holds() -> None:
    sale = order(side=Side.SELL, purpose=Purpose.EXIT, reserved=Usd(0))
    with pytest.raises(Corrupt, match="fill t1 sells 100000000 of a position of 0 in m:yes#whale_copy/whale"):
        fill_record(sale, None, fill(sale, sale.size), NOON, LIMITS)


@pytest.mark.parametrize("cause", [OrderCause.CANCELED, OrderCause.EXPIRED, OrderCause.NEVER_SENT, OrderCause.REJECTED])
def test_an_order_that_ends_gives_back_cash_and_room(cause: OrderCause) -> None:
    books = funded()
    books.apply(plan_record(order(), LIMITS))
    assert books.used["market#m"] == dollars(52)
    record = move_record(order(), cause, NOON, LIMITS, "why")
    assert record is not None
    books.apply(record)
    assert books.balance(CASH) == dollars(1_000)
    assert [books.used[name] for name in ("portfolio", "market#m", "source#whale", "strategy#whale_copy")] == [0] * 4
    assert books.orders["intent.1"].note == "why"


def test_a_move_that_changes_nothing_is_no_record() -> None:
    assert move_record(order(state=OrderState.LIVE), OrderCause.ACCEPTED, NOON, LIMITS) is None


def test_an_order_found_alive_that_had_fills_is_partly_filled() -> None:
    doubtful = order(state=OrderState.IN_DOUBT, filled=Shares(ONE))
    record = move_record(doubtful, OrderCause.ACCEPTED, NOON, LIMITS)
    assert record is not None
    assert record.order == replace(doubtful, state=OrderState.PARTIAL, changed_at=NOON)


@pytest.mark.parametrize("state", [OrderState.CANCELED, OrderState.EXPIRED])
def test_an_order_that_had_ended_may_be_told_that_it_was_never_taken(state: OrderState) -> None:
    assert move_record(order(state=state), OrderCause.REJECTED, NOON, LIMITS) is None


def test_an_order_without_reserve_ends_without_a_posting() -> None:
    record = move_record(order(reserved=Usd(0)), OrderCause.CANCELED, NOON, LIMITS)
    assert record is not None
    assert (record.posting, record.headroom) == (None, ())


def test_a_doubt_keeps_the_money_where_it_is() -> None:
    record = move_record(order(state=OrderState.LIVE), OrderCause.DOUBT, NOON, LIMITS, "time-out")
    assert record is not None
    assert record.order == replace(
        order(), state=OrderState.IN_DOUBT, changed_at=NOON, note="time-out", reserved=dollars(52)
    )
    assert record.posting is None


def test_a_plan_is_short_of_the_first_room_that_does_not_suffice() -> None:
    assert funded(52).short_of(plan_record(order(), LIMITS)) is None
    assert funded(51).short_of(plan_record(order(), LIMITS)) == CASH
    tight = Limits(market_usd=dollars(51))
    assert funded().short_of(plan_record(order(), tight)) == "market#m"


def test_entries_say_where_the_money_went() -> None:
    books = funded()
    books.apply(plan_record(order(), LIMITS))
    books.apply(fill_record(order(), None, fill(order(), 100 * ONE), NOON, LIMITS))
    assert books.balance(VENUE) == dollars(50)
    assert books.balance(FEES) == books.fees == 1_250_000
    assert books.balance(CASH) == dollars(1_000) - dollars(50) - 1_250_000
    assert books.balance(shares_account("whale_copy/whale"), "m:yes") == 100 * ONE == -books.balance(VENUE, "m:yes")
    assert books.fills == 1


def test_two_accounts_may_name_their_deposits_alike() -> None:
    one, two = (deposit_record(account, dollars(1), NOON, "initial") for account in ("paper", "live"))
    assert one.posting is not None
    assert two.posting is not None
    assert one.posting.posting_id != two.posting.posting_id
    assert one.posting.ref == two.posting.ref == "initial"


def test_money_out_of_nothing_shows_as_an_imbalance() -> None:
    books = funded()
    books.balances[CASH, PUSD] += 1
    books.balances["shares:x", "token"] = -2
    assert books.imbalance() == 3


def test_the_reserve_is_cost_fee_and_margin() -> None:
    assert reserve_for(Shares(100 * ONE), Price(500_000), Fraction(50_000)) == 51_250_000 + RESERVE_MARGIN


def test_a_record_without_posting_is_a_move_of_an_order_alone() -> None:
    books = Projection()
    books.apply(Record(RecordKind.MOVED, "test", NOON, order=order()))
    assert (books.balances, books.room, list(books.orders)) == ({}, {}, ["intent.1"])
