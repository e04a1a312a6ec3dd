"""How a driver asks a store: again with the same record until the answer is known. Nothing is decided here."""

from contextlib import suppress

from shared.domain.errors import OutcomeUnknown, Temporary
from shared.domain.ledger import Record
from shared.domain.messages import PlanCommitted, PlanRefused, RefusedBy
from shared.ports import Store, Switch

TRIES = 5
"""Further tries with the same record; each one is bounded and waits inside the store."""


def planned(store: Store, record: Record) -> PlanCommitted | PlanRefused:
    """Plan. A store that is certainly away refuses; one whose answer was lost is asked again, same record."""
    perhaps_written = False
    for _ in range(TRIES):
        try:
            return store.plan(record)
        except OutcomeUnknown:
            perhaps_written = True
        except Temporary as error:
            if not perhaps_written:
                assert record.order is not None
                return PlanRefused(record.order.order_key, RefusedBy.STORE, str(error))
    return store.plan(record)


def written(store: Store, record: Record) -> None:
    """Commit a fact: it is tried again with the same record, and lost only with the whole process."""
    for _ in range(TRIES):
        try:
            return store.write(record)
        except (Temporary, OutcomeUnknown):
            continue
    return store.write(record)


def switched(store: Store, switch: Switch, command_id: str) -> None:
    """Set or clear the switch, and forget the command that asked for it; one that cannot be forgotten now is delivered
    again, and known.
    """
    for _ in range(TRIES):
        try:
            store.set_switch(switch)
            break
        except Temporary:
            continue
    else:
        store.set_switch(switch)
    with suppress(Temporary):
        store.taken(command_id)
