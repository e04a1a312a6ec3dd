"""Stored rankings as the pages read them: the run in force, its scores, the evidence of clusters, the run before it.

A run is written once (``rankings/<as of>/`` in the lake, see ``shared/adapters/discovery/rankings.py``) and never
changes, so that what was read once is kept. Neither Polars nor SciPy is needed to look at it.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Collection
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.whale import Ranking

if TYPE_CHECKING:
    import pyarrow as pa

    from shared.adapters.s3.lake import Lake

Row = dict[str, object]

RANKINGS = "rankings"
RANKING = "ranking"
"""The item of table control that holds the watch list."""
NAMES_KEPT_NS = 60 * SECOND  # not money: seconds to nanoseconds
RUNS_KEPT = 4
PROVEN_Q = 0.05
NEEDED = ("wallet", "rank", "eligible", "reason", "allocation", "q_value", "follower_sharpe_low")
PAIRS_NEEDED = ("wallet", "other", "linked", "evidence")


class Published(Struct, frozen=True):
    """The watch list in force and the run it came from, as ``rank_whales`` puts it."""

    run: str
    ranking: Ranking


class Show(StrEnum):
    """Which wallets of a run are listed."""

    FOLLOWED = "Followed"
    ELIGIBLE = "Eligible"
    ALL = "All"


class Run:
    """One stored run. ``as_of`` in nanoseconds; ``rules`` are the settings it was made with, ``inputs`` its objects.

    ``scores`` and ``pairs`` are Arrow tables, the best rank first; ``previous`` is the run before it, "" for the first.
    """

    def __init__(self, name: str, scores: "pa.Table", pairs: "pa.Table", manifest: "pa.Table", previous: str) -> None:
        _check(f"{name}/scores.parquet", scores, NEEDED)
        _check(f"{name}/pairs.parquet", pairs, PAIRS_NEEDED)
        self.name = name
        self.previous = previous
        self.inputs: int = manifest.num_rows
        self.as_of, self.rules = _facts(name, manifest)
        self._scores, self._pairs = scores, pairs
        self._place = {wallet: place for place, wallet in enumerate(scores["wallet"].to_pylist())}
        self.wallets = len(self._place)
        self.eligible = sum(1 for sure in scores["eligible"].to_pylist() if sure)
        self.funded = sum(1 for share in scores["allocation"].to_pylist() if share)
        self.proven = sum(1 for q in scores["q_value"].to_pylist() if q is not None and q <= PROVEN_Q)
        self.follower: bool = scores["follower_sharpe_low"].null_count < scores.num_rows

    @cached_property
    def reasons(self) -> list[tuple[str, int]]:
        """Why wallets are not eligible and how many for each reason, the commonest first."""
        out = [row for row in self._scores.select(["eligible", "reason"]).to_pylist() if not row["eligible"]]
        counted = Counter(row["reason"] or "" for row in out)
        return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))

    def best(self, most: int) -> list[str]:
        """The best ranked wallets, the best first."""
        import pyarrow.compute as pc

        ranked = self._scores.filter(pc.is_valid(self._scores["rank"])).sort_by("rank")
        return [str(wallet) for wallet in ranked["wallet"].slice(0, most).to_pylist()]

    def row(self, wallet: str) -> Row | None:
        """Everything the run says of one wallet; ``None`` when it is not in it."""
        place = self._place.get(wallet)
        return None if place is None else dict(self._scores.slice(place, 1).to_pylist()[0])

    def rank_of(self, wallet: str) -> int | None:
        """A wallet's rank; ``None`` when it was not ranked."""
        place = self._place.get(wallet)
        return None if place is None else self._scores["rank"][place].as_py()

    def listed(self, show: Show, followed: Collection[str], text: str, most: int) -> tuple[list[Row], int]:
        """The first ``most`` rows to list, and how many there are. Every part of ``text`` must occur in the address."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = self._scores
        if show is Show.FOLLOWED:
            found = found.filter(pc.is_in(found["wallet"], value_set=pa.array(sorted(followed), pa.string())))
        elif show is Show.ELIGIBLE:
            found = found.filter(found["eligible"])
        for part in text.lower().replace("…", " ").split():
            found = found.filter(pc.match_substring(found["wallet"], part))
        return found.slice(0, most).to_pylist(), found.num_rows

    def pairs_of(self, wallet: str) -> list[Row]:
        """The evidence for and against one owner of this wallet and others; ``other`` is always the other one."""
        import pyarrow.compute as pc

        either = pc.or_(pc.equal(self._pairs["wallet"], wallet), pc.equal(self._pairs["other"], wallet))
        rows: list[Row] = self._pairs.filter(either).to_pylist()
        return [{**row, "wallet": wallet, "other": _other(row, wallet)} for row in rows]


def _other(row: Row, wallet: str) -> object:
    return row["wallet"] if row["other"] == wallet else row["other"]


def _check(name: str, table: "pa.Table", needed: Collection[str]) -> None:
    missing = [column for column in needed if column not in table.column_names]
    if missing:
        raise BadInput(f"{name} lacks the column {missing[0]!r}")


def _facts(name: str, manifest: "pa.Table") -> tuple[int, dict[str, Any]]:
    facts = {key.decode(): value.decode() for key, value in (manifest.schema.metadata or {}).items()}
    try:
        return int(facts["as_of"]) * SECOND, dict(json.loads(facts["rules"]))
    except (KeyError, ValueError, TypeError):
        raise BadInput(f"{name}/manifest.parquet does not say as of when, or by which rules, it was made") from None


def published_of(body: str) -> Published:
    """The watch list as written by ``rank_whales``; ``BadInput`` names the field that cannot be read."""
    try:
        return msgspec.json.decode(body, type=Published)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BadInput(f"The watch list (item {RANKING} of table control) cannot be read: {error}.") from None


class Rankings:
    """The runs of one lake, read on demand and kept. ``Temporary`` when the lake does not answer."""

    def __init__(self, lake: "Callable[[], Lake]", now: Callable[[], int]) -> None:
        self._make = lake
        self._now = now
        self._opened: Lake | None = None
        self._lock = threading.Lock()
        self._names: list[str] = []
        self._named_at: int | None = None
        self._runs: dict[str, Run] = {}

    def names(self) -> list[str]:
        """Every stored run, the oldest first; looked up again after a minute."""
        with self._lock:
            return self._fresh_names()

    def run(self, name: str) -> Run:
        """A stored run; ``BadInput`` when it is not what a run looks like."""
        with self._lock:
            kept = self._runs.pop(name, None)
            if kept is None:
                kept = self._read(name)
            while len(self._runs) >= RUNS_KEPT:
                self._runs.pop(next(iter(self._runs)))
            self._runs[name] = kept
            return kept

    def _fresh_names(self) -> list[str]:
        if self._named_at is None or self._now() - self._named_at > NAMES_KEPT_NS:
            objects = self._lake().names(f"{RANKINGS}/")
            # The manifest is written last: a run without one is not complete.
            self._names = [found.rpartition("/")[0] for found in objects if found.endswith("/manifest.parquet")]
            self._named_at = self._now()
        return self._names

    def _read(self, name: str) -> Run:
        earlier = [found for found in self._fresh_names() if found < name]
        scores, pairs, manifest = (
            self._lake().read(f"{name}/{part}.parquet") for part in ("scores", "pairs", "manifest")
        )
        return Run(name, scores, pairs, manifest, earlier[-1] if earlier else "")

    def _lake(self) -> "Lake":
        if self._opened is None:
            self._opened = self._make()
        return self._opened
