"""The account's durable state as it truly is, behind everybody's ports; each commit is shown to the checks."""

from collections.abc import Callable

from shared.adapters.durable.backend import Lease
from shared.adapters.durable.conditions import Guard
from shared.adapters.journal.entry import JournalEntry
from shared.adapters.memory.backend import MemoryBackend
from shared.domain.command import Command
from shared.ports import Switch


class Records(MemoryBackend):
    """``committed`` hears each record as it is written, and under which epoch; ``refused`` why one is not; ``leased``
    each change of the lease.
    """

    def __init__(self, account: str) -> None:
        super().__init__(account, keep_decisions=False)
        self.committed: Callable[[JournalEntry, Guard, int], None] = lambda entry, guard, epoch: None
        self.refused: Callable[[tuple[str, ...]], None] = lambda failed: None
        self.switched: Callable[[Switch], None] = lambda switch: None
        self.leased: Callable[[Lease], None] = lambda lease: None
        self.took: Callable[[Command], None] = lambda command: None

    def commit(self, entry: JournalEntry, guard: Guard, epoch: int) -> tuple[str, ...]:
        failed = super().commit(entry, guard, epoch)
        if failed:
            self.refused(failed)
        else:
            self.committed(entry, guard, epoch)
        return failed

    def set_switch(self, switch: Switch) -> None:
        before = self.switch()
        super().set_switch(switch)
        if self.switch() is not before:
            self.switched(switch)

    def taken(self, command_id: str) -> None:
        command = self._commands.get(command_id)
        super().taken(command_id)
        if command is not None:
            self.took(command)

    def swap_lease(self, before: Lease | None, after: Lease) -> bool:
        done = super().swap_lease(before, after)
        if done:
            self.leased(after)
        return done
