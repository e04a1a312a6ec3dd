"""What the sources are for, and whether somebody still does each job: the health that decides what may trade.

Several sources can tell whose trade it was, so copying goes on while one of them is left; only one tells the books.
"""

from collections.abc import Iterable, Mapping

from shared.domain.messages import FeedHealth, FeedNotice, NoticeKind

WHALES = "whales"
BOOKS = "books"
SPOT = "spot"

JOBS: Mapping[str, tuple[str, ...]] = {
    WHALES: ("rtds", "polygon", "activity"),
    BOOKS: ("market", "activity"),
    SPOT: ("binance", "coinbase"),
}
"""Who can do each job, best first. Without a stream, books are fetched for the trades that polling brings."""


class Roles:
    """Which jobs are done, from the health of the sources that run. A source not heard of yet does no job."""

    def __init__(self, running: Iterable[str]) -> None:
        names = list(running)
        self._jobs = {job: tuple(s for s in sources if s in names) for job, sources in JOBS.items()}
        self._healthy: dict[str, bool] = {}
        self._why: dict[str, str] = {}
        self._doing: dict[str, str] = {}

    def doing(self) -> Mapping[str, str]:
        """The best healthy source of each job that is done now."""
        return dict(self._doing)

    def start(self) -> list[FeedHealth]:
        """Every job that has a source begins as not done: nothing is traded on a source that has said nothing."""
        return [
            FeedHealth(job, healthy=False, reason=f"{' and '.join(sources)} not heard yet")
            for job, sources in self._jobs.items()
            if sources
        ]

    def hear(self, health: FeedHealth) -> list[FeedHealth | FeedNotice]:
        """What the change of a source's health means for the jobs it can do."""
        self._healthy[health.feed] = health.healthy
        self._why[health.feed] = health.reason
        said: list[FeedHealth | FeedNotice] = []
        for job, sources in self._jobs.items():
            if health.feed in sources:
                said += self._changed(job, sources)
        return said

    def _changed(self, job: str, sources: tuple[str, ...]) -> list[FeedHealth | FeedNotice]:
        best = next((source for source in sources if self._healthy.get(source)), None)
        before = self._doing.get(job)
        if best == before:
            return []
        if best is None:
            del self._doing[job]
            why = "; ".join(f"{source}: {self._why.get(source, 'not heard yet')}" for source in sources)
            return [FeedHealth(job, healthy=False, reason=why)]
        self._doing[job] = best
        if before is None:
            return [FeedHealth(job, healthy=True, reason=f"{best}: {self._why[best]}")]
        worse = sources.index(best) > sources.index(before)
        kind = NoticeKind.FALLBACK if worse else NoticeKind.CONNECTED
        reason = f"{before}: {self._why[before]}; {best} goes on" if worse else f"{best} is back"
        return [FeedNotice(job, kind, reason)]
