"""Which markets people see while they trade, and what of them is written when: few items, small ones, and only what
has changed.

A market's screen is in two items, because everything that is written is paid for: what moves every second fits into a
kilobyte, and candles that are over are written once a while. A market that leaves passes its place to the next one, so
nothing is ever deleted.
"""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from fargate.coins import Coin
from fargate.prints import Prints, Traded
from fargate.series import Series
from shared.domain.candles import packed
from shared.domain.instants import MINUTE, SECOND
from shared.domain.market import Market, MarketKind, market_from_slug
from shared.domain.money import ONE, mul_div_floor
from shared.domain.screens import (
    TOKEN_UNIT,
    CoinScreen,
    Ladder,
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
from shared.engine.books import Book, Level
from shared.engine.engine import Engine

SLOTS = 6
"""Markets with a screen: as many tabs as fit beside each other, and the bill allows (cdk/prices.py)."""
AT_ONCE = 3
"""Screens written at one turn, those first that have waited longest. A turn every two seconds is then 1.5 writes a
second however many markets move, and a single one that moves is never more than two seconds behind.
"""
LEVELS = 10
FLOW_NS = 5 * MINUTE
STAYS_NS = 10 * MINUTE
"""A market without news from whales keeps its place so long, or tabs would come and go with every trade."""
FRESH_MOST = 6
"""Candles that are over and not stored yet: one minute of ten-second ones."""
AGAIN_NS = MINUTE
"""What has not changed is written again after so long: a write may have failed."""
FIRST = ("up", "yes")
"""Names of the outcome that is shown first, where only names are known."""
_RANKS = {Why.HELD: 0, Why.WAITING: 1, Why.WINDOW: 2, Why.WHALES: 3}

Shown = tuple[str, Tabs | Screen | Stored]
"""The name of an item, and what is in it."""
Displayed = Callable[[str, int], Book | None]
"""The book of a token at an instant, where the engine has none: for people's eyes alone."""


def no_book(_token: str, _at: int) -> Book | None:
    """Nobody displays anything besides."""
    return None


class Screens:
    """``turn`` says what is to be written now. ``prints`` is to hear what goes to the engine's tape."""

    def __init__(self, engine: Engine, prints: Prints, displayed: Displayed = no_book) -> None:
        self.prints = prints
        self._engine = engine
        self._displayed = displayed
        self._slots: list[str] = [""] * SLOTS
        self._written: list[Screen | None] = [None] * SLOTS
        self._turns: list[int] = [0] * SLOTS
        self._stored_until: list[int] = [0] * SLOTS
        self._tabs = Tabs(0)
        self._turn = 0

    def turn(self, at: int) -> list[Shown]:
        """What has changed since it was last asked, as far as this turn allows, at event time ``at``."""
        self._turn += 1
        chosen = self._chosen(at)
        self._place(chosen)
        shown: list[Shown] = []
        tabs = tuple(self._tab(name, chosen[name]) for name in self._slots if name)
        if tabs != self._tabs.tabs or at - self._tabs.at >= AGAIN_NS:
            self._tabs = Tabs(at, tabs)
            shown.append(("screens", self._tabs))
        moved: list[tuple[int, int, Screen]] = []
        for slot, name in enumerate(self._slots):
            if not name:
                continue
            screen, stored = self._look(slot, name, at)
            if stored is not None:
                shown.append((f"candles#{slot}", stored))
            written = self._written[slot]
            if written is None or at - written.at >= AGAIN_NS or replace(written, at=at) != screen:
                moved.append((self._turns[slot], slot, screen))
        for _, slot, screen in sorted(moved, key=lambda one: one[:2])[:AT_ONCE]:
            self._written[slot], self._turns[slot] = screen, self._turn
            shown.append((f"screen#{slot}", screen))
        return shown

    # ------------------------------------------------------------------ which markets

    def _chosen(self, at: int) -> dict[str, Why]:
        """Ours, then open windows, then where whales trade; of equals those that are shown already, then the latest."""
        desk, traded = self._engine.desk, self.prints.traded
        found = {name: Why.WHALES for name, market in traded.items() if market.whales_at and not self._ended(name, at)}
        found.update((name, Why.WINDOW) for name in traded if self._is_open_window(name, at))
        found.update((name, Why.WAITING) for name in desk.execution.open_by_market)
        found.update((name, Why.HELD) for name in desk.positions)
        ranked = sorted(found, key=lambda name: (_RANKS[found[name]], *self._news(name, at)))
        return {name: found[name] for name in ranked[:SLOTS]}

    def _ended(self, name: str, at: int) -> bool:
        market = self._engine.markets.get(name)
        return market is not None and market.end_at is not None and market.end_at <= at

    def _is_open_window(self, name: str, at: int) -> bool:
        market = self._engine.markets.get(name)
        if market is None or market.kind is not MarketKind.CRYPTO_UPDOWN:
            return False
        return market.start_at is not None and market.start_at <= at and not self._ended(name, at)

    def _news(self, name: str, at: int) -> tuple[bool, int]:
        """Smaller comes first: shown already and not quiet for long, then whoever was traded in last."""
        market = self.prints.traded.get(name)
        latest = 0 if market is None else market.whales_at or market.at
        return name not in self._slots or at - latest > STAYS_NS, -latest

    def _place(self, chosen: Iterable[str]) -> None:
        """Who is shown already stays in its place; newcomers take those that became free."""
        wanted = list(chosen)
        for slot, name in enumerate(self._slots):
            if name and name not in wanted:
                self._slots[slot] = ""
        waiting = [name for name in wanted if name not in self._slots]
        for slot, name in enumerate(self._slots):
            if not name and waiting:
                self._slots[slot] = waiting.pop(0)
                self._written[slot], self._stored_until[slot] = None, 0

    def _tab(self, name: str, why: Why) -> Tab:
        market = self._market(name)
        tokens = self._tokens(market, self.prints.traded.get(name))
        return Tab(
            self._slots.index(name),
            name,
            why,
            market.slug,
            market.question,
            tuple(_outcome(market, place, token) for place, token in enumerate(tokens)),
            market.start_at or 0,
            market.end_at or 0,
        )

    def _market(self, name: str) -> Market:
        """A market's data, or what its name tells where it has none."""
        return self._engine.markets.get(name) or market_from_slug(name, "")

    def _tokens(self, market: Market, traded: Traded | None) -> list[str]:
        """Its tokens in the venue's order; where nobody told them, those that were traded, the one called Up first."""
        if market.tokens or traded is None:
            return list(market.tokens)
        return sorted(traded.tokens, key=lambda token: (_name(token).lower() not in FIRST, token))

    # ------------------------------------------------------------------ what of a market

    def _look(self, slot: int, name: str, at: int) -> tuple[Screen, Stored | None]:
        """The screen of a market now, and its candles where they are to be stored anew."""
        market = self._market(name)
        traded = self.prints.market(name)
        tokens = self._tokens(market, traded)
        books = [self._book(token, at) for token in tokens]
        for token, book in zip(tokens, books, strict=True):
            if book is not None and book.two_sided and not book.crossed:
                traded.series(token).quote(mul_div_floor(book.best_bid + book.best_ask, 1, 2), at)
        series = [traded.series(token) for token in tokens]
        coin = self.prints.coins.known.get(market.coin) if market.coin else None
        stored = self._stored(slot, name, series, coin, at)
        since = self._stored_until[slot]
        screen = Screen(
            owner(name),
            at,
            market.tick,
            traded.step // SECOND,
            tuple(self._token(one, book, market.tick, since, at) for one, book in zip(series, books, strict=True)),
            self._voices(name, tokens, at),
            None if coin is None else _coin_screen(coin, market, traded.step, since),
        )
        return screen, stored

    def _book(self, token: str, at: int) -> Book | None:
        return self._engine.filters.books.get(token) or self._displayed(token, at)

    def _token(self, series: Series, book: Book | None, tick: int, since: int, at: int) -> TokenScreen:
        bought, sold = series.flow(at - FLOW_NS)
        fresh = packed(series.candles(since), series.step, TOKEN_UNIT)
        if book is None:
            return TokenScreen(series.last, False, (), (), bought, sold, fresh)
        old = at - book.at > self._engine.limits.book_max_age_ns
        bids, asks = ladder(book.bids_down(), tick), ladder(book.asks_up(), tick)
        return TokenScreen(series.last, old, bids, asks, bought, sold, fresh)

    def _voices(self, name: str, tokens: list[str], at: int) -> Voiced:
        leanings = self._engine.consensus.leanings(name, tokens[0], at) if tokens else []
        first = sum(lean > 0 for lean in leanings)
        return Voiced(first, len(leanings) - first, sum(leanings))

    def _stored(self, slot: int, name: str, series: list[Series], coin: Coin | None, at: int) -> Stored | None:
        """Store what is over, once that is too much to write again and again, or nothing is stored yet."""
        step = series[0].step if series else MINUTE
        until, since = at // step * step, self._stored_until[slot]
        every = series if coin is None else [*series, coin.series(step)]
        if since and max((len(one.candles(since, until)) for one in every), default=0) <= FRESH_MOST:
            return None
        self._stored_until[slot] = until
        unit = 1 if coin is None else coin_unit(coin.price)
        return Stored(
            name,
            step // SECOND,
            tuple(packed(one.candles(0, until), step, TOKEN_UNIT) for one in series),
            unit,
            () if coin is None else packed(coin.series(step).candles(0, until), step, unit),
        )


def ladder(levels: list[Level], tick: int) -> Ladder:
    """The best levels as prices in ticks and whole shares (at least one), one after the other."""
    found: list[int] = []
    for price, size in levels[:LEVELS]:
        found += (mul_div_floor(price, 1, tick), max(mul_div_floor(size, 1, ONE), 1))
    return tuple(found)


def _coin_screen(coin: Coin, market: Market, step: int, since: int) -> CoinScreen:
    unit = coin_unit(coin.price)
    beat = coin.opening(market.start_at) if market.start_at is not None else 0
    return CoinScreen(coin.source, coin.price, beat, unit, packed(coin.series(step).candles(since), step, unit))


def _outcome(market: Market, place: int, token: str) -> str:
    return market.outcomes[place] if place < len(market.outcomes) else _name(token)


def _name(token: str) -> str:
    """A recording's token is ``slug:outcome``."""
    return token.rpartition(":")[2][:20]
