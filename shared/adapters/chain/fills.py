"""From logs to whale trades: each fill told once per connection, dated by its block, under its market's name.

Equal rows within one delivery are separate fills (design.md 3), so a log must count exactly once per connection however
often a node sends it: again after a subscription was renewed, again from a back-fill, and under another index when a
reorganisation moved its transaction into another block. Hence the count per block: only a block that holds more equal
fills of one transaction than were told adds one.
"""

from collections.abc import Callable

from msgspec import Struct

from shared.adapters.chain.logs import Filled
from shared.adapters.sockets import Hear, Voice
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import NoticeKind, WhaleTrade
from shared.domain.order import Side
from shared.ports import Heard

REMEMBERED = 50_000
"""Fills told per connection, kept to know them again: hours of all followed wallets."""
TIMES_MAX = 4_096
HELD_MAX = 10_000
UNKNOWN_MARKET_NS = 1 * MINUTE

Key = tuple[str, str, str, str, Side, int, int]


class Told(Struct):
    """How many equal fills of one transaction were told, and the indexes under which each block holds them."""

    count: int
    blocks: dict[str, dict[int, None]]


class Held(Struct, frozen=True):
    """A fill that cannot be told yet."""

    fill: Filled
    received_at: int
    delivery: int


class FillCounts(Struct):
    """What came of the logs so far."""

    told: int = 0
    repeated: int = 0
    removed: int = 0
    others: int = 0
    dropped: int = 0


class Fills:
    """``market_of`` maps a token to its market (None: not known yet; being asked for it is its hint to find out)."""

    def __init__(
        self, feed: str, hear: Hear, voice: Voice, market_of: Callable[[str], str | None], watched: dict[str, None]
    ) -> None:
        self.counts = FillCounts()
        self.watched = watched
        self._feed = feed
        self._hear = hear
        self._voice = voice
        self._market_of = market_of
        self._told: dict[Key, Told] = {}
        self._times: dict[int, int] = {}
        self._undated: dict[int, list[Held]] = {}
        self._unnamed: dict[str, list[tuple[Held, int]]] = {}

    def fresh(self) -> None:
        """A new connection: its rows are a new delivery, counted from nought."""
        self._told.clear()

    def take(self, fill: Filled, received_at: int, delivery: int) -> int | None:
        """A log. The number of its block when its time must be fetched first."""
        if fill.wallet not in self.watched:
            self.counts.others += 1
            return None
        if fill.removed:
            self._removed(fill, delivery)
            return None
        if not self._is_new(fill):
            self.counts.repeated += 1
            return None
        if fill.at is not None:
            self.block(fill.block, fill.at)
        held = Held(fill, received_at, delivery)
        at = self._times.get(fill.block)
        if at is not None:
            self._dated(held, at)
            return None
        waiting = self._undated.setdefault(fill.block, [])
        waiting.append(held)
        return fill.block if len(waiting) == 1 else None

    def block(self, number: int, at: int) -> None:
        """A block's time (nanoseconds)."""
        self._times[number] = at
        if len(self._times) > TIMES_MAX:
            del self._times[next(iter(self._times))]
        for held in self._undated.pop(number, []):
            self._dated(held, at)

    def knows(self, number: int) -> bool:
        """Whether a block's time is known."""
        return number in self._times

    def undated(self, number: int, reason: str) -> None:
        """A block's time cannot be had."""
        lost = self._undated.pop(number, [])
        self._drop(len(lost), f"fills of block {number}: its time cannot be had: {reason}")

    def cut(self) -> list[int]:
        """The connection is gone. Blocks whose fills were not told yet: they must be read again."""
        blocks = list(self._undated)
        self._undated.clear()
        return blocks

    def known(self, token: str, market: str) -> None:
        """A token's market is known now."""
        for held, at in self._unnamed.pop(token, []):
            self._tell(held, at, market)

    def expire(self, now: int) -> None:
        """Give up on fills whose market nobody named for a minute."""
        for token, waiting in list(self._unnamed.items()):
            kept = [(held, at) for held, at in waiting if now - held.received_at <= UNKNOWN_MARKET_NS]
            late = len(waiting) - len(kept)
            if kept:
                self._unnamed[token] = kept
            else:
                del self._unnamed[token]
            self._drop(late, f"fills of token {token}: its market was not known within {UNKNOWN_MARKET_NS // SECOND} s")

    def _is_new(self, fill: Filled) -> bool:
        key = (fill.tx, fill.order, fill.wallet, fill.token, fill.side, fill.price, fill.size)
        told = self._told.get(key)
        if told is None:
            told = self._told[key] = Told(0, {})
            if len(self._told) > REMEMBERED:
                del self._told[next(iter(self._told))]
        indexes = told.blocks.setdefault(fill.block_hash, {})
        indexes[fill.index] = None
        if len(indexes) <= told.count:
            return False
        told.count += 1
        return True

    def _removed(self, fill: Filled, delivery: int) -> None:
        self.counts.removed += 1
        reason = f"a reorganisation took back block {fill.block} with a fill of {fill.wallet} (transaction {fill.tx})"
        self._voice.notice(NoticeKind.RESYNC, reason, delivery)

    def _dated(self, held: Held, at: int) -> None:
        token = held.fill.token
        market = self._market_of(token)
        if market is not None:
            self._tell(held, at, market)
        elif sum(map(len, self._unnamed.values())) >= HELD_MAX:
            self._drop(1, f"fills of token {token}: {HELD_MAX} fills wait for their markets already")
        else:
            self._unnamed.setdefault(token, []).append((held, at))

    def _tell(self, held: Held, at: int, market: str) -> None:
        fill = held.fill
        trade = WhaleTrade(fill.wallet, market, fill.token, fill.side, fill.price, fill.size, fill.tx, held.delivery)
        self.counts.told += 1
        self._hear(Heard(self._feed, held.received_at, at, trade))

    def _drop(self, count: int, what: str) -> None:
        if count:
            self.counts.dropped += count
            self._voice.notice(NoticeKind.DROPPED, f"{count} {what}")
