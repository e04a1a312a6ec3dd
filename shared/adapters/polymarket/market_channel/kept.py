"""What is kept of one token, and what happened to all of them."""

from collections import deque

from msgspec import Struct

from shared.adapters.polymarket.market_channel.hashes import HashFacts
from shared.domain.order import Side
from shared.engine.books import Book

WAITING_MAX = 4_096
"""Changes kept while a book is asked for; beyond, the answer would be too old anyway."""

Waiting = tuple[int, Side, int, int]
"""(venue time in milliseconds, side, price, size) of a change that came while the book was unknown."""


class Kept:
    """One token. ``book`` None: unknown. Times in nanoseconds UTC (``_ms``: the venue's milliseconds); 0: never.

    ``venue_ms``: the newest level message. ``lost_ms``: what a book from elsewhere must not be older than.
    ``ask_after``: not to be asked for before this.
    ``traded_ms``: the newest trade, which moved the book: one dated long before it stands still at the venue.
    ``dirty``: it moved and was not told yet. ``doubted_at``: when something first spoke against the book; it counts
    until the book moves.
    """

    __slots__ = (
        "ask_after",
        "asks",
        "book",
        "dirty",
        "doubted_at",
        "facts",
        "hashed_at",
        "lost_ms",
        "market",
        "shown",
        "token",
        "traded_ms",
        "venue_ms",
        "waiting",
    )

    def __init__(self, token: str) -> None:
        self.token = token
        self.market = ""
        self.book: Book | None = None
        self.venue_ms = 0
        self.lost_ms = 0
        self.traded_ms = 0
        self.ask_after = 0
        self.asks = 0
        self.doubted_at = 0
        self.hashed_at = 0
        self.shown = False
        self.dirty = False
        self.facts = HashFacts()
        self.waiting: deque[Waiting] = deque(maxlen=WAITING_MAX)

    def forget(self, lost_ms: int) -> None:
        """The book is unknown from now on."""
        self.book = None
        self.lost_ms = lost_ms
        self.doubted_at = 0
        self.waiting.clear()


class KeeperCounts(Struct):
    """What was noticed. ``books_equal`` and ``books_ahead``: ``book`` messages that said what we held, or more than had
    been announced (a resync of the venue's own, no fault). ``hash_*``: whether the hash of a book that was looked at
    agreed, did not, or could not be checked.
    """

    books: int = 0
    trades: int = 0
    not_wanted: int = 0
    books_equal: int = 0
    books_ahead: int = 0
    refused: int = 0
    out_of_order: int = 0
    stale_books: int = 0
    crossed: int = 0
    best_differs: int = 0
    resyncs: int = 0
    notices_untold: int = 0
    rest_confirmed: int = 0
    rest_replaced: int = 0
    rest_too_old: int = 0
    hash_agreed: int = 0
    hash_differed: int = 0
    hash_unchecked: int = 0
    merged: int = 0
