"""The CLOB's market channel: books, level changes, prints, ticks, new and resolved markets (polymarket.md 5.1)."""

import json
from collections.abc import Callable, Sequence

import msgspec

from tests.exchange.books import Book, Change
from tests.exchange.catalogue import ONE, Listing, Wire, text
from tests.exchange.sockets import Channel, Peer
from tests.exchange.troubles import Troubles

ASSETS_MAX = 500
CROSSED_SIZE = 10 * ONE
_BOOK_EVENTS = ("book", "price_change", "best_bid_ask")


class MarketChannel(Channel):
    """``book_of`` gives the live book of a token, None when there is none."""

    name = "market"

    def __init__(self, troubles: Troubles, book_of: Callable[[str], Book | None]) -> None:
        super().__init__(troubles)
        self._book_of = book_of

    def message(self, peer: Peer, text: bytes) -> None:
        if text == b"PING":
            self.answer(peer, b"PONG")
            return
        try:
            asked = json.loads(text)
            tokens = [str(token) for token in asked.get("assets_ids", [])]
        except (ValueError, AttributeError, TypeError):
            self.answer(peer, b"INVALID OPERATION")
            return
        if "custom_feature_enabled" in asked:
            peer.about["custom"] = bool(asked["custom_feature_enabled"])
        if asked.get("operation") == "unsubscribe":
            for token in tokens:
                peer.subscriptions.pop(token, None)
            return
        new = [token for token in tokens if token not in peer.subscriptions][: ASSETS_MAX - len(peer.subscriptions)]
        peer.subscriptions.update(dict.fromkeys(new, True))
        if asked.get("initial_dump", True):
            self._dump(peer, new, together="operation" not in asked)

    def _dump(self, peer: Peer, tokens: Sequence[str], *, together: bool) -> None:
        """Books of new tokens: all in one array after the first frame, one frame each later."""
        books = [self._shown(book.message()) for token in tokens if (book := self._book_of(token)) is not None]
        if together:
            self.emit([peer], msgspec.json.encode(books))
        else:
            for shown in books:
                self.emit([peer], msgspec.json.encode(shown))

    # ------------------------------------------------------------------ what happens

    def changed(self, book: Book, changes: Sequence[Change], before: tuple[int | None, int | None]) -> None:
        """Levels of a book have new totals."""
        if not changes:
            return
        event: Wire = {
            "market": book.listing.condition_id,
            "price_changes": [_change(book.token, one) for one in changes],
            "timestamp": str(book.at_ms),
            "event_type": "price_change",
        }
        self._tell(book.token, [event])
        if book.best() != before:
            bid, ask = book.best()
            self._tell(book.token, [_bests(book, bid or 0, ONE if ask is None else ask)], custom=True)

    def whole(self, book: Book, *, after: Wire | None = None) -> None:
        """Send a book as it stands, together with the print that moved it when there is one."""
        if after is None:
            self._tell(book.token, [book.message()])
        elif self.troubles.on("dup", self.name) or self.troubles.on("reorder", self.name):
            self.printed(after)  # what strikes prints must not strike the book
            self._tell(book.token, [book.message()])
        else:
            self._tell(book.token, [after, book.message()])

    def printed(self, event: Wire) -> None:
        """A settlement: one message with the taker's token, side and size."""
        self._tell(event["asset_id"], [event], trade=True)

    def tick(self, book: Book, old: int, at_ms: int) -> None:
        """The tick size changed; the book follows."""
        event = {
            "asset_id": book.token,
            "event_type": "tick_size_change",
            "market": book.listing.condition_id,
            "new_tick_size": text(book.listing.tick),
            "old_tick_size": text(old),
            "timestamp": str(at_ms),
        }
        self._tell(book.token, [event])

    def listed(self, listing: Listing, at_ms: int) -> None:
        """A market is new: told to everyone with the custom feature, whatever they subscribed to."""
        peers = [peer for peer in self.peers.values() if peer.about.get("custom")]
        self.emit(peers, msgspec.json.encode(listing.announced(at_ms)))

    def resolved(self, listing: Listing, at_ms: int) -> None:
        """A market paid: told with the custom feature to those subscribed to one of its tokens."""
        peers = [
            peer
            for peer in self.peers.values()
            if peer.about.get("custom") and any(token in peer.subscriptions for token in listing.tokens)
        ]
        self.emit(peers, msgspec.json.encode(listing.resolved(at_ms)))

    # ------------------------------------------------------------------ the way out

    def subscribed(self, token: str, *, custom: bool = False) -> list[Peer]:
        """Who hears of a token."""
        return [
            peer
            for peer in self.peers.values()
            if token in peer.subscriptions and (not custom or peer.about.get("custom"))
        ]

    def _tell(self, token: str, events: Sequence[Wire], *, custom: bool = False, trade: bool = False) -> None:
        if self.troubles.on("stale-book", self.name):
            events = [event for event in events if event["event_type"] not in _BOOK_EVENTS]
        peers = self.subscribed(token, custom=custom)
        if not peers or not events:
            return
        shown = [self._shown(event) for event in events]
        self.emit(peers, msgspec.json.encode(shown if len(shown) > 1 else shown[0]), trade=trade)

    def _shown(self, event: Wire) -> Wire:
        """An event as sent; under ``crossed`` with a bid above the best ask."""
        if not self.troubles.on("crossed", self.name):
            return event
        if event["event_type"] == "book" and event["asks"]:
            return {
                **event,
                "bids": [*event["bids"], {"price": _above(event["asks"][-1]["price"]), "size": text(CROSSED_SIZE)}],
            }
        if event["event_type"] == "price_change":
            last = event["price_changes"][-1]
            if last["best_ask"] != "1":
                bid = _above(last["best_ask"])
                wrong = {**last, "side": "BUY", "price": bid, "size": text(CROSSED_SIZE), "best_bid": bid}
                return {**event, "price_changes": [*event["price_changes"], wrong]}
        return event


def _above(price: str) -> str:
    return text(min(round(float(price) * ONE) + 10_000, ONE - 1_000))


def _change(token: str, one: Change) -> Wire:
    return {
        "asset_id": token,
        "price": text(one.price),
        "side": one.side,
        "size": text(one.size),
        "hash": one.hash,
        "best_bid": text(one.best_bid or 0),
        "best_ask": text(ONE if one.best_ask is None else one.best_ask),
    }


def _bests(book: Book, bid: int, ask: int) -> Wire:
    return {
        "event_type": "best_bid_ask",
        "market": book.listing.condition_id,
        "asset_id": book.token,
        "best_bid": text(bid),
        "best_ask": text(ask),
        "spread": text(ask - bid),
        "timestamp": str(book.at_ms),
    }
