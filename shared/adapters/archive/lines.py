"""A line of the archive: one journal record word for word, and which record it follows.

``prev`` is the SHA-256 of the record before it in the journal, whose key is ``after``. Both follow from the journal
alone (its keys are the order of commits, and nothing lands before a key that is there), so whoever archives a record,
in whichever batch, beside whomever and however often, writes the same line. A chain over what this function happened
to write before would need a memory, and would differ after every retry. What no line can show, that the end is
missing, the seals show (``seals``).
"""

from hashlib import sha256

import msgspec
from msgspec import Raw, Struct

from shared.adapters.dynamo.codec import decode_record
from shared.adapters.journal.entry import JournalEntry
from shared.domain.errors import BadInput
from shared.domain.instants import iso_day
from shared.domain.ledger import Record

JOURNAL = "journal/"
NAME_DIGITS = 16


class ArchivedLine(Struct, frozen=True):
    """See the module; ``after`` and ``prev`` are empty for the first record of an account."""

    seq: str
    after: str
    prev: str
    record: Raw

    @property
    def body(self) -> str:
        """The record as the journal had it."""
        return bytes(self.record).decode()

    @property
    def entry(self) -> JournalEntry:
        """The record with its place in the journal; ``BadInput`` when it makes no sense."""
        return JournalEntry(self.seq, record_of(self.seq, self.body))


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ArchivedLine).decode


def digest(seq: str, body: str) -> str:
    """64 hex digits over a record's key and its text."""
    return sha256(f"{seq}\n{body}".encode()).hexdigest()


def fold(head: str, one: str) -> str:
    """The hash of all records up to one, from the hash up to the one before it (empty: none) and its own digest."""
    return sha256(f"{head}\n{one}".encode()).hexdigest()


def record_of(seq: str, body: str) -> Record:
    """A journal item's body; ``BadInput`` names the key of one that is no record."""
    try:
        record = decode_record(body)
    except msgspec.DecodeError as error:
        raise BadInput(f"journal line {seq} is no record: {error}") from None
    if "\n" in body:
        raise BadInput(f"journal line {seq} is no record: it has more than one line")
    return record


def line_of(seq: str, body: str, before: tuple[str, str] | None) -> ArchivedLine:
    """The line of a record that follows another (key and body; None: it is the first)."""
    after, prev = ("", "") if before is None else (before[0], digest(*before))
    return ArchivedLine(seq, after, prev, Raw(body.encode()))


def follows(seq: str, before: str) -> bool:
    """Whether a key is the next one of the same life: nothing can stand between the two."""
    life, _, n = seq.rpartition(".")
    life_before, _, n_before = before.rpartition(".")
    return life == life_before and n.isdecimal() and n_before.isdecimal() and int(n) == int(n_before) + 1


def packed(lines: list[ArchivedLine]) -> bytes:
    """Lines as the content of an object."""
    return b"".join(_encode(line) + b"\n" for line in lines)


def unpacked(name: str, content: bytes) -> list[ArchivedLine]:
    """The lines of an object; ``BadInput`` names the object, and the line that makes no sense."""
    lines = []
    for number, text in enumerate(content.split(b"\n")[:-1], 1):
        try:
            lines.append(_decode(text))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"object {name}: line {number} is no line of the archive: {error}") from None
    return lines


def object_name(account: str, day: str, first: str, content: bytes) -> str:
    """Where lines are kept: under account and day, by their first key and by what they say."""
    return f"{JOURNAL}{account}/{day}/{first}.{sha256(content).hexdigest()[:NAME_DIGITS]}.jsonl"


def check_place(account: str, day: str, seq: str, record: Record) -> None:
    """``BadInput`` when a record is not of the account or the day that it is kept under."""
    if record.account != account:
        raise BadInput(f"journal line {seq} of account {account} is a record of account {record.account}")
    if iso_day(record.at) != day:
        raise BadInput(f"journal line {seq} of day {day} is a record of day {iso_day(record.at)}")
