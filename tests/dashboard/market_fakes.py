"""Markets on screen: a window of a coin, an event, and a crowd of them."""

from typing import Any

from msgspec.structs import replace

from shared.domain.candles import Candle, packed
from shared.domain.instants import MINUTE, SECOND
from shared.domain.money import ONE, dollars
from shared.domain.screens import (
    TOKEN_UNIT,
    CoinScreen,
    Screen,
    Stored,
    Tab,
    TokenScreen,
    View,
    Voiced,
    Why,
    owner,
)
from tests.dashboard.fakes import NOW, FakeQueries, busy

STEP = 10 * SECOND
BTC, WILL = "0xm1", "0xm2"
OPENS = NOW - 2 * MINUTE
UP = TokenScreen(480_000, False, (47, 300, 46, 900), (49, 150, 50, 600), dollars(300), dollars(100))
DOWN = TokenScreen(520_000, False, (51, 150), (53, 300), dollars(50), dollars(150))


def tab(slot: int = 0, **changes: Any) -> Tab:
    """A five-minute window of Bitcoin that opened two minutes ago."""
    slug = f"btc-updown-5m-{OPENS // SECOND}"
    plain = Tab(slot, BTC, Why.WINDOW, slug, "Bitcoin Up or Down", ("Up", "Down"), OPENS, OPENS + 5 * MINUTE)
    return replace(plain, **changes)


def event(slot: int = 1, **changes: Any) -> Tab:
    """A question about something else, whose end is not known."""
    return replace(Tab(slot, WILL, Why.WHALES, "will-it", "Will number 2 win?", ("Yes", "No")), **changes)


def candles(*closes: int, volume: int = 0) -> list[Candle]:
    """Candles that end now, each opening at the close before it."""
    first = NOW - len(closes) * STEP
    opens = (closes[0], *closes[:-1])
    return [
        Candle(first + place * STEP, opened, max(opened, closed), min(opened, closed), closed, volume)
        for place, (opened, closed) in enumerate(zip(opens, closes, strict=True))
    ]


def coin(price: int = 79_100 * ONE, beat: int = 79_000 * ONE) -> CoinScreen:
    rows = packed(candles(79_000 * ONE, price), STEP, 10_000)
    return CoinScreen("binance", price, beat, 10_000, rows)


def view(market: str = BTC, **changes: Any) -> View:
    """A screen with books, candles (two stored, two fresh), whales and a coin."""
    early, late = candles(400_000, 450_000, volume=dollars(5)), candles(470_000, 480_000)
    stored = packed([replace(one, at=one.at - 2 * STEP) for one in early], STEP, TOKEN_UNIT)
    up = replace(UP, fresh=packed(late, STEP, TOKEN_UNIT))
    screen = Screen(owner(market), NOW, 10_000, 10, (up, DOWN), Voiced(5, 2, 30 * ONE), coin())
    return View(replace(screen, **changes), Stored(market, 10, (stored, ())))


def screened(queries: FakeQueries) -> FakeQueries:
    """A window and an event on screen."""
    queries.screens.show(tab(), view())
    queries.screens.show(event(), view(WILL, coin=None, voices=Voiced(), tokens=(UP, TokenScreen())))
    return queries


def crowded() -> FakeQueries:
    """The busy account with six markets on screen, full books and sixteen minutes of candles."""
    queries = busy()
    walk = [400_000 + 1_000 * ((17 * n) % 97) for n in range(96)]
    rows = packed(candles(*walk, volume=dollars(12)), STEP, TOKEN_UNIT)
    ladder = tuple(number for n in range(10) for number in (48 - n, 1_000 + 371 * n))
    token = replace(UP, bids=ladder, asks=tuple(number for n in range(10) for number in (50 + n, 900 + 211 * n)))
    for slot in range(6):
        market, why = f"0xm{slot}", Why.HELD if slot < 3 else Why.WINDOW
        stored = Stored(market, 10, (rows, rows), 10_000, rows)
        shown = replace(view(market, tokens=(token, token)), stored=stored)
        queries.screens.show(tab(slot, market=market, why=why, start_at=OPENS + slot), shown)
    return queries
