"""The hourly audit: what the trader keeps in the tables ledger, positions, orders and control against what the journal
adds up to. It reads what came after the last seal, or (``whole``) everything.

The trader goes on meanwhile, so what the records that came during the audit have touched is left to the next one.
"""

from collections.abc import Iterable, Mapping
from itertools import chain

import msgspec
from msgspec import Struct
from pynamodb.pagination import ResultIterator

from shared.adapters.archive.lines import digest, fold
from shared.adapters.archive.seals import Seal, last_seal, put_seal
from shared.adapters.archive.vault import Vault
from shared.adapters.durable.conditions import merged
from shared.adapters.dynamo.codec import account_day, decode_posting, decode_record
from shared.adapters.dynamo.lines import lines_after
from shared.adapters.dynamo.pages import PAGE, Key, paged
from shared.adapters.dynamo.stored import Written, stored_orders, stored_positions, stored_postings, stored_rooms
from shared.adapters.dynamo.tables import Ledger, Tables
from shared.domain.errors import Corrupt
from shared.domain.ledger import Record
from shared.engine.projection import Projection

TOLD = 20
"""Differences that are told in words; the others are counted."""


class Audit(Struct):
    """What an audit found. ``seal``: the object that vouches for the journal up to ``seq``, none where books differ."""

    account: str
    seq: str = ""
    at: int = 0
    read: int = 0
    postings: int = 0
    positions: int = 0
    seal: str = ""
    differences: int = 0
    told: list[str] = []

    def differs(self, sentence: str) -> None:
        """Note one difference."""
        self.differences += 1
        if len(self.told) < TOLD:
            self.told.append(sentence)


class _Story:
    """The journal from a seal on: its books, and what its records have touched."""

    def __init__(self, account: str, seal: Seal | None) -> None:
        self.account = account
        self.seal = seal or Seal(account, "", 0, "", 0)
        self.books: Projection = self.seal.books()
        self.postings: dict[str, Written] = {}
        self.orders: dict[str, None] = {}
        self.positions: dict[str, None] = {}
        self.rooms: dict[str, None] = dict.fromkeys(self.seal.rooms)
        self.days: dict[str, None] = {}

    def add(self, seq: str, body: str, tables: Tables) -> None:
        record = _record(seq, body)
        if record.account != self.account:
            raise Corrupt(f"journal line {seq} is a record of account {record.account}")
        if record.fill is not None and record.order is None and record.fill.order_key not in self.books.orders:
            self.books.orders.update(stored_orders(tables, [record.fill.order_key]))
            if record.fill.order_key not in self.books.orders:
                raise Corrupt(f"order {record.fill.order_key} is not there, journal line {seq} tells of its fill")
        self.books.apply(record)
        self._note(seq, record)
        before = self.seal
        hashed = fold(before.hash, digest(seq, body))
        self.seal = Seal(self.account, seq, before.records + 1, hashed, max(before.at, record.at))

    def _note(self, seq: str, record: Record) -> None:
        touched = touched_by(record)
        self.orders.update(dict.fromkeys(touched.orders))
        self.positions.update(dict.fromkeys(touched.positions))
        self.rooms.update(dict.fromkeys(touched.rooms))
        if record.posting is not None:
            self.postings[record.posting.posting_id] = (seq, record.posting)
            self.days[account_day(self.account, record.at)] = None

    def sealed(self) -> Seal:
        """The seal of the story's end."""
        balances = tuple((account, asset, amount) for (account, asset), amount in self.books.balances.items() if amount)
        rooms = {name: self.books.room[name] for name in self.rooms}
        positions = tuple(self.books.positions.values())
        return msgspec.structs.replace(self.seal, balances=balances, rooms=rooms, positions=positions)


class Touched(Struct, frozen=True):
    """Names of what a record changes."""

    orders: tuple[str, ...]
    positions: tuple[str, ...]
    rooms: tuple[str, ...]


def touched_by(record: Record) -> Touched:
    """What a record changes, by name."""
    return Touched(
        () if record.order is None else (record.order.order_key,),
        () if record.position is None else (record.position.key,),
        tuple(change.name for change in merged(record.headroom)),
    )


def audit_books(account: str, tables: Tables, vault: Vault, *, whole: bool) -> Audit:
    """One audit; where nothing differs it leaves a seal. ``Temporary`` when AWS does not answer."""
    seal = None if whole else last_seal(vault, account)
    story, audit = _Story(account, seal), Audit(account)
    start = story.seal.seq
    try:
        for seq, body in lines_after(tables, account, start):
            story.add(seq, body, tables)
            audit.read += 1
    except (Corrupt, KeyError) as error:
        audit.differs(f"the journal cannot be followed after {story.seal.seq or 'its beginning'}: {error}")
        return audit
    audit.seq, audit.at = story.seal.seq, story.seal.at
    audit.postings, audit.positions = len(story.postings), len(story.books.positions)
    _check_balance(story, audit)
    _check_postings(story, start, tables, audit)
    orders = stored_orders(tables, list(story.orders))
    positions, rooms = stored_positions(account, tables), stored_rooms(account, tables)
    later = [touched_by(_record(seq, body)) for seq, body in lines_after(tables, account, audit.seq)]
    _compare("order", {key: story.books.orders[key] for key in story.orders}, orders, [t.orders for t in later], audit)
    _compare("position", story.books.positions, positions, [t.positions for t in later], audit)
    _compare("room", {name: story.books.room[name] for name in story.rooms}, rooms, [t.rooms for t in later], audit)
    if not audit.differences and story.seal.records:
        audit.seal = put_seal(vault, story.sealed())
    return audit


def _record(seq: str, body: str) -> Record:
    try:
        return decode_record(body)
    except msgspec.DecodeError as error:
        raise Corrupt(f"journal line {seq} is no record: {error}") from None


def _check_balance(story: _Story, audit: Audit) -> None:
    for _, posting in story.postings.values():
        sums: dict[str, int] = {}
        for entry in posting.entries:
            sums[entry.asset] = sums.get(entry.asset, 0) + entry.amount
        for asset, total in sums.items():
            if total:
                audit.differs(f"posting {posting.posting_id}: {asset} sums to {total}, not 0")
    imbalance = story.books.imbalance()
    if imbalance:
        audit.differs(f"all balances together are {imbalance} micro away from 0")


def _check_postings(story: _Story, start: str, tables: Tables, audit: Audit) -> None:
    """The ledger's days are read from an index, which may be seconds behind: what differs there is looked up."""
    indexed = _indexed_postings(story, start, tables)
    doubtful = [key for key, written in story.postings.items() if indexed.get(key) != written]
    stored = stored_postings(tables, doubtful)
    for key in doubtful:
        if stored.get(key) != story.postings[key]:
            seq, posting = story.postings[key]
            told = f"journal line {seq} says {posting!r}, the ledger {stored.get(key)!r}"
            audit.differs(f"posting {key} differs: {told}")
    for key, (seq, posting) in indexed.items():
        if key not in story.postings and seq <= audit.seq:
            audit.differs(f"posting {key} of {seq} is in the ledger, but not in the journal: {posting!r}")


def _indexed_postings(story: _Story, start: str, tables: Tables) -> dict[str, Written]:
    days = tables.ledger.days
    later = type(days).seq > start if start else None
    found: dict[str, Written] = {}
    for day in story.days:

        def ask(key: Key, day: str = day) -> ResultIterator[Ledger]:
            return days.query(day, later, limit=PAGE, last_evaluated_key=key)

        for item in paged(f"reading the postings of {day}", ask):
            found[item.posting_id] = (item.seq, decode_posting(item.body))
    return found


def _compare(
    kind: str,
    expected: Mapping[str, object],
    stored: Mapping[str, object],
    later: Iterable[tuple[str, ...]],
    audit: Audit,
) -> None:
    moving = dict.fromkeys(chain.from_iterable(later))
    for name in sorted({*expected, *stored}):
        if name not in moving and expected.get(name) != stored.get(name):
            told = f"{kind} {name} is {stored.get(name)!r}, the journal says {expected.get(name)!r}"
            audit.differs(told)
