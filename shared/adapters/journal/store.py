"""A store whose commits are also in the journal file before the next effect happens."""

from shared.adapters.durable.store import DurableStore
from shared.adapters.journal.file import JournalFile
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.ledger import Record
from shared.domain.messages import PlanCommitted, PlanRefused
from shared.ports import Switch


class JournaledStore:
    """Passes everything on; each record is appended to the file after its commit, before ``plan`` or ``write`` returns.

    A crash between the two leaves the file one record behind; ``reconcile_journal`` copies it at the next start.
    Raises what the store raises, and ``Corrupt`` when the file cannot be written.
    """

    def __init__(self, store: DurableStore, file: JournalFile) -> None:
        self._store = store
        self._file = file
        store.on_commit = file.append

    def plan(self, record: Record) -> PlanCommitted | PlanRefused:
        """Commit a planned order under its conditions."""
        return self._store.plan(record)

    def write(self, record: Record) -> None:
        """Commit a fact."""
        self._store.write(record)

    def decide(self, decisions: list[Decision]) -> None:
        """Keep decisions; they are for people and not in the file."""
        self._store.decide(decisions)

    def switch(self) -> Switch:
        """The kill switch; a change made by others is noted in the file when it is first seen."""
        switch = self._store.switch()
        if self._file.switch is not None or not switch.trading:
            self._file.note_switch(switch)
        return switch

    def set_switch(self, switch: Switch) -> None:
        """Set or clear the kill switch; what stands then is noted."""
        self._store.set_switch(switch)
        self._file.note_switch(self._store.switch())

    def commands(self) -> list[Command]:
        """Requests not taken yet, oldest first."""
        return self._store.commands()

    def taken(self, command_id: str) -> None:
        """A command was acted on."""
        self._store.taken(command_id)

    def journal(self, account: str) -> list[Record]:
        """Every record of the account in the order it was committed."""
        return self._store.journal(account)
