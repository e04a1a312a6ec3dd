"""Books over REST: they confirm what the stream built, or take its place, and never undo what is newer."""

from enum import Enum

from shared.adapters.polymarket.clob_public import RestBook
from shared.adapters.polymarket.market_channel.kept import Kept
from shared.adapters.polymarket.market_channel.shelf import Shelf, latest_ms
from shared.domain.instants import MILLISECOND
from shared.domain.messages import NoticeKind
from shared.domain.money import format_micro
from shared.engine.books import Book

STALE_MS = 10_000
"""Data older than ten seconds is refused (spec 2): a book this much older than a trade that moved it is no news."""


class Outcome(Enum):
    """What an answer did to our book."""

    NOT_WANTED = "not wanted"
    CONFIRMED = "confirmed"
    TOO_OLD = "too old"
    RESTORED = "restored"
    CONTRADICTED = "contradicted"


def take_answer(shelf: Shelf, rest: RestBook, received_at: int) -> Outcome:
    """One answer; one that is too old tells nothing, and the book must be asked for again."""
    kept = shelf.kept.get(rest.token_id)
    if kept is None:
        return Outcome.NOT_WANTED
    _learn(kept, rest)
    book = kept.book
    at_ms = (rest.venue_at_ns or 0) // MILLISECOND
    if at_ms < kept.traded_ms - STALE_MS:
        shelf.counts.rest_too_old += 1
        return Outcome.TOO_OLD
    if book is not None and _same(book, rest):
        shelf.counts.rest_confirmed += 1
        kept.asks = 0
        book.confirmed(received_at)
        shelf.tell(kept, received_at)
        return Outcome.CONFIRMED
    if not (kept.venue_ms if book is not None else kept.lost_ms) <= at_ms <= latest_ms(received_at):
        shelf.counts.rest_too_old += 1
        return Outcome.TOO_OLD
    fresh = Book(rest.bids, rest.asks, received_at)
    if book is not None:
        shelf.counts.resyncs += 1
        shelf.notice(NoticeKind.RESYNC, f"{rest.token_id}: the book over REST is another one", received_at)
    for venue_ms, side, price, size in kept.waiting:
        if venue_ms >= at_ms:
            fresh.change(side, price, size, received_at)
            at_ms = venue_ms
    shelf.counts.rest_replaced += 1
    kept.market = rest.condition_id
    kept.venue_ms = at_ms
    shelf.show(kept, fresh, received_at)
    return Outcome.RESTORED if book is None else Outcome.CONTRADICTED


def _same(book: Book, rest: RestBook) -> bool:
    """Every level is the answer's. (Its hash covers its time and the last trade as well, so it says less.)"""
    return book.bids == dict(rest.bids) and book.asks == dict(rest.asks)


def _learn(kept: Kept, rest: RestBook) -> None:
    """What the hash of a book covers besides its levels."""
    facts = kept.facts
    if rest.tick_size_micro is not None:
        facts.tick_size = format_micro(rest.tick_size_micro)
    if rest.min_size_micro is not None:
        facts.min_order_size = format_micro(rest.min_size_micro)
    if rest.last_trade_micro is not None:
        facts.last_trade_price = format_micro(rest.last_trade_micro)
