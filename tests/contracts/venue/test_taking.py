"""What every venue does with an order that meets others at once: GTC and GTD, FOK, FAK, post-only, fees, the delay."""

import pytest

from shared.domain.instants import MINUTE
from shared.domain.messages import OrderAccepted, OrderRejected, OrderReport
from shared.domain.money import ONE, Price, Shares, taker_fee
from shared.domain.order import OrderState, OrderType, Side
from tests.contracts.venue.face import (
    CRYPTO_FEE,
    OTHER_FEE,
    VenueUnderTest,
    fak,
    fills,
    fok,
    sent,
    sold,
    walked,
)

ASKS = {50: 40, 51: 60, 53: 500}
BIDS = {48: 100, 47: 30}


def test_a_marketable_order_walks_the_book_level_by_level_at_each_levels_price(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=51, size=90))
    venue.wait()
    assert walked(venue) == [(50, 40, "taker"), (51, 50, "taker")]
    assert any(isinstance(said, OrderAccepted) for said in venue.heard)
    venue.ask("a")
    venue.wait()
    assert venue.heard[-1] == OrderReport("a", OrderState.FILLED, Shares(90 * ONE))


def test_a_sale_walks_the_bids_downwards(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sold(cents=47, size=120))
    venue.wait()
    assert walked(venue) == [(48, 100, "taker"), (47, 20, "taker")]


def test_the_taker_pays_the_markets_fee_at_each_price(venue: VenueUnderTest) -> None:
    venue.market(fee_rate=CRYPTO_FEE)
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=51, size=90, fee_rate=OTHER_FEE))
    venue.wait()
    assert [fill.fee for fill in fills(venue)] == [
        taker_fee(Shares(40 * ONE), Price(500_000), CRYPTO_FEE),
        taker_fee(Shares(50 * ONE), Price(510_000), CRYPTO_FEE),
    ]


def test_what_a_limit_order_cannot_take_rests(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=50))
    venue.wait()
    assert walked(venue) == [(50, 40, "taker")]
    venue.ask("a")
    venue.wait()
    assert venue.heard[-1] == OrderReport("a", OrderState.PARTIAL, Shares(40 * ONE))


def test_the_same_displayed_size_is_not_taken_twice(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(fak("a", cents=50, size=30))
    venue.submit(fak("b", cents=50, size=30))
    venue.wait()
    assert sum(fill.size for key in "ab" for fill in fills(venue, key)) == 40 * ONE
    venue.submit(fak("c", cents=50, size=30))
    venue.wait()
    assert fills(venue, "c") == []


def test_an_order_that_takes_what_there_is_ends_with_it(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(fak(cents=51, size=200))
    venue.wait()
    assert walked(venue) == [(50, 40, "taker"), (51, 60, "taker")]
    assert OrderReport("a", OrderState.CANCELED, Shares(100 * ONE)) in venue.heard


def test_an_order_that_takes_what_there_is_finds_nothing(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(fak(cents=49))
    venue.wait()
    (said,) = venue.heard
    assert isinstance(said, OrderRejected)
    text = "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found."
    assert text in said.reason


def test_all_or_nothing_takes_all(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(fok(cents=51))
    venue.wait()
    assert walked(venue) == [(50, 40, "taker"), (51, 60, "taker")]


def test_all_or_nothing_takes_nothing_if_one_share_is_missing(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(fok(cents=51, size=101))
    venue.wait()
    (said,) = venue.heard
    assert isinstance(said, OrderRejected)
    assert "order couldn't be fully filled. FOK orders are fully filled or killed." in said.reason
    venue.submit(fok("b", cents=51))
    venue.wait()
    assert sum(fill.size for fill in fills(venue, "b")) == 100 * ONE


@pytest.mark.parametrize("kind", [OrderType.GTC, OrderType.GTD])
def test_a_post_only_order_that_would_take_is_refused(venue: VenueUnderTest, kind: OrderType) -> None:
    venue.display(BIDS, ASKS)
    ends = venue.now + 10 * MINUTE if kind is OrderType.GTD else 0
    venue.submit(sent(cents=50, post_only=True, order_type=kind, expires_at=ends))
    venue.submit(sent("b", cents=49, post_only=True, order_type=kind, expires_at=ends))
    venue.wait()
    refused = [said for said in venue.heard if isinstance(said, OrderRejected)]
    assert [said.order_key for said in refused] == ["a"]
    assert "invalid post-only order: order crosses book" in refused[0].reason
    assert fills(venue, "a") == fills(venue, "b") == []


@pytest.mark.parametrize("kind", [OrderType.FOK, OrderType.FAK])
def test_only_orders_that_may_rest_can_be_post_only(venue: VenueUnderTest, kind: OrderType) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=49, post_only=True, order_type=kind))
    venue.wait()
    (said,) = venue.heard
    assert isinstance(said, OrderRejected)
    assert "invalid post-only order: only GTC and GTD order types are allowed" in said.reason


def test_a_delayed_order_cannot_be_cancelled(venue: VenueUnderTest) -> None:
    venue.market(fee_rate=CRYPTO_FEE)
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=51))
    venue.cancel("a")
    venue.cancel_all()
    venue.wait()
    assert OrderReport("a", OrderState.CANCELED, Shares(0)) not in venue.heard
    assert sum(fill.size for fill in fills(venue)) == 100 * ONE


def test_without_other_orders_nothing_is_taken_and_a_limit_order_waits(venue: VenueUnderTest) -> None:
    venue.display({}, {})
    venue.submit(sent(cents=50))
    venue.submit(fok("b"))
    venue.wait()
    assert fills(venue) == []
    assert any(isinstance(said, OrderAccepted) and said.order_key == "a" for said in venue.heard)
    assert any(isinstance(said, OrderRejected) and said.order_key == "b" for said in venue.heard)
    venue.trade(Side.SELL, 49, 10)
    venue.wait()
    assert walked(venue) == [(50, 10, "maker")]
