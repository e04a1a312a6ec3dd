"""Who is followed while a live run goes on: ranked every few hours beside it, published, noticed, handed to the trader.

Ranking takes minutes of requests and arithmetic, so it runs in a process of its own (`python -m fargate rank`), which
publishes what it finds. The trader looks for a newly published ranking every minute and follows it from then on,
whoever published it: in the cloud the functions do. Where ranking fails, the list in force stays.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from shared.adapters.clock import SystemClock
from shared.adapters.discovery.rankings import Published, published
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.domain.errors import Temporary
from shared.domain.instants import HOUR, MINUTE, SECOND, iso
from shared.domain.ledger import Record
from shared.domain.messages import Payload, VoicesPublished
from shared.domain.tables import Voices
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.detection import Whale
from shared.ports import Clock
from shared.settings import Settings

LOOK_EVERY_S = 60.0
RETRY_NS = 15 * MINUTE
"""After a ranking that failed."""
TERMINATE_S = 5.0
LEADERBOARD = "leaderboard"

Say = Callable[[str], None]
Rank = Callable[[], Awaitable[str]]
"""One round of discovery and ranking that publishes; a sentence on what came of it, ``Temporary`` when it failed."""


class Schedule:
    """When wallets are ranked, and what is in force. ``rank`` None: somebody else ranks, we only look."""

    def __init__(
        self,
        read: Callable[[], Published | None],
        rank: Rank | None,
        say: Say,
        every_ns: int,
        clock: Clock | None = None,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._read = read
        self._rank = rank
        self._say = say
        self._every_ns = every_ns
        self._clock = clock or SystemClock()
        self._look_every_s = look_every_s
        self.voices: Voices | None = None
        """Who of the ranking in force speaks for himself; None where it was published without."""
        self._run = ""
        self._due = 0
        self._finished = asyncio.Event()

    @property
    def ranks(self) -> bool:
        """Whether wallets are ranked here, and not elsewhere."""
        return self._rank is not None

    def latest(self) -> Ranking | None:
        """The ranking in force, read now; None before the first. ``Temporary`` when it cannot be read."""
        found = self._read()
        if found is None:
            return None
        self._run, self.voices = found.run, found.voices
        self._due = found.ranking.as_of + self._every_ns
        return found.ranking

    async def run(self, follow: Callable[[Ranking], None]) -> None:
        """Rank when it is time and hand every newly published ranking to ``follow``, until cancelled.

        ``voices`` are those of the ranking that is handed over.
        """
        await first_of(self._rank_forever(), self._look_forever(follow))

    def tell_voices(self, handle_now: Callable[[Payload, int], None], at: int) -> bool:
        """Hand the voices of the ranking in force to the engine, after the ranking itself; whether there were any.

        ``handle_now``: a driver's.
        """
        if self.voices is None:
            return False
        handle_now(VoicesPublished(self.voices), at)
        return True

    async def _rank_forever(self) -> None:
        while self._rank is not None:
            await asyncio.sleep(max(0, self._due - self._clock.now()) / SECOND)
            self._say("ranking wallets from the venue's public record; trading goes on meanwhile")
            try:
                told = await self._rank()
            except Temporary as error:
                self._due = self._clock.now() + min(RETRY_NS, self._every_ns)
                self._say(f"no new ranking: {error}; the list in force stays")
            else:
                self._due = self._clock.now() + self._every_ns
                self._say(told)
            self._finished.set()
        await asyncio.Event().wait()  # nothing to rank here: the other half goes on

    async def _look_forever(self, follow: Callable[[Ranking], None]) -> None:
        while True:
            try:
                found = await asyncio.to_thread(self._read)
            except Temporary as error:
                self._say(f"the published ranking cannot be read: {error}; the list in force stays")
            else:
                if found is not None and found.run != self._run:
                    self._run, self.voices = found.run, found.voices
                    follow(found.ranking)
            # Not `wait_for`: in Python 3.11 it can swallow a cancellation.
            try:
                async with asyncio.timeout(self._look_every_s):
                    await self._finished.wait()
            except TimeoutError:
                continue
            self._finished.clear()


async def first_of(*work: Coroutine[Any, Any, None]) -> None:
    """Run side by side until one ends or fails; the others are cancelled, and its failure is ours."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


# ---------------------------------------------------------------------- who is watched


def watch_list(
    ranked: Ranking | None,
    pinned: Iterable[str],
    leaders: Iterable[str],
    held: Iterable[str],
    known: Mapping[str, Whale],
    as_of: int,
) -> Ranking:
    """Everybody whose trades are heard: the ranked, best first; then those pinned by hand; while nobody is ranked, the
    leaderboard; and the sources of what we hold. The last two are never copied into a position.

    ``known``: what the engine has seen of wallets; a pinned wallet keeps the record it earned under our eyes.
    """
    wallets = {} if ranked is None else {wallet.wallet: wallet for wallet in ranked.wallets}
    nobody = not wallets
    for name in pinned:
        seen = known.get(name)
        record = (0, 0) if seen is None else (seen.n_markets, seen.edge_total)
        wallets.setdefault(name, RankedWallet(name, len(wallets) + 1, *record, pinned=True))
    for name in [*(leaders if nobody else ()), *held]:
        wallets.setdefault(name, RankedWallet(name, len(wallets) + 1, watched_only=True))
    return Ranking(as_of, LEADERBOARD if ranked is None else ranked.source, tuple(wallets.values()))


def said_of(watch: Ranking, ranked: Ranking | None) -> str:
    """Who is followed, in one sentence."""
    pinned = sum(wallet.pinned for wallet in watch.wallets)
    watched = sum(wallet.watched_only for wallet in watch.wallets)
    copied = len(watch.wallets) - pinned - watched
    also = f", {pinned} pinned by hand" if pinned else ""
    if copied and ranked is not None:
        return f"following {copied} wallets of the ranking of {iso(ranked.as_of)[:19]}Z{also}"
    why = "nobody is ranked yet" if ranked is None else f"the ranking of {iso(ranked.as_of)[:19]}Z follows nobody"
    return f"{why}: watching {watched} wallets without copying them{also}"


def held_sources(records: Sequence[Record]) -> list[str]:
    """The wallets whose trades brought us what we still hold."""
    last = {record.position.key: record.position for record in records if record.position is not None}
    return list(dict.fromkeys(position.source for position in last.values() if position.size > 0))


# ---------------------------------------------------------------------- the ranking beside the trader


def schedule_of(settings: Settings, tables: Tables, rank: Rank | None, say: Say) -> Schedule:
    """The schedule over the ranking published in these tables; ``rank`` None where functions publish it."""
    every_ns = settings.copy.rank_every_hours * HOUR
    return Schedule(lambda: published(tables, settings.account, time.sleep), rank, say, every_ns)


def rank_beside(settings: Settings, endpoint: Endpoint, say: Say) -> Rank:
    """Rankings in a process of their own, published in the tables of ``endpoint``."""
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": endpoint.host or "",
        "ACCOUNT": settings.account,
        "TABLE_PREFIX": settings.state.table_prefix,
    }
    command = [sys.executable, "-m", "fargate", "rank", "--gently"]
    return lambda: rank_in_process(command, environment, say)


async def rank_in_process(command: Sequence[str], environment: Mapping[str, str], say: Say) -> str:
    """Run the command, tell what it says, return its last words; ``Temporary`` when it fails. Ends with us."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is ours to pass on
    )
    assert process.stdout is not None
    assert process.stderr is not None
    last = ""
    try:
        async for raw in process.stderr:
            last = raw.decode(errors="replace").strip() or last
            say(f"  {last[:200]}")
        told = (await process.stdout.read()).decode(errors="replace").strip()
        code = await process.wait()
    finally:
        if process.returncode is None:
            await _end(process)
    if code != 0:
        raise Temporary(last[:200].removeprefix("fargate rank: ") or f"the ranking process ended with {code}")
    return told


async def _end(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(TERMINATE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
