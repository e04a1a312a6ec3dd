"""What every venue states when it is asked for everything."""

import pytest

from shared.domain.instants import SECOND
from shared.domain.ledger import PUSD
from shared.domain.messages import OrderAccepted, OrderRejected, OrderReport
from shared.domain.money import ONE
from shared.domain.order import OrderState, Side
from tests.contracts.venue.face import TOKEN, VenueUnderTest, fak, fills, sent, sold

ASKS = {50: 40, 51: 60}
BIDS = {48: 100}


def test_open_orders_are_reported_with_what_they_have_filled(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=50))
    venue.submit(sent("b", cents=47))
    venue.wait()
    opened = venue.reports().open_orders
    assert opened is not None
    found = {one.order_key: (one.token, one.side, one.limit, one.size, one.filled) for one in opened}
    assert found == {
        "a": (TOKEN, Side.BUY, 500_000, 100 * ONE, 40 * ONE),
        "b": (TOKEN, Side.BUY, 470_000, 100 * ONE, 0),
    }


def test_an_order_on_its_way_is_not_reported_and_one_that_ended_is_stated(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent("a", cents=47))
    assert venue.reports().open_orders == ()
    venue.wait()
    venue.cancel("a")
    venue.submit(sent("b", cents=47.5))
    venue.submit(fak("c", cents=51))
    venue.wait()
    said = venue.reports()
    assert said.open_orders == ()
    assert {one.order_key: (one.state, one.filled) for one in said.statements} == {
        "a": (OrderState.CANCELED, 0),
        "b": (OrderState.REJECTED, 0),
        "c": (OrderState.FILLED, 100 * ONE),
    }
    assert "a" in said.cancels_answered


def test_executions_are_reported_since_an_instant_as_they_were_heard(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(fak("a", cents=51))
    venue.wait()
    first = fills(venue, "a")
    later = first[-1].venue_at + 1
    venue.display(BIDS, {52: 30})
    venue.submit(fak("b", cents=52, size=30))
    venue.wait()
    everything, lately = venue.reports().trades, venue.reports(since=later).trades
    assert everything is not None
    assert lately is not None
    assert [trade.fill for trade in everything] == [*first, *fills(venue, "b")]
    assert [trade.fill for trade in lately] == fills(venue, "b")
    assert {(trade.token, trade.side) for trade in everything} == {(TOKEN, Side.BUY)}
    assert venue.reports(since=later).trades_since == later


def test_the_wallet_is_reported_once_it_is_known(venue: VenueUnderTest) -> None:
    assert venue.reports().balance is None
    venue.balance(PUSD, 100 * ONE)
    venue.balance(TOKEN, 10 * ONE)
    venue.display(BIDS, ASKS)
    venue.submit(sold(cents=48, size=10))
    venue.wait()
    (fill,) = fills(venue)
    said = venue.reports()
    assert (said.positions, said.balance) == ({}, 100 * ONE + 4_800_000 - fill.fee)
    assert said.as_of == venue.now


def test_what_is_reported_outlives_the_client_that_asked(venue: VenueUnderTest) -> None:
    venue.balance(PUSD, 100 * ONE)
    venue.display(BIDS, ASKS)
    venue.submit(sent(cents=50))
    venue.submit(fak("b", cents=51, size=10))
    venue.wait()
    before = venue.reports()
    venue.reconnect()
    assert venue.reports() == before


@pytest.mark.parametrize("state", ["unknown", "ended"])
def test_a_cancel_of_what_is_not_open_is_answered_too(venue: VenueUnderTest, state: str) -> None:
    venue.display(BIDS, ASKS)
    if state == "ended":
        venue.submit(fak("a", cents=50, size=10))
        venue.wait()
    venue.cancel("a")
    venue.wait()
    assert "a" in venue.reports().cancels_answered


def test_all_that_is_open_is_cancelled_and_reported_as_ended(venue: VenueUnderTest) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent("a", cents=46))
    venue.submit(sent("b", cents=47))
    venue.wait()
    venue.cancel_all()
    venue.wait()
    said = venue.reports()
    assert said.open_orders == ()
    assert [one.state for one in said.statements] == [OrderState.CANCELED, OrderState.CANCELED]
    assert {one.order_key for one in venue.heard if isinstance(one, OrderReport)} == {"a", "b"}


def test_after_a_restart_of_the_engine_orders_still_rest_and_only_post_only_ones_are_taken(
    venue: VenueUnderTest,
) -> None:
    venue.display(BIDS, ASKS)
    venue.submit(sent("a", cents=46))
    venue.wait()
    venue.restart()
    venue.wait(91 * SECOND)
    venue.submit(sent("b", cents=46))
    venue.submit(sent("c", cents=46, post_only=True))
    venue.wait()
    answers = {one.order_key: type(one) for one in venue.heard if isinstance(one, OrderAccepted | OrderRejected)}
    assert answers == {"a": OrderAccepted, "b": OrderRejected, "c": OrderAccepted}
    opened = venue.reports().open_orders
    assert opened is not None
    assert {one.order_key for one in opened} == {"a", "c"}
