"""The studies of the lake: which there are, what they are, and their reports. Written once, so read once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from dashboard.queries.aged import Aged
from shared.adapters.s3.studies import Manifest, Shelf, manifest_of, report_of, studies
from shared.domain.instants import DAY, MINUTE

if TYPE_CHECKING:
    from shared.adapters.s3.lake import Lake

Report = dict[str, Any]
MOST = 60
"""The latest studies that are listed."""
REPORTS_KEPT = 6


class Study(Struct, frozen=True):
    """A study by the name it has in the lake, and what it is."""

    name: str
    manifest: Manifest


class Studies(Protocol):
    """What a page may ask of studies. Raises ``Temporary`` when the lake does not answer."""

    def latest(self) -> list[Study]:
        """The latest studies, the latest first."""

    def report(self, name: str) -> Report:
        """A study's report; ``BadInput`` when it cannot be read."""


class LakeStudies:
    """Studies of the lake. The list is asked for once a minute at most, however many people look."""

    def __init__(self, lake: "Callable[[], Lake]", now: Callable[[], int]) -> None:
        self._lake = lake
        self._names: Aged[list[str]] = Aged(MINUTE, now)
        self._manifests: Aged[Manifest] = Aged(DAY, now, most=2 * MOST)  # not money: a count
        self._reports: Aged[Report] = Aged(DAY, now, most=REPORTS_KEPT)

    def latest(self) -> list[Study]:
        """The latest studies, the latest first."""
        names = self._names.get(None, lambda: studies(self._shelf())[:MOST])
        return [Study(name, self._manifest(name)) for name in names]

    def report(self, name: str) -> Report:
        """A study's report."""
        return self._reports.get(name, lambda: report_of(self._shelf(), name))

    def _manifest(self, name: str) -> Manifest:
        return self._manifests.get(name, lambda: manifest_of(self._shelf(), name))

    def _shelf(self) -> Shelf:
        from shared.adapters.archive.vault import Vault

        lake = self._lake()
        return Vault(lake.s3, lake.bucket)
