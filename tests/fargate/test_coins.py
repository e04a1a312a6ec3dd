import pytest

from fargate.coins import BOUNDARY_NS, OPENED_WITHIN_NS, OPENINGS_KEPT, SILENT_NS, Coin, Coins
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import PriceKind

OPEN = 1_000 * BOUNDARY_NS


def heard(*told: tuple[str, int, int]) -> Coin:
    """Spot prices of a coin: who tells it, what, and when after the opening."""
    coin = Coin()
    for source, price, after in told:
        coin.hear(source, PriceKind.SPOT, price, OPEN + after)
    return coin


def test_the_first_price_of_a_window_is_the_one_to_beat() -> None:
    coin = heard(("binance", 90, -SECOND), ("binance", 100, 2 * SECOND), ("binance", 120, 3 * SECOND))
    assert (coin.opening(OPEN), coin.price) == (100, 120)


def test_a_price_that_comes_too_late_is_not_the_opening() -> None:
    assert heard(("binance", 100, OPENED_WITHIN_NS + 1)).opening(OPEN) == 0


def test_candles_are_of_one_exchange_until_it_falls_silent() -> None:
    coin = heard(("binance", 100, 0), ("coinbase", 105, SILENT_NS))
    assert (coin.source, coin.price) == ("binance", 100)
    coin.hear("coinbase", PriceKind.SPOT, 106, OPEN + SILENT_NS + 1)
    assert (coin.source, coin.price) == ("coinbase", 106)


def test_the_venues_own_index_comes_before_any_exchange() -> None:
    coin = heard(("binance", 100, 0))
    coin.hear("index", PriceKind.INDEX, 101, OPEN + 1)
    coin.hear("binance", PriceKind.SPOT, 102, OPEN + 2)
    assert (coin.source, coin.price) == ("index", 101)
    coin.hear("other index", PriceKind.INDEX, 103, OPEN + 3)
    assert coin.price == 101


def test_an_older_price_says_nothing_new() -> None:
    assert heard(("binance", 100, SECOND), ("binance", 90, 0)).price == 100


def test_openings_of_long_ago_are_forgotten() -> None:
    coin = Coin()
    for place in range(OPENINGS_KEPT + 1):
        coin.hear("binance", PriceKind.SPOT, 100 + place, OPEN + place * BOUNDARY_NS)
    assert (coin.opening(OPEN), coin.opening(OPEN + BOUNDARY_NS)) == (0, 101)


def test_a_coin_has_candles_of_both_spans() -> None:
    coin = heard(("binance", 100, 0), ("binance", 110, 30 * SECOND))
    assert [one.close for one in coin.series(10 * SECOND).candles()] == [100, 110]
    assert [one.close for one in coin.series(MINUTE).candles()] == [110]
    with pytest.raises(KeyError):
        coin.series(SECOND)


def test_coins_are_kept_apart_and_averages_are_no_price_of_a_moment() -> None:
    coins = Coins()
    coins.hear("BTC", "binance", PriceKind.SPOT, 100, OPEN)
    coins.hear("ETH", "binance", PriceKind.SPOT, 7, OPEN)
    coins.hear("SOL", "binance", PriceKind.TWAP, 3, OPEN)
    assert {name: coin.price for name, coin in coins.known.items()} == {"BTC": 100, "ETH": 7}
