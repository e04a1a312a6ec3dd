"""Requests and replies that are lost: what the client answers, what it repeats, and that nothing happens twice."""

import time
from collections.abc import Callable

import pytest

from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import PUSD
from shared.domain.messages import (
    BookSnapshot,
    MarketResolved,
    Merged,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
    PublicTrade,
    Redeemed,
)
from shared.domain.money import ONE, Shares
from shared.domain.order import OrderState, OrderType, Side
from shared.domain.rejections import Verdict, is_api_error, verdict_on
from shared.ports import Batch, ShownVenue
from tests.shared.adapters.paper.served.trading import TIMEOUT_S, Trading
from tests.shared.engine.builders import book, market, order


def printed(tx: str = "p", size: int = 30) -> PublicTrade:
    return PublicTrade("m", "m:yes", Side.SELL, 480_000, size * ONE, tx, 0)


def kinds(said: list[object]) -> list[str]:
    return [type(one).__name__ for one in said]


def test_an_order_whose_request_was_lost_is_in_doubt_until_the_venue_says_that_it_never_came(trading: Trading) -> None:
    trading.line.lose_requests = 1
    (doubt,) = trading.hear(trading.client.submit(order(), trading.now))
    assert isinstance(doubt, OrderInDoubt)
    assert "timed out" in doubt.reason
    (said,) = trading.hear(trading.client.query("intent.1", trading.now))
    assert said == OrderRejected("intent.1", "order not found: it never arrived")
    assert trading.wait() == []


def test_an_order_whose_reply_was_lost_is_in_doubt_and_taken_once(trading: Trading) -> None:
    trading.line.lose_replies = 1
    (doubt,) = trading.hear(trading.client.submit(order(), trading.now))
    assert isinstance(doubt, OrderInDoubt)
    trading.wait()
    assert kinds(list(trading.said)) == ["OrderInDoubt", "OrderFilled", "OrderAccepted"]
    assert trading.fills() == [("intent.1", 100 * ONE)]
    assert [kept.filled for kept in trading.host.log.load()] == [100 * ONE]


def test_answers_in_a_lost_reply_are_heard_with_the_next_one_and_once(on_prints: Trading) -> None:
    on_prints.line.lose_replies = 1  # without books an order is answered by the reply itself
    (doubt,) = on_prints.hear(on_prints.client.submit(order(), on_prints.now))
    assert isinstance(doubt, OrderInDoubt)
    assert kinds(list(on_prints.wait())) == ["OrderAccepted"]
    assert on_prints.wait() == []
    assert on_prints.client.counts.answers_lost == 0


def test_an_order_that_arrives_after_the_answer_that_it_never_came_is_not_taken(trading: Trading) -> None:
    trading.line.hold_requests = 1
    trading.client.submit(order(), trading.now)
    (said,) = trading.hear(trading.client.query("intent.1", trading.now))
    assert isinstance(said, OrderRejected)
    assert b"comes after request" in trading.line.release()
    assert trading.host.log.load() == []
    assert trading.wait() == []


@pytest.mark.parametrize("lost", ["lose_requests", "lose_replies"])
def test_what_is_shown_is_shown_once_whatever_is_lost(trading: Trading, lost: str) -> None:
    trading.client.submit(order(limit=480_000, order_type=OrderType.GTC), trading.now)
    trading.wait(batch=[(trading.now, book(bid=470_000))])
    setattr(trading.line, lost, 1)
    assert trading.wait(batch=[(trading.now + SECOND, printed())]) == []
    assert trading.client.busy
    trading.wait()
    assert trading.fills() == [("intent.1", 30 * ONE)]
    trading.wait(batch=[(trading.now + SECOND, printed("q"))])
    assert trading.fills() == [("intent.1", 30 * ONE)] * 2


@pytest.mark.parametrize("lost", ["lose_requests", "lose_replies"])
def test_money_moves_once_whatever_is_lost(trading: Trading, lost: str) -> None:
    client, venue = trading.client, trading.host.venue
    client.submit(order(limit=10_000), trading.now)  # payouts are kept of markets in which there was an order
    trading.wait()
    setattr(trading.line, lost, 1)
    client.deposit("start", 100 * ONE, trading.now)
    trading.wait()
    assert client.reports(trading.now, 0).balance == 100 * ONE
    venue.balance("m:yes", 50 * ONE)
    venue.balance("m:no", 30 * ONE)
    setattr(trading.line, lost, 1)
    client.merge("m", Shares(30 * ONE), "ref", trading.now)
    assert Merged("m", Shares(30 * ONE), "ref") in trading.wait(MINUTE)
    setattr(trading.line, lost, 1)
    trading.wait(batch=[(trading.now, MarketResolved("m", {"m:yes": ONE, "m:no": 0}))])
    setattr(trading.line, lost, 1)
    client.redeem("m", trading.now)
    trading.wait(MINUTE)
    said = client.reports(trading.now, 0)
    assert (said.balance, said.positions) == (150 * ONE, {})
    assert trading.said.count(Redeemed("m")) == 1
    assert len([one for one in trading.host.log.movements() if one.amounts.get(PUSD)]) == 3


def test_a_repeated_deposit_merge_or_redemption_of_the_client_itself_moves_nothing_twice(trading: Trading) -> None:
    client = trading.client
    trading.wait(batch=[(trading.now, MarketResolved("m", {"m:yes": ONE, "m:no": 0}))])
    for _ in range(2):
        client.deposit("start", 100 * ONE, trading.now)
    trading.host.venue.balance("n:yes", 30 * ONE)
    trading.host.venue.balance("n:no", 30 * ONE)
    client.market(market("n"))
    for _ in range(2):
        client.merge("n", Shares(30 * ONE), "ref", trading.now)
        trading.wait(MINUTE)
    said = client.reports(trading.now, 0)
    assert (said.balance, said.positions) == (130 * ONE, {})


def test_a_market_told_in_a_lost_request_is_known_before_the_next_order(trading: Trading) -> None:
    trading.line.lose_requests = 1
    trading.client.market(market(accepting=False))
    trading.client.submit(order(), trading.now)
    (said,) = trading.wait()
    assert isinstance(said, OrderRejected)
    assert "not yet ready" in said.reason


def test_cancels_and_questions_that_are_lost_answer_nothing_and_are_not_repeated(trading: Trading) -> None:
    client = trading.client
    client.submit(order(limit=480_000), trading.now)
    trading.wait()
    passed = len(trading.line.passed)
    trading.line.lose_requests = 3
    assert client.cancel("intent.1", trading.now) == []
    assert client.cancel_all(trading.now) == []
    assert client.query("intent.1", trading.now) == []
    assert trading.wait() == []
    assert len(trading.line.passed) == passed + 1
    client.cancel("intent.1", trading.now)
    assert trading.wait() == [OrderReport("intent.1", OrderState.CANCELED, Shares(0))]


def test_reports_that_are_lost_are_unread_in_every_part(trading: Trading) -> None:
    trading.client.deposit("start", ONE, trading.now)
    trading.line.lose_replies = 1
    said = trading.client.reports(trading.now, 5)
    assert (said.open_orders, said.trades, said.positions, said.balance) == (None, None, None, None)
    assert (said.as_of, said.trades_since) == (trading.now, 5)
    assert trading.client.reports(trading.now, 5).balance == ONE


def test_answers_that_come_along_with_reports_are_there_for_whoever_asks(on_prints: Trading) -> None:
    on_prints.line.lose_replies = 1
    on_prints.client.submit(order(), on_prints.now)
    on_prints.client.heard()
    assert on_prints.client.reports(on_prints.now, 0).open_orders != ()
    assert on_prints.client.busy
    assert kinds([answer.payload for answer in on_prints.client.heard()]) == ["OrderAccepted"]
    assert on_prints.client.heard() == []


def test_no_call_waits_longer_than_the_time_out(trading: Trading) -> None:
    trading.line.lose_requests = 1_000
    calls: list[Callable[[], object]] = [
        lambda: trading.client.show([], trading.now),
        lambda: trading.client.submit(order(), trading.now),
        lambda: trading.client.deposit("start", ONE, trading.now),
        lambda: trading.client.reports(trading.now, 0),
    ]
    for call in calls:
        began = time.monotonic()
        call()
        assert time.monotonic() - began < TIMEOUT_S * 2


def test_an_order_behind_something_that_is_not_answered_was_not_sent_and_may_be_tried_later(trading: Trading) -> None:
    trading.line.lose_requests = 2
    trading.client.deposit("start", ONE, trading.now)
    (said,) = trading.client.submit(order(), trading.now)
    assert isinstance(said.payload, OrderRejected)
    assert verdict_on(said.payload.reason) is Verdict.RETRY
    assert not is_api_error(said.payload.reason)
    trading.wait()
    assert trading.host.log.load() == []


def test_the_look_ups_cost_no_request_and_are_as_new_as_the_last_answer(trading: Trading) -> None:
    client: ShownVenue = trading.client
    assert client.books
    before = client.busy
    client.submit(order(limit=480_000), trading.now)
    assert (before, client.busy) == (False, True)
    passed = len(trading.line.passed)
    assert "m:yes" not in client.open_tokens
    trading.wait()
    assert "m:yes" in client.open_tokens
    assert len(trading.line.passed) == passed + 1
    assert trading.client.busy is False


def test_an_empty_book_told_again_is_shown_as_lost_and_fills_nothing(direct: Trading) -> None:
    lost: Batch = [(direct.now, BookSnapshot("m", "m:yes", (), ()))]
    direct.wait(batch=lost)
    direct.host.restart()
    direct.client.submit(order(), direct.now)
    assert kinds(list(direct.wait())) == ["OrderAccepted"]
    assert kinds(list(direct.wait(batch=[(direct.now, book())]))) == ["OrderFilled"]
    assert isinstance(direct.said[-1], OrderFilled)
    assert not any(isinstance(one, OrderAccepted) for one in direct.wait())
