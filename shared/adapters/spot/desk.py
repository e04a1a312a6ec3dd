"""What every spot feed does with what it decoded: number, check, hand on, and say what is odd."""

from collections.abc import Callable

from msgspec import Struct

from shared.adapters.sockets import Hear, Sparing, Voice
from shared.adapters.spot.sanity import Finding, Sanity
from shared.adapters.spot.sequence import Novelty, TradeNumbers
from shared.domain.messages import NoticeKind, Payload, SpotTrade
from shared.ports import Heard


class SpotCounts(Struct):
    """What a spot feed did so far. ``cut``: facts with digits beyond the millionth; ``dust``: trades below one.

    ``older``: states not newer than the one heard before; ``ignored``: messages that say nothing of a followed coin.
    """

    facts: int = 0
    trades: int = 0
    repeated: int = 0
    missing: int = 0
    refused: int = 0
    cut: int = 0
    dust: int = 0
    older: int = 0
    ignored: int = 0


class SpotDesk:
    """One feed's way out. ``clock`` tells nanoseconds UTC."""

    def __init__(self, feed: str, hear: Hear, clock: Callable[[], int]) -> None:
        self.counts = SpotCounts()
        self.sanity = Sanity()
        self.numbers = TradeNumbers()
        self.voice = Voice(feed, hear, clock)
        self._feed = feed
        self._hear = hear
        self._cut_said: dict[str, None] = {}
        self._refusals = Sparing(self.voice, NoticeKind.REFUSED, clock)

    def trade(self, fact: SpotTrade, venue_at: int, received_at: int, connection: int) -> None:
        """A trade: handed on unless heard already; a hole in the numbers and a jump of the price are told."""
        novelty, hole = self.numbers.see(fact.symbol, fact.trade_id, connection)
        if hole is not None:
            self.missed(hole.count, str(hole), connection)
        if novelty is Novelty.REPEATED:
            self.counts.repeated += 1
            return
        if novelty is Novelty.RESTARTED:
            self.voice.notice(
                NoticeKind.GAP, f"trade numbers of {fact.symbol} begin anew at {fact.trade_id}", connection
            )
        self._find(self.sanity.price(fact.symbol, fact.price, venue_at), connection)
        if fact.size == 0:
            self.counts.dust += 1
            return
        self.counts.trades += 1
        self.state(fact, venue_at, received_at)

    def state(self, fact: Payload, venue_at: int, received_at: int) -> None:
        """Any other fact."""
        self.counts.facts += 1
        self._hear(Heard(self._feed, received_at, venue_at, fact))

    def timed(self, venue_at: int, received_at: int, connection: int) -> None:
        """A message the exchange dated when it sent it: what the clocks are compared by."""
        self._find(self.sanity.clock.take(venue_at, received_at), connection)

    def missed(self, count: int, reason: str, connection: int) -> None:
        """Trades that were never heard."""
        self.counts.missing += count
        self.voice.notice(NoticeKind.GAP, reason, connection)

    def cut(self, symbol: str) -> None:
        """Digits beyond the millionth were dropped; said once per symbol, counted always."""
        self.counts.cut += 1
        if symbol not in self._cut_said:
            self._cut_said[symbol] = None
            self.voice.notice(
                NoticeKind.DROPPED,
                f"numbers of {symbol} have more than six decimals; they are rounded down to the sixth",
            )

    def refuse(self, reason: str, connection: int) -> None:
        """A frame that cannot be used: counted, and told now and then."""
        self.counts.refused += 1
        self._refusals.say(reason, connection)

    def closed(self, connection: int) -> None:
        """A connection is no more."""
        for hole in self.numbers.closed(connection):
            self.missed(hole.count, str(hole), connection)

    def _find(self, finding: Finding | None, connection: int) -> None:
        if finding is not None:
            kind, reason = finding
            self.voice.notice(kind, reason, connection)
