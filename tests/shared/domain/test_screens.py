import msgspec
import pytest
from msgspec.structs import replace

from shared.domain.candles import Candle, packed
from shared.domain.instants import SECOND
from shared.domain.screens import TOKEN_UNIT, CoinScreen, Screen, Stored, TokenScreen, View, coin_unit, owner

STEP = 10 * SECOND
MARKET, OTHER = "0x" + "ab" * 32, "0x" + "cd" * 32
UNIT = 10_000


def candle(place: int, price: int) -> Candle:
    return Candle(place * STEP, price, price, price, price)


def rows(*candles: Candle, unit: int = TOKEN_UNIT) -> tuple[int, ...]:
    return packed(candles, STEP, unit)


def view() -> View:
    """Two stored candles, of which the second is told again and better, and a third."""
    stored = Stored(
        MARKET, 10, (rows(candle(1, 400_000), candle(2, 410_000)),), UNIT, rows(candle(1, 20_000), unit=UNIT)
    )
    token = TokenScreen(fresh=rows(candle(2, 420_000), candle(3, 430_000)))
    coin = CoinScreen("binance", 30_000, 20_000, 1_000, rows(candle(2, 25_000), unit=1_000))
    return View(Screen(owner(MARKET), 35 * SECOND, 10_000, 10, (token,), coin=coin), stored)


def test_fresh_candles_follow_the_stored_ones_and_take_the_place_of_the_same() -> None:
    assert view().token_candles(0) == [candle(1, 400_000), candle(2, 420_000), candle(3, 430_000)]
    assert view().coin_candles() == [candle(1, 20_000), candle(2, 25_000)]


@pytest.mark.parametrize("stored", [None, Stored(OTHER, 10, (rows(candle(1, 1_000)),)), Stored(MARKET, 60)])
def test_stored_candles_of_another_market_or_span_are_not_mixed_in(stored: Stored | None) -> None:
    found = View(view().screen, stored)
    assert found.token_candles(0) == [candle(2, 420_000), candle(3, 430_000)]
    assert found.coin_candles() == [candle(2, 25_000)]


def test_a_token_that_came_later_than_the_store_has_its_fresh_candles() -> None:
    token = TokenScreen(fresh=rows(candle(3, 430_000)))
    both = replace(view().screen, tokens=(*view().screen.tokens, token))
    assert View(both, view().stored).token_candles(1) == [candle(3, 430_000)]


def test_where_nobody_tells_the_coin_it_has_no_candles() -> None:
    assert View(replace(view().screen, coin=None), view().stored).coin_candles() == []


def test_a_screen_knows_its_market_by_the_beginning_of_its_id() -> None:
    assert view().is_of(MARKET)
    assert not view().is_of(OTHER)


def test_a_screen_is_written_and_read_as_it_is() -> None:
    screen = view().screen
    assert msgspec.json.decode(msgspec.json.encode(screen), type=Screen) == screen


@pytest.mark.parametrize(
    ("price", "unit"),
    [(0, 1), (9_999_999, 1), (10_000_000, 10), (123_456, 1), (3_500_000_000, 1_000), (79_697_580_000, 10_000)],
)
def test_a_coins_unit_leaves_seven_digits_of_its_price(price: int, unit: int) -> None:
    assert coin_unit(price) == unit
