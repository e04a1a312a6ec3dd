"""Random intents for the execution study: what to buy or sell, how much, at which limit, drawn from the books as they
stand when an intent's moment has come.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from random import Random

from msgspec import Struct

from shared.domain.ledger import Position
from shared.domain.market import DEFAULT_MIN_SIZE, Market
from shared.domain.money import (
    ONE,
    Price,
    Shares,
    ceil_tick,
    float_of_micro,
    floor_size,
    floor_tick,
    micro_of_float,
    mul_div_floor,
    value,
)
from shared.domain.order import Side
from shared.engine.books import Book
from shared.engine.engine import Engine

MARKETABLE, RESTING = "marketable", "resting"
SIZES = (10, 32, 100, 316, 1_000)
"""Where the classes of size begin, in dollars; entries are drawn log-uniformly between the first and the last."""
SELL_SHARE = 0.5
"""How often an intent sells where something can be sold."""


class Intent(Struct, frozen=True):
    """What was drawn. ``wish``: micro-dollars of a BUY, shares of a SELL; ``expected``: see ``Outcome``."""

    tx: str
    wallet: str
    market: str
    token: str
    side: Side
    kind: str
    limit: Price
    wish: int
    expected: int
    size: str


class Drawing:
    """Draws an intent when its moment has come, from the books as the engine knows them then.

    ``heard``: recorded events so far.
    """

    def __init__(self, draw: Random, moments: list[int], markets: dict[str, Market], engine: Engine) -> None:
        self.intents: list[Intent] = []
        self.heard = 0
        self.left = list(reversed(moments))
        self._draw = draw
        self._engine = engine
        # One token per market: the rule against opposite sides would deny half of all intents.
        self._tokens = {draw.choice(market.tokens): market for market in markets.values()}
        self._sold: dict[str, None] = {}

    def due(self, at: int) -> list[Intent]:
        """The intents of this moment; one for which no book is fit waits."""
        made: list[Intent] = []
        while self.left and self.left[-1] <= at:
            fit = [token for token, market in self._tokens.items() if self._fit(token, market, at)]
            if not fit:
                break
            self.left.pop()
            made.append(self._intent(fit))
        return made

    def _fit(self, token: str, market: Market, at: int) -> bool:
        """Whether the token's market is open and its book fresh, with two sides that leave a tick on either."""
        book = self._engine.filters.books.get(token)
        if book is None or at - book.at > self._engine.limits.book_max_age_ns or book.crossed:
            return False
        open_now = market.end_at is None or at < market.end_at
        return open_now and market.tick < book.best_ask and book.best_bid < ONE - market.tick and book.two_sided

    def _intent(self, fit: list[str]) -> Intent:
        draw, number = self._draw, len(self.intents) + 1
        held = [one for one in self._held() if one.token in fit]
        if held and draw.random() < SELL_SHARE:
            intent = self._exit(draw.choice(held), f"probe-{number}")
        else:
            token = draw.choice(fit)
            wish = micro_of_float(10 ** draw.uniform(1, 3))
            kind, market = self._kind(), self._tokens[token]
            book = self._engine.filters.books[token]
            limit, expected = self._price(book, Side.BUY, kind, market.tick)
            wallet = f"wallet-{number}"
            size = _class_of(wish)
            tx = f"probe-{number}"
            intent = Intent(tx, wallet, market.market, token, Side.BUY, kind, limit, wish, expected, size)
        self.intents.append(intent)
        return intent

    def _exit(self, position: Position, tx: str) -> Intent:
        """All or half of what a sleeve holds, once."""
        self._sold[position.source] = None
        kind = self._kind()
        tick = self._tokens[position.token].tick
        limit, expected = self._price(self._engine.filters.books[position.token], Side.SELL, kind, tick)
        half = Shares(mul_div_floor(position.size, self._draw.choice((1, 2)), 2))
        wish = floor_size(half)
        size = _class_of(value(wish, expected))
        wallet, market, token = position.source, position.market, position.token
        return Intent(tx, wallet, market, token, Side.SELL, kind, limit, wish, expected, size)

    def _held(self) -> Iterator[Position]:
        """Positions of which enough is free to be sold, and nothing was yet."""
        for inside in self._engine.desk.positions.values():
            for position in inside.values():
                free = self._engine.desk.books.room.get(f"shares#{position.key}", 0)
                if free >= DEFAULT_MIN_SIZE and position.source not in self._sold:
                    yield position

    def _kind(self) -> str:
        return self._draw.choice((MARKETABLE, RESTING))

    def _price(self, book: Book, side: Side, kind: str, tick: Price) -> tuple[Price, int]:
        """A limit, and the price the intent may expect: the best displayed if it takes, its own if it waits."""
        bid, ask, steps = book.best_bid, book.best_ask, tick * self._draw.choice((0, 1, 2, 3))
        if kind is MARKETABLE:
            if side is Side.BUY:
                return ceil_tick(ask + steps, tick), ask
            return floor_tick(bid - steps, tick), bid
        # At worst one tick inside the spread, never across it.
        if side is Side.BUY:
            limit = floor_tick(min(bid + tick - steps, ask - 1), tick)
        else:
            limit = ceil_tick(max(ask - tick + steps, bid + 1), tick)
        return limit, limit


def class_names() -> tuple[str, ...]:
    """Every class of size, the smallest first."""
    between = tuple(f"${low}-{high}" for low, high in pairwise(SIZES))
    return (f"below ${SIZES[0]}", *between, f"from ${SIZES[-1]}")


def _class_of(amount: int) -> str:
    """The class of size of this many micro-dollars."""
    return class_names()[bisect_right(SIZES, float_of_micro(amount))]
