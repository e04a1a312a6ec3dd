"""A load of N frames a second: level changes and trades, encoded once; only their times and hashes are written anew.

One frame in ten is a trade on RTDS, the others are level changes on the market channel for tokens somebody subscribed
to, away from the best prices, so that books stay sound.
"""

import asyncio

import msgspec

from tests.exchange.catalogue import Execution, Listing, Match, activity_frame, text
from tests.exchange.sockets import text_frame
from tests.exchange.world import CROWD, World

TICK_S = 0.005
TRADE_EVERY = 10
VARIANTS = 16
_STAMP = 1_111_111_111_111
_SECOND = 1_111_111_111
_TX = "0x" + "1" * 64
_ID = b'{"connection_id":"bG9hZGxvYWRsb2Fk",'


class Template:
    """A frame with places for the time in milliseconds, the time in seconds and the transaction."""

    def __init__(self, payload: bytes) -> None:
        self._frame = bytearray(text_frame(payload))
        self._stamps = _places(self._frame, str(_STAMP).encode())
        self._seconds = [
            at for at in _places(self._frame, str(_SECOND).encode()) if not any(s <= at < s + 13 for s in self._stamps)
        ]
        self._tx = _places(self._frame, _TX.encode())

    def at(self, stamp: bytes, count: int) -> bytes:
        """The frame as of now; ``stamp``: 13 digits; ``count`` makes its transaction one of its own."""
        for place in self._stamps:
            self._frame[place : place + 13] = stamp
        for place in self._seconds:
            self._frame[place : place + 10] = stamp[:10]
        for place in self._tx:
            self._frame[place + 50 : place + 66] = b"%016x" % count
        return bytes(self._frame)


def _places(frame: bytearray, sought: bytes) -> list[int]:
    found, at = [], frame.find(sought)
    while at >= 0:
        found.append(at)
        at = frame.find(sought, at + 1)
    return found


def trade_template(listing: Listing, wallet: str) -> Template:
    """A trade of a wallet as RTDS sends it."""
    match = Match(_TX, _SECOND * 1000, (Execution(wallet, listing.tokens[0], "BUY", 500_000, 12_340_000),))
    frame = activity_frame(listing, match, 0, kind="trades", at_ms=_STAMP)
    return Template(_ID + msgspec.json.encode(frame)[1:])


def change_templates(world: World, listing: Listing, token: str) -> list[Template]:
    """New sizes of a level far from the best price, in a row that ends where it began."""
    book = world.books[token]
    bid, ask = book.best()
    price = min(book.bids, default=10_000)
    sizes = [book.bids.get(price, 0) + (n + 1) % VARIANTS * 1_000_000 for n in range(VARIANTS)]
    return [
        Template(
            msgspec.json.encode(
                {
                    "market": listing.condition_id,
                    "price_changes": [
                        {
                            "asset_id": token,
                            "price": text(price),
                            "side": "BUY",
                            "size": text(size),
                            "hash": book.wire()["hash"],
                            "best_bid": text(bid or 0),
                            "best_ask": text(1_000_000 if ask is None else ask),
                        }
                    ],
                    "timestamp": str(_STAMP),
                    "event_type": "price_change",
                }
            )
        )
        for size in sizes
    ]


class Load:
    """Sends to whoever is connected; ``sent`` counts frames, once whoever hears them."""

    def __init__(self, world: World, rate: float) -> None:
        self._world = world
        self._rate = rate
        self._changes: dict[str, list[Template]] = {}
        self._trades: list[Template] = []
        self.sent = 0

    async def run(self) -> None:
        """Send until cancelled, in batches every few milliseconds."""
        loop = asyncio.get_running_loop()
        began, due = loop.time(), 0
        while True:
            await asyncio.sleep(TICK_S)
            owed = int((loop.time() - began) * self._rate) - due
            due += owed
            self._send(owed)

    def _send(self, owed: int) -> None:
        world, stamp = self._world, str(self._world.now_ms()).encode()
        tokens = list(
            dict.fromkeys(t for peer in world.market.peers.values() for t in peer.subscriptions if t in world.books)
        )
        trades: list[bytes] = []
        changes: dict[str, list[bytes]] = {}
        for _ in range(owed):
            self.sent += 1
            if self.sent % TRADE_EVERY == 0 or not tokens:
                trades.append(self._trade().at(stamp, self.sent))
            else:
                token = tokens[self.sent % len(tokens)]
                rows = self._change(token)
                changes.setdefault(token, []).append(rows[self.sent // len(tokens) % VARIANTS].at(stamp, self.sent))
        for peer in list(world.rtds.peers.values()):
            if "activity/trades" in peer.subscriptions and not peer.muted and trades:
                peer.write(b"".join(trades))
                world.rtds.sent += len(trades)
        for peer in list(world.market.peers.values()):
            mine = [frame for token, frames in changes.items() if token in peer.subscriptions for frame in frames]
            if mine and not peer.muted:
                peer.write(b"".join(mine))
                world.market.sent += len(mine)

    def _trade(self) -> Template:
        if not self._trades:
            listing = next(iter(self._world.listings.values()))
            leaders = [row["user_id"] for row in self._world.venue.content.leaderboard]
            self._trades = [trade_template(listing, wallet) for wallet in [CROWD, *leaders]]
        return self._trades[self.sent // TRADE_EVERY % len(self._trades)]

    def _change(self, token: str) -> list[Template]:
        if token not in self._changes:
            self._changes[token] = change_templates(self._world, self._world.listing_of[token], token)
        return self._changes[token]
