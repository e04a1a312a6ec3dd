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


def test_an_order_sent_while_the_venue_is_away_was_not_sent_and_may_be_tried_later(direct: Trading) -> None:
    direct.host.close()
    (said,) = direct.hear(direct.client.submit(order(), direct.now))
    assert isinstance(said, OrderRejected)
    assert verdict_on(said.reason) is Verdict.RETRY
    assert "nothing was sent" in said.reason
    assert direct.client.busy
    direct.host.start()
    direct.hear(direct.client.submit(order(order_key="intent.2"), direct.now))
    direct.wait()
    assert direct.fills() == [("intent.2", 100 * ONE)]
    assert [kept.order.order_key for kept in direct.host.log.load()] == ["intent.2"]


def test_orders_are_judged_and_meet_the_book_after_a_restart_as_before(direct: Trading) -> None:
    direct.client.market(market(tick=Price(1_000), fee_rate=Fraction(0)))
    direct.wait()
    direct.host.restart()
    direct.client.submit(order(limit=501_000, order_type=OrderType.GTC), direct.now)
    direct.wait()
    (filled,) = [one for one in direct.said if isinstance(one, OrderFilled)]
    assert (filled.fill.price, filled.fill.size, filled.fill.fee) == (500_000, 100 * ONE, 0)


def test_a_tick_that_changed_is_told_again(direct: Trading) -> None:
    direct.wait(batch=[(direct.now, TickSizeChanged("m", "m:yes", 1_000)), (direct.now, book())])
    direct.host.restart()
    direct.client.submit(order(limit=501_000), direct.now)
    direct.wait()
    assert [size for _, size in direct.fills()] == [100 * ONE]


def test_a_book_whose_changes_were_not_shown_is_shown_as_it_is_now(direct: Trading) -> None:
    direct.host.close()
    for cents in (51, 52, 53):
        direct.wait(batch=[(direct.now + SECOND, book(bid=(cents - 1) * 10_000, ask=cents * 10_000))])
    direct.host.start()
    direct.client.submit(order(limit=550_000), direct.now)
    direct.wait()
    assert [one.fill.price for one in direct.said if isinstance(one, OrderFilled)] == [530_000]


def test_prints_that_happened_while_it_was_away_are_shown_once_it_is_back(direct: Trading) -> None:
    direct.client.submit(order(limit=480_000), direct.now)
    direct.wait()
    direct.host.close()
    direct.wait(batch=[(direct.now + SECOND, printed("p"))])
    direct.wait(batch=[(direct.now + SECOND, printed("q"))])
    direct.host.start()
    direct.wait()
    direct.wait()
    assert direct.fills() == [("intent.1", 30 * ONE)] * 2
    assert direct.client.prints_dropped == 0


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


def test_an_order_on_its_way_when_it_died_still_arrives(direct: Trading) -> None:
    direct.client.submit(order(), direct.now)
    direct.host.restart()
    direct.wait()
    assert any(isinstance(one, OrderAccepted) for one in direct.said)
    assert direct.fills() == [("intent.1", 100 * ONE)]


def test_redemptions_and_merges_that_it_had_taken_and_not_made_are_asked_for_again(direct: Trading) -> None:
    client, venue = direct.client, direct.host.venue
    client.submit(order(limit=10_000), direct.now)
    client.market(market("n"))
    direct.wait()
    client.deposit("start", ONE, direct.now)
    for token in ("m:yes", "n:yes", "n:no"):
        venue.balance(token, 20 * ONE)
    direct.wait(batch=[(direct.now, MarketResolved("m", {"m:yes": ONE, "m:no": 0}))])
    client.redeem("m", direct.now)
    client.merge("n", Shares(20 * ONE), "ref", direct.now)
    direct.host.restart()
    direct.wait(MINUTE)
    moved = [one for one in direct.said if isinstance(one, Merged | Redeemed)]
    assert sorted(moved, key=repr) == [Merged("n", Shares(20 * ONE), "ref"), Redeemed("m")]
    direct.host.restart()
    direct.wait(MINUTE)
    said = client.reports(direct.now, 0)
    assert (said.balance, said.positions) == (41 * ONE, {})
    assert len([one for one in direct.said if isinstance(one, Merged | Redeemed)]) == 2


def test_deposits_made_while_it_is_away_are_made_when_it_is_back(direct: Trading) -> None:
    direct.host.close()
    direct.client.deposit("one", 3 * ONE, direct.now)
    direct.client.deposit("two", 4 * ONE, direct.now)
    direct.host.start()
    assert direct.client.reports(direct.now, 0).balance == 7 * ONE


def test_a_trader_and_its_venue_that_die_together_lose_nothing_that_was_acknowledged(direct: Trading) -> None:
    direct.client.submit(order(), direct.now)
    direct.wait()
    direct.client.close()
    direct.host.restart()
    direct.client = direct.another()
    direct.hear(direct.client.query("intent.1", direct.now))
    assert direct.fills() == [("intent.1", 100 * ONE)] * 2
    assert len({one.fill.trade_id for one in direct.said if isinstance(one, OrderFilled)}) == 1
    (again,) = direct.client.submit(order(), direct.now)
    assert isinstance(again.payload, OrderInDoubt)


def test_a_venue_that_comes_back_as_another_one_ends_the_run(direct: Trading) -> None:
    direct.host.close()
    direct.host.settings = VenueSettings(books=False)
    direct.host.start()
    with pytest.raises(Corrupt, match="came back as another one"):
        direct.wait()
