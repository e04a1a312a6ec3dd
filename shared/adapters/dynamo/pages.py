"""Long reads, page by page: what fails is asked for again from there, not from the beginning."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from pynamodb.models import Model
from pynamodb.pagination import ResultIterator

from shared.adapters.dynamo.failures import Pause, patiently

Item = TypeVar("Item", bound=Model)
Key = dict[str, dict[str, Any]] | None
PAGE = 1_000
"""Items asked for at once; DynamoDB itself ends a page at one megabyte."""


def paged(doing: str, ask: Callable[[Key], ResultIterator[Item]], pause: Pause = time.sleep) -> Iterator[Item]:
    """Every item of a query, which ``ask`` begins after a key, at most ``PAGE`` items long (None: at its beginning)."""
    key: Key = None
    while True:
        items, key = patiently(doing, partial(_page, ask, key), pause)
        yield from items
        if key is None:
            return


def _page(ask: Callable[[Key], ResultIterator[Item]], key: Key) -> tuple[list[Item], Key]:
    found = ask(key)
    return list(found), found.last_evaluated_key
