"""Every token's book as it is known, told to whoever listens, and lost as soon as something proves it wrong.

A book that is lost is shown empty (on which nothing trades) and asked for again. Changes that come meanwhile are kept
and go onto the answer, so an answer older than the stream never overwrites it.
"""

from collections.abc import Callable, Iterable

from shared.adapters.polymarket.market_channel.kept import KeeperCounts, Kept
from shared.domain.errors import BadInput
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import BookSnapshot, FeedNotice, NoticeKind, Payload
from shared.domain.money import format_micro
from shared.engine.books import Book
from shared.ports import Heard

FEED = "market"
SHOWN_NS = 5 * SECOND
"""After a subscription or a new tick size the stream shows the book within this."""
ASK_FIRST_NS = SECOND
ASK_MOST_NS = 32 * SECOND
AHEAD_NS = 60 * SECOND
"""How far ahead of our clock the venue may date something; further, its date would make everything after it late."""
NOTICES_PER_S = 20
"""Each becomes an event and a row of the tape; a venue gone mad must not drown what matters. The rest is counted."""


class Shelf:
    """``hear`` takes every fact; ``ask`` is called with a token whose book must be fetched (cheap, may be repeated).

    ``merging``: the reader lags; books move but are not told change by change, ``flush`` tells what they came to.
    ``latest_ms``: a message dated later is wrong, or our clock is; whoever reads messages keeps it.
    """

    def __init__(self, hear: Callable[[Heard], None], ask: Callable[[str], None]) -> None:
        self.counts = KeeperCounts()
        self.kept: dict[str, Kept] = {}
        self.merging = False
        self.dirty: dict[str, Kept] = {}
        self.latest_ms = 0
        self.hear = hear
        self._ask = ask
        self._noticed_at = 0
        self._noticed = 0

    def keep(self, token: str, now: int) -> None:
        """Follow a token from now on; its book is unknown until the stream shows it."""
        if token not in self.kept:
            self.kept[token] = Kept(token)
            self.expect(token, now)

    def expect(self, token: str, now: int) -> None:
        """The stream is about to show the book: it is not asked for before it should have come."""
        self.kept[token].ask_after = now + SHOWN_NS

    def drop(self, token: str, now: int) -> None:
        """Follow a token no longer; whoever listens is told that its book is not known any more."""
        kept = self.kept.pop(token, None)
        if kept is not None:
            kept.forget(0)
            self._tell_now(kept, now)
            self.dirty.pop(token, None)

    def book_of(self, token: str) -> BookSnapshot | None:
        """The book as it stands; None while it is unknown."""
        kept = self.kept.get(token)
        return None if kept is None or kept.book is None else kept.book.snapshot(kept.market, token)

    def age(self, token: str, now: int) -> int | None:
        """Nanoseconds since the book was last known to be right; None while it is unknown."""
        kept = self.kept.get(token)
        return None if kept is None or kept.book is None else now - kept.book.at

    def date(self, timestamp_ms: int) -> None:
        """``BadInput`` for a message of the future."""
        if timestamp_ms > self.latest_ms:
            raise BadInput(f"timestamp {timestamp_ms} is ahead of our clock, which allows {self.latest_ms}")

    # ------------------------------------------------------------------ shown

    def show(self, kept: Kept, book: Book, received_at: int) -> None:
        """This is the book from now on, unless it is crossed."""
        if book.crossed:
            self.counts.crossed += 1
            prices = f"bid {format_micro(book.best_bid)}, ask {format_micro(book.best_ask)}"
            self.lose(kept, f"a crossed book came: {prices}", received_at)
            return
        kept.book = book
        kept.waiting.clear()
        # Asked for only just: the next question waits, or a book that is lost again and again is asked for endlessly.
        kept.ask_after = min(kept.ask_after, received_at + ASK_FIRST_NS) if kept.asks else 0
        kept.asks = 0
        self.tell(kept, received_at)

    def tell(self, kept: Kept, received_at: int) -> None:
        """Say how a book stands: whole, or empty when it is unknown."""
        if self.merging:
            kept.dirty = True
            self.dirty[kept.token] = kept
        else:
            self._tell_now(kept, received_at)

    def _tell_now(self, kept: Kept, received_at: int) -> None:
        book = kept.book
        venue_at = kept.venue_ms * MILLISECOND
        if book is not None:
            self.say(book.snapshot(kept.market, kept.token), received_at, venue_at)
        elif kept.shown:
            self.say(BookSnapshot(kept.market, kept.token, (), ()), received_at, venue_at)
        kept.shown = book is not None

    def flush(self, now: int) -> None:
        """Tell the books that moved while ``merging``, each once."""
        dirty, self.dirty = self.dirty, {}
        for kept in dirty.values():
            self.counts.merged += 1
            kept.dirty = False
            self._tell_now(kept, now)

    def say(self, payload: Payload, received_at: int, venue_at: int) -> None:
        """A fact of this feed."""
        self.hear(Heard(FEED, received_at, venue_at, payload))

    def notice(self, kind: NoticeKind, reason: str, now: int) -> None:
        """Something a person may want to read; no more of them than a person could."""
        if now - self._noticed_at >= SECOND:
            self._noticed_at, self._noticed = now, 0
        self._noticed += 1
        if self._noticed > NOTICES_PER_S:
            self.counts.notices_untold += 1
            return
        self.say(FeedNotice(FEED, kind, reason), now, now)

    # ------------------------------------------------------------------ doubted and lost

    def doubt(self, kept: Kept, received_at: int) -> None:
        """Something speaks against the book without proof; when it does not move soon, it is checked."""
        if kept.book is not None and kept.doubted_at <= kept.book.at:
            kept.doubted_at = received_at

    def refuse(self, sentence: str, tokens: Iterable[str], received_at: int) -> None:
        """A message was not taken: books it was about may lack a change."""
        self.counts.refused += 1
        self.notice(NoticeKind.REFUSED, sentence, received_at)
        self.lose_all(tokens, "a message about them was refused", received_at)

    def lose_all(self, tokens: Iterable[str], reason: str, now: int) -> None:
        """Messages about these tokens were lost: books that were known are asked for again, told in one notice."""
        found = [self.kept.get(token) for token in dict.fromkeys(tokens)]
        lost = [kept for kept in found if kept is not None and kept.book is not None]
        for kept in lost:
            self.lose(kept, "", now)
        if lost:
            self.notice(NoticeKind.RESYNC, f"{len(lost)} book(s), first {lost[0].token}: {reason}", now)

    def lose(self, kept: Kept, reason: str, received_at: int) -> None:
        """The book cannot be trusted and is asked for; "" as reason when it was told already."""
        self.counts.resyncs += 1
        self._empty(kept, received_at)
        if reason:
            self.notice(NoticeKind.RESYNC, f"{kept.token}: {reason}", received_at)
        self.want(kept, received_at)

    def forget(self, kept: Kept, received_at: int) -> None:
        """The book is unknown; nobody is asked yet, because the stream itself will show it."""
        self.expect(kept.token, received_at)
        self._empty(kept, received_at)

    def _empty(self, kept: Kept, received_at: int) -> None:
        kept.forget(kept.venue_ms)
        self.tell(kept, received_at)

    def want(self, kept: Kept, now: int) -> None:
        """Ask for the book, each time after a longer wait until one is had."""
        if now >= kept.ask_after:
            kept.ask_after = now + min(ASK_FIRST_NS << min(kept.asks, 8), ASK_MOST_NS)
            kept.asks += 1
            self._ask(kept.token)


def latest_ms(now: int) -> int:
    """The latest date, in the venue's milliseconds, that something heard now may bear."""
    return (now + AHEAD_NS) // MILLISECOND
