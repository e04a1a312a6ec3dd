"""The lease of a running trader: waited for with a line now and then, and renewed beside whatever it does."""

import threading
import time
from collections.abc import Callable

from shared.adapters.durable.lease import Keeper
from shared.domain.errors import HouseError
from shared.domain.instants import SECOND

SAY_EVERY_S = 5.0
LOOK_S = 0.2
"""How soon a signal ends the waiting."""
JOIN_S = 20.0
"""Longer than one renewal takes that nobody answers: the requests end by themselves."""


class Heartbeat:
    """Renews a lease that was taken, in a thread of its own, until stopped or until it cannot go on."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._stopping = threading.Event()
        self._error: HouseError | None = None
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Renew from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Renew no more; a renewal under way is finished first."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def check(self) -> None:
        """Raise what ended it: ``LeaseLost``, or what no further try can mend (``BadInput``, ``Corrupt``)."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while not self._stopping.wait(self._keeper.due_in / SECOND):
            try:
                self._keeper.renew()
            except HouseError as error:
                self._error = error
                return


def await_lease(keeper: Keeper, account: str, say: Callable[[str], None], check: Callable[[], None]) -> None:
    """Return once the lease is ours; until then say who holds it. ``check`` raises what ends the waiting."""
    said_at = -SAY_EVERY_S
    while keeper.due_in or not keeper.take():
        check()
        if time.monotonic() - said_at >= SAY_EVERY_S:
            said_at = time.monotonic()
            say(f"waiting for the lease of {account}: {keeper.says}")
        time.sleep(LOOK_S)
