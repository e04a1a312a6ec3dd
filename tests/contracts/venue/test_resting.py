"""What every venue does with orders that rest: their place in the queue, their end, and what is told of them."""

import pytest

from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import OrderAccepted, OrderInDoubt, OrderRejected, OrderReport
from shared.domain.money import ONE, Shares
from shared.domain.order import OrderState, OrderType, Side
from tests.contracts.venue.face import VenueUnderTest, fills, sent, sold, walked

BIDS, ASKS = {48: 100, 47: 30}, {50: 40, 51: 60}


def reports(venue: VenueUnderTest, key: str = "a") -> list[OrderReport]:
    return [said for said in venue.heard if isinstance(said, OrderReport) and said.order_key == key]


def rests(venue: VenueUnderTest, cents: int = 48, size: int = 50) -> None:
    """An order of ours comes to rest behind all that is displayed at its price."""
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=cents, size=size))
    venue.wait()
    assert fills(venue) == []


def test_a_resting_order_fills_only_behind_what_was_displayed_before_it(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.trade(Side.SELL, 48, 100)
    venue.display({47: 30}, ASKS)
    venue.wait()
    assert fills(venue) == []
    venue.trade(Side.SELL, 48, 20)
    venue.wait()
    assert walked(venue) == [(48, 20, "maker")]


def test_one_trade_goes_through_the_queue_to_us_and_no_further_than_our_size(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.trade(Side.SELL, 48, 1_000)
    venue.wait()
    assert walked(venue) == [(48, 50, "maker")]


def test_a_trade_beyond_our_price_met_us_first_and_at_our_price(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.trade(Side.SELL, 47, 30)
    venue.wait()
    assert walked(venue) == [(48, 30, "maker")]


def test_a_trade_of_the_other_side_is_not_ours(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.trade(Side.BUY, 48, 500)
    venue.wait()
    assert fills(venue) == []


def test_our_own_orders_at_a_price_wait_for_each_other(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent("a", cents=48, size=50))
    venue.wait()
    venue.submit(sent("b", cents=48, size=50))
    venue.wait()
    venue.trade(Side.SELL, 48, 160)
    venue.wait()
    assert walked(venue, "a") == [(48, 50, "maker")]
    assert walked(venue, "b") == [(48, 10, "maker")]


def test_a_book_that_comes_through_our_price_fills_us_at_our_price(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.display({45: 10}, {47: 35, 50: 40})
    venue.wait()
    assert walked(venue) == [(48, 35, "maker")]
    venue.display({45: 10}, {47: 35, 50: 40})
    venue.wait()
    assert len(fills(venue)) == 1


def test_a_sale_rests_and_fills_the_same_way(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sold(cents=51, size=50))
    venue.wait()
    venue.trade(Side.BUY, 51, 70)
    venue.wait()
    assert walked(venue) == [(51, 10, "maker")]


def test_a_maker_pays_no_fee_and_is_told_what_it_may_get_back(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.trade(Side.SELL, 47, 30)
    venue.wait()
    (fill,) = fills(venue)
    assert fill.fee == 0
    assert fill.rebate > 0


def test_what_others_display_to_us_as_takers_does_not_move_our_order(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.display({48: 900}, {50: 1})
    venue.trade(Side.SELL, 48, 90)
    venue.wait()
    assert fills(venue) == []


def test_a_cancel_ends_what_is_left(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.cancel("a")
    venue.wait()
    assert reports(venue) == [OrderReport("a", OrderState.CANCELED, Shares(0))]
    venue.trade(Side.SELL, 48, 1_000)
    venue.wait()
    assert fills(venue) == []


def test_a_cancel_of_an_ended_order_is_answered_with_how_it_ended(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.trade(Side.SELL, 48, 1_000)
    venue.cancel("a")
    venue.wait()
    assert reports(venue)[-1] == OrderReport("a", OrderState.FILLED, Shares(50 * ONE))


def test_a_cancel_of_a_market_or_of_all_ends_every_open_order_there(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    for key in "abc":
        venue.submit(sent(key, cents=47))
    venue.wait()
    venue.cancel_market("another")
    venue.wait()
    assert not any(reports(venue, key) for key in "abc")
    venue.cancel_market("m")
    venue.wait()
    venue.submit(sent("d", cents=47))
    venue.wait()
    venue.cancel_all()
    venue.wait()
    assert all(reports(venue, key)[-1].state is OrderState.CANCELED for key in "abcd")


def test_an_order_until_a_date_expires_a_minute_before_it(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    ends = venue.now + 5 * MINUTE
    venue.submit(sent(cents=48, order_type=OrderType.GTD, expires_at=ends))
    venue.wait(4 * MINUTE - SECOND)
    assert reports(venue) == []
    venue.wait(2 * SECOND)
    assert reports(venue) == [OrderReport("a", OrderState.EXPIRED, Shares(0))]
    venue.trade(Side.SELL, 48, 1_000)
    venue.wait()
    assert fills(venue) == []


@pytest.mark.parametrize("ahead", [0, 1, 2])
def test_a_date_less_than_three_minutes_ahead_is_refused(venue: VenueUnderTest, ahead: int) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=48, order_type=OrderType.GTD, expires_at=venue.now + ahead * MINUTE))
    venue.wait()
    (said,) = venue.heard
    assert isinstance(said, OrderRejected)
    assert "invalid expiration" in said.reason


def test_a_question_is_answered_with_every_fill_again_and_then_the_state(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.trade(Side.SELL, 48, 130)
    venue.wait()
    venue.heard.clear()
    venue.ask("a")
    venue.wait()
    assert walked(venue) == [(48, 30, "maker")]
    assert venue.heard[-1] == OrderReport("a", OrderState.PARTIAL, Shares(30 * ONE))


def test_an_order_sent_again_is_in_doubt_and_not_taken_twice(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.submit(sent(cents=48, size=50))
    venue.wait()
    assert isinstance(venue.heard[-1], OrderInDoubt)
    venue.trade(Side.SELL, 48, 1_000)
    venue.wait()
    assert sum(fill.size for fill in fills(venue)) == 50 * ONE


def test_what_the_venue_knows_outlives_the_client_that_asked(venue: VenueUnderTest) -> None:
    rests(venue)
    venue.trade(Side.SELL, 48, 120)
    venue.wait()
    venue.reconnect()
    venue.heard.clear()
    venue.ask("a")
    venue.wait()
    assert walked(venue) == [(48, 20, "maker")]
    venue.display({47: 30}, ASKS)
    venue.trade(Side.SELL, 47, 1_000)
    venue.wait()
    assert walked(venue) == [(48, 20, "maker"), (48, 30, "maker")]


def test_an_order_on_its_way_when_the_client_died_arrives_all_the_same(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=48))
    venue.reconnect()
    venue.wait()
    assert any(isinstance(said, OrderAccepted) for said in venue.heard)
    venue.submit(sent(cents=48))
    venue.wait()
    assert isinstance(venue.heard[-1], OrderInDoubt)


def test_a_question_and_a_cancel_that_overtake_the_order_are_answered_after_it(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=48))
    venue.ask("a")
    venue.cancel("a")
    venue.wait()
    assert not any(isinstance(said, OrderRejected) for said in venue.heard)
    assert {said.state for said in reports(venue)} == {OrderState.LIVE, OrderState.CANCELED}
    venue.ask("a")
    venue.wait()
    assert reports(venue)[-1] == OrderReport("a", OrderState.CANCELED, Shares(0))
