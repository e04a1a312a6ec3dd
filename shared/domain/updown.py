"""Crypto up/down markets by coin and window: which there are, and how many of them the system knows."""

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

from msgspec import Struct

from shared.domain.instants import DAY, HOUR, MINUTE
from shared.domain.market import Market, MarketKind, coin_of


class Window(Enum):
    """How long the price of an up/down market is watched; the venue lists these, shortest first."""

    MINUTES_5 = "5m"
    MINUTES_15 = "15m"
    HOUR = "1h"
    HOURS_4 = "4h"
    DAY = "1d"


_SPANS = {
    5 * MINUTE: Window.MINUTES_5,  # not money: minutes to nanoseconds
    15 * MINUTE: Window.MINUTES_15,  # not money: as above
    HOUR: Window.HOUR,
    4 * HOUR: Window.HOURS_4,  # not money: hours to nanoseconds
    DAY: Window.DAY,
}
KEPT = 32_768
_SHORT = re.compile(r"^[a-z]+-updown-(5m|15m|4h)-")
_DAILY = re.compile(r"^[a-z]+-up-or-down-on-")
_HOURLY = re.compile(r"^[a-z]+-up-or-down-.*\d(am|pm)-et$")


class Listed(Struct, frozen=True):
    """Up/down markets of one coin and window that are known: in all, those whose window is open now, those that begin
    later, and when the next one ends (nanoseconds; 0: none that has not ended).
    """

    coin: str
    window: Window
    known: int
    open: int
    coming: int
    ends_at: int = 0


def window_of(market: Market) -> Window | None:
    """The window of an up/down market, by its slug or else by its times; ``None`` for any other market."""
    if market.kind is not MarketKind.CRYPTO_UPDOWN:
        return None
    span = None if market.start_at is None or market.end_at is None else market.end_at - market.start_at
    return _named(market.slug, span)[1]


@lru_cache(maxsize=KEPT)
def _named(slug: str, span: int | None) -> tuple[str, Window | None]:
    """Coin and window; remembered, because the trader asks again and again for thousands of markets."""
    coin, short = coin_of(slug), _SHORT.match(slug)
    if short is not None:
        return coin, Window(short.group(1))
    if _DAILY.match(slug):
        return coin, Window.DAY
    if _HOURLY.match(slug):
        return coin, Window.HOUR
    return coin, None if span is None else _SPANS.get(span)


def listed(markets: Iterable[Market], at: int) -> list[Listed]:
    """What is known at an instant (nanoseconds), by coin and window; a market whose end nobody told is only known."""
    found: dict[tuple[str, Window], list[int]] = {}
    for market in markets:
        if market.kind is not MarketKind.CRYPTO_UPDOWN:
            continue
        start, end = market.start_at, market.end_at
        coin, window = _named(market.slug, None if start is None or end is None else end - start)
        if window is None or not coin:
            continue
        counted = found.setdefault((coin, window), [0, 0, 0, 0])
        counted[0] += 1
        if start is not None and start > at:
            counted[2] += 1
        if end is not None and end > at:
            counted[1] += start is None or start <= at
            counted[3] = min(counted[3] or end, end)
    order = list(Window)
    names = sorted(found, key=lambda name: (name[0], order.index(name[1])))
    return [Listed(coin, window, *found[coin, window]) for coin, window in names]
