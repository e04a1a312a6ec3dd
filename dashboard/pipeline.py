"""The way from a wallet that is seen to one that is followed, in counts and words. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import msgspec
from msgspec import Struct

from dashboard.leaderboard import REASONS
from dashboard.rankings import Run
from dashboard.words import age, count, ratio, stamp
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND

SOURCES = {
    "leaderboard": "Leaderboards",
    "large_trade": "Large trades",
    "holder": "Holders of busy markets",
}
"""Who names wallets, by the beginning of the source's name."""


class Discovery(Struct, frozen=True):
    """What the last run of discovery did; ``at`` in nanoseconds. ``failed``: wallets whose rows could not be read this
    time; ``left``: not reached in time. ``sources``: wallets that each source named (one may be named by several).
    """

    at: int
    wallets: int
    objects: int
    rows: int
    refused: int
    resolved: int
    pending: int
    failed: int
    left: int
    sources: dict[str, int] = {}


class Step(Struct, frozen=True):
    """One step of the way: how many wallets came so far, and what that means."""

    name: str
    wallets: int
    meaning: str


def discovery_of(stamp_s: str, row: Mapping[str, object], named: Iterable[str | None]) -> Discovery:
    """The last run from its row, its candidates' sources and the second it is named by; ``BadInput`` if unreadable."""
    sources = Counter(kind for text in named for kind in {_kind(source) for source in (text or "").split(",")} if kind)
    try:
        return msgspec.convert({**row, "at": int(stamp_s) * SECOND, "sources": dict(sources)}, Discovery)
    except (msgspec.ValidationError, ValueError) as error:
        raise BadInput(f"The last discovery ({stamp_s}) cannot be read: {error}.") from None


def _kind(source: str) -> str:
    return next((kind for kind in SOURCES if source.startswith(kind)), source)


def steps(found: Discovery | None, run: Run, watched: Collection[str], followed: Collection[str]) -> list[Step]:
    """How many wallets came how far, from the first step that is known."""
    first = [] if found is None else [Step("Seen", found.wallets, "Named by the venue in the last discovery.")]
    return [
        *first,
        Step("Scored", run.wallets, "With trades in the lake: the record of each was judged."),
        Step("Eligible", run.eligible, "With enough won and lost markets, a whole history, and no market making."),
        Step("Given capital", run.funded, "Passed the gates; one wallet per owner, none that moves like a better one."),
        Step("Watched", len(watched), "On the list in force; its trades are heard."),
        Step("Followed", len(followed), "Copied when it trades."),
    ]


def drops(run: Run) -> list[tuple[str, int]]:
    """Why wallets that were scored are not eligible, the commonest reason first."""
    return [(REASONS.get(name, name.replace("_", " ") or "not told"), n) for name, n in run.reasons]


def coverage_words(found: Discovery, now: int) -> str:
    """What the last discovery read, in one line."""
    reached = found.wallets - found.failed - found.left
    read = (
        f"{count(reached)} of {count(found.wallets)} wallets were read or up to date ({ratio(reached, found.wallets)})"
    )
    told = [f"{count(found.rows)} new rows"]
    if found.failed:
        told.append(f"{count(found.failed)} wallets failed and are tried again next time")
    if found.left:
        told.append(f"{count(found.left)} were not reached in time")
    if found.refused:
        told.append(f"{count(found.refused)} rows were refused")
    told.append(f"{count(found.resolved)} markets newly resolved, {count(found.pending)} still open")
    return f"Last discovery {stamp(found.at)} UTC ({age(now - found.at)} ago): {read}; {', '.join(told)}."


def source_rows(found: Discovery) -> list[tuple[str, int]]:
    """Who named the wallets, the most first; a wallet that several named counts with each."""
    ordered = sorted(found.sources.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(SOURCES.get(name, name.replace("_", " ")), n) for name, n in ordered]
