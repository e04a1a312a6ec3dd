"""A backend behind an unkind network: requests and replies of commits and lease changes get lost, or come too late."""

from collections.abc import Callable
from typing import TypeVar

from shared.adapters.durable.backend import Backend, Lease
from shared.adapters.durable.conditions import Guard
from shared.adapters.journal.entry import JournalEntry
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.errors import OutcomeUnknown, Temporary
from shared.domain.order import Order
from shared.ports import Switch

Result = TypeVar("Result")
DELIVERED, REPLY_LOST, REQUEST_LOST, LATE, BUSY = "delivered", "reply lost", "request lost", "late", "busy"
FATES = (DELIVERED, REPLY_LOST, REQUEST_LOST, LATE, BUSY)


class Faulty:
    """``fates``: what happens to the next requests that write; after them all goes well. ``late``: on their way."""

    def __init__(self, backend: Backend) -> None:
        self.account = backend.account
        self.fates: list[str] = []
        self.late: list[Callable[[], object]] = []
        self._backend = backend

    def land(self) -> list[object]:
        """What was late arrives; the answers, which nobody waits for any more."""
        late, self.late = self.late, []
        return [request() for request in late]

    def _send(self, request: Callable[[], Result]) -> Result:
        fate = self.fates.pop(0) if self.fates else DELIVERED
        match fate:
            case "delivered":
                return request()
            case "busy":
                raise Temporary("turned away")
            case "reply lost":
                request()
            case "late":
                self.late.append(request)
        raise OutcomeUnknown("no answer")

    def commit(self, entry: JournalEntry, guard: Guard, epoch: int) -> tuple[str, ...]:
        return self._send(lambda: self._backend.commit(entry, guard, epoch))

    def swap_lease(self, before: Lease | None, after: Lease) -> bool:
        return self._send(lambda: self._backend.swap_lease(before, after))

    def lease(self) -> Lease | None:
        return self._backend.lease()

    def line(self, key: str) -> JournalEntry | None:
        return self._backend.line(key)

    def lines(self) -> list[JournalEntry]:
        return self._backend.lines()

    def order(self, order_key: str) -> Order | None:
        return self._backend.order(order_key)

    def seq_of_posting(self, posting_id: str) -> str | None:
        return self._backend.seq_of_posting(posting_id)

    def switch(self) -> Switch:
        return self._backend.switch()

    def set_switch(self, switch: Switch) -> None:
        self._backend.set_switch(switch)

    def commands(self) -> list[Command]:
        return self._backend.commands()

    def taken(self, command_id: str) -> None:
        self._backend.taken(command_id)

    def decide(self, decisions: list[Decision], expires_at: int | None) -> None:
        self._backend.decide(decisions, expires_at)
