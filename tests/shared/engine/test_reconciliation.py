"""Reconciliation as a whole: equality, halting, others in the wallet, and laws over generated reports."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.effects import Alert
from shared.domain.instants import SECOND
from shared.domain.ledger import CASH, PUSD
from shared.domain.messages import (
    ControlChanged,
    FillStatus,
    OrderFilled,
    Payload,
)
from shared.domain.money import ONE, Fraction, Shares, Usd, dollars
from shared.domain.reports import OrderStatement, Reports, TradeReport
from shared.engine.reconciliation import (
    BookedFill,
    Evidence,
    Reconciliation,
    belief_of,
    reconcile,
)
from tests.shared.engine.builders import NOON, House, order
from tests.shared.engine.reconciliation.world import (
    KEY,
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


def test_books_that_agree_with_the_venue_give_nothing_and_are_equal() -> None:
    world = World(live()).booked(fill())
    result = world.round()
    assert result == Reconciliation((), (), Evidence())
    assert result.equal
    assert not result.halt


@pytest.mark.parametrize("micro", [1, -1])
def test_one_micro_dollar_too_much_or_too_little_halts(micro: int) -> None:
    world = World()
    halts(world.round(balance=world.belief.cash + micro), f"a difference of {micro}")


@pytest.mark.parametrize("micro", [1, -1])
def test_one_micro_share_too_much_or_too_little_halts(micro: int) -> None:
    world = World(live()).booked(fill())
    world.books.orders[KEY] = replace(world.books.orders[KEY], state=S.CANCELED)
    halts(world.round(positions={"m:yes": 40 * ONE + micro}), f"a difference of {micro}")


def test_a_token_we_never_heard_of_halts_and_several_reasons_are_counted() -> None:
    halts(
        World().round(positions={"x": 5, "y": 6}), "x: the wallet holds 5, our books 0, a difference of 5 (and 1 more)"
    )


def test_a_position_that_a_successful_query_does_not_name_is_none() -> None:
    world = World(live()).booked(fill())
    world.books.orders[KEY] = replace(world.books.orders[KEY], state=S.CANCELED)
    halts(world.round(positions={}), "the wallet holds 0, our books 40000000")


def test_a_failed_query_proves_nothing_and_halts_nothing() -> None:
    world = World(live(), sale(state=S.IN_DOUBT)).booked(fill())
    result = world.round(open_orders=None, trades=None, positions=None, balance=None)
    assert result.payloads == ()
    assert kinds(result) == [D.UNREAD, D.UNREAD, D.UNREAD, D.UNREAD, D.IN_DOUBT]
    assert not result.halt
    assert not result.equal


@pytest.mark.parametrize("failed", ["open_orders", "trades"])
def test_a_lost_order_does_not_fall_into_doubt_while_a_question_fails(failed: str) -> None:
    world = World(live())
    result = world.round(**{"open_orders": (), failed: None})
    assert result.payloads == ()
    assert kinds(result) == [D.UNREAD]


def test_an_engine_that_has_stopped_is_not_stopped_again() -> None:
    world = World()
    world.trading = False
    result = world.round(balance=0)
    assert result.halt
    assert result.payloads == ()


def test_the_halt_makes_the_engine_stop_and_page() -> None:
    house = House().ready()
    belief = belief_of(house.engine.desk.books, {}, trading=True)
    result = reconcile(belief, Reports(house.now, (), (), {}, belief.cash - 1))
    for payload in result.payloads:
        house.give(payload, SECOND)
    assert not house.engine.desk.risk.trading
    assert house.alerts == [Alert(1, "trading_stopped", result.halt)]
    assert house.whale() is not None
    assert house.plans == []


# ------------------------------------------------------------------ others


def test_a_foreign_trade_is_external_and_so_is_what_it_moved() -> None:
    world = World()
    trade = reported(fill(order_key="", fee=Usd(0)), live(), venue_order_id="0xf")
    result = world.round(trades=(trade,), positions={"m:yes": 40 * ONE}, balance=world.belief.cash - dollars(20))
    assert kinds(result) == [D.EXTERNAL, D.EXTERNAL, D.EXTERNAL]
    halts(result, "trade t1: 40000000 at 500000 for a fee of 0 of m:yes by order 0xf, which is not ours")


def test_a_foreign_trade_that_failed_moved_nothing() -> None:
    trade = reported(fill(order_key="strange.1"), live(), STATUS.FAILED)
    assert kinds(World().round(trades=(trade,))) == [D.EXTERNAL]


def test_a_foreign_open_order_is_external() -> None:
    row = held(live(), order_key="", venue_order_id="0xf")
    halts(World().round(open_orders=(row,)), "order 0xf: BUY 100000000 of m:yes at 500000 is open at the venue")


def test_what_a_person_has_looked_at_no_longer_halts() -> None:
    world = World()
    world.acknowledged = ("0xf", "t1")
    row, trade = held(live(), order_key="0xf", venue_order_id=""), reported(fill(order_key="0xf"), live())
    assert world.round(open_orders=(row,), trades=(trade,)).equal


def test_a_statement_on_an_order_we_do_not_know_means_nothing() -> None:
    assert World().round(statements=(OrderStatement("strange.1", S.CANCELED, Shares(0)),)).equal


def test_money_from_nowhere_is_unexplained_even_beside_a_foreign_trade() -> None:
    world = World()
    trade = reported(fill(order_key="strange.1"), live())
    positions = {"m:yes": 40 * ONE}
    result = world.round(trades=(trade,), positions=positions, balance=world.belief.cash + 1)
    assert kinds(result) == [D.EXTERNAL, D.EXTERNAL, D.UNEXPLAINED]


# ------------------------------------------------------------------ laws


def taken(world: World, payloads: tuple[Payload, ...]) -> None:
    """The engine's own ledger takes the fills; of all else only what the next round reads."""
    for payload in payloads:
        match payload:
            case OrderFilled():
                world.booked(payload.fill, STATUS.MATCHED)
            case FillStatus():
                key = (payload.trade_id, payload.order_key)
                world.fills[key] = BookedFill(world.fills[key].fill, payload.status)
            case ControlChanged():
                world.trading = payload.trading


TRADES = st.lists(
    st.builds(
        lambda n, size, age, status, fee: reported(
            fill(f"t{n}", size, NOON - age * SECOND, fee=Usd(fee)), live(), status
        ),
        st.integers(0, 5),
        st.integers(1, 60 * ONE),
        st.integers(0, 700),
        st.sampled_from([STATUS.MATCHED, STATUS.MINED, STATUS.CONFIRMED]),
        st.integers(0, 3),
    ),
    max_size=6,
)


@given(TRADES, st.randoms(use_true_random=False), st.integers(-2, 100 * ONE), st.integers(-3, 3))
def test_a_second_run_tells_nothing_new_and_the_order_of_reports_does_not_matter(
    trades: list[TradeReport], random: Any, position: int, money: int
) -> None:
    world = World(live())
    reports = world.reports(trades=tuple(trades), positions={"m:yes": position}, balance=world.belief.cash + money)
    first = reconcile(world.belief, reports)
    random.shuffle(trades)
    assert reconcile(world.belief, replace(reports, trades=tuple(trades))) == first
    taken(world, first.payloads)
    second = reconcile(world.belief, reports, first.evidence)
    assert second.payloads == ()
    assert second.evidence == first.evidence
    assert list(second.findings) == [finding for finding in first.findings if finding.kind is not D.REPAIRED]


@given(TRADES)
def test_no_fill_is_invented(trades: list[TradeReport]) -> None:
    told = World(live()).round(trades=tuple(trades)).payloads
    booked = [payload.fill for payload in told if isinstance(payload, OrderFilled)]
    assert all(made in [trade.fill for trade in trades] for made in booked)
    assert len({made.trade_id for made in booked}) == len(booked)
    assert sum(made.size for made in booked) <= 100 * ONE


@given(st.integers(-dollars(1_000), dollars(1_000)).filter(bool))
def test_without_orders_every_difference_halts(micro: int) -> None:
    world = World()
    assert world.round(balance=world.belief.cash + micro).halt


def test_belief_holds_all_our_pusd_and_lives_on_the_books() -> None:
    world = World(order(), order(order_key="intent.2", fee_rate=Fraction(0)))
    assert world.belief.cash == dollars(1_000)
    assert world.books.balance(CASH, PUSD) < dollars(1_000)
    assert world.belief.orders is world.books.orders
