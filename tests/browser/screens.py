"""Markets on screen in a populated account: an open window with its coin, and two events, in the middle of trading."""

import random
from collections.abc import Iterator

from shared.domain.candles import Candle, packed
from shared.domain.instants import MINUTE, SECOND
from shared.domain.market import Market
from shared.domain.money import ONE, dollars
from shared.domain.screens import (
    TOKEN_UNIT,
    CoinScreen,
    Screen,
    Stored,
    Tab,
    Tabs,
    TokenScreen,
    Voiced,
    Why,
    coin_unit,
    owner,
)
from tests.browser.population import Population

SHOWN = 3
CANDLES, FRESH = 90, 5
LEVELS = 10
TICK = 10_000


def screens_of(population: Population) -> Iterator[tuple[str, Tabs | Screen | Stored]]:
    """The items by name, as the trader writes them."""
    chance = random.Random(population.account)
    chosen = population.markets[:SHOWN]
    yield "screens", Tabs(population.at, tuple(_tab(slot, market) for slot, market in enumerate(chosen)))
    for slot, market in enumerate(chosen):
        screen, stored = _screen(market, population.at, chance)
        yield f"screen#{slot}", screen
        yield f"candles#{slot}", stored


def _tab(slot: int, market: Market) -> Tab:
    why = Why.WINDOW if market.coin else Why.HELD if slot == 1 else Why.WHALES
    times = (market.start_at or 0, market.end_at or 0)
    return Tab(slot, market.market, why, market.slug, market.question, market.outcomes, *times)


def _screen(market: Market, at: int, chance: random.Random) -> tuple[Screen, Stored]:
    step = 10 * SECOND if market.coin else MINUTE
    first = _walk(at, step, 500_000, TICK, chance)
    second = [
        Candle(one.at, ONE - one.open, ONE - one.low, ONE - one.high, ONE - one.close, one.volume) for one in first
    ]
    bid = min(max(first[-1].close // TICK, LEVELS + 1), 98 - LEVELS)
    bids = tuple(number for n in range(LEVELS) for number in (bid - n, chance.randrange(5, 3_000)))
    asks = tuple(number for n in range(LEVELS) for number in (bid + 2 + n, chance.randrange(5, 3_000)))
    tokens = (
        TokenScreen(first[-1].close, False, bids, asks, dollars(840), dollars(310), _fresh(first, step, TOKEN_UNIT)),
        TokenScreen(
            second[-1].close, False, _other(asks), _other(bids), dollars(90), 0, _fresh(second, step, TOKEN_UNIT)
        ),
    )
    coin, unit = None, 1
    rows: tuple[int, ...] = ()
    if market.coin:
        prices = _walk(at, step, 79_000 * ONE, 9 * ONE, chance)
        unit = coin_unit(prices[-1].close)
        coin = CoinScreen("binance", prices[-1].close, prices[0].open, unit, _fresh(prices, step, unit))
        rows = packed(prices[:-FRESH], step, unit)
    earlier = tuple(packed(candles[:-FRESH], step, TOKEN_UNIT) for candles in (first, second))
    screen = Screen(owner(market.market), at, TICK, step // SECOND, tokens, Voiced(4, 2, 1_250 * ONE), coin)
    return screen, Stored(market.market, step // SECOND, earlier, unit, rows)


def _walk(at: int, step: int, price: int, reach: int, chance: random.Random) -> list[Candle]:
    """Candles up to now; every third one is of quotes alone."""
    found, begins = [], at // step * step - (CANDLES - 1) * step
    for n in range(CANDLES):
        close = max(price + chance.randrange(-reach, reach + 1), TICK)
        close = min(close, ONE - TICK) if price < ONE else close
        high, low = max(price, close) + reach // 4, min(price, close) - reach // 4
        found.append(Candle(begins + n * step, price, high, low, close, dollars(n % 3 and chance.randrange(400))))
        price = close
    return found


def _fresh(candles: list[Candle], step: int, unit: int) -> tuple[int, ...]:
    return packed(candles[-FRESH:], step, unit)


def _other(ladder: tuple[int, ...]) -> tuple[int, ...]:
    """The other outcome's side of the book: who bids p for one offers the other at 1 - p."""
    return tuple(
        number for price, size in zip(ladder[::2], ladder[1::2], strict=True) for number in (100 - price, size)
    )
