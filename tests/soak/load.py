"""Latency and rate: a load of so many frames a second from another process, and whether the trader keeps pace with it.

Memory is flat when its peak rises no more. The tape alone makes it go up and down (it is put every 45 s), so peaks of
90 s, two puts each, are compared: the last one may exceed the one before by ``GROWTH_SHARE`` of it. That leaves room
for what is kept by design for two hours (some kilobytes for each whale trade) and none for anything by the frame:
forty bytes for each of 5,000 frames a second would be seen.
"""

import asyncio
import contextlib
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from shared.adapters.feeds.quantiles import Quantiles
from shared.domain.instants import MILLISECOND
from tests.soak.exchange import Exchange, exchange, wallets_of
from tests.soak.figures import Figure, at_most, exactly
from tests.soak.trading import Trading

READY_S = 20.0
PEAK_S = 90.0
GROWTH_SHARE = 0.02
SAID_EVERY_S = 10.0
LAG_P99_MS = 20.0
BUSY_MOST = 0.6
"""A frame may cost 0.1 ms of processor, of about 6,000 a second (each trade comes over three sockets)."""
Say = Callable[[str], None]


class Load(Struct, frozen=True):
    """``followed`` and ``strangers``: how many of those who trade are followed, and how many are not."""

    rate: float
    seconds: float
    followed: int
    strangers: int


class Sample(Struct, frozen=True):
    """Seconds since the start, resident megabytes."""

    at_s: float
    rss_mb: float


class Loaded(Struct):
    """What a run under load measured. Delays in milliseconds; ``busy``: processor seconds per second of ours."""

    decided: list[float | None]
    lag: list[float | None]
    decisions: int
    sent: dict[str, int]
    received: dict[str, int]
    merged: int
    dropped: int
    busy: float
    rate: float
    samples: list[Sample]


def _ms(found: Quantiles, *shares: float) -> list[float | None]:
    return [None if (at := found.at(share)) is None else at / MILLISECOND for share in shares]


def rss_mb() -> float:
    """Resident memory of this process in megabytes: now where the system tells it, else the most so far."""
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def growth_mb(samples: Sequence[Sample]) -> float | None:
    """By how much the last peak exceeds the one before, in megabytes; None for a run too short to have both."""
    ended = samples[-1].at_s if samples else 0.0
    if ended < 3 * PEAK_S - 2.0:  # a peak's time to warm up, and the two
        return None
    last = max(one.rss_mb for one in samples if one.at_s > ended - PEAK_S)
    before = max(one.rss_mb for one in samples if ended - 2 * PEAK_S < one.at_s <= ended - PEAK_S)
    return last - before


class _Run:
    """One run: everything is followed first, then the figures begin anew."""

    def __init__(self, served: Exchange, load: Load, say: Say) -> None:
        self._served = served
        self._load = load
        self._say = say
        self.found: Loaded

    async def story(self, trading: Trading) -> None:
        """Get ready, wait while the load runs, and count at the end."""
        present = trading.present
        tokens = sum(len(market["token_ids"]) for market in self._served.markets)
        if not await trading.until(lambda: trading.doing.get("whales") == "rtds", READY_S):
            raise AssertionError(f"the stream was not heard within {READY_S:g} s: {trading.said}")
        await self._served.touch()
        if not await trading.until(lambda: len(_books_known(trading, self._served)) == tokens, READY_S):
            known = len(_books_known(trading, self._served))
            raise AssertionError(f"{known} of {tokens} books were known after {READY_S:g} s: {trading.said}")
        await self._served.load()
        await asyncio.sleep(1.0)
        trading.forget_delays()
        decided, lag = present.driver.decided, present.lag
        began, worked = time.monotonic(), time.process_time()
        samples = await self._sampled(trading, began)
        took = time.monotonic() - began
        busy = (time.process_time() - worked) / took
        sent = await self._served.rest()
        await trading.until(lambda: trading.received()["market"] >= sent["market"], 5.0)
        feed = present.streams.market
        assert feed is not None
        self.found = Loaded(
            _ms(decided, 0.5, 0.95, 0.99),
            _ms(lag, 0.5, 0.99),
            decided.count,
            {**sent, "rtds": sent["rtds"] + sent["rtds_pongs"]},
            trading.received(),
            present.inbox.merged.facts + feed.counts.keeper.merged,
            feed.counts.backlog.dropped + trading.tape.dropped,
            busy,
            sent["load"] / sent["load_ms"] * 1000,
            samples,
        )

    async def _sampled(self, trading: Trading, began: float) -> list[Sample]:
        samples: list[Sample] = []
        said = began
        while (now := time.monotonic()) - began < self._load.seconds:
            samples.append(Sample(now - began, rss_mb()))
            if now - said >= SAID_EVERY_S:
                said = now
                lag = _ms(trading.present.lag, 0.99)[0]
                self._say(f"{now - began:.0f} s: {samples[-1].rss_mb:.0f} MB, loop lag p99 {lag:.2f} ms")
            await asyncio.sleep(1.0)
        return samples


def _books_known(trading: Trading, served: Exchange) -> list[str]:
    tokens = [token for market in served.markets for token in market["token_ids"]]
    return [token for token in tokens if trading.present.streams.book_of(token) is not None]


async def loaded(load: Load, say: Say) -> Loaded:
    """Trade under this load."""
    options = [f"--rate={load.rate}", f"--followed={load.followed}", f"--strangers={load.strangers}"]
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        async with exchange("tests.soak.exchange", *options) as served:
            trading = Trading(
                {**served.settings, "SYMBOLS": "BTC"},
                wallets_of(load.followed, "followed"),
                Path(folder),
                keep_decisions=False,
            )
            run = _Run(served, load, say)
            await trading.during(run.story)
    return run.found


# ---------------------------------------------------------------------- the figures


def latency_figures(found: Loaded) -> list[Figure]:
    """From the socket to the decision, and how late the loop is."""
    return [
        at_most("latency", "socket to decision, p50", found.decided[0], 1.0, "ms"),
        at_most("latency", "socket to decision, p99", found.decided[2], 5.0, "ms"),
        at_most("latency", "loop lag, p99", found.lag[1], LAG_P99_MS, "ms"),
        *_nothing_lost("latency", found),
    ]


def rate_figures(found: Loaded, asked: float) -> list[Figure]:
    """Whether every frame was read at this rate, on well under one core, with flat memory."""
    reached = f"{found.rate:,.0f} /s"
    figures = [
        Figure("rate", "frames sent a second", f">= {asked * 0.98:,.0f} /s", reached, found.rate >= asked * 0.98),
        *_nothing_lost("rate", found),
        at_most("rate", "loop lag, p99", found.lag[1], LAG_P99_MS, "ms"),
        at_most("rate", "processor of this process", found.busy, BUSY_MOST, "cores"),
    ]
    growth = growth_mb(found.samples)
    if growth is None:
        return figures
    allowed = GROWTH_SHARE * max(one.rss_mb for one in found.samples)
    return [*figures, at_most("rate", "memory, last peak over the one before", growth, allowed, "MB")]


def _nothing_lost(soak: str, found: Loaded) -> list[Figure]:
    return [
        exactly(soak, "frames received, market channel", found.received["market"], found.sent["market"]),
        exactly(soak, "frames received, activity stream", found.received["rtds"], found.sent["rtds"]),
        exactly(soak, "merged or dropped", found.merged + found.dropped, 0),
    ]


def latency(minutes: float, say: Say) -> list[Figure]:
    """500 frames a second, nine whale trades in nineteen."""
    found = asyncio.run(loaded(Load(500.0, min(minutes, 1.0) * 60, 9, 9), say))
    say(f"{found.decisions} decisions, p95 {found.decided[1]} ms; lag p50 {found.lag[0]} ms; {found.busy:.2f} cores")
    return latency_figures(found)


def rate(minutes: float, say: Say) -> list[Figure]:
    """5,000 frames a second, one whale trade in twenty."""
    load = Load(5_000.0, min(minutes, 5.0) * 60, 1, 18)
    found = asyncio.run(loaded(load, say))
    say(f"{found.decisions} decisions, p50, p95, p99 {found.decided} ms; lag p50 {found.lag[0]} ms")
    if growth_mb(found.samples) is None:
        say(f"memory is not judged: that takes {3 * PEAK_S:.0f} s, not {load.seconds:.0f}")
    return rate_figures(found, load.rate)
