"""Sizes and limits of orders through the whole engine: what a signal becomes, and what is written on the order."""

import pytest
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import BookSnapshot, FiguresPublished, MarketChanged, OrderRejected, VoicesPublished
from shared.domain.money import ONE, Fraction, Price, Shares, dollars
from shared.domain.order import OrderType, Purpose, Side
from shared.domain.strategy import Skip, Trade, View
from shared.domain.tables import Figures, Pair, Voices
from shared.domain.whale import Signal
from shared.engine.limits import Limits
from shared.strategies.whale_copy import Params
from tests.shared.engine.builders import RATIO, House, book, market, trade
from tests.shared.engine.ladders import AWAY
from tests.shared.engine.reasons import OPEN, SALE, followers, listed, murmur, ratio


class Fixed:
    """A strategy that wishes for the same whatever it hears."""

    name = "fixed"
    needs = ("whales",)

    def __init__(self, wish: Trade | Skip) -> None:
        self.wish = wish

    def decide(self, signal: Signal, view: View) -> Trade | Skip:
        return self.wish


FORTY = Trade("m:yes", Side.BUY, Price(510_000), Purpose.ENTRY, wish=dollars(40))


def wishing(wish: Trade | Skip, limits: Limits = OPEN) -> House:
    return House(limits, strategy=Fixed(wish)).ready()


def numbers(house: House) -> dict[str, int]:
    return dict(house.decisions[-1].numbers)


# ---------------------------------------------------------------------- what is written on the order


def test_an_order_remembers_target_reference_and_belief() -> None:
    house = House(OPEN).ready()
    house.show(490_000, 500_000)
    sent = house.copied()
    assert (sent.target, sent.reference, sent.p_win) == (510_000, 500_000, 650_000)


def test_a_sale_is_measured_from_the_bid() -> None:
    house = House(OPEN).ready()
    house.bought()
    house.show(490_000, 500_000)
    assert house.copied(SALE).reference == 490_000


@pytest.mark.parametrize("age", [0, OPEN.book_max_age_ns + 1])
def test_a_book_that_is_old_is_no_reference(age: int) -> None:
    house = House(OPEN).ready()
    house.show(490_000, 500_000)
    sent = house.copied(after=SECOND + age)
    assert sent.reference == (0 if age else 500_000)


def test_the_wish_decides_how_an_order_goes_to_the_venue_and_such_orders_are_not_sliced() -> None:
    limits = replace(OPEN, twap_slices=4, twap_above_usd=dollars(20))
    for order_type, post_only in ((OrderType.FOK, False), (OrderType.FAK, False), (OrderType.GTC, True)):
        house = wishing(replace(FORTY, order_type=order_type, post_only=post_only), limits)
        sent = house.copied()
        assert (sent.order_type, sent.post_only, sent.slices) == (order_type, post_only, 1)
    assert wishing(FORTY, limits).copied().slices == 4


def test_an_order_that_was_to_trade_at_once_is_not_followed_by_phases() -> None:
    limits = replace(OPEN, phase_life_ns=(1, 1), phase_step=(0, 20_000), phase_cut=(Fraction(0), Fraction(0)))
    house = wishing(replace(FORTY, order_type=OrderType.FAK), limits)
    sent = house.copied()
    house.give(OrderRejected(sent.order_key, "400 : no orders found to match with FAK order"))
    assert len(house.sent) == 1


# ---------------------------------------------------------------------- sizes


@pytest.mark.parametrize(("measured", "stake"), [(True, 75), (False, 50)])
def test_three_independent_whales_that_agree_raise_the_stake_by_half_and_it_is_told(measured: bool, stake: int) -> None:
    house = House(replace(OPEN, agree_factor=Fraction(1_500_000)), RATIO).ready("whale", "second", "third")
    if measured:
        house.give(VoicesPublished(Voices(0, (Pair("second", "third", 0, 0),))))
    house.whale(murmur("second", tx="a"))
    house.whale(murmur("third", tx="b"))
    house.copied(trade(price=800_000, size=625 * ONE))  # no uncertain price
    assert house.decisions[-1].stake == dollars(stake)
    assert numbers(house).get("agree_factor") == (1_500_000 if measured else None)


def test_in_an_uncertain_market_kelly_believes_all_voices_together() -> None:
    alone = listed(House(OPEN, Params()).ready("whale", "second"), "n")
    alone.copied()
    assert alone.decisions[-1].p_win == 650_000
    both = listed(House(replace(OPEN, trade_min_usd=dollars(40)), Params()).ready("whale", "second"), "n")
    both.engine.detection.whales["second"].edge_total = 50_000 * 40
    both.whale(murmur("second", tx="a"))
    both.whale(trade(tx="b"))
    believed = both.decisions[-1].p_win
    assert 550_000 < believed < 650_000
    assert numbers(both)["p_average"] == believed


def test_a_wide_spread_halves_the_stake_wherever_it_is_known_from() -> None:
    wide = {"spread_max": ONE, "spread_reduce": 100_000}
    from_book = ratio(**wide)
    from_book.give(book(bid=300_000, ask=500_000))
    from_market = ratio(**wide)
    from_market.give(MarketChanged(market(best_bid=Price(300_000), best_ask=Price(500_000))))
    unknown = ratio(**wide)
    unknown.give(MarketChanged(market(best_bid=Price(300_000))))
    for house, stake in ((from_book, 25), (from_market, 25), (unknown, 50)):
        house.copied()
        assert house.decisions[-1].stake == dollars(stake)
    assert numbers(from_book)["spread_factor"] == 500_000


def test_a_token_that_moves_much_is_bought_in_smaller_size() -> None:
    house = ratio(price_band=Fraction(0), swing_max=ONE)
    house.whale(trade(side=Side.SELL, size=1_000 * ONE, tx="first"))
    for n in range(12):
        house.give(trade("stranger", price=400_000 + (n % 2) * 200_000, size=ONE), 10 * SECOND)
    house.copied(trade(size=2_000 * ONE, tx="tx2"))
    told = numbers(house)
    assert 0 < told["volatility_factor"] < ONE
    assert house.decisions[-1].stake < dollars(100)


def test_the_tape_is_not_asked_where_the_limits_say_so() -> None:
    house = ratio(price_band=Fraction(0))
    house.whale(trade(side=Side.SELL, size=1_000 * ONE, tx="first"))
    for price in (100_000, 900_000, 900_000):
        house.give(trade("stranger", price=price, size=ONE))
    assert house.whale(trade(size=2_000 * ONE, tx="tx2")) is Reason.COPIED


def test_a_sale_below_the_venues_smallest_order_says_how_small() -> None:
    house = ratio()
    house.bought()
    assert house.whale(trade(side=Side.SELL, size=52 * ONE, tx="s")) is Reason.BELOW_MINIMUM
    assert numbers(house) == {"size": 4_975_880, "min_size": 5 * ONE}
    assert house.whale(trade(side=Side.SELL, size=ONE, tx="s2")) is Reason.COPIED
    assert house.sent[-1].size == 5_070_000


def test_an_entry_below_the_venues_smallest_order_says_how_small() -> None:
    house = ratio()
    house.give(MarketChanged(market(min_size=Shares(95_700_000))))
    assert house.whale() is Reason.BELOW_MINIMUM
    assert (numbers(house)["size"], numbers(house)["min_size"]) == (95_690_000, 95_700_000)


# ---------------------------------------------------------------------- the book


def test_a_purchase_of_which_the_book_offers_too_little_is_measured_by_what_is_there() -> None:
    house = ratio()
    house.give(BookSnapshot("m", "m:yes", ((480_000, ONE),), ((490_000, 30 * ONE), (510_000, ONE))))
    assert house.whale() is Reason.COPIED


def test_without_a_usable_book_no_slippage_is_seen() -> None:
    house = ratio()
    house.give(BookSnapshot("m", "m:yes", (), ((400_000, ONE), (510_000, 1_000 * ONE))))
    assert house.whale() is Reason.COPIED


# ---------------------------------------------------------------------- company


def test_a_further_leg_asks_what_else_we_hold_like_a_first_one() -> None:
    """While the first leg waits, the figures say that this topic is full, or that we have too few independent bets."""
    full = Figures(0, correlated={"m": 3})
    poor = Figures(0, diversification=Fraction(1), bets=9)
    for told, legs in ((full, 1), (poor, 1), (Figures(0), 2)):
        house = followers()
        first = house.copied()
        house.give(OrderRejected(first.order_key, AWAY))
        house.give(FiguresPublished(told))
        house.wake(next(wake for wake in house.wakes if wake.key == first.order_key and wake.timer.value == "next_leg"))
        assert len(house.sent) == legs


def test_positions_of_a_topic_are_counted_over_holdings_and_open_orders_but_not_this_market() -> None:
    house = ratio(topic_counts_all=True, topic_positions_max=2)
    for name in ("a", "b"):
        house.give(MarketChanged(market(name, topic="vote")))
    house.bought(trade(token="a:yes", tx="txa"))
    assert house.whale(trade(token="a:yes", tx="txa2"), after=2 * MINUTE) is Reason.COPIED
    house.copied(trade(token="b:yes", tx="txb"))
    house.give(MarketChanged(market("c", topic="vote")))
    assert house.whale(trade(token="c:yes", tx="txc")) is Reason.CAP_TOPIC
    assert numbers(house)["in_topic"] == 2 * ONE


def test_a_skip_of_the_strategy_is_the_reason() -> None:
    assert wishing(Skip(Reason.NO_EDGE)).whale() is Reason.NO_EDGE
