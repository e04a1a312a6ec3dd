"""The real-time activity stream as a feed: every trade with its wallet, pushed, over several sockets at once.

A socket of this stream may fall silent while it goes on answering pings, each for itself, and only a new connection
brings data again; so several run side by side, each with a watchdog on data. No socket can be asked for some wallets
only: the filter is here. Facts of followed wallets are heard once each, as one delivery of source ``rtds``.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Protocol

from msgspec.structs import replace

from shared.adapters.polymarket.rtds_fills import Fills
from shared.adapters.polymarket.rtds_frames import (
    SINGLE_BYTES,
    SUBSCRIBE,
    WALLET_FROM,
    WALLET_KEY,
    WALLET_TO,
    Message,
    Row,
    complaint_of,
    happened_at,
    is_activity,
    is_wallet,
    messages_of,
    rows_of,
    trade_of,
    watch_list,
)
from shared.adapters.sockets import Health, Hear, Pool, Socket, SocketSettings, Sparing, Voice
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.messages import NoticeKind
from shared.engine.detection import DetectionParams
from shared.ports import Heard

NAME = "rtds"
PING_EVERY_S = 5.0
FRAME_BYTES_MAX = 256 * 1024
"""A hundred times the longest message seen; more is not decoded, because everything else would wait for it."""
AHEAD_NS = 2 * SECOND
"""A trade may be dated this far in our future before the clocks are called different."""


class Fallback(Protocol):
    """Who hears trades another way. (That it goes on alone is told by whoever knows every source's health.)"""

    def backfill_since(self, at: int) -> None:
        """Fetch at once what happened since this instant (nanoseconds)."""


class Activity:
    """The dialect of the stream, shared by its sockets: filter, decode, count, tell.

    ``delivery`` is the number all facts carry: doubles are told apart here, so what is heard is one delivery.
    ``unfollowed`` counts rows by wallets nobody follows, ``others`` messages that are no executions.
    A row older than ``remembered_ns`` is not heard: whoever listens could not tell it from one heard long ago.
    """

    name = NAME
    ping: str | None = "PING"
    ping_every_s = PING_EVERY_S
    max_age_s: float | None = None

    def __init__(
        self,
        url: str,
        hear: Hear,
        clock: Callable[[], int],
        delivery: int,
        *,
        watched: dict[bytes, None],
        fills: Fills,
        silence_s: float = 12.0,
        detection: DetectionParams | None = None,
    ) -> None:
        limits = detection or DetectionParams()
        voice = Voice(NAME, hear, clock)
        self.silence_s = silence_s
        self.refused_rows = Sparing(voice, NoticeKind.DROPPED, clock)
        self.late = Sparing(voice, NoticeKind.LATE, clock)
        self.ahead = Sparing(voice, NoticeKind.CLOCK, clock)
        self.complaints = Sparing(voice, NoticeKind.REFUSED, clock)
        self.heard = 0
        self.unfollowed = 0
        self.others = 0
        self._url = url
        self._hear = hear
        self._delivery = delivery
        self._watched = watched
        self._fills = fills
        self._late_ns = limits.max_age_ns
        self._remembered_ns = limits.window_ns

    def url(self) -> str:
        """The address, the same for every attempt."""
        return self._url

    def hello(self) -> list[str]:
        """Both kinds of executions; no acknowledgement is to be waited for (polymarket.md 8, row 21)."""
        return [SUBSCRIBE]

    def opened(self, connection: int) -> None:
        """Nothing is kept per connection."""

    def closed(self, connection: int, reason: str) -> None:
        """Nothing is kept per connection."""

    def refused(self, status: int) -> str:
        """The stream refuses nobody by country; what it answers is told."""
        return f"the activity stream answered the upgrade with {status}"

    def frame(self, data: bytes, connection: int, received_at: int) -> bool:
        """Leave out by its bytes what nobody follows; everything else is decoded."""
        at = data.find(WALLET_KEY)
        if (
            at > 0
            and data[at + WALLET_FROM : at + WALLET_TO].lower() not in self._watched
            and (len(data) < SINGLE_BYTES or data.count(WALLET_KEY) == 1)
        ):
            self.unfollowed += 1
            return True
        return self._decode(data, connection, received_at)

    def _decode(self, data: bytes, connection: int, received_at: int) -> bool:
        if len(data) > FRAME_BYTES_MAX:
            self.refused_rows.say(f"a frame of {len(data)} bytes is larger than any message", connection)
            return False
        try:
            messages = messages_of(data)
        except BadInput as error:
            self.refused_rows.say(str(error), connection)
            return False
        told = [message for message in messages if is_activity(message)]
        self.others += len(messages) - len(told)
        if not told:
            for complaint in filter(None, map(complaint_of, messages)):
                self.complaints.say(complaint, connection)
            return False
        if self._fills.is_new_frame(data, received_at):
            for message in told:
                self._take(message, connection, received_at)
        return True

    def _take(self, message: Message, connection: int, received_at: int) -> None:
        try:
            rows = rows_of(message)
        except BadInput as error:
            self.refused_rows.say(f"{message.type}: {error}", connection)
            return
        for row in rows:
            wallet = row.wallet.lower()
            if wallet.encode() in self._watched or not is_wallet(wallet):  # one that is none is refused below
                self._take_row(row, message.type, connection, received_at)
            else:
                self.unfollowed += 1

    def _take_row(self, row: Row, kind: str, connection: int, received_at: int) -> None:
        try:
            trade, venue_at = trade_of(row, connection), happened_at(row)
        except BadInput as error:
            self.refused_rows.say(f"{kind}: {error}", connection)
            return
        if not self._fills.is_new(trade, kind, received_at):
            return
        age_ns = received_at - venue_at
        if age_ns > self._late_ns:
            self.late.say(f"a trade of {trade.wallet} came {age_ns // SECOND} s late", connection)
            if age_ns > self._remembered_ns:
                return
        elif age_ns < -AHEAD_NS:
            self.ahead.say(f"a trade is dated {-age_ns // SECOND} s in the future", connection)
        self.heard += 1
        self._hear(Heard(NAME, received_at, venue_at, replace(trade, delivery=self._delivery)))


class RtdsFeed:
    """Feed ``rtds``. ``numbers`` gives every connection and every run its own number; see ``Socket`` for the rest.

    ``fallback`` is told what to fetch after every time in which no socket brought data.
    """

    def __init__(
        self,
        url: str,
        clock: Callable[[], int],
        numbers: Iterator[int],
        *,
        sockets: int = 3,
        silence_s: float = 12.0,
        detection: DetectionParams | None = None,
        fallback: Fallback | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
        settings: SocketSettings | None = None,
    ) -> None:
        self.fills = Fills(NAME)
        self.activity: Activity | None = None
        self.pool: Pool | None = None
        self._url = url
        self._clock = clock
        self._numbers = numbers
        self._sockets = sockets
        self._silence_s = silence_s
        self._detection = detection
        self._fallback = fallback
        self._sleep = sleep
        self._jitter = jitter
        self._monotonic = monotonic
        self._settings = settings
        self._watched: dict[bytes, None] = {}
        self._gap_from: int | None = None

    @property
    def name(self) -> str:
        """Leads its notices, its health and its rows on the tape."""
        return NAME

    def watch(self, wallets: Iterable[str]) -> None:
        """Hear these wallets and no others from the next frame on."""
        wanted = watch_list(wallets)
        self._watched.clear()
        self._watched.update(wanted)

    async def run(self, hear: Hear) -> None:
        """Keep the sockets until cancelled."""
        voice = Voice(NAME, hear, self._clock)
        activity = Activity(
            self._url,
            hear,
            self._clock,
            next(self._numbers),
            watched=self._watched,
            fills=self.fills,
            silence_s=self._silence_s,
            detection=self._detection,
        )
        began = self._clock()

        def changed(healthy: bool, _reason: str) -> None:
            if healthy:
                self._well(voice)
            else:
                self._gap_from = pool.last_data_at or self._gap_from or began

        health = Health(voice, changed)

        def make(_: int) -> Socket:
            return Socket(
                activity,
                hear,
                self._clock,
                self._numbers,
                health=health,
                sleep=self._sleep,
                jitter=self._jitter,
                monotonic=self._monotonic,
                settings=self._settings,
            )

        pool = Pool(make, self._sockets)
        self.activity, self.pool = activity, pool
        await pool.run()

    def _well(self, voice: Voice) -> None:
        """Data again: say how long there was none, and have that time fetched."""
        gap_from, self._gap_from = self._gap_from, None
        if gap_from is None:
            return
        seconds = (self._clock() - gap_from) / SECOND
        fetched = "nobody fetches it" if self._fallback is None else "it is fetched by polling"
        voice.notice(NoticeKind.GAP, f"no data for {seconds:.1f} s; {fetched}")
        if self._fallback is not None:
            self._fallback.backfill_since(gap_from)
