"""Who may write: an epoch that only grows. A plan or write under an older epoch fails inside its own transaction."""

import time

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from shared.adapters.dynamo.codec import LEASE
from shared.adapters.dynamo.failures import FAILED, Pause, code_of, patiently
from shared.adapters.dynamo.tables import Tables
from shared.domain.errors import Temporary

TRIES = 20


def epoch_now(tables: Tables, account: str) -> int:
    """The epoch in force; 0 when nobody has taken the lease yet."""
    control = tables.control

    def read() -> int:
        try:
            return int(control.get(account, LEASE, consistent_read=True).epoch or 0)
        except control.DoesNotExist:
            return 0

    return patiently("reading the lease", read)


def acquire(tables: Tables, account: str, owner: str, now: int, pause: Pause = time.sleep) -> int:
    """Take the lease under a new epoch, which it returns; whoever held it can no longer write.

    ``Temporary`` when others take it at the same time again and again.
    """
    for _ in range(TRIES):
        before = epoch_now(tables, account)
        if _replace(tables, account, owner, now, before, pause):
            return before + 1
    raise Temporary(f"the lease of {account} is contended: lost {TRIES} times")


def _replace(tables: Tables, account: str, owner: str, now: int, before: int, pause: Pause) -> bool:
    control = tables.control
    item = control(account=account, item=LEASE)
    unchanged = control.epoch == before if before else control.epoch.does_not_exist()
    actions: list[Action] = [control.epoch.set(before + 1), control.owner.set(owner), control.at.set(now)]

    def take() -> bool:
        try:
            item.update(actions, condition=unchanged)
        except UpdateError as error:
            if code_of(error) != f"{FAILED}Exception":
                raise
            return False
        return True

    # A lost reply looks like somebody else's win: the next try then takes one epoch more, which does no harm.
    return patiently("taking the lease", take, pause)


def raise_epoch(tables: Tables, account: str, epoch: int) -> None:
    """Make sure that the next lease gets an epoch above the given one (after its item was lost)."""
    control = tables.control
    item = control(account=account, item=LEASE)
    behind = control.epoch.does_not_exist() | (control.epoch < epoch)

    def lift() -> None:
        try:
            item.update([control.epoch.set(epoch)], condition=behind)
        except UpdateError as error:
            if code_of(error) != f"{FAILED}Exception":
                raise

    patiently("raising the epoch", lift)
