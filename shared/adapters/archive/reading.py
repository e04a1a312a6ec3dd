"""The archive, read: every record once, and what is wrong with it, first things first.

Checked are: that no object was written over or deleted, that each says what its name promises, that a record told twice
is told alike, that no number of a life is missing, that each record follows the one it names, and that all of them
together are what every seal says.
"""

from msgspec import Struct

from shared.adapters.archive.lines import JOURNAL, ArchivedLine, check_place, digest, fold, object_name, unpacked
from shared.adapters.archive.seals import SEALS, Seal, read_seals
from shared.adapters.archive.vault import Vault
from shared.adapters.journal.entry import JournalEntry
from shared.domain.errors import BadInput

FIRST = 0
"""The number of a life's first record."""
Line = tuple[str, ArchivedLine, JournalEntry]
"""With the name of the object it stands in."""


class Archive(Struct):
    """``bodies``: the records' own words, by key. ``hash`` folds them. ``again``: lines that only repeat another.

    ``wrong``: sentences, none when sound.
    """

    account: str
    entries: list[JournalEntry]
    bodies: dict[str, str]
    hash: str
    objects: int
    again: int
    seals: int
    wrong: list[str]

    @property
    def last_key(self) -> str:
        """The key of the last record; empty while there is none."""
        return self.entries[-1].key if self.entries else ""


def read_archive(vault: Vault, account: str) -> Archive:
    """Read all there is of an account. ``Temporary`` when S3 does not answer."""
    prefix = f"{JOURNAL}{account}/"
    wrong = [f"object {name} was written over or deleted" for name in vault.touched(prefix)]
    wrong += [f"object {name} was written over or deleted" for name in vault.touched(f"{SEALS}{account}/")]
    names = vault.names(prefix)
    told: dict[str, Line] = {}
    again = 0
    for name, content in zip(names, vault.read_all(names), strict=True):
        for line in _lines(account, name, content, wrong):
            first = told.setdefault(line[1].seq, line)
            again += first is not line
            if first is not line and first[1] != line[1]:
                wrong.append(f"record {line[1].seq} is told differently by {first[0]} and {name}")
    lines = [told[seq] for seq in sorted(told)]
    hashes = _chained(lines, wrong)
    seals = read_seals(vault, account)
    for name, seal in seals:
        _check_seal(name, seal, hashes, wrong)
    entries = [entry for _, _, entry in lines]
    bodies = {line.seq: line.body for _, line, _ in lines}
    return Archive(account, entries, bodies, hashes[-1][1] if hashes else "", len(names), again, len(seals), wrong)


def _lines(account: str, name: str, content: bytes, wrong: list[str]) -> list[Line]:
    day = name.split("/")[2]
    found: list[Line] = []
    try:
        for line in unpacked(name, content):
            entry = line.entry
            check_place(account, day, line.seq, entry.record)
            found.append((name, line, entry))
    except BadInput as error:
        wrong.append(f"object {name}: {error}")
        return found
    if not found or object_name(account, day, found[0][1].seq, content) != name:
        wrong.append(f"object {name} does not say what its name promises")
    return found


def _chained(lines: list[Line], wrong: list[str]) -> list[tuple[str, str]]:
    """Keys with the hash of all records up to each; what breaks the chain is told."""
    hashes: list[tuple[str, str]] = []
    before: ArchivedLine | None = None
    head = prev = ""
    for name, line, _ in lines:
        _check_number(line.seq, "" if before is None else before.seq, wrong)
        if (line.after, line.prev) != ("" if before is None else before.seq, prev):
            follows = line.after or "nothing"
            found = "nothing" if before is None else before.seq
            wrong.append(f"record {line.seq} in {name} follows {follows}, but here {found} comes before it")
        prev = digest(line.seq, line.body)
        head = fold(head, prev)
        hashes.append((line.seq, head))
        before = line
    return hashes


def _check_number(seq: str, before: str, wrong: list[str]) -> None:
    life, _, number = seq.rpartition(".")
    life_before, _, number_before = before.rpartition(".")
    expected = int(number_before) + 1 if life == life_before else FIRST
    if int(number) != expected:
        wrong.append(f"{int(number) - expected} record(s) before {seq} are missing")


def _check_seal(name: str, seal: Seal, hashes: list[tuple[str, str]], wrong: list[str]) -> None:
    if seal.records > len(hashes):
        wrong.append(f"seal {name} vouches for {seal.records} records up to {seal.seq}, the archive has {len(hashes)}")
    elif not seal.records or hashes[seal.records - 1] != (seal.seq, seal.hash):
        wrong.append(f"seal {name} vouches for other records up to {seal.seq} than the archive has")
