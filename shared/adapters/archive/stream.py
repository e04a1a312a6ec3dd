"""What DynamoDB's streams say of the tables journal and ledger, read from the shape in which Lambda hands it over."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from shared.adapters.archive.lines import check_place, record_of
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND

StreamRecord = Mapping[str, Any]
LOGS = ("journal", "ledger")


class Inserted(Struct, frozen=True):
    """A new line of an account's journal, word for word."""

    account: str
    seq: str
    day: str
    body: str


class Changed(Struct, frozen=True):
    """An item of a log that was modified or removed, which never happens by us. ``at``: when, to the second (ns)."""

    number: str
    event: str
    table: str
    account: str
    key: str
    at: int
    images: Mapping[str, Any]


def number_of(record: StreamRecord) -> str:
    """The sequence number by which a record is handed back; ``BadInput`` without one: then the whole batch is."""
    number = _part(record, "dynamodb").get("SequenceNumber")
    if not isinstance(number, str) or not number:
        raise BadInput(f"a stream record without dynamodb.SequenceNumber: {str(record)[:80]}")
    return number


def read_record(record: StreamRecord, prefix: str) -> Inserted | Changed | None:
    """What a record says; None for a new posting, which a journal line tells too. ``BadInput`` names what is wrong."""
    table, event, data = _table(record, prefix), record.get("eventName"), _part(record, "dynamodb")
    if event in ("MODIFY", "REMOVE"):
        return _changed(table, event, data, number_of(record))
    if event != "INSERT":
        raise BadInput(f"eventName must be INSERT, MODIFY or REMOVE, not {event!r}")
    if table != "journal":
        return None
    account, seq, day, body = (_text(data, "NewImage", name) for name in ("account", "seq", "day", "body"))
    check_place(account, day, seq, record_of(seq, body))
    return Inserted(account, seq, day, body)


def _changed(table: str, event: str, data: Mapping[str, Any], number: str) -> Changed:
    images = {name: data[name] for name in ("Keys", "OldImage", "NewImage") if name in data}
    key = "/".join(_value(value) for _, value in sorted(_part(data, "Keys").items()))
    accounts = [_part(data, name).get("account") for name in ("OldImage", "NewImage", "Keys")]
    account = next((_value(one) for one in accounts if one is not None), "unknown")
    at = data.get("ApproximateCreationDateTime", 0)
    return Changed(number, event, table, account, key, int(at) * SECOND if isinstance(at, int | float) else 0, images)


def _table(record: StreamRecord, prefix: str) -> str:
    arn = str(record.get("eventSourceARN", ""))
    name = arn.partition(":table/")[2].partition("/")[0]
    table = name.removeprefix(prefix)
    if not name.startswith(prefix) or table not in LOGS:
        raise BadInput(f"eventSourceARN must be the stream of {prefix}journal or {prefix}ledger, not {arn!r}")
    return table


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name, {})
    if not isinstance(part, Mapping):
        raise BadInput(f"{name} of a stream record must be an object, not {part!r}")
    return part


def _text(data: Mapping[str, Any], image: str, name: str) -> str:
    value = _part(data, image).get(name)
    text = value.get("S") if isinstance(value, Mapping) else None
    if not isinstance(text, str) or not text:
        raise BadInput(f"{image}.{name} of a stream record must be text, not {value!r}")
    return text


def _value(value: object) -> str:
    """An attribute's value as text, whatever its type."""
    return str(next(iter(value.values()), "")) if isinstance(value, Mapping) else str(value)
