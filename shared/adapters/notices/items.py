"""Small items that several functions may change at once: replaced only as they were read (``beat`` is the version)."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct
from pynamodb.exceptions import PutError

from shared.adapters.dynamo.failures import FAILED, Pause, code_of, patiently
from shared.adapters.dynamo.tables import Tables
from shared.domain.errors import Temporary
from shared.domain.instants import SECOND

Change = Callable[[str], str | None]
ROUNDS = 20


class Kept(Struct, frozen=True):
    """An item as it was read; version 0 and an empty ``body`` where there is none."""

    version: int = 0
    body: str = ""


class Keeping(Protocol):
    """Where such items are kept."""

    def read(self, name: str) -> Kept:
        """The item as it stands."""

    def swap(self, name: str, before: Kept, body: str, expires_at: int | None) -> bool:
        """Replace the item if it still is what was read; False when somebody else was faster."""


class Items:
    """Items of one account in table ``control``. Every call raises ``Temporary`` when DynamoDB does not answer."""

    def __init__(self, tables: Tables, account: str, pause: Pause = time.sleep) -> None:
        self._control = tables.control
        self._account = account
        self._pause = pause

    def read(self, name: str) -> Kept:
        """The item as it stands."""

        def read() -> Kept:
            try:
                item = self._control.get(self._account, name, consistent_read=True)
            except self._control.DoesNotExist:
                return Kept()
            return Kept(int(item.beat or 0), item.body or "")

        return patiently(f"reading {name}", read, self._pause)

    def swap(self, name: str, before: Kept, body: str, expires_at: int | None) -> bool:
        """Replace the item if it still is what was read; False when somebody else was faster.

        A body that tells one writer from all others (or a change that may be made twice) is asked of the caller: after
        a lost answer, an item that holds it counts as ours. ``expires_at``: nanoseconds, None: never.
        """
        control = self._control
        item = control(account=self._account, item=name, beat=before.version + 1, body=body)
        if expires_at is not None:
            item.expires = datetime.fromtimestamp(expires_at // SECOND, UTC)
        stands = control.beat == before.version if before.version else control.item.does_not_exist()

        def put() -> bool:
            try:
                item.save(condition=stands)
            except PutError as error:
                if code_of(error) != f"{FAILED}Exception":
                    raise
                return False
            return True

        if patiently(f"changing {name}", put, self._pause):
            return True
        return self.read(name) == Kept(before.version + 1, body)


def change(items: Keeping, name: str, change: Change, expires_at: int | None) -> str:
    """Apply ``change`` to the body until nobody is in the way; it answers None to leave the item alone. The body that
    stands in the end; ``Temporary`` when others were always faster.
    """
    for _ in range(ROUNDS):
        before = items.read(name)
        body = change(before.body)
        if body is None:
            return before.body
        if items.swap(name, before, body, expires_at):
            return body
    raise Temporary(f"item {name} is being changed by too many at once")
