"""The questions of this process: made once by the entrance, asked by every page and viewer."""

import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from dashboard.queries.account import DynamoQueries, TableReaders
from dashboard.queries.asked import Queries
from dashboard.queries.changes import ApiChanges
from dashboard.queries.settings import Settings
from shared.domain.errors import BadInput

if TYPE_CHECKING:
    from shared.adapters.s3.lake import Lake


def connect(chosen: Settings) -> Queries:
    """Queries on the account's tables and the lake; nothing is sent before the first question."""

    @cache
    def lake() -> "Lake":
        from shared.adapters.embedded.provision import BUCKET
        from shared.adapters.s3.client import s3_client
        from shared.adapters.s3.lake import Lake

        return Lake(s3_client(chosen.endpoint), chosen.bucket or BUCKET)

    changes = ApiChanges(chosen.control_url, chosen.control_key, chosen.endpoint.region)
    return DynamoQueries(TableReaders(chosen.prefix, chosen.endpoint), chosen.account, lake, changes)


class Source:
    """Holds what the pages ask. The entrance opens it once per process; a test opens it with what it wrote by hand."""

    def __init__(self) -> None:
        self._opened: Queries | None = None
        self._lock = threading.Lock()

    def open(self, make: Callable[[], Queries]) -> None:
        """Make the queries unless they were made before."""
        with self._lock:
            if self._opened is None:
                self._opened = make()

    def close(self) -> None:
        """Forget the queries."""
        with self._lock:
            self._opened = None

    def ask(self) -> Queries:
        """The queries; ``BadInput`` when a page was started without the entrance."""
        if self._opened is None:
            raise BadInput("The dashboard starts with dashboard/app.py, not with one of its pages.")
        return self._opened


source = Source()
