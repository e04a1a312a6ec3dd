"""What lies beneath a durable store: one account's state, where each call is one request. Nothing is decided here."""

from typing import Protocol

from msgspec import Struct

from shared.adapters.durable.conditions import Guard
from shared.adapters.journal.entry import JournalEntry
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.order import Order
from shared.ports import Switch


class Lease(Struct, frozen=True):
    """Who may write: ``epoch`` only grows, ``beat`` counts renewals within it, ``owner`` names the process.

    ``released``: its owner let it go. ``at``: wall time of the last change in nanoseconds, for people only.
    """

    epoch: int
    owner: str
    beat: int = 0
    released: bool = False
    at: int = 0

    @property
    def standing(self) -> tuple[int, str, int, bool]:
        """All that counts when two looks at a lease are compared."""
        return (self.epoch, self.owner, self.beat, self.released)


def unchanged(one: Lease | None, other: Lease | None) -> bool:
    """Whether two looks saw the same lease, or both saw none."""
    if one is None or other is None:
        return one is other
    return one.standing == other.standing


class Backend(Protocol):
    """One account's state. Any call may raise ``Temporary``; those that write also ``OutcomeUnknown``.

    ``BadInput``: tables or credentials are missing. ``Corrupt``: it does not understand us, or holds nonsense.
    """

    @property
    def account(self) -> str:
        """Whose state it is."""

    def commit(self, entry: JournalEntry, guard: Guard, epoch: int) -> tuple[str, ...]:
        """Commit a record at its place in the journal, all of it or nothing.

        Returns the labels of the conditions that failed, none when it is committed. The same request may be sent
        again after ``Temporary`` (it is certainly not written) or ``OutcomeUnknown`` (it may be, now or later).
        """

    def line(self, key: str) -> JournalEntry | None:
        """The journal line under a key, or None."""

    def lines(self) -> list[JournalEntry]:
        """The whole journal in commit order."""

    def order(self, order_key: str) -> Order | None:
        """An order as last committed, or None."""

    def seq_of_posting(self, posting_id: str) -> str | None:
        """The journal key under which a posting was written, or None."""

    def switch(self) -> Switch:
        """The kill switch; never set means trading."""

    def set_switch(self, switch: Switch) -> None:
        """Set or clear the kill switch; the next plan already sees it."""

    def commands(self) -> list[Command]:
        """Requests not taken yet, oldest first."""

    def taken(self, command_id: str) -> None:
        """Forget a request that was acted on; one that is not there is no error."""

    def decide(self, decisions: list[Decision], expires_at: int | None, /) -> None:
        """Keep decisions in the order they were made, until an instant (nanoseconds; None: for good)."""

    def lease(self) -> Lease | None:
        """The lease as it stands, None when nobody has ever taken it. Asked once, without patience."""

    def swap_lease(self, before: Lease | None, after: Lease) -> bool:
        """Replace the lease if it still stands as ``before``; False when it does not. Asked once, without patience."""
