"""The tables control, orders, positions, ledger and journal, rebuilt from the archive alone after they were lost.

What the archive cannot know is not made up: the kill switch is on afterwards, until a person has looked and resumes;
requests that nobody had obeyed yet are gone. Journal lines come back word for word, so the chain goes on from them.
Where a seal or a chain says that records are missing, nothing is written.
"""

from typing import Any

from msgspec import Struct

from shared.adapters.archive.reading import Archive
from shared.adapters.durable.conditions import ROOM
from shared.adapters.dynamo.controls import put_switch, read_switch
from shared.adapters.dynamo.failures import patiently
from shared.adapters.dynamo.lines import read_journal
from shared.adapters.dynamo.rebuild import Progress, rebuild, verify_books
from shared.adapters.dynamo.tables import Tables
from shared.domain.errors import BadInput, Corrupt
from shared.domain.ledger import CASH, PROVISIONAL, PUSD, RESERVED
from shared.ports import Switch

REASON = "restored from the archive: look at the books, then resume"


class Restored(Struct, frozen=True):
    """``there``: records that an earlier try had written already. ``money``: all pUSD of ours, in micro-dollars."""

    records: int
    there: int
    orders: int
    positions: int
    money: int


def restore(archive: Archive, tables: Tables, now: int, progress: Progress | None = None) -> Restored:
    """Rebuild, and compare every item with what the archive says. May be run again where it was cut off.

    Raises ``Corrupt`` when the archive is not whole or the rebuilt tables differ from it, ``BadInput`` when there is
    nothing to restore or the tables are not empty, ``Temporary`` when DynamoDB does not answer.
    """
    account, entries = archive.account, archive.entries
    if archive.wrong:
        raise Corrupt(f"the archive of {account} is not whole, so nothing is restored: {archive.wrong[0]}")
    if not entries:
        raise BadInput(f"the archive has no record of account {account!r}")
    there = read_journal(tables, account)
    if there != entries[: len(there)]:
        raise BadInput(f"table {tables.journal.Meta.table_name} is not empty: account {account} has other records")
    if not there:
        _check_empty(account, tables)
    stands = read_switch(tables, account)
    if stands.trading:
        put_switch(tables, account, Switch(False, REASON, now))
    rebuild(account, tables, entries, progress, archive.bodies)
    books = verify_books(account, tables, entries)
    money = sum(books.balance(part, PUSD) for part in (CASH, RESERVED, PROVISIONAL))
    return Restored(len(entries), len(there), len(books.orders), len(books.positions), money)


def _check_empty(account: str, tables: Tables) -> None:
    """``BadInput`` when any of its money is there; lease, switch and requests may be: people stop trading first."""
    control, orders, ledger = tables.control, tables.orders, tables.ledger
    rooms = control.item.startswith(ROOM)
    found: dict[str, Any] = {
        control.Meta.table_name: lambda: next(control.query(account, rooms, limit=1), None),
        tables.positions.Meta.table_name: lambda: next(tables.positions.query(account, limit=1), None),
        orders.Meta.table_name: lambda: next(orders.scan(orders.account == account), None),
        ledger.Meta.table_name: lambda: next(ledger.scan(ledger.account == account), None),
    }
    for name, look in found.items():
        if patiently(f"looking into table {name}", look) is not None:
            raise BadInput(f"table {name} is not empty: it holds items of account {account}")
