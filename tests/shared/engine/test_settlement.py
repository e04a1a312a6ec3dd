"""A resolved market pays each sleeve once, and only when nothing in it can fill any more."""

import pytest

from shared.domain.messages import MarketResolved
from shared.domain.money import ONE, Fraction, dollars
from shared.domain.order import OrderState
from shared.engine.limits import Limits
from tests.shared.engine.builders import House, trade

S = OrderState


@pytest.mark.parametrize(("paid", "sign"), [(ONE, 1), (0, -1), (500_000, -1)])
def test_a_resolved_market_is_settled_at_its_payout(paid: int, sign: int) -> None:
    house = House().ready()
    house.bought()
    held = house.size()
    cash = house.cash
    house.resolve(yes=paid)
    assert house.size() == 0
    assert house.cash == cash + held * paid // ONE
    assert house.engine.desk.books.realized * sign > 0
    assert house.equity == house.cash
    assert house.engine.desk.positions == {}


def test_a_market_with_an_open_order_is_settled_only_once_nothing_can_fill_any_more() -> None:
    house = House().ready()
    sent = house.copied()
    house.accept(sent)
    house.fill(sent, size=10 * ONE)
    house.resolve()
    assert house.cancels == [sent.order_key]
    assert house.size() == 10 * ONE
    house.fill(sent, size=10 * ONE)
    house.report(sent, S.CANCELED)
    assert house.size() == 0
    assert house.cash > dollars(10_000)


def test_a_fill_that_arrives_after_the_settlement_is_settled_too() -> None:
    house = House().ready()
    sent = house.copied()
    house.accept(sent)
    house.fill(sent, size=10 * ONE)
    house.report(sent, S.CANCELED)
    house.resolve()
    house.fill(sent, size=10 * ONE)
    assert house.size() == 0
    assert house.engine.desk.books.imbalance() == 0


def test_a_resolution_without_our_token_keeps_the_position_and_says_so() -> None:
    house = House().ready()
    house.bought()
    house.give(MarketResolved("m", {"m:other": ONE}))
    assert house.size() > 0
    assert house.alerts[-1].name == "payout_unknown"
    house.resolve()
    assert house.size() == 0


def test_a_resolution_delivered_twice_pays_once() -> None:
    house = House().ready()
    house.bought()
    house.resolve()
    cash = house.cash
    house.resolve()
    assert house.cash == cash


def test_two_sleeves_of_one_market_are_settled_apart() -> None:
    house = House(Limits(position_of_equity=Fraction(200_000))).ready("whale", "other")
    house.bought()
    house.bought(trade("other", tx="tx2"))
    house.resolve()
    assert (house.size(), house.size(source="other")) == (0, 0)
    assert house.engine.desk.positions == {}
    assert house.engine.desk.books.used["market#m"] == 0
