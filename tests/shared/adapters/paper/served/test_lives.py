"""The venue dies and comes back from its log: what the trader's side tells it again, and that nothing is doubled."""

import pytest

from shared.adapters.paper.orders import VenueSettings
from shared.domain.errors import Corrupt
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import (
    MarketResolved,
    Merged,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    PublicTrade,
    Redeemed,
    TickSizeChanged,
)
from shared.domain.money import ONE, Fraction, Price, Shares
from shared.domain.order import OrderType, Side
from shared.domain.rejections import Verdict, verdict_on
from tests.shared.adapters.paper.served.trading import Trading
from tests.shared.engine.builders import book, market, order


def printed(tx: str = "p", size: int = 30) -> PublicTrade:
    return PublicTrade("m", "m:yes", Side.SELL, 470_000, size * ONE, tx, 0)


def test_an_order_sent_while_the_venue_is_away_was_not_sent_and_may_be_tried_later(trading: Trading) -> None:
    trading.host.close()
    (said,) = trading.hear(trading.client.submit(order(), trading.now))
    assert isinstance(said, OrderRejected)
    assert verdict_on(said.reason) is Verdict.RETRY
    assert "nothing was sent" in said.reason
    assert trading.client.busy
    trading.host.start()
    trading.hear(trading.client.submit(order(order_key="intent.2"), trading.now))
    trading.wait()
    assert trading.fills() == [("intent.2", 100 * ONE)]
    assert [kept.order.order_key for kept in trading.host.log.load()] == ["intent.2"]


def test_orders_are_judged_and_meet_the_book_after_a_restart_as_before(trading: Trading) -> None:
    trading.client.market(market(tick=Price(1_000), fee_rate=Fraction(0)))
    trading.wait()
    trading.host.restart()
    trading.client.submit(order(limit=501_000, order_type=OrderType.GTC), trading.now)
    trading.wait()
    (filled,) = [one for one in trading.said if isinstance(one, OrderFilled)]
    assert (filled.fill.price, filled.fill.size, filled.fill.fee) == (500_000, 100 * ONE, 0)


def test_a_tick_that_changed_is_told_again(trading: Trading) -> None:
    trading.wait(batch=[(trading.now, TickSizeChanged("m", "m:yes", 1_000)), (trading.now, book())])
    trading.host.restart()
    trading.client.submit(order(limit=501_000), trading.now)
    trading.wait()
    assert [size for _, size in trading.fills()] == [100 * ONE]


def test_a_book_whose_changes_were_not_shown_is_shown_as_it_is_now(trading: Trading) -> None:
    trading.host.close()
    for cents in (51, 52, 53):
        trading.wait(batch=[(trading.now + SECOND, book(bid=(cents - 1) * 10_000, ask=cents * 10_000))])
    trading.host.start()
    trading.client.submit(order(limit=550_000), trading.now)
    trading.wait()
    assert [one.fill.price for one in trading.said if isinstance(one, OrderFilled)] == [530_000]


def test_prints_that_happened_while_it_was_away_are_shown_once_it_is_back(trading: Trading) -> None:
    trading.client.submit(order(limit=480_000), trading.now)
    trading.wait()
    trading.host.close()
    trading.wait(batch=[(trading.now + SECOND, printed("p"))])
    trading.wait(batch=[(trading.now + SECOND, printed("q"))])
    trading.host.start()
    trading.wait()
    trading.wait()
    assert trading.fills() == [("intent.1", 30 * ONE)] * 2


@pytest.mark.parametrize("lost", ["lose_requests", "lose_replies"])
def test_a_print_shown_just_before_it_died_is_not_used_twice(trading: Trading, lost: str) -> None:
    trading.client.submit(order(limit=480_000), trading.now)
    trading.wait()
    setattr(trading.line, lost, 1)
    trading.wait(batch=[(trading.now + SECOND, printed())])
    trading.host.restart()
    trading.wait()
    trading.hear(trading.client.query("intent.1", trading.now))
    found = {one.fill.trade_id: one.fill.size for one in trading.said if isinstance(one, OrderFilled)}
    assert list(found.values()) == [30 * ONE]


def test_what_it_had_not_told_is_heard_by_asking(trading: Trading) -> None:
    trading.client.submit(order(), trading.now)
    trading.line.lose_replies = 1
    trading.wait()
    trading.host.restart()
    assert trading.wait() == []
    trading.hear(trading.client.query("intent.1", trading.now))
    assert trading.fills() == [("intent.1", 100 * ONE)]


def test_an_order_on_its_way_when_it_died_still_arrives(trading: Trading) -> None:
    trading.client.submit(order(), trading.now)
    trading.host.restart()
    trading.wait()
    assert any(isinstance(one, OrderAccepted) for one in trading.said)
    assert trading.fills() == [("intent.1", 100 * ONE)]


def test_redemptions_and_merges_that_it_had_taken_and_not_made_are_asked_for_again(trading: Trading) -> None:
    client, venue = trading.client, trading.host.venue
    client.submit(order(limit=10_000), trading.now)
    client.market(market("n"))
    trading.wait()
    client.deposit("start", ONE, trading.now)
    for token in ("m:yes", "n:yes", "n:no"):
        venue.balance(token, 20 * ONE)
    trading.wait(batch=[(trading.now, MarketResolved("m", {"m:yes": ONE, "m:no": 0}))])
    client.redeem("m", trading.now)
    client.merge("n", Shares(20 * ONE), "ref", trading.now)
    trading.host.restart()
    trading.wait(MINUTE)
    moved = [one for one in trading.said if isinstance(one, Merged | Redeemed)]
    assert sorted(moved, key=repr) == [Merged("n", Shares(20 * ONE), "ref"), Redeemed("m")]
    trading.host.restart()
    trading.wait(MINUTE)
    said = client.reports(trading.now, 0)
    assert (said.balance, said.positions) == (41 * ONE, {})
    assert len([one for one in trading.said if isinstance(one, Merged | Redeemed)]) == 2


def test_deposits_made_while_it_is_away_are_made_when_it_is_back(trading: Trading) -> None:
    trading.host.close()
    trading.client.deposit("one", 3 * ONE, trading.now)
    trading.client.deposit("two", 4 * ONE, trading.now)
    trading.host.start()
    assert trading.client.reports(trading.now, 0).balance == 7 * ONE


def test_a_trader_and_its_venue_that_die_together_lose_nothing_that_was_acknowledged(trading: Trading) -> None:
    trading.client.submit(order(), trading.now)
    trading.wait()
    trading.client.close()
    trading.host.restart()
    trading.client = trading.another()
    trading.hear(trading.client.query("intent.1", trading.now))
    assert trading.fills() == [("intent.1", 100 * ONE)] * 2
    assert len({one.fill.trade_id for one in trading.said if isinstance(one, OrderFilled)}) == 1
    (again,) = trading.client.submit(order(), trading.now)
    assert isinstance(again.payload, OrderInDoubt)


def test_a_venue_that_comes_back_as_another_one_ends_the_run(trading: Trading) -> None:
    trading.host.close()
    trading.host.settings = VenueSettings(books=False)
    trading.host.start()
    with pytest.raises(Corrupt, match="came back as another one"):
        trading.wait()
