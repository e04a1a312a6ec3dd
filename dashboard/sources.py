"""The sources in words: what each does, how much and how fast it tells, what happened to it, what is alarming. Pure."""

import re
from collections.abc import Mapping

from dashboard.state import FEED_OK, Live, Measures, SourceShare
from dashboard.tables import Row
from dashboard.words import NOTHING, count
from shared.adapters.feeds.coverage import FAST, FAST_SHARE_LEAST, JUDGED_FROM
from shared.adapters.feeds.roles import BOOKS, JOBS, SPOT, WHALES
from shared.domain.instants import SECOND
from shared.domain.messages import NoticeKind

NAMES: dict[str, str] = {
    "rtds": "Real-time stream",
    "polygon": "Polygon chain",
    "activity": "Data API, polled",
    "trades": "Prints, polled",
    "market": "Market channel",
    "binance": "Binance",
    "coinbase": "Coinbase",
    "gamma": "Gamma, polled",
    "clock": "Clock check",
}
"""Each source as a reader would say it, in the order of the table."""
JOB_NAMES = {WHALES: "whale trades", BOOKS: "order books", SPOT: "spot prices"}
ALWAYS = {"trades": "prints where we hold", "gamma": "market data", "clock": "our clock"}
"""Sources with a job of their own."""
TOGETHER = "fast"
"""Names the fast sources taken together, as the trader publishes them."""
COVERAGE = "coverage"
"""Under this name the trader's health tells that the fast sources miss too much."""
NOT_SOURCES = (*JOBS, TOGETHER, COVERAGE, "views", "switch", "tape")
"""Other things that notices and health are told of."""
HAPPENED: dict[NoticeKind, str] = {
    NoticeKind.CONNECTED: "connected",
    NoticeKind.LOST: "connection lost",
    NoticeKind.SILENT: "open but silent",
    NoticeKind.GAP: "gap",
    NoticeKind.RESYNC: "read anew",
    NoticeKind.FALLBACK: "fell back",
    NoticeKind.REFUSED: "refused",
    NoticeKind.DROPPED: "messages dropped",
    NoticeKind.LATE: "too late",
    NoticeKind.CLOCK: "clocks differ",
}
DELAY_MOST_NS = 15 * SECOND
"""A p95 of a fast source above this is alarming: its own 2 to 3 s are the venue's and the chain's (specification 3)."""
DELAY_MOST_MS = 1_000.0
"""A p95 of our own stages above this is alarming (specification 2)."""
JOB_DONE = re.compile(r"(\w+) by ([\w-]+)")


def doing(progress: str) -> dict[str, str]:
    """Who does each job now, from the trader's own words: ``live: whales by rtds, books by market``."""
    if not progress.startswith("live:"):
        return {}
    return {job: source for job, source in JOB_DONE.findall(progress) if job in JOBS}


def happenings(notices: Mapping[str, int], about: str) -> str:
    """What happened to a source or a job, ``connected 3×, open but silent 2×``; empty for nothing."""
    found = [(words, notices.get(f"{about} {kind.value}", 0)) for kind, words in HAPPENED.items()]
    return ", ".join(f"{words} {count(n)}×" for words, n in found if n)


def told_of(live: Live, measured: Measures) -> list[str]:
    """Every source that did something or should have, the known ones first."""
    notices = [name.rpartition(" ")[0] for name in measured.notices]
    named = [*measured.sources, *notices, *doing(live.progress).values(), *live.feeds]
    there = [name for name in dict.fromkeys(named) if name not in NOT_SOURCES]
    return [name for name in NAMES if name in there] + sorted(name for name in there if name not in NAMES)


def job(source: str, live: Live) -> str:
    """What is taken from a source now; or that it is down, or held in reserve."""
    if live.feeds.get(source, FEED_OK) != FEED_OK:
        return "✖ Down"
    done = doing(live.progress)
    mine = [JOB_NAMES[name] for name in JOBS if done.get(name) == source]
    if source in ALWAYS:
        mine.append(ALWAYS[source])
    if mine:
        return f"● {' and '.join(mine).capitalize()}"
    able = [JOB_NAMES[name] for name, sources in JOBS.items() if source in sources]
    return f"○ Reserve: {able[0]}" if able else NOTHING


def source_rows(live: Live, measured: Measures) -> list[Row]:
    """One row per source; delays in seconds. A source that tells no wallets has neither share nor delays."""
    return [
        {
            "source": NAMES.get(name, name),
            "job": job(name, live),
            **_told(measured.sources.get(name)),
            "notices": _news(name, live, measured),
        }
        for name in told_of(live, measured)
    ]


def _news(name: str, live: Live, measured: Measures) -> str:
    """What is wrong with a source now, and what happened to it before."""
    wrong = live.feeds.get(name, FEED_OK)
    parts = [] if wrong == FEED_OK else [f"Now: {wrong}"]
    return "; ".join([*parts, *filter(None, [happenings(measured.notices, name)])]) or NOTHING


def _told(share: SourceShare | None) -> Row:
    if share is None or share.of == 0:
        return {"told": None, "trades": NOTHING, "p50": None, "p95": None}
    return {
        "told": 100 * share.seen / share.of,  # not money: percent
        "trades": f"{count(share.seen)} of {count(share.of)}",
        "p50": _seconds(share.p50),
        "p95": _seconds(share.p95),
    }


def _seconds(delay: int | None) -> float | None:
    return None if delay is None else round(delay / SECOND, 3)  # not money: seconds to look at


def alarms(live: Live, measured: Measures) -> list[str]:
    """One sentence for each kind of figure that is worse than it may be; too few trades say nothing.

    Delays are judged where speed is the purpose: on the fast sources. Polling is slow by nature. Most of a fast
    source's delay is the venue's and the chain's (polymarket.md 5.5: 2 s to the median), which the sentence says.
    A share that the trader alarms itself stands in the banner of every page already.
    """
    said = []
    together = measured.sources.get(TOGETHER)
    if COVERAGE not in live.feeds and together is not None and _misses(together):
        said.append(
            f"The fast sources told {count(together.seen)} of {count(together.of)} trades of followed wallets "
            f"({together.seen / together.of:.1%}, at least {FAST_SHARE_LEAST:.0%} wanted)."
        )
    late = [f"{_late(p95)} ({NAMES[name]})" for name, p95 in _judged(measured) if p95 > DELAY_MOST_NS]
    if late:
        said.append(
            f"5% of the trades arrive {', '.join(late)} or more after they happened (limit 15 s; 2 to 3 s are usual "
            "before the venue or the chain tells anybody)."
        )
    slow = measured.decided_ms[1]
    if slow is not None and slow > DELAY_MOST_MS:
        said.append(
            f"5% of the decisions take {slow / DELAY_MOST_MS:.2f} s or more from a trade's arrival (limit 1 s)."
        )
    return said


def _misses(together: SourceShare) -> bool:
    return together.of >= JUDGED_FROM and together.seen < FAST_SHARE_LEAST * together.of


def _judged(measured: Measures) -> list[tuple[str, int]]:
    """The p95 of each fast source that told enough trades to be judged."""
    known = [(name, measured.sources[name]) for name in FAST if name in measured.sources]
    return [(name, found.p95) for name, found in known if found.seen >= JUDGED_FROM and found.p95 is not None]


def _late(delay: int) -> str:
    return f"{delay / SECOND:.2f} s"  # not money: seconds to look at


def own_speed(measured: Measures) -> str:
    """How fast we are ourselves: decisions, the event loop, and what could not be handed on at once."""
    parts = []
    if measured.decided_ms[0] is not None:
        parts.append(f"Arrival to decision: {_quantiles(('p50', 'p95', 'p99'), measured.decided_ms)}")
    if measured.lag_ms[0] is not None:
        parts.append(f"event loop late by {_quantiles(('p50', 'p99'), measured.lag_ms)}")
    parts.append(f"{count(measured.held_trades)} trades waited for market data")
    parts.append(f"{count(measured.merged)} facts merged under load")
    return " · ".join(parts)


def _quantiles(names: tuple[str, ...], values: tuple[float | None, ...]) -> str:
    return ", ".join(f"{name} {value:,.1f} ms" for name, value in zip(names, values, strict=True) if value is not None)


def handovers(measured: Measures) -> str:
    """How often a job went to another source, ``Whale trades: fell back 2×``; empty when none did.

    ``Roles`` tells a change for the better as "connected".
    """
    found = [(JOB_NAMES[name], happenings(measured.notices, name)) for name in JOBS]
    return " · ".join(
        f"{name.capitalize()}: {what.replace('connected', 'to a better source')}" for name, what in found if what
    )
