"""The public side of the order book API: books, server time, liveness."""

from collections.abc import Iterable, Sequence

import msgspec

from shared.adapters.polymarket.fields import Fields, decode_json, micro, show
from shared.adapters.polymarket.http import CLOB_API, HttpRefused, PublicHttp, batches
from shared.adapters.polymarket.wire import Page, parse_page
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import MICRO_MAX, ONE

SERVICE = "clob"
BOOKS_MAX = 500
NOT_FOUND = 404

Level = tuple[int, int]
"""(price in millionths, size in millionths of a share)."""


class RestBook(msgspec.Struct, frozen=True, gc=False):
    """A snapshot of one token's book: bids from the highest, asks from the lowest, whatever order the wire had."""

    token_id: str
    condition_id: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    venue_at_ns: int | None
    hash: str
    tick_size_micro: int | None
    min_size_micro: int | None
    neg_risk: bool | None
    last_trade_micro: int | None

    @property
    def best_bid(self) -> int | None:
        """The highest bid in millionths, or None without bids."""
        return self.bids[0][0] if self.bids else None

    @property
    def best_ask(self) -> int | None:
        """The lowest ask in millionths, or None without asks."""
        return self.asks[0][0] if self.asks else None


class ClobPublic:
    """Client of the public order book routes."""

    def __init__(self, http: PublicHttp, *, base_url: str = CLOB_API) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")

    async def books(self, token_ids: Sequence[str]) -> Page[RestBook]:
        """The books of these tokens, at most 500 per request; tokens without a book are absent.

        The route is a POST, so it is sent once: on ``Temporary`` the caller asks again in its own time.
        """
        books: list[RestBook] = []
        refused: list[str] = []
        for batch in batches(token_ids, BOOKS_MAX):
            body = msgspec.json.encode([{"token_id": token} for token in batch])
            page = parse_page(await self._http.post_once(SERVICE, self._base_url, "/books", body), rest_book)
            books.extend(page.rows)
            refused.extend(page.refused)
        return Page(tuple(books), tuple(refused))

    async def book(self, token_id: str) -> RestBook | None:
        """The book of one token; None when the venue has none (also after resolution)."""
        try:
            body = await self._http.get(SERVICE, self._base_url, "/book", [("token_id", token_id)])
        except HttpRefused as error:
            if error.status == NOT_FOUND:
                return None
            raise
        return rest_book(decode_json(body))

    async def time(self) -> int:
        """The venue's clock in nanoseconds UTC (whole seconds)."""
        decoded = decode_json(await self._http.get(SERVICE, self._base_url, "/time"))
        return micro("time", decoded) // ONE * SECOND

    async def ok(self) -> bool:
        """Whether the venue says that it is up."""
        return decode_json(await self._http.get(SERVICE, self._base_url, "/ok")) == "OK"


def rest_book(item: object) -> RestBook:
    """One book object; ``BadInput`` with one sentence when it cannot be used."""
    row = Fields(item)
    return RestBook(
        token_id=row.text("asset_id", "token_id"),
        condition_id=row.text("market"),
        bids=tuple(sorted(_levels(row, "bids"), reverse=True)),
        asks=tuple(sorted(_levels(row, "asks"))),
        venue_at_ns=row.optional_milliseconds_ns("timestamp"),
        hash=row.text_or("", "hash"),
        tick_size_micro=row.optional_micro("tick_size"),
        min_size_micro=row.optional_micro("min_order_size"),
        neg_risk=row.optional_flag("neg_risk"),
        last_trade_micro=row.optional_micro("last_trade_price"),
    )


def _levels(row: Fields, side: str) -> Iterable[Level]:
    """The levels of one side without the empty ones; a book with one bad level is refused as a whole."""
    items = row.raw(side)
    if not isinstance(items, list | None):
        raise BadInput(f"{side} must be a list, not {show(items)}")
    levels: dict[int, int] = {}
    for item in items or ():
        level = Fields(item)
        price, size = level.micro("price"), level.micro("size")
        if not 0 < price < ONE:
            raise BadInput(f"{side} price must lie strictly between 0 and 1, not {show(level.raw('price'))}")
        if not 0 <= size <= MICRO_MAX:
            raise BadInput(f"{side} size must not be negative, not {show(level.raw('size'))}")
        if price in levels:
            raise BadInput(f"{side} price {show(level.raw('price'))} appears twice")
        levels[price] = size
    return [(price, size) for price, size in levels.items() if size]
