"""The `verify` command: taped lives played again into fresh engines, their effects compared with the recorded ones."""

import argparse
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from fargate.lakes import endpoint_of, folder_of
from shared.adapters.dynamo.lines import read_journal
from shared.adapters.dynamo.tables import Tables
from shared.adapters.embedded.provision import BUCKET
from shared.adapters.journal.file import JournalFile
from shared.adapters.s3.client import s3_client
from shared.adapters.s3.lake import Lake, Objects
from shared.adapters.s3.tape import lives_of, read_life
from shared.domain.errors import BadInput
from shared.domain.instants import iso
from shared.domain.ledger import Record
from shared.research.verify import Verdict, verify_life
from shared.settings import Settings

EQUAL, INCOMPLETE, DIFFERENT = 0, 1, 4

Journal = Callable[[], list[Record]]


def verify(options: argparse.Namespace, settings: Settings) -> int:
    """Verify and tell; 4 when anything differs, 1 when rows are missing that no kill explains, 0 otherwise."""
    if options.tape is not None:
        lake, prefix, journal = folder_of(options.tape), "", _journal_file(options.journal)
    else:
        account = options.account or settings.account
        lake, prefix, journal = _running(settings, account)
    verdicts = verify_lives(lake, prefix, _chosen(lake, prefix, options.life), journal)
    if options.json:
        print(json.dumps([as_json(verdict) for verdict in verdicts], indent=2))
    else:
        print("\n".join(as_text(verdict) for verdict in verdicts))
    return exit_code(verdicts)


def verify_lives(lake: Objects, prefix: str, lives: list[int], journal: Journal) -> list[Verdict]:
    """Every life by itself. ``BadInput`` for one that cannot be verified at all."""
    records = cache(journal)
    return [verify_life(life, read_life(lake, prefix, life), records) for life in lives]


def exit_code(verdicts: list[Verdict]) -> int:
    """What the process says: the worst of the verdicts."""
    if not all(verdict.equal for verdict in verdicts):
        return DIFFERENT
    return EQUAL if all(verdict.complete for verdict in verdicts) else INCOMPLETE


def _chosen(lake: Objects, prefix: str, wish: str) -> list[int]:
    lives = lives_of(lake, prefix)
    if not lives:
        raise BadInput(f"there is no tape under {prefix or 'that folder'}")
    if wish == "all":
        return lives
    if wish == "last":
        return lives[-1:]
    if not wish.isdecimal() or int(wish) not in lives:
        known = ", ".join(map(str, lives[-5:]))
        raise BadInput(f"--life must be all, last or one of the tape's ({known}), not {wish!r}")
    return [int(wish)]


def _journal_file(path: Path | None) -> Journal:
    def read() -> list[Record]:
        if path is None:
            raise BadInput("the life recovered from a journal: name its file with --journal")
        if not path.is_file():
            raise BadInput(f"--journal {path} is no file")
        journal = JournalFile(path)
        try:
            return [entry.record for entry in journal.entries()]
        finally:
            journal.close()

    return read


def _running(settings: Settings, account: str) -> tuple[Objects, str, Journal]:
    """Tape and journal of an account of the system that runs."""
    endpoint = endpoint_of(settings)

    def read() -> list[Record]:
        tables = Tables(settings.state.table_prefix, endpoint)
        return [entry.record for entry in read_journal(tables, account)]

    return Lake(s3_client(endpoint), BUCKET), f"tape/{account}", read


def as_json(verdict: Verdict) -> dict[str, object]:
    """A verdict as plain data."""
    facts = {name: getattr(verdict, name) for name in verdict.__struct_fields__}
    return {**facts, "equal": verdict.equal, "began": iso(verdict.life)}


def as_text(verdict: Verdict) -> str:
    """A verdict for people."""
    counted = f"{verdict.events:,} events, {verdict.effects:,} effects, {verdict.checkpoints} checkpoints"
    stand = "equal" if verdict.equal else f"DIFFERENT: {verdict.difference}"
    note = f" ({verdict.note})" if verdict.note else ""
    return f"life of {iso(verdict.life)[:23]}Z: {counted}: {stand}{note}\n  digest {verdict.digest}"
