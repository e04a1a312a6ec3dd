"""What the tables hold of the books, read for comparison with the journal. Reads are consistent."""

from shared.adapters.durable.conditions import ROOM
from shared.adapters.dynamo.codec import decode_order, decode_position, decode_posting
from shared.adapters.dynamo.failures import patiently
from shared.adapters.dynamo.tables import Tables
from shared.domain.ledger import Position, Posting
from shared.domain.order import Order

Written = tuple[str, Posting]
"""A posting and the journal key under which it was written."""


def stored_postings(tables: Tables, ids: list[str]) -> dict[str, Written]:
    """Postings by id; those that are not there are left out."""

    def read() -> dict[str, Written]:
        found = tables.ledger.batch_get(ids, consistent_read=True)
        return {item.posting_id: (item.seq, decode_posting(item.body)) for item in found}

    return patiently("reading postings", read) if ids else {}


def stored_orders(tables: Tables, keys: list[str]) -> dict[str, Order]:
    """Orders by key; those that are not there are left out."""

    def read() -> dict[str, Order]:
        found = tables.orders.batch_get(keys, consistent_read=True)
        return {item.order_key: decode_order(item.body) for item in found}

    return patiently("reading orders", read) if keys else {}


def stored_positions(account: str, tables: Tables) -> dict[str, Position]:
    """All positions of an account by key."""

    def read() -> dict[str, Position]:
        return {i.slot: decode_position(i.body) for i in tables.positions.query(account, consistent_read=True)}

    return patiently("reading positions", read)


def stored_rooms(account: str, tables: Tables) -> dict[str, int]:
    """The room that is left under every limit of an account, by its name."""
    control = tables.control

    def read() -> dict[str, int]:
        found = control.query(account, control.item.startswith(ROOM), consistent_read=True)
        return {item.item.removeprefix(ROOM): int(item.headroom or 0) for item in found}

    return patiently("reading rooms", read)
