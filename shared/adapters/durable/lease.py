"""The lease: which process trades. It is renewed while held, let go at a clean end, and taken over after silence.

What holds, whatever the network loses or delays and however long a process is held up: at no instant are two keepers
``vouched``. A renewal counts for ``margin_ns`` from when its request was sent; a successor waits ``ttl_ns`` from when
the answer came in which it first saw that renewal, and its own change succeeds only if nothing changed since. It takes
clocks that run on while the machine sleeps and whose speeds differ by less than ``ttl_ns`` to ``margin_ns``. It says
nothing of a process that looked and then was held up: what it began on a look at ``vouched`` comes before anything a
successor begins only if it has its effect within ``ttl_ns - margin_ns`` of that look. Beyond that only the epoch
protects, which every commit is conditional on; a venue does not know it.
"""

import time
from collections.abc import Callable
from threading import Lock

from shared.adapters.durable.backend import Backend, Lease, unchanged
from shared.domain.errors import LeaseLost, OutcomeUnknown, Temporary
from shared.domain.instants import SECOND
from shared.settings import LeaseSettings

__all__ = ["Keeper", "LeaseSettings", "acquire"]

TRIES = 20
PAUSE_S = 0.1
RETRY_PART = 5
"""After a renewal that was not answered the next one comes in a fifth of the usual time; so often is the lease of
another looked at.
"""
RELEASE_TRIES = 3
Reading = Callable[[], int]
"""A clock that is read, in nanoseconds."""


def acquire(backend: Backend, owner: str, now: int, pause: Callable[[float], None] = time.sleep) -> int:
    """Take the lease at once under a new epoch, which it returns; whoever held it can no longer write.

    For lives that nobody trades beside (replays, tests): unlike a ``Keeper`` it waits for nobody. ``Temporary`` when
    others take it at the same time again and again, or nobody answers.
    """
    trouble = f"the lease of {backend.account} is contended: lost {TRIES} times"
    for _ in range(TRIES):
        try:
            before = backend.lease()
            epoch = 1 if before is None else before.epoch + 1
            # A lost reply looks like somebody else's win: the next try then takes one epoch more, which does no harm.
            if backend.swap_lease(before, Lease(epoch, owner, at=now)):
                return epoch
        except (Temporary, OutcomeUnknown) as error:
            trouble = f"taking the lease of {backend.account}: {error}"
            pause(PAUSE_S)
    raise Temporary(trouble)


class Keeper:
    """One process's part in the lease, from waiting for it to letting it go; then it is done with.

    ``owner`` must name this process and no other. ``monotonic``: nanoseconds of a clock that is never set. ``wall``
    is only shown to people. ``renew`` and ``release`` may be called from different threads.
    """

    def __init__(
        self,
        backend: Backend,
        owner: str,
        monotonic: Reading,
        settings: LeaseSettings | None = None,
        wall: Reading = lambda: 0,
    ) -> None:
        self.owner = owner
        self.trouble = ""
        """Why the last request did not help; empty when it did."""
        self._backend = backend
        self._monotonic = monotonic
        self._settings = settings or LeaseSettings()
        self._wall = wall
        self._held: Lease | None = None
        self._sent = 0
        self._doubtful: dict[tuple[int, str, int, bool], int] = {}
        """Changes whose answer was lost, and when they were first sent: each may stand, or come to stand."""
        self._seen: Lease | None = None
        self._seen_at: int | None = None
        self._due = monotonic()
        self._lost = ""
        self._let_go = False
        self._lock = Lock()

    # ------------------------------------------------------------------ what is so

    @property
    def epoch(self) -> int:
        """The epoch that was taken; 0 before."""
        held = self._held
        return 0 if held is None else held.epoch

    @property
    def vouched(self) -> bool:
        """Whether we may act right now: we hold the lease by a renewal sent less than ``margin_ns`` ago."""
        if self._held is None or self._lost or self._let_go:
            return False
        return self._monotonic() - self._sent < self._settings.margin_ns

    @property
    def lost(self) -> bool:
        """Whether the lease we held is another's by now, which is final."""
        return bool(self._lost)

    @property
    def due_at(self) -> int:
        """Monotonic time of the next look or renewal."""
        return self._due

    @property
    def due_in(self) -> int:
        """Nanoseconds until then; 0 when it is due."""
        return max(0, self._due - self._monotonic())

    @property
    def says(self) -> str:
        """How it stands, for people."""
        if self._lost:
            return self._lost
        if self._let_go:
            return "let go by us"
        if self._held is not None:
            ago = (self._monotonic() - self._sent) // SECOND
            return f"held by us under epoch {self._held.epoch}, renewed {ago} s ago"
        if self.trouble:
            return self.trouble
        if self._seen is None or self._seen_at is None:
            return "not taken yet"
        left = max(0, self._seen_at + self._settings.ttl_ns - self._monotonic())
        return f"held by {self._seen.owner}, taken over in {-(-left // SECOND)} s at the latest unless it is renewed"

    # ------------------------------------------------------------------ taking

    def take(self) -> bool:
        """Look once; True when the lease is ours. One that is free is taken at once, another's after ``ttl_ns`` in
        which it did not change, by our clock. What was not answered is told by ``trouble``.

        Raises ``LeaseLost`` when we held it before.
        """
        with self._lock:
            if self._lost or self._let_go:
                raise LeaseLost(f"the lease of {self._backend.account} cannot be taken again: {self.says}")
            if self._held is None:
                self._due = self._monotonic() + self._settings.beat_ns // RETRY_PART
                self._answered(self._look)
            return self._held is not None

    def _look(self) -> None:
        there = self._backend.lease()
        now = self._monotonic()  # after the answer: what it shows is no younger
        if self._is_ours(there):
            return
        if self._seen_at is None or not unchanged(self._seen, there):
            self._seen, self._seen_at = there, now
        if there is not None and not there.released and now - self._seen_at < self._settings.ttl_ns:
            return
        self._swap(there, Lease(1 if there is None else there.epoch + 1, self.owner, at=self._wall()))

    # ------------------------------------------------------------------ holding

    def renew(self) -> bool:
        """Renew once; False when that was not answered, to be tried again (``trouble`` tells why).

        Raises ``LeaseLost`` when it is another's, or was never ours.
        """
        with self._lock:
            before = self._held
            if before is None or self._lost or self._let_go:
                raise LeaseLost(f"the lease of {self._backend.account} cannot be renewed: {self.says}")
            self._due = self._monotonic() + self._settings.beat_ns // RETRY_PART
            self._answered(lambda: self._beat(before))
            if self._lost:
                raise LeaseLost(self._lost)
            return self._held is not before

    def _beat(self, before: Lease) -> None:
        there = self._swap(before, Lease(before.epoch, before.owner, before.beat + 1, at=self._wall()))
        if self._held is before and not unchanged(there, before):
            by = "gone" if there is None else f"held by {there.owner} under epoch {there.epoch}"
            self._lost = f"the lease of {self._backend.account} (epoch {before.epoch}) is lost: it is {by}"

    # ------------------------------------------------------------------ letting go

    def release(self) -> None:
        """Let the lease go, so that the next process takes it at once; nothing may be begun on it any more.

        Where that is not answered, the next one has to wait; ``trouble`` tells.
        """
        self._let_go = True  # from now on we do not vouch, whatever becomes of the request
        with self._lock:
            for _ in range(RELEASE_TRIES):
                if self._lost or (self._answered(self._give) and (self._held is None or self._held.released)):
                    return

    def _give(self) -> None:
        if self._held is None and self._doubtful:
            self._is_ours(self._backend.lease())  # a change that would have given it to us may stand by now
        held = self._held
        if held is not None and not held.released:
            self._swap(held, Lease(held.epoch, held.owner, held.beat, released=True, at=self._wall()))

    # ------------------------------------------------------------------ asking

    def _swap(self, before: Lease | None, after: Lease) -> Lease | None:
        """Ask for a change; the lease as it stands afterwards, which is remembered when it is ours."""
        sent, doubt = self._monotonic(), None
        try:
            if self._backend.swap_lease(before, after):
                self._hold(after, sent)
                return after
        except OutcomeUnknown as error:
            doubt = error
            self._doubtful.setdefault(after.standing, sent)
        there = self._backend.lease()
        if not self._is_ours(there) and doubt is not None and unchanged(there, before):
            raise doubt
        return there

    def _is_ours(self, there: Lease | None) -> bool:
        """Whether the lease stands as one of our changes whose answer was lost would make it; then we hold it."""
        sent = None if there is None else self._doubtful.get(there.standing)
        if there is None or sent is None:
            return False
        self._hold(there, sent)
        return True

    def _hold(self, lease: Lease, sent: int) -> None:
        self._sent = sent
        self._held = lease
        self._doubtful.clear()  # each of them wanted to change what is changed by now
        self._due = sent + self._settings.beat_ns

    def _answered(self, ask: Callable[[], None]) -> bool:
        """Whether the store answered."""
        try:
            ask()
        except (Temporary, OutcomeUnknown) as error:
            self.trouble = str(error)
            return False
        self.trouble = ""
        return True
