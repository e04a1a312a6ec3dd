"""The lease's item. Its epoch is a condition of every transaction, so who writes under an older one writes nothing."""

from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.exceptions import PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from shared.adapters.durable.backend import Lease
from shared.adapters.durable.conditions import LEASE
from shared.adapters.dynamo.failures import FAILED, code_of, judge, patiently, raised_for
from shared.adapters.dynamo.tables import Control, Tables

LOST_OWNER = "an earlier run"
"""Whose lease it is after its item was lost: somebody's, who may still be there."""


def read_lease(tables: Tables, account: str) -> Lease | None:
    """The lease as it stands, None when nobody has ever taken it. One attempt; ``Temporary`` when it fails."""
    control = tables.control

    def read() -> Lease | None:
        try:
            item = control.get(account, LEASE, consistent_read=True)
        except control.DoesNotExist:
            return None
        return Lease(
            int(item.epoch or 0), item.owner or "", int(item.beat or 0), bool(item.released), int(item.at or 0)
        )

    return patiently("reading the lease", read, attempts=1)


def swap_lease(tables: Tables, account: str, before: Lease | None, after: Lease) -> bool:
    """Replace the lease if it still stands as ``before`` (its wall time aside); False when it does not.

    One attempt: a renewal counts from when it was sent. Raises ``Temporary`` when it is certainly not written,
    ``OutcomeUnknown`` when it may be, now or later.
    """
    control = tables.control
    unchanged = control.epoch.does_not_exist() if before is None else _stands(control, before)
    actions: list[Action] = [
        control.epoch.set(after.epoch),
        control.owner.set(after.owner),
        control.beat.set(after.beat),
        control.released.set(after.released),
        control.at.set(after.at),
    ]
    try:
        return _update(tables, account, actions, unchanged)
    except PynamoDBException as error:
        raise raised_for(error, judge(error), "changing the lease") from error


def _stands(control: type[Control], lease: Lease) -> Condition:
    stands: Condition = (
        _is(control.epoch, lease.epoch)
        & _is(control.owner, lease.owner)
        & _is(control.beat, lease.beat)
        & _is(control.released, lease.released)
    )
    return stands


def _is(attribute: Attribute[Any], value: str | int) -> Condition:
    """An attribute that earlier releases did not write counts as empty."""
    same: Condition = attribute == value
    return same if value else attribute.does_not_exist() | same


def _update(tables: Tables, account: str, actions: list[Action], condition: Condition) -> bool:
    """Whether the item was changed: False when it did not meet the condition."""
    try:
        tables.control(account=account, item=LEASE).update(actions, condition=condition)
    except UpdateError as error:
        if code_of(error) != f"{FAILED}Exception":
            raise
        return False
    return True


def raise_epoch(tables: Tables, account: str, epoch: int) -> None:
    """Make sure that the next lease gets an epoch above the given one, after its item was lost.

    Where that had to be done nobody knows whether the last holder still runs: it has to be waited for like any other.
    """
    control = tables.control
    behind = control.epoch.does_not_exist() | (control.epoch < epoch)
    actions: list[Action] = [
        control.epoch.set(epoch),
        control.owner.set(LOST_OWNER),
        control.beat.set(0),
        control.released.set(False),
    ]
    patiently("raising the epoch", lambda: _update(tables, account, actions, behind))
