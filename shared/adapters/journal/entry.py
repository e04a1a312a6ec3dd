"""One line of the journal with the place it holds in the order of commits."""

from msgspec import Struct

from shared.domain.ledger import Record


class JournalEntry(Struct, frozen=True):
    """A committed record under its key; within an account keys sort in commit order."""

    key: str
    record: Record


def journal_key(epoch: int, writer: str, n: int) -> str:
    """``epoch.writer.n``, padded so that text order is numeric order."""
    return f"{epoch:010d}.{writer}.{n:010d}"


def epoch_of(key: str) -> int:
    """The epoch of the lease under which a journal key was written."""
    return int(key.split(".", 1)[0])
