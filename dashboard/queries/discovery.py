"""What discovery and ranking left in the lake besides scores: the last run's coverage, who moves with whom, results."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from dashboard.pipeline import Discovery, discovery_of
from dashboard.queries.aged import Aged
from dashboard.rankings import Row
from shared.domain.instants import DAY, MINUTE

if TYPE_CHECKING:
    from shared.adapters.s3.lake import Lake

KEPT_NS = 10 * MINUTE
"""Discovery runs every six hours."""
TOGETHER, RESULTS = "together", "results"


class Found(Protocol):
    """What a page may ask of discovery. Raises ``Temporary`` when the lake does not answer."""

    def last(self) -> Discovery | None:
        """The last run of discovery; ``None`` before the first, ``BadInput`` when it cannot be read."""

    def together(self, run: str) -> list[Row] | None:
        """Pairs of the best ranked of a stored ranking; ``None`` for one of before they were kept."""

    def results(self, run: str) -> list[Row] | None:
        """Results of the best ranked of a stored ranking; ``None`` as above."""


class LakeFound:
    """Answers from the lake; what belongs to one ranking never changes and is read once."""

    def __init__(self, lake: "Callable[[], Lake]", now: Callable[[], int]) -> None:
        self._lake = lake
        self._last: Aged[Discovery | None] = Aged(KEPT_NS, now)
        self._tables: Aged[list[Row] | None] = Aged(DAY, now, most=8)

    def last(self) -> Discovery | None:
        """The last run of discovery."""
        return self._last.get(None, self._read_last)

    def together(self, run: str) -> list[Row] | None:
        """Pairs of the best ranked."""
        return self._tables.get((run, TOGETHER), lambda: self._rows(run, TOGETHER))

    def results(self, run: str) -> list[Row] | None:
        """Results of the best ranked."""
        return self._tables.get((run, RESULTS), lambda: self._rows(run, RESULTS))

    def _rows(self, run: str, part: str) -> list[Row] | None:
        name = f"{run}/{part}.parquet"
        lake = self._lake()
        return lake.read(name).to_pylist() if name in lake.names(name) else None

    def _read_last(self) -> Discovery | None:
        from shared.adapters.discovery.discover import CANDIDATES, DISCOVERIES

        lake = self._lake()
        names = lake.names(f"{DISCOVERIES}/")
        if not names:
            return None
        stamp = names[-1].rpartition("/")[2].removesuffix(".parquet")
        named = lake.read(f"{CANDIDATES}/{stamp}.parquet", ["source"])["source"].to_pylist()
        return discovery_of(stamp, lake.read(names[-1]).to_pylist()[0], named)
