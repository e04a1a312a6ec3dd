"""One connection to the market channel: what is asked for on it, and how it is kept alive."""

from collections.abc import Callable, Iterable

import msgspec

from shared.adapters.polymarket.market_channel.backlog import Backlog
from shared.adapters.polymarket.market_channel.shelf import FEED, Shelf
from shared.adapters.polymarket.market_channel.wire import PONG
from shared.domain.instants import SECOND

TOKENS_MAX = 500
"""Tokens of one connection; the cap in common use (polymarket.md 5.1, no official number found)."""
EXPLAINED_NS = 12 * SECOND
"""A PING every 10 s: within this, every PONG finds what the last check found."""
_NOTHING = (b"", b"[]", b"{}")


class Shard:
    """A dialect of the socket layer. ``lost`` is called with the shard and the reason when its connection ended."""

    name = FEED
    ping: str | None = "PING"
    ping_every_s = 10.0
    max_age_s: float | None = None

    def __init__(
        self,
        url: str,
        shelf: Shelf,
        backlog: Backlog,
        lost: Callable[["Shard", str], None],
        clock: Callable[[], int],
        silence_s: float,
    ) -> None:
        self.silence_s = silence_s
        self.tokens: dict[str, None] = {}
        self.connection = 0
        self.last_data_at = 0
        self.checked_at = 0
        self.contradicted = False
        """Whether a book over REST was another one than ours since data came last: the connection withholds news."""
        self._url = url
        self._shelf = shelf
        self._backlog = backlog
        self._lost = lost
        self._clock = clock

    def url(self) -> str:
        """The one address of the channel."""
        return self._url

    def hello(self) -> list[str]:
        """Everything wanted now; the venue answers with a whole book of each."""
        return [_frame({"type": "market", "assets_ids": [*self.tokens], "custom_feature_enabled": True})]

    def opened(self, connection: int) -> None:
        """The books come anew over this connection."""
        self.connection = connection
        self.last_data_at = now = self._clock()
        for token in self.tokens:
            self._shelf.expect(token, now)
        self.contradicted = False

    def frame(self, data: bytes, connection: int, received_at: int) -> bool:
        """Keep a frame for the reader; a PONG is worth as much as data only while silence is explained."""
        if connection != self.connection:
            return False  # of a connection that was given up
        if data == PONG:
            return self.silence_explained(received_at)
        if data in _NOTHING:
            return False
        self.last_data_at = received_at
        self.contradicted = False
        self._backlog.put(self, data, received_at)
        return True

    def silence_explained(self, now: int) -> bool:
        """Whether nothing came because nothing happened: every book we have was just confirmed over REST."""
        if not self.tokens:
            return True
        ages = [age for age in (self._shelf.age(token, now) for token in self.tokens) if age is not None]
        return bool(ages) and not self.contradicted and max(ages) <= EXPLAINED_NS

    def closed(self, connection: int, reason: str) -> None:
        """What came over it is worth nothing any more."""
        if connection == self.connection:
            self.connection = 0
            self._lost(self, reason)

    def refused(self, status: int) -> str:
        """What to say of an answer other than the upgrade."""
        if status in (403, 451):
            return f"the venue answered {status}: it does not serve this place or this client"
        if status == 429:
            return "the venue answered 429: too many connections"
        return f"the venue answered {status} instead of a socket"


def subscribe(tokens: Iterable[str]) -> str:
    """Tokens wanted from now on; each is answered with its whole book."""
    return _frame({"operation": "subscribe", "assets_ids": list(tokens), "custom_feature_enabled": True})


def unsubscribe(tokens: Iterable[str]) -> str:
    """Tokens wanted no longer."""
    return _frame({"operation": "unsubscribe", "assets_ids": list(tokens)})


def _frame(content: dict[str, object]) -> str:
    return msgspec.json.encode(content).decode()
