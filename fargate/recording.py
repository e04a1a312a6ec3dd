"""What is recorded when nobody trades: every stream, the leaders' trades, and the crypto windows as they open."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from msgspec.structs import replace

from fargate.streams import Interests, Streams, Tempo, clients_of, public_http
from shared.adapters.polymarket.catalogue import Catalogue
from shared.adapters.s3.raw import RawLog
from shared.adapters.sockets import Hear, Sparing, Voice
from shared.domain.errors import BadInput, Temporary
from shared.domain.messages import NoticeKind
from shared.engine.detection import DetectionParams
from shared.ports import Clock, Feed
from shared.settings import Settings

LEADERS = 50
ASK_AGAIN_S = 60.0


class Recorded:
    """One feed of everything. The leaders of the month and the wallets pinned by hand are watched."""

    name = "streams"

    def __init__(self, settings: Settings, clock: Clock, raw: RawLog | None, tempo: Tempo | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._tempo = tempo or Tempo()
        if raw is not None:
            sockets = replace(self._tempo.sockets, overhear=raw.add)
            market = replace(self._tempo.market, socket=replace(self._tempo.market.socket, overhear=raw.add))
            self._tempo = replace(self._tempo, sockets=sockets, market=market)

    async def run(self, hear: Hear) -> None:
        """Until cancelled."""
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(public_http(self._tempo.http))
            clients = clients_of(self._settings, http)
            interests = Interests(_nothing, lambda _: None, lambda: False)
            streams = Streams(self._settings, self._clock, clients, interests, DetectionParams(), self._tempo)
            catalogue = Catalogue(clients.gamma, self._clock.now, self._settings.feeds.symbols, streams.want)
            streams.watch(self._settings.copy.pinned_wallets)

            async def watch_leaders() -> None:
                failures = Sparing(Voice("leaderboard", hear, self._clock.now), NoticeKind.LOST, self._clock.now)
                while True:
                    try:
                        page = await clients.data.leaderboard("month", "PNL", LEADERS)
                    except (Temporary, BadInput) as error:
                        failures.say(str(error))
                        await asyncio.sleep(ASK_AGAIN_S)
                        continue
                    leaders = [row.wallet for row in page.rows]
                    streams.watch(dict.fromkeys([*self._settings.copy.pinned_wallets, *leaders]))
                    return

            async with asyncio.TaskGroup() as group:
                group.create_task(watch_leaders())
                for feed in (*streams.feeds(), catalogue):
                    group.create_task(feed.run(hear))


def _nothing() -> Sequence[str]:
    return ()


def recorded_feeds(settings: Settings, clock: Clock, raw: RawLog | None) -> Sequence[Feed]:
    """What the `record` command records."""
    return (Recorded(settings, clock, raw),)
