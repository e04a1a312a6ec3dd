"""Markets on screen as the trader writes them: books, candles, the coin behind a window, who leans where."""

import random

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.candles import Candle, packed
from shared.domain.instants import SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.money import ONE, dollars
from shared.domain.screens import TOKEN_UNIT, CoinScreen, Screen, Stored, Tab, Tabs, TokenScreen, Voiced, Why, owner

STEP_S = 10
KEPT = 96
SHOWN = 5
COIN, COIN_UNIT = 79_000 * ONE, 10_000


class OnScreen(Struct, frozen=True):
    """The tabs, and by slot what moves and the candles before it."""

    tabs: Tabs
    screens: list[Screen]
    stored: list[Stored]

    def items(self, at: int) -> dict[str, Tabs | Screen | Stored]:
        """Everything as of an instant, by the names it is kept under."""
        found: dict[str, Tabs | Screen | Stored] = {"screens": replace(self.tabs, at=at)}
        for slot, (screen, stored) in enumerate(zip(self.screens, self.stored, strict=True)):
            found[f"screen#{slot}"] = replace(screen, at=at)
            found[f"candles#{slot}"] = stored
        return found


def on_screen(markets: list[Market], at: int, chance: random.Random) -> OnScreen:
    """The first few markets, the windows of coins among them open now."""
    shown = markets[:SHOWN]
    tabs = [
        Tab(
            slot,
            one.market,
            Why.WINDOW if one.kind is MarketKind.CRYPTO_UPDOWN else Why.HELD,
            one.slug,
            one.question,
            one.outcomes,
            one.start_at or 0,
            one.end_at or 0,
        )
        for slot, one in enumerate(shown)
    ]
    made = [_screen(one, at, chance) for one in shown]
    return OnScreen(Tabs(at, tuple(tabs)), [screen for screen, _ in made], [stored for _, stored in made])


def _screen(market: Market, at: int, chance: random.Random) -> tuple[Screen, Stored]:
    first = _walk(480_000, 4_000, at, chance)
    second = [replace(one, open=ONE - one.open, high=ONE - one.low, low=ONE - one.high) for one in first]
    second = [replace(one, close=ONE - before.close) for one, before in zip(second, first, strict=True)]
    tokens = tuple(_token(row[-1].close, chance) for row in (first, second))
    rows = tuple(packed(row, STEP_S * SECOND, TOKEN_UNIT) for row in (first, second))
    coin: CoinScreen | None = None
    told: tuple[int, ...] = ()
    if market.kind is MarketKind.CRYPTO_UPDOWN:
        walked = _walk(COIN, 20 * ONE, at, chance)
        told = packed(walked, STEP_S * SECOND, COIN_UNIT)
        coin = CoinScreen("binance", walked[-1].close, COIN, COIN_UNIT)
    screen = Screen(owner(market.market), at, 10_000, STEP_S, tokens, Voiced(5, 2, 30 * ONE), coin)
    return screen, Stored(market.market, STEP_S, rows, COIN_UNIT, told)


def _walk(price: int, swing: int, at: int, chance: random.Random) -> list[Candle]:
    row = []
    for n in range(KEPT):
        opened = price
        price = max(swing, price + chance.randrange(-swing, swing))
        over = chance.randrange(swing // 2)
        start = (at // (STEP_S * SECOND) - KEPT + n) * STEP_S * SECOND
        volume = dollars(chance.randrange(400))
        row.append(Candle(start, opened, max(opened, price) + over, min(opened, price) - over, price, volume))
    return row


def _token(price: int, chance: random.Random) -> TokenScreen:
    cents = price // 10_000
    bids = tuple(number for n in range(10) for number in (cents - n, 80 + chance.randrange(2_000)))
    asks = tuple(number for n in range(10) for number in (cents + 1 + n, 80 + chance.randrange(2_000)))
    return TokenScreen(price, False, bids, asks, dollars(chance.randrange(900)), dollars(chance.randrange(900)))
