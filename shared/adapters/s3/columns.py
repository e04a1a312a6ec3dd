"""The rows of a tape as one Arrow table: the row itself as JSON, and beside it what people ask for in queries.

A row is written by its role (``event``, ``warmed``, ``began``, ``recovered``, ``did``, ``checkpoint``). The columns of
market, price, size and so on are filled for events, warmed ones too, whose payload has them; they are for analysis,
``body`` is the tape.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter

import msgspec
import pyarrow as pa

from shared.domain.errors import BadInput
from shared.domain.messages import Event, FeedNotice, MarketChanged, MarketListed, Payload
from shared.domain.tape import Began, Checkpoint, Did, Recovered, TapeRow, Warmed

SCHEMA = pa.schema(
    [
        ("n", pa.int64()),
        ("role", pa.string()),
        ("seq", pa.int64()),
        ("observed_at", pa.int64()),
        ("venue_at", pa.int64()),
        ("source", pa.string()),
        ("kind", pa.string()),
        ("market", pa.string()),
        ("token", pa.string()),
        ("wallet", pa.string()),
        ("side", pa.string()),
        ("price", pa.int64()),
        ("size", pa.int64()),
        ("tx", pa.string()),
        ("connection", pa.int64()),
        ("symbol", pa.string()),
        ("slug", pa.string()),
        ("starts_at", pa.int64()),
        ("ends_at", pa.int64()),
        ("notice", pa.string()),
        ("body", pa.string()),
    ]
)

ROLES: dict[type, str] = {
    Event: "event",
    Warmed: "warmed",
    Began: "began",
    Recovered: "recovered",
    Did: "did",
    Checkpoint: "checkpoint",
}
OWN_SOURCES = {"warmed": "warmed", "began": "life", "recovered": "life", "did": "effects", "checkpoint": "life"}
"""Where the rows that are no events lie; none of them is a source of the market's."""

SLICE = 500
"""Rows encoded in one go: a few milliseconds, in which no other thread of Python's runs."""

_encode = msgspec.json.Encoder().encode
_decoders: dict[str, Callable[[str], TapeRow]] = {
    role: msgspec.json.Decoder(kind).decode for kind, role in ROLES.items()
}

_RENAMED = {"delivery": "connection", "value": "price"}
_PLAIN = (
    *("market", "token", "wallet", "price", "size", "tx", "connection", "symbol"),
    *_RENAMED,
)


def _getters(kind: type[Payload]) -> dict[str, Callable[[Payload], object]]:
    """How each column is taken from payloads of one kind."""
    if kind in (MarketListed, MarketChanged):
        named = {"market": "market", "slug": "slug", "starts_at": "start_at", "ends_at": "end_at"}
        return {column: attrgetter(f"market.{field}") for column, field in named.items()}
    fields: tuple[str, ...] = kind.__struct_fields__
    found: dict[str, Callable[[Payload], object]] = {
        _RENAMED.get(field, field): attrgetter(field) for field in _PLAIN if field in fields
    }
    if "side" in fields:
        found["side"] = attrgetter("side.value")
    if kind is FeedNotice:
        found["notice"] = attrgetter("kind.value")
    return found


GETTERS: dict[type, dict[str, Callable[[Payload], object]]] = {kind: _getters(kind) for kind in Payload.__args__}


def place_of(row: TapeRow) -> tuple[int, str]:
    """The instant (nanoseconds) and the source by which a row is filed."""
    match row:
        case Event():
            return row.observed_at, row.source
        case Warmed():
            return row.event.observed_at, OWN_SOURCES["warmed"]
        case _:
            return row.at, OWN_SOURCES[ROLES[type(row)]]


def event_of(row: TapeRow) -> Event | None:
    """The event of a row that is one or is about one."""
    if type(row) is Event:
        return row
    return row.event if type(row) is Warmed else None


def table_of(rows: Sequence[tuple[int, TapeRow]], pause: Callable[[], None] = lambda: None) -> pa.Table:
    """Numbered rows as a table in the order of their numbers. ``pause`` is called between slices of the work."""
    parts: list[pa.Table] = []
    for start in range(0, len(rows), SLICE):
        by_kind: dict[tuple[type, type], list[tuple[int, TapeRow]]] = {}
        for numbered in rows[start : start + SLICE]:
            row = numbered[1]
            event = event_of(row)
            payload = type(row) if event is None else type(event.payload)
            by_kind.setdefault((type(row), payload), []).append(numbered)
        parts += [_part(kind, payload, found) for (kind, payload), found in by_kind.items()]
        pause()
    whole = pa.concat_tables(parts, promote_options="default")
    for field in SCHEMA:
        if field.name not in whole.schema.names:
            whole = whole.append_column(field, pa.nulls(len(whole), field.type))
    return whole.select(SCHEMA.names).sort_by("n").combine_chunks()


def _part(kind: type, payload: type, numbered: list[tuple[int, TapeRow]]) -> pa.Table:
    """Rows of one kind, column by column: far cheaper than row by row."""
    rows = [row for _, row in numbered]
    columns: dict[str, list[object]] = {
        "n": [n for n, _ in numbered],
        "role": [ROLES[kind]] * len(rows),
        "kind": [payload.__name__] * len(rows),
        "body": [_encode(row).decode() for row in rows],
    }
    events = [event for event in map(event_of, rows) if event is not None]
    if events:
        columns |= {name: [getattr(event, name) for event in events] for name in ("seq", "observed_at", "venue_at")}
        columns["source"] = [event.source for event in events]
        payloads = [event.payload for event in events]
        columns |= {column: list(map(get, payloads)) for column, get in GETTERS[payload].items()}
    else:
        places = [place_of(row) for row in rows]
        columns["observed_at"] = [at for at, _ in places]
        columns["source"] = [source for _, source in places]
    return pa.table({name: pa.array(values, SCHEMA.field(name).type) for name, values in columns.items()})


def rows_of(table: pa.Table, name: str) -> list[tuple[int, TapeRow]]:
    """The numbered rows of a table; ``BadInput`` naming the object when it is no tape."""
    if "body" not in table.column_names:
        raise BadInput(f"{name} has no column body, so it is no tape")
    bodies = table["body"].to_pylist()
    # A tape of the first release knew neither numbers nor roles: its rows are events, in the order of the file.
    numbers = table["n"].to_pylist() if "n" in table.column_names else range(len(bodies))
    roles = table["role"].to_pylist() if "role" in table.column_names else ["event"] * len(bodies)
    found: list[tuple[int, TapeRow]] = []
    for n, role, body in zip(numbers, roles, bodies, strict=True):
        decode = _decoders.get(role)
        if decode is None:
            raise BadInput(f"{name} holds a row whose role is {role!r}, which no release has written")
        try:
            found.append((n, decode(body)))
        except (msgspec.DecodeError, TypeError) as error:
            raise BadInput(f"{name} holds an event that cannot be read: {error}") from None
    return found
