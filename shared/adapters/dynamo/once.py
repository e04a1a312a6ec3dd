"""What functions do once, remembered in control items: who begins claims it, who has finished says so.

A claim that was not finished (its function died) counts for ``CLAIM_NS``, or as long as it asks for; then the next
one does it again. So what is done under it must be harmless when it is done twice after a crash, and is done once
otherwise. What is done again and again, but never twice at once, is claimed and let go.
"""

import time
from datetime import UTC, datetime

from pynamodb.exceptions import PutError
from pynamodb.expressions.condition import Condition

from shared.adapters.dynamo.failures import FAILED, Pause, code_of, patiently
from shared.adapters.dynamo.tables import Control, Tables
from shared.domain.instants import DAY, SECOND

CLAIM_NS = 50 * SECOND
KEPT_NS = 7 * DAY
DONE = True


def claim(tables: Tables, account: str, name: str, now: int, pause: Pause = time.sleep, for_ns: int = CLAIM_NS) -> bool:
    """Whether it is ours to do now: nobody has finished it, and nobody began it within the last ``for_ns``."""
    control = tables.control
    free: Condition = control.item.does_not_exist() | ((control.released != DONE) & (control.at < now - for_ns))
    return _put(_item(tables, account, name, now, done=False), free, pause)


def finish(tables: Tables, account: str, name: str, now: int, pause: Pause = time.sleep) -> None:
    """It is done, for good."""
    _put(_item(tables, account, name, now, done=True), None, pause)


def let_go(tables: Tables, account: str, name: str, now: int, pause: Pause = time.sleep) -> None:
    """It may be claimed again at once."""
    item = _item(tables, account, name, now, done=False)
    item.at = 0
    _put(item, None, pause)


def is_done(tables: Tables, account: str, name: str, pause: Pause = time.sleep) -> bool:
    """Whether somebody has finished it."""
    control = tables.control

    def read() -> bool:
        try:
            return bool(control.get(account, name, consistent_read=True).released)
        except control.DoesNotExist:
            return False

    return patiently(f"reading {name}", read, pause)


def _item(tables: Tables, account: str, name: str, now: int, *, done: bool) -> Control:
    expires = datetime.fromtimestamp((now + KEPT_NS) // SECOND, UTC)
    return tables.control(account=account, item=name, at=now, released=done, expires=expires)


def _put(item: Control, condition: Condition | None, pause: Pause) -> bool:
    def put() -> bool:
        try:
            item.save(condition=condition)
        except PutError as error:
            if code_of(error) != f"{FAILED}Exception":
                raise
            return False
        return True

    return patiently(f"claiming {item.item}", put, pause)
