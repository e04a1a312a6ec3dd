"""Frames as the venue writes them, and a shelf with a reader whose facts are kept in a list."""

import json
from collections.abc import Callable, Sequence

from shared.adapters.polymarket.clob_public import RestBook
from shared.adapters.polymarket.market_channel.reader import Reader
from shared.adapters.polymarket.market_channel.shelf import Shelf
from shared.domain.instants import MILLISECOND
from shared.domain.messages import BookChange, BookSnapshot, FeedNotice, Payload
from shared.ports import Heard

MARKET = "0x" + "5f" * 32
YES = "52114319501245915516055106046884209969926127482827954674443846427813813222426"
NO = "48331043336612883890938759509493159234755048973500640148014422747788308965732"
NOW_MS = 1_776_325_200_000
NOW = NOW_MS * MILLISECOND
Levels = Sequence[tuple[str, str]]
BIDS: Levels = (("0.4", "100"), ("0.45", "50"))
ASKS: Levels = (("0.55", "30"), ("0.5", "20"))


def encode(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def levels(pairs: Levels) -> list[dict[str, str]]:
    return [{"price": price, "size": size} for price, size in pairs]


def book(
    token: str = YES, bids: Levels = BIDS, asks: Levels = ASKS, at: int = NOW_MS, **more: object
) -> dict[str, object]:
    return {
        "market": MARKET,
        "asset_id": token,
        "timestamp": str(at),
        "hash": "ab",
        "bids": levels(bids),
        "asks": levels(asks),
        "event_type": "book",
        **more,
    }


def change(
    price: str, size: str, side: str = "BUY", token: str = YES, best: tuple[str, str] | None = None
) -> dict[str, object]:
    told = {} if best is None else {"best_bid": best[0], "best_ask": best[1]}
    return {"asset_id": token, "price": price, "size": size, "side": side, "hash": "cd", **told}


def changes(*some: dict[str, object], at: int = NOW_MS + 1, **more: object) -> dict[str, object]:
    return {
        "market": MARKET,
        "price_changes": list(some),
        "timestamp": str(at),
        "event_type": "price_change",
        **more,
    }


def trade(**more: object) -> dict[str, object]:
    return {
        "asset_id": YES,
        "event_type": "last_trade_price",
        "fee_rate_bps": "0",
        "market": MARKET,
        "price": "0.5",
        "side": "BUY",
        "size": "85.36",
        "timestamp": str(NOW_MS + 2),
        "transaction_hash": "0xABC",
        **more,
    }


def tick(new: str = "0.001", at: int = NOW_MS + 3) -> dict[str, object]:
    return {
        "asset_id": YES,
        "event_type": "tick_size_change",
        "market": MARKET,
        "new_tick_size": new,
        "old_tick_size": "0.01",
        "timestamp": str(at),
    }


def rest(bids: Levels = BIDS, asks: Levels = ASKS, at: int | None = NOW_MS, token: str = YES) -> RestBook:
    def whole(pairs: Levels) -> tuple[tuple[int, int], ...]:
        return tuple((round(float(price) * 1e6), round(float(size) * 1e6)) for price, size in pairs)

    when = None if at is None else at * MILLISECOND
    return RestBook(token, MARKET, whole(bids), whole(asks), when, "", 10_000, 5_000_000, False, 500_000)


class Listening:
    """Reads frames into a shelf that follows the two tokens of one market; what is heard and asked for is kept."""

    connection = 7

    def __init__(self, *tokens: str, ask: Callable[[str], None] | None = None) -> None:
        self.heard: list[Heard] = []
        self.asked: list[str] = []
        self.listed: list[tuple[str, str, tuple[str, ...]]] = []
        self.shelf = Shelf(self.heard.append, ask or self.asked.append)
        self.reader = Reader(self.shelf, lambda slug: slug.startswith("btc-"), lambda *all_: self.listed.append(all_))
        self.tokens = dict.fromkeys(tokens or (YES, NO))
        for token in self.tokens:
            self.shelf.keep(token, NOW)

    def take(self, *content: object, at: int = NOW) -> list[Payload]:
        """Facts heard of each frame; bytes are a frame as they are."""
        before = len(self.heard)
        for one in content:
            self.reader.take(one if isinstance(one, bytes) else encode(one), self, at)
        return [heard.payload for heard in self.heard[before:]]

    def facts(self) -> list[Payload]:
        return [heard.payload for heard in self.heard]

    def reasons(self) -> list[str]:
        return [fact.reason for fact in self.facts() if isinstance(fact, FeedNotice)]

    def bests(self, token: str = YES) -> tuple[int, int] | None:
        kept = self.shelf.kept[token].book
        return None if kept is None else (kept.best_bid, kept.best_ask)


def told_books(facts: Sequence[Payload]) -> list[BookSnapshot]:
    return [fact for fact in facts if isinstance(fact, BookSnapshot)]


def told_changes(facts: Sequence[Payload]) -> list[BookChange]:
    return [fact for fact in facts if isinstance(fact, BookChange)]
