"""Single markets in words: names of tabs, countdowns, cents, distances, who buys and which way whales lean. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from dashboard.words import NOTHING, age, count, dollars, gain, short
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND, format_span, iso
from shared.domain.market import coin_of
from shared.domain.money import ONE, format_fixed, mul_div_floor
from shared.domain.screens import CoinScreen, Screen, Tab, TokenScreen, Voiced, Why

CLOSING_NS = MINUTE
"""Less than this before its end, a market is closing."""
QUESTION_MAX = 44
OURS = (Why.HELD, Why.WAITING)
WHYS = {
    Why.HELD: "We hold shares here.",
    Why.WAITING: "An order of ours is open here.",
    Why.WINDOW: "A crypto window that is open now.",
    Why.WHALES: "Followed whales have traded here lately.",
}
CENT = 10_000
PLACES = 2
"""Every market of the venue has two outcomes."""


def is_window(tab: Tab) -> bool:
    """Whether it is an up/down market whose beginning and end are known."""
    return bool(coin_of(tab.slug)) and 0 < tab.start_at < tab.end_at


def series_of(tab: Tab) -> str:
    """What the next window has in common with this one (``BTC 5 min``); for any other market, the market itself."""
    return f"{coin_of(tab.slug)} {format_span(tab.end_at - tab.start_at)}" if is_window(tab) else tab.market


def tab_label(tab: Tab) -> str:
    """The name of a tab; ``◆`` marks a market in which we have something."""
    mark = "◆ " if tab.why in OURS else ""
    if is_window(tab):
        return f"{mark}{series_of(tab)}, {clock(tab.start_at)}–{clock(tab.end_at)}"
    name = tab.question or tab.slug or short(tab.market)
    return mark + (name if len(name) <= QUESTION_MAX else f"{name[: QUESTION_MAX - 1].rstrip()}…")


def heading(tab: Tab) -> str:
    """What the market asks: ``BTC up or down, 5 min, 22:05–22:10 UTC``."""
    if is_window(tab):
        span = format_span(tab.end_at - tab.start_at)
        return f"{coin_of(tab.slug)} up or down, {span}, {clock(tab.start_at)}–{clock(tab.end_at)} UTC"
    return tab.question or tab.slug or short(tab.market)


def clock(at: int) -> str:
    """An instant as ``22:05``, UTC."""
    return iso(at)[11:16]


def picked(tabs: Sequence[Tab], market: str, series: str) -> Tab:
    """The tab of a market; of one that is gone, the latest of its series; else the most important one. There is one."""
    ranks = list(Why)
    return min(
        tabs,
        key=lambda tab: (tab.market != market, series_of(tab) != series, ranks.index(tab.why), -tab.start_at, tab.slot),
    )


class Countdown(Struct, frozen=True):
    """How long a market goes on, in words, and a word where that is urgent."""

    left: str
    note: str = ""


def countdown(tab: Tab, now: int) -> Countdown:
    """The time to the market's end at event time ``now``, to the second within its last day."""
    if not tab.end_at:
        return Countdown(NOTHING, "end not known")
    left = tab.end_at - now
    if left <= 0:
        return Countdown("Ended", f"{age(-left)} ago, result awaited")
    if now < tab.start_at:
        return Countdown(_minutes(left), f"opens in {age(tab.start_at - now)}")
    if left < CLOSING_NS:
        return Countdown(_minutes(left), "■ closing")
    return Countdown(_minutes(left) if left < DAY else age(left), f"at {clock(tab.end_at)} UTC")


def _minutes(left: int) -> str:
    hours, rest = divmod(left, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    text = f"{minutes:02}:{rest // SECOND:02}"
    return f"{hours}:{text}" if hours else text


def cents(micro: int) -> str:
    """A price per share as ``47¢`` or ``47.3¢``; a dash for none."""
    if not micro:
        return NOTHING
    text = format_fixed(micro, 1, CENT)
    return f"{text.removesuffix('.0')}¢"


def best_ask(token: TokenScreen, tick: int) -> int:
    """What buying a share costs now (micro-dollars); 0 where nobody sells."""
    return mul_div_floor(token.asks[0], tick, 1) if token.asks else 0


def best_bid(token: TokenScreen, tick: int) -> int:
    """What selling a share brings now (micro-dollars); 0 where nobody buys."""
    return mul_div_floor(token.bids[0], tick, 1) if token.bids else 0


def coin_price(micro: int) -> str:
    """A coin's price as ``$79,697.58``; of cheap coins more digits."""
    if not micro:
        return NOTHING
    return dollars(micro) if micro >= 100 * ONE else f"${format_fixed(micro, 5)}"  # not money: a threshold


def distance(coin: CoinScreen) -> tuple[str, str]:
    """How far the coin is from the price to beat, in dollars and as a sentence."""
    if not coin.beat:
        return NOTHING, "price to beat not heard"
    away = coin.price - coin.beat
    part = f"{Decimal(away) / coin.beat:+.2%}"  # not money: a proportion
    shown = gain(away) if coin.beat >= 100 * ONE else f"{'-' if away < 0 else '+'}${format_fixed(abs(away), 5)}"
    side = "▲ Up ahead" if away >= 0 else "▼ Down ahead"
    return shown, f"{side} {part}"


class Share(Struct, frozen=True):
    """Two sides of one bar: the first one's part in hundredths, and each side in words."""

    percent: int
    first: str
    second: str


def pressure(screen: Screen, outcomes: Sequence[str]) -> Share | None:
    """Money that went towards each outcome within five minutes, bought of it or sold of the other; None: no money."""
    if len(screen.tokens) != PLACES:
        return None
    one, other = screen.tokens
    first, second = one.bought + other.sold, other.bought + one.sold
    if first + second <= 0:
        return None
    return _share(first, second, f"{outcomes[0]} {dollars(first)}", f"{outcomes[1]} {dollars(second)}")


def sentiment(voices: Voiced, outcomes: Sequence[str]) -> Share | None:
    """How many followed whales lean to each outcome; None where none does."""
    if voices.first + voices.second <= 0 or len(outcomes) != PLACES:
        return None
    first, second = (f"{name} {_whales(n)}" for name, n in zip(outcomes, (voices.first, voices.second), strict=True))
    return _share(voices.first, voices.second, first, second)


def net_words(voices: Voiced, outcomes: Sequence[str]) -> str:
    """Whose shares the whales hold more of, by what was heard."""
    if not voices.net or len(outcomes) != PLACES:
        return "On balance they hold as much of one as of the other."
    name = outcomes[0] if voices.net > 0 else outcomes[1]
    return f"On balance they hold {format_fixed(abs(voices.net), 0)} shares more of {name}, by what we heard."


def _whales(n: int) -> str:
    return f"{count(n)} whale{'' if n == 1 else 's'}"


def _share(first: int, second: int, words: str, others: str) -> Share:
    return Share(mul_div_floor(first, 100, first + second), words, others)


def outcomes_of(tab: Tab) -> tuple[str, ...]:
    """The names of its two outcomes, in the venue's order."""
    return (*tab.outcomes, *("First", "Second")[len(tab.outcomes) :])[:PLACES]
