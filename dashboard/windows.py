"""Crypto up/down markets by coin and window, in words: what the system knows, and who tells the coin's price. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from dashboard.sources import NAMES
from dashboard.tables import Row
from dashboard.words import NOTHING, count
from shared.domain.updown import Listed, Window

WINDOWS = {
    Window.MINUTES_5: "5 min",
    Window.MINUTES_15: "15 min",
    Window.HOUR: "1 h",
    Window.HOURS_4: "4 h",
    Window.DAY: "1 day",
}
"""Each window as a reader would say it, in the order of the grid."""
NOBODY = "✖ nobody"


def window_rows(known: Iterable[Listed], spot: Mapping[str, Sequence[str]]) -> list[Row]:
    """One row for each coin that has a market or a price; a dash where no market is known."""
    cells = {(one.coin, one.window): one for one in known}
    told = {coin for coins in spot.values() for coin in coins}
    coins = sorted({coin for coin, _ in cells} | told)
    return [
        {
            "coin": coin,
            **{window.value: _cell(cells.get((coin, window))) for window in Window},
            "prices": ", ".join(NAMES.get(feed, feed) for feed, has in spot.items() if coin in has) or NOBODY,
        }
        for coin in coins
    ]


def _cell(one: Listed | None) -> str:
    if one is None:
        return NOTHING
    parts = [f"● {count(one.open)} open"] if one.open else []
    if one.coming:
        parts.append(f"○ {count(one.coming)} later")
    return " · ".join(parts) or f"– {count(one.known)} over"


def windows_words(known: Sequence[Listed]) -> str:
    """How many markets are known, in one sentence."""
    if not known:
        return "The system knows no crypto up/down market now."
    total, running = sum(one.known for one in known), sum(one.open for one in known)
    coming = sum(one.coming for one in known)
    coins = len({one.coin for one in known})
    parts = f"{count(running)} run now, {count(coming)} begin later"
    return f"{count(total)} markets of {count(coins)} coins are known: {parts}."
