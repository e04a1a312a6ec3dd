"""What every venue refuses, in its own words, and that a refusal proves that nothing was taken."""

import pytest

from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import PUSD
from shared.domain.messages import OrderAccepted, OrderRejected, OrderReport
from shared.domain.money import ONE, Shares
from shared.domain.order import Order, OrderState, OrderType, Side
from tests.contracts.venue.face import TOKEN, VenueUnderTest, fak, fills, fok, sent, sold, walked

BIDS, ASKS = {48: 100}, {50: 40, 51: 600}


def refusal(venue: VenueUnderTest, order: Order) -> str:
    """The reason an order is refused with; it is refused for good and never fills."""
    venue.display(BIDS, ASKS)
    venue.submit(order)
    venue.wait()
    said = venue.heard[-1]
    assert isinstance(said, OrderRejected), said
    assert fills(venue, order.order_key) == []
    venue.ask(order.order_key)
    venue.wait()
    assert venue.heard[-1] == said
    return said.reason


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (sent(cents=48.5), "Price (0.485) breaks minimum tick size rule: 0.01"),
        (sent(cents=0.5), "Price (0.005) breaks minimum tick size rule: 0.01"),
        (sent(cents=99.5), "Price (0.995) breaks minimum tick size rule: 0.01"),
        (sent(cents=48, size=4.99), "Size (4.99) lower than the minimum: 5"),
        (fak(cents=50, size=1.98), "invalid amount for a marketable BUY order ($0.99), min size: $1"),
        (sent(cents=51, size=1.5), "Size (1.5) lower than the minimum: 5"),
        (
            fak(cents=51, size=1.74),
            "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 deci",
        ),
        (
            fok(cents=50, size=2.00001),
            "invalid amounts, the market buy orders maker amount supports a max accuracy of 2",
        ),
        (
            sold(cents=48, size=10.005, order_type=OrderType.FAK),
            "sell orders maker amount supports a max accuracy of 2 decimals, taker amount a max of 4 decimals",
        ),
        (sent(cents=48, expires_at=1), "invalid expiration"),
    ],
)
def test_an_unusable_order_is_refused_with_the_venues_words(venue: VenueUnderTest, order: Order, words: str) -> None:
    assert words in refusal(venue, order)


def test_a_small_sale_may_be_taken_and_a_dollar_is_enough(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sold("a", cents=48, size=1, order_type=OrderType.FAK))
    venue.submit(fak("b", cents=50, size=2))
    venue.wait()
    assert walked(venue, "a") == [(48, 1, "taker")]
    assert walked(venue, "b") == [(50, 2, "taker")]


def test_the_tick_is_the_markets_own(venue: VenueUnderTest) -> None:
    venue.market(tick=1_000)
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=48.5))
    venue.wait()
    assert any(isinstance(said, OrderAccepted) for said in venue.heard)


def test_a_market_that_takes_no_orders_says_so(venue: VenueUnderTest) -> None:
    venue.market(accepting=False)
    assert "the market is not yet ready to process new orders" in refusal(venue, sent(cents=48))


def test_more_than_the_account_has_is_refused_counting_what_is_open(venue: VenueUnderTest) -> None:
    venue.balance(PUSD, 60 * ONE)
    venue.balance(TOKEN, 10 * ONE)
    venue.display(BIDS, ASKS)
    venue.submit(sent("a", cents=47, post_only=True))
    venue.wait()
    assert any(isinstance(said, OrderAccepted) for said in venue.heard)
    assert "not enough balance / allowance" in refusal(venue, sent("b", cents=47, post_only=True))
    assert "not enough balance / allowance" in refusal(venue, sold("c", cents=55, size=11))
    venue.cancel("a")
    venue.wait()
    venue.submit(sent("d", cents=47, post_only=True))
    venue.wait()
    assert isinstance(venue.heard[-1], OrderAccepted)


def test_shares_that_were_bought_can_be_sold_and_money_that_was_spent_is_gone(venue: VenueUnderTest) -> None:
    venue.balance(PUSD, 30 * ONE)
    venue.balance(TOKEN, 0)
    venue.display(BIDS, ASKS)
    venue.submit(fak("a", cents=50, size=40))
    venue.wait()
    assert walked(venue) == [(50, 40, "taker")]
    venue.submit(sold("b", cents=48, size=40))
    venue.wait()
    assert walked(venue, "b") == [(48, 40, "taker")]
    assert "not enough balance / allowance" in refusal(venue, fak("c", cents=51, size=100))


def test_each_order_of_a_batch_is_judged_for_itself(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent("a", cents=47), sent("b", cents=47.5), fak("c", cents=50, size=10))
    venue.wait()
    said = {one.order_key: type(one) for one in venue.heard if isinstance(one, OrderAccepted | OrderRejected)}
    assert said == {"a": OrderAccepted, "b": OrderRejected, "c": OrderAccepted}
    assert walked(venue, "c") == [(50, 10, "taker")]


def test_a_batch_of_more_than_fifteen_is_refused_whole_and_may_be_sent_again_in_parts(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    orders = [sent(f"o{n}", cents=47, size=5) for n in range(16)]
    venue.submit(*orders)
    venue.wait()
    refused = [one for one in venue.heard if isinstance(one, OrderRejected)]
    assert len(refused) == 16
    assert all("Too many orders in payload: 16, max allowed: 15" in one.reason for one in refused)
    venue.heard.clear()
    venue.submit(*orders[:15])
    venue.wait()
    assert sum(isinstance(one, OrderAccepted) for one in venue.heard) == 15


def test_a_restarting_engine_takes_nothing_then_only_post_only_orders_then_everything(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent("before", cents=48, size=50))
    venue.wait()
    venue.restart()
    assert "service not ready" in refusal(venue, sent("a", cents=47))
    _until_post_only(venue)
    only = "post-only mode: only post-only orders and cancels are allowed"
    assert only in refusal(venue, sent("b", cents=47))
    venue.submit(sent("c", cents=47, post_only=True))
    venue.wait()
    venue.trade(Side.SELL, 47, 1_000)
    venue.cancel("c")
    venue.wait()
    accepted, ended = venue.heard[-2:]
    assert isinstance(accepted, OrderAccepted)
    assert ended == OrderReport("c", OrderState.CANCELED, Shares(0))
    assert fills(venue, "before") == []
    venue.wait(2 * MINUTE)
    venue.submit(sent("d", cents=47))
    venue.wait()
    assert isinstance(venue.heard[-1], OrderAccepted)
    venue.trade(Side.SELL, 47, 10)
    venue.wait()
    assert walked(venue, "before") == [(48, 10, "maker")]


def test_while_the_engine_restarts_an_order_cannot_be_cancelled(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=48))
    venue.wait()
    venue.restart()
    venue.cancel("a")
    venue.wait()
    assert venue.heard[-1] == OrderReport("a", OrderState.LIVE, Shares(0))


def _until_post_only(venue: VenueUnderTest) -> None:
    """Let time pass until the restarted engine answers something else than 425."""
    for n in range(60):
        venue.wait(5 * SECOND)
        venue.submit(sent(f"probe{n}", cents=47))
        venue.wait()
        said = venue.heard[-1]
        if not isinstance(said, OrderRejected) or "service not ready" not in said.reason:
            return
    raise AssertionError("the engine did not come back within five minutes")
