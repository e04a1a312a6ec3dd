"""Markets, books, prints and the coin, as the engine takes them in."""

from shared.domain.decision import Reason
from shared.domain.instants import SECOND
from shared.domain.messages import (
    MarketChanged,
    MarketListed,
    PriceKind,
    PricePoint,
    PublicTrade,
    SpotTrade,
    TickSizeChanged,
)
from shared.domain.money import ONE, Fraction, Price
from shared.domain.order import Side
from tests.shared.engine.builders import House, book, market, trade
from tests.shared.engine.reasons import ratio


def printed(house: House, token: str, price: int = 500_000) -> None:
    house.give(PublicTrade("m", token, Side.BUY, price, ONE, "p", 0))


def test_prices_are_kept_of_tokens_that_a_followed_wallet_has_traded_and_of_no_other() -> None:
    house = ratio()
    printed(house, "m:yes")
    assert house.engine.prices == {}
    house.whale()
    printed(house, "m:no")
    printed(house, "m:yes", 510_000)
    house.give(trade("stranger", price=520_000, size=ONE))
    assert list(house.engine.prices) == ["m:yes"]
    assert house.engine.prices["m:yes"].average(house.now) is not None
    assert house.engine.prices["m:yes"].swing(house.now) == 20_000


def test_a_stale_trade_is_a_print_all_the_same() -> None:
    house = ratio()
    assert house.whale(after=200 * SECOND, lag=100 * SECOND) is Reason.STALE
    assert list(house.engine.prices) == ["m:yes"]


def test_a_resolved_market_leaves_neither_books_nor_prices() -> None:
    house = ratio()
    house.whale()
    house.give(book())
    house.give(book("m:no"))
    house.resolve()
    house.resolve("unheard")
    assert house.engine.prices == {}
    assert house.engine.filters.books == {}


def test_only_bitcoin_trips_the_breaker_whoever_tells_its_price() -> None:
    house = ratio()
    for symbol, price in (("ETH", 1), ("ETH", 2), ("BTC", 100), ("BTC", 105)):
        house.give(SpotTrade(symbol, Side.BUY, price * ONE, ONE, 1))
    assert house.engine.desk.risk.breaker("whale", house.now) is None
    house.give(PricePoint("BTC", PriceKind.INDEX, 110 * ONE))
    assert house.engine.desk.risk.breaker("whale", house.now) is Reason.HALTED_SPOT_MOVE


def test_a_new_tick_moves_the_target_of_a_held_position() -> None:
    """The highest price of a market is a tick below a dollar, and no target lies above it."""
    house = ratio(take_profit=Fraction(900_000))
    house.bought()
    house.show(985_000)
    assert not house.engine.holdings.left
    house.give(TickSizeChanged("m", "m:yes", 1_000))
    house.give(MarketListed(market("unheld")))
    house.show(991_000)
    assert not house.engine.holdings.left
    house.give(MarketChanged(market(tick=Price(100_000))))
    house.show(900_000)
    assert house.engine.holdings.left == {Reason.TAKE_PROFIT: 1}


def test_a_book_of_something_we_do_not_hold_asks_for_nothing() -> None:
    house = ratio()
    assert house.give(book()) == []
