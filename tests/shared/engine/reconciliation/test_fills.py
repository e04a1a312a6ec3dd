"""Trades the venue reports, one kind of difference at a time."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.domain.instants import SECOND
from shared.domain.ledger import SettlementStatus
from shared.domain.messages import (
    ControlChanged,
    FillStatus,
    OrderFilled,
)
from shared.domain.money import ONE, Shares, Usd, dollars
from shared.domain.order import Side
from shared.domain.reports import OrderStatement, TradeReport
from shared.engine.ledger import plan_record
from shared.engine.reconciliation import (
    BookedFill,
)
from tests.shared.engine.builders import NOON
from tests.shared.engine.reconciliation.world import (
    KEY,
    LIMITS,
    LONG_AGO,
    STATUS,
    D,
    S,
    World,
    fill,
    halts,
    held,
    kinds,
    live,
    reported,
    sale,
)


def test_a_missed_fill_is_told_with_its_settlement_and_explains_wallet_and_order() -> None:
    world = World(live())
    made = fill()
    now = replace(world.books.orders[KEY], filled=made.size)
    result = world.round(
        trades=(reported(made, now),),
        open_orders=(held(now),),
        positions={"m:yes": made.size},
        balance=world.belief.cash - dollars(20) - made.fee,
    )
    assert result.payloads == (OrderFilled(made), FillStatus("t1", KEY, STATUS.CONFIRMED))
    assert kinds(result) == [D.REPAIRED, D.REPAIRED]
    assert result.equal


def test_a_matched_fill_is_told_without_a_settlement() -> None:
    result = World(live()).round(trades=(reported(fill(), live(), STATUS.MATCHED),))
    assert result.payloads[-1] == OrderFilled(fill())


def test_the_last_fill_ends_the_order_and_nothing_else_does() -> None:
    world = World(live())
    made = fill(size=100 * ONE)
    cash = world.belief.cash - dollars(50) - made.fee
    result = world.round(trades=(reported(made, live()),), open_orders=(), positions={"m:yes": made.size}, balance=cash)
    assert result.payloads == (OrderFilled(made), FillStatus("t1", KEY, STATUS.CONFIRMED))
    assert result.equal


def test_a_late_fill_of_a_cancelled_order_is_booked_and_leaves_it_cancelled() -> None:
    world = World(live(state=S.CANCELED, reserved=Usd(0)))
    made = fill()
    cash = world.belief.cash - dollars(20) - made.fee
    said = (OrderStatement(KEY, S.CANCELED, made.size),)
    trades = (reported(made, live()),)
    result = world.round(trades=trades, positions={"m:yes": made.size}, balance=cash, statements=said)
    assert [type(payload) for payload in result.payloads] == [OrderFilled, FillStatus]
    assert result.equal


def test_a_trade_named_by_the_order_hash_alone_is_ours() -> None:
    world = World(live())
    trade = reported(fill(order_key=""), live(), STATUS.MATCHED, venue_order_id="0xa")
    assert OrderFilled(fill()) in world.round(trades=(trade,)).payloads


def test_a_booked_fill_that_settles_is_told_once_and_never_backwards() -> None:
    world = World(live()).booked(fill(), STATUS.MINED)
    ours = world.books.orders[KEY]
    result = world.round(trades=(reported(fill(), ours, STATUS.CONFIRMED),))
    assert result.payloads == (FillStatus("t1", KEY, STATUS.CONFIRMED),)
    assert world.round(trades=(reported(fill(), ours, STATUS.MATCHED),)).payloads == ()


@pytest.mark.parametrize("side", list(Side))
def test_a_failed_fill_comes_back_out_of_the_books(side: Side) -> None:
    world = World(live()).booked(fill(size=100 * ONE))
    if side is Side.BUY:
        key, failed, shares = KEY, fill(size=100 * ONE), 0
        cash = world.belief.cash + dollars(50) + failed.fee
    else:
        world.books.apply(plan_record(sale(), LIMITS))
        key, failed, shares = "exit.1", fill("t2", order_key="exit.1"), 100 * ONE
        cash = world.belief.cash
        world.booked(failed, STATUS.MATCHED)
    ours = world.books.orders[key]
    others = tuple(one for one in world.reports().trades or () if one.fill.trade_id != failed.trade_id)
    trades = (*others, reported(failed, ours, STATUS.FAILED))
    world.fills[failed.trade_id, key] = BookedFill(failed, STATUS.MATCHED)
    result = world.round(trades=trades, positions={"m:yes": shares}, balance=cash)
    assert result.payloads == (FillStatus(failed.trade_id, key, STATUS.FAILED),)
    assert result.equal


def test_a_fill_that_failed_before_we_heard_of_it_is_booked_and_taken_back_at_once() -> None:
    world = World(live())
    filled = held(live(), filled=Shares(40 * ONE))
    result = world.round(trades=(reported(fill(), live(), STATUS.FAILED),), open_orders=(filled,))
    assert result.payloads == (OrderFilled(fill()), FillStatus("t1", KEY, STATUS.FAILED))
    assert result.equal


def test_a_sale_stamped_before_its_purchase_is_booked_after_it() -> None:
    world = World(live(), sale())
    bought, sold = fill("t2", 100 * ONE), fill("t1", 100 * ONE, order_key="exit.1", at=LONG_AGO - SECOND)
    trades = (reported(sold, sale(), STATUS.MATCHED), reported(bought, live(), STATUS.MATCHED))
    result = world.round(trades=trades, open_orders=())
    assert [payload for payload in result.payloads if isinstance(payload, OrderFilled)] == [
        OrderFilled(bought),
        OrderFilled(sold),
    ]


def test_a_sale_of_shares_that_a_failed_sale_gives_back_is_booked_after_that() -> None:
    world = World(live(), sale(), sale(order_key="exit.2", venue_hash="0xc"))
    world.booked(fill("t1", 100 * ONE)).booked(fill("t2", 100 * ONE, order_key="exit.1"), STATUS.MATCHED)
    again = fill("t3", 100 * ONE, order_key="exit.2")
    trades = (
        reported(fill("t1", 100 * ONE), live()),
        reported(fill("t2", 100 * ONE, order_key="exit.1"), sale(), STATUS.FAILED),
        reported(again, sale(), STATUS.MATCHED),
    )
    result = world.round(trades=trades, open_orders=(), positions={})
    assert result.payloads == (FillStatus("t2", "exit.1", STATUS.FAILED), OrderFilled(again))


def test_a_failed_purchase_is_taken_back_after_the_failed_sale_of_its_shares() -> None:
    world = World(live(), sale())
    bought, sold = fill("t1", 100 * ONE), fill("t2", 100 * ONE, order_key="exit.1")
    world.booked(bought, STATUS.MINED).booked(sold, STATUS.MATCHED)
    trades = (reported(bought, live(), STATUS.FAILED), reported(sold, sale(), STATUS.FAILED))
    result = world.round(trades=trades, open_orders=(), positions={}, balance=dollars(1_000))
    assert result.payloads == (FillStatus("t2", "exit.1", STATUS.FAILED), FillStatus("t1", KEY, STATUS.FAILED))


def test_a_sale_of_more_than_the_sleeve_has_is_not_booked() -> None:
    trades = (reported(fill(order_key="exit.1"), sale()),)
    result = World(sale()).round(trades=trades)
    halts(result, "40000000 at 500000 for a fee of 500000 cannot be: the order has 100000000 left, 0 in its sleeve")
    assert len(result.payloads) == 1


def test_more_filled_than_the_order_asked_for_is_not_booked() -> None:
    result = World(live()).round(trades=(reported(fill(size=100 * ONE + 1), live()),))
    halts(result, "cannot be: the order has 100000000 left")
    assert len(result.payloads) == 1


def test_a_rejected_order_cannot_have_filled() -> None:
    halts(World(live(state=S.REJECTED)).round(trades=(reported(fill(), live()),)), "was rejected")


@pytest.mark.parametrize("changes", [{"price": 500_001}, {"size": 40 * ONE + 1}, {"fee": Usd(500_001)}])
def test_a_booked_fill_that_differs_by_one_micro_unit_halts(changes: dict[str, Any]) -> None:
    world = World(live()).booked(fill())
    halts(world.round(trades=(reported(fill(**changes), live()),)), "is booked, the venue reports")


@pytest.mark.parametrize("status", [STATUS.CONFIRMED, STATUS.FAILED])
def test_a_settlement_is_final(status: SettlementStatus) -> None:
    other = STATUS.FAILED if status is STATUS.CONFIRMED else STATUS.CONFIRMED
    world = World(live()).booked(fill(), status)
    halts(world.round(trades=(reported(fill(), live(), other),)), f"{status.value} is booked")


def test_a_trade_reported_twice_is_one_trade_as_far_as_it_has_settled() -> None:
    trades = tuple(reported(fill(), live(), status) for status in (STATUS.MINED, STATUS.MATCHED, STATUS.MINED))
    result = World(live()).round(trades=trades)
    told = [payload for payload in result.payloads if not isinstance(payload, ControlChanged)]
    assert told == [OrderFilled(fill()), FillStatus("t1", KEY, STATUS.MINED)]


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (reported(fill(fee=Usd(1)), live()), "the venue reports both"),
        (reported(fill(), live(), STATUS.FAILED), "the venue reports both CONFIRMED and FAILED"),
        (reported(fill(), live(), token="m:no"), "BUY of m:no is not what the order asked for"),
        (reported(fill(), live(), side=Side.SELL), "SELL of m:yes is not what the order asked for"),
    ],
)
def test_a_trade_that_contradicts_itself_or_its_order_is_not_booked(other: TradeReport, text: str) -> None:
    result = World(live()).round(trades=(reported(fill(), live()), other))
    halts(result, text)
    assert len(result.payloads) == 1


def test_a_booked_fill_that_the_venue_does_not_report_halts_once_it_is_old_enough() -> None:
    world = World(live(), live(order_key="other.1", venue_hash="0xc")).booked(fill())
    halts(world.round(trades=()), "is booked, the venue does not report it")
    assert world.round(trades=(), trades_since=LONG_AGO + 1).equal
    young = World(live()).booked(fill(at=NOON - SECOND), STATUS.MATCHED)
    assert kinds(young.round(trades=())) == [D.IN_FLIGHT]


def test_a_failed_fill_need_not_be_reported_for_ever() -> None:
    world = World(live()).booked(fill(), STATUS.FAILED)
    assert world.round(trades=()).equal
