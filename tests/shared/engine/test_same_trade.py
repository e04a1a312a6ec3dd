"""The same whale trade is copied once, whatever way it arrives; two genuine fills are both counted."""

import pytest

from shared.domain.decision import Reason
from shared.domain.instants import SECOND
from shared.domain.money import ONE
from shared.domain.order import Side
from tests.shared.engine.builders import RATIO, House, trade


def test_delivered_twice_in_the_same_minute_it_is_copied_once() -> None:
    house = House().ready()
    assert house.whale() is Reason.COPIED
    assert house.whale(trade(delivery=1)) is None
    assert len(house.sent) == 1
    assert house.engine.counts.duplicates == 1


@pytest.mark.parametrize("seconds", [61, 66, 131, 400])
@pytest.mark.parametrize("params", [RATIO, None])
def test_delivered_again_later_it_is_copied_once(seconds: int, params: object) -> None:
    house = (House(params=RATIO) if params else House()).ready()
    assert house.whale(lag=0) is Reason.COPIED
    assert house.whale(trade(delivery=1), after=seconds * SECOND, lag=seconds * SECOND) in (None, Reason.STALE)
    assert len(house.sent) == 1


def test_a_redelivery_after_it_was_forgotten_does_not_feed_a_later_top_up() -> None:
    house = House(params=RATIO).ready()
    order = house.copied(trade(size=400 * ONE))  # 10% of $200
    house.accept(order)
    house.fill(order)
    house.whale(trade(size=400 * ONE, delivery=1), after=135 * SECOND, lag=137 * SECOND)
    reason = house.whale(trade(size=10 * ONE, tx="tx2"), lag=58 * SECOND)
    assert reason is Reason.BELOW_MINIMUM
    assert len(house.sent) == 1


@pytest.mark.parametrize("early", range(0, 31, 10))
def test_reordered_by_up_to_thirty_seconds_a_burst_is_still_one_intent(early: int) -> None:
    house = House().ready()
    assert house.whale(trade(tx="later"), after=40 * SECOND, lag=0) is Reason.COPIED
    house.accept(house.sent[0])
    house.fill(house.sent[0])
    assert house.whale(trade(tx="earlier"), lag=(early + 1) * SECOND) is Reason.JOINED_BURST
    assert house.whale(trade(tx="later", delivery=1), lag=2 * SECOND) is None
    assert len(house.sent) == 1


def test_a_stale_trade_that_arrives_in_between_does_not_split_a_burst() -> None:
    house = House().ready()
    house.bought(trade(tx="now"))
    assert house.whale(trade(tx="old"), lag=100 * SECOND) is Reason.STALE
    assert house.whale(trade(tx="next")) is Reason.JOINED_BURST


def test_two_interleaved_sockets_deliver_every_fill_once() -> None:
    house = House(params=RATIO).ready()
    rows = [trade(tx=f"tx{n // 2}", size=(n % 2 + 1) * 100 * ONE) for n in range(6)]
    for row in rows:
        for delivery in (1, 2):
            house.whale(trade(tx=row.tx, size=row.size, delivery=delivery), lag=2 * SECOND)
    assert house.engine.counts.whale_trades == 6
    assert house.engine.counts.duplicates == 6


@pytest.mark.parametrize("size", [1_000_900_000, 999_100_000])
def test_another_source_that_rounds_the_size_differently_adds_nothing(size: int) -> None:
    house = House().ready()
    house.give(trade(), SECOND, source="stream")
    house.give(trade(size=size), SECOND, source="poll")
    assert (house.engine.counts.whale_trades, house.engine.counts.duplicates) == (1, 1)


def test_two_genuine_equal_fills_of_one_transaction_are_both_counted_and_both_copied() -> None:
    house = House(params=RATIO).ready()
    order = house.copied()
    house.accept(order)
    house.fill(order)
    assert house.whale() is Reason.TOPPED_UP
    assert house.engine.counts.whale_trades == 2
    assert {sent.leg for sent in house.sent} == {1, 2}
    for _ in range(2):
        assert house.whale(trade(delivery=1)) is None


def test_after_a_restart_it_is_not_copied_again() -> None:
    house = House().ready()
    house.bought()
    life = house.restarted(after=30 * SECOND)
    assert life.whale(trade(delivery=9), lag=33 * SECOND) is Reason.JOINED_BURST
    assert life.sent == []


@pytest.mark.parametrize("seconds", [1, 50, 65, 110])
def test_after_a_restart_a_later_fill_of_the_same_burst_is_no_second_intent(seconds: int) -> None:
    house = House().ready()
    house.bought(trade())
    life = house.restarted(after=seconds * SECOND)
    lag = max(seconds - 55, 0) * SECOND
    assert life.whale(trade(tx="tx2"), lag=lag) is Reason.JOINED_BURST


def test_after_a_restart_a_top_up_copies_no_more_than_the_new_fills_ask_for() -> None:
    house = House(params=RATIO).ready()
    house.bought(trade(size=1_000 * ONE))
    life = house.restarted()
    assert life.whale(trade(size=1_000 * ONE, delivery=5), lag=4 * SECOND) in (
        Reason.JOINED_BURST,
        Reason.BELOW_MINIMUM,
    )
    assert life.sent == []


def test_after_a_restart_the_same_sale_sells_nothing_more() -> None:
    house = House().ready()
    bought = house.bought()
    sale = trade(side=Side.SELL, size=500 * ONE, tx="sale")
    sold = house.bought(sale, after=70 * SECOND)
    assert sold.size == bought.size // 20_000 * 10_000  # half of ours, as the whale sold half of its own
    life = house.restarted()
    assert life.whale(trade(side=Side.SELL, size=500 * ONE, tx="sale", delivery=5), lag=4 * SECOND) is (
        Reason.EXIT_COVERED
    )
    assert life.size() == house.size() > 0


def test_once_the_burst_is_over_a_new_life_follows_the_whale_again() -> None:
    house = House().ready()
    house.bought()
    life = house.restarted(after=200 * SECOND)
    assert life.whale(trade(tx="tx9")) is Reason.CAP_POSITION
